package xmlsafe_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

func TestReadRefuses(t *testing.T) {
	laughs := `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]><a>&y;</a>`
	for name, c := range map[string]struct{ text, code string }{
		"billion laughs":         {laughs, "doctype"},
		"external entity":        {`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>`, "doctype"},
		"external DTD":           {`<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>`, "doctype"},
		"empty DOCTYPE":          {`<!DOCTYPE a><a/>`, "doctype"},
		"declaration inside":     {`<a><!ENTITY x "y"></a>`, "doctype"},
		"unknown entity":         {`<a>&x;</a>`, "syntax"},
		"HTML entity":            {`<a>&nbsp;</a>`, "syntax"},
		"another encoding":       {`<?xml version="1.0" encoding="UTF-7"?><a/>`, "encoding"},
		"UTF-16":                 {"\xFF\xFE<\x00a\x00/\x00>\x00", "syntax"},
		"broken UTF-8":           {"<a>\xC3\x28</a>", "syntax"},
		"control character":      {"<a>\x01</a>", "syntax"},
		"escaped NUL":            {"<a>&#0;</a>", "syntax"},
		"XML 1.1":                {`<?xml version="1.1"?><a/>`, "syntax"},
		"too deep":               {strings.Repeat("<a>", 9) + strings.Repeat("</a>", 9), "too_deep"},
		"too many elements":      {"<a>" + strings.Repeat("<b/>", 50) + "</a>", "too_many"},
		"too many attributes":    {`<a a="" b="" c="" d="" e="" f="" g="" h="" i="" j="" k="" l="" m="" n="" o="" p="" q=""/>`, "too_many"},
		"too large":              {"<a>" + strings.Repeat(" ", 600) + "</a>", "too_large"},
		"style sheet":            {`<?xml-stylesheet href="x"?><a/>`, "syntax"},
		"declaration at the end": {`<a/><?xml version="1.0"?>`, "syntax"},
		"not closed":             {`<a><b>`, "syntax"},
		"wrong end":              {`<a></b>`, "syntax"},
		"two roots":              {`<a/><b/>`, "syntax"},
		"text after":             {`<a/>x`, "syntax"},
		"text before":            {`x<a/>`, "syntax"},
		"nothing":                {``, "syntax"},
		"a comment alone":        {`<!-- x -->`, "syntax"},
		"JSON":                   {`{"a": 1}`, "syntax"},
	} {
		_, err := xmlsafe.Read(strings.NewReader(c.text), xmlsafe.Limits{Bytes: 500, Depth: 8, Elements: 50})
		var refused *xmlsafe.Refused
		if !errors.As(err, &refused) || refused.Code != c.code {
			t.Errorf("%s: %v, want code %s", name, err, c.code)
		} else if strings.Contains(err.Error(), "ha&") || len(err.Error()) > 400 {
			t.Errorf("%s: the error quotes the document: %v", name, err)
		}
	}
}

func TestReadStopsAtItsBound(t *testing.T) {
	endless := &counter{}
	_, err := xmlsafe.Read(io.MultiReader(strings.NewReader("<a>"), endless), xmlsafe.Limits{Bytes: 1 << 16})
	var refused *xmlsafe.Refused
	if !errors.As(err, &refused) || refused.Code != "too_large" || endless.n > 1<<17 {
		t.Fatalf("read %d bytes of an endless document: %v", endless.n, err)
	}
	if _, err := xmlsafe.Read(iotest.ErrReader(io.ErrClosedPipe), xmlsafe.Limits{}); !errors.As(err, &refused) || refused.Code != "read" {
		t.Fatalf("a reader that fails: %v", err)
	}
}

type counter struct{ n int }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	c.n += len(p)
	return len(p), nil
}

const sample = "\xEF\xBB\xBF" + `<?xml version="1.0" encoding="utf-8"?>
<!-- a comment -->
<e:Doc xmlns:e="urn:one" xmlns:o="urn:two">
 <e:Id> 4&#50;
 </e:Id>
 <o:Id>other</o:Id>
 <e:Tx Ccy="EUR" o:Ccy="GBP"><e:Amt><![CDATA[<1>]]></e:Amt></e:Tx>
 <e:Tx><e:Amt>2</e:Amt></e:Tx>
</e:Doc>
`

func TestNodes(t *testing.T) {
	n, err := xmlsafe.Read(strings.NewReader(sample), xmlsafe.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{
		n.Space + " " + n.Name:                     "urn:one Doc",
		n.String("Id"):                             "42",
		n.String("Tx/Amt"):                         "<1>",
		n.String("Tx/None/Id"):                     "",
		n.At("Tx").Attr("Ccy"):                     "EUR",
		"no " + n.At("Tx").Attr("ccy"):             "no ",
		"none " + n.At("None").Attr("Ccy"):         "none ",
		"2 = " + n.All("Tx")[1].String("Amt"):      "2 = 2",
		"any: " + n.Find("Id", 1)[1].Text:          "any: other",
		"after a BOM: " + string(rune('0'+n.Line)): "after a BOM: 3",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if len(n.All("Tx")) != 2 || len(n.Find("Amt", 1)) != 0 || len(n.Find("Amt", 2)) != 2 || n.At("None").Find("Id", 3) != nil || n.At("None").All("Tx") != nil {
		t.Error("wrong elements found")
	}
}

func TestPrefixesWithoutNamespaceAreNotOurs(t *testing.T) {
	n, err := xmlsafe.Read(strings.NewReader(`<Doc xmlns="urn:one"><x:Id>1</x:Id></Doc>`), xmlsafe.Limits{})
	if err == nil && n.String("Id") != "" {
		t.Error("an element of an unknown prefix counts as one of the document's namespace")
	}
}

func TestWriterWritesForPeople(t *testing.T) {
	var b bytes.Buffer
	w := xmlsafe.NewWriter(&b)
	w.Open("Doc", xmlsafe.Attr{Name: "xmlns", Value: "urn:one"})
	w.Some("None", "")
	w.Open("Tx")
	w.Leaf("Amt", "1.50", xmlsafe.Attr{Name: "Ccy", Value: "E\"\t\nR"})
	w.Leaf("Empty", "")
	w.Some("Nm", "<a> & \"b\"\r\n\tç")
	if w.Path() != "Doc/Tx" {
		t.Errorf("path %q", w.Path())
	}
	w.End()
	w.Open("Void")
	w.End()
	w.End()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<Doc xmlns="urn:one">
 <Tx>
  <Amt Ccy="E&quot;&#x9;&#xA;R">1.50</Amt>
  <Empty></Empty>
  <Nm>&lt;a&gt; &amp; "b"&#xD;
	ç</Nm>
 </Tx>
 <Void></Void>
</Doc>
`
	if b.String() != want {
		t.Errorf("wrote\n%s", b.String())
	}
}

func TestWriterRefuses(t *testing.T) {
	for want, write := range map[string]func(*xmlsafe.Writer){
		"write a/b: holds the character U+0001":   func(w *xmlsafe.Writer) { w.Open("a"); w.Leaf("b", "\x01"); w.End() },
		"write b: holds bytes that are no UTF-8":  func(w *xmlsafe.Writer) { w.Leaf("b", "\xff") },
		"write b: holds the character U+FFFE":     func(w *xmlsafe.Writer) { w.Leaf("b", "\uFFFE") },
		"write b/@c: holds the character U+0000":  func(w *xmlsafe.Writer) { w.Leaf("b", "", xmlsafe.Attr{Name: "c", Value: "\x00"}) },
		"write b: attribute \"c d\"":              func(w *xmlsafe.Writer) { w.Leaf("b", "", xmlsafe.Attr{Name: "c d"}) },
		"write b>: is no name":                    func(w *xmlsafe.Writer) { w.Open("b>") },
		"write 1b: is no name":                    func(w *xmlsafe.Writer) { w.Leaf("1b", "") },
		"write a: close document: element is":     func(w *xmlsafe.Writer) { w.Open("a") },
		"none is open":                            func(w *xmlsafe.Writer) { w.Open("a"); w.End(); w.End() },
		"write first: holds the character U+0002": func(w *xmlsafe.Writer) { w.Leaf("first", "\x02"); w.Leaf("second", "\x03") },
	} {
		w := xmlsafe.NewWriter(io.Discard)
		write(w)
		if err := w.Close(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestWriterTellsOfAFullDisk(t *testing.T) {
	w := xmlsafe.NewWriter(fullDisk{})
	w.Leaf("a", strings.Repeat("x", 1<<16))
	if err := w.Close(); !errors.Is(err, io.ErrShortWrite) {
		t.Fatal(err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// TestWhatIsWrittenIsReadBack holds for every text that XML can hold; the others
// are refused.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text, value := rapid.String().Draw(rt, "text"), rapid.String().Draw(rt, "attribute")
		var b bytes.Buffer
		w := xmlsafe.NewWriter(&b)
		w.Open("Doc")
		w.Leaf("T", text, xmlsafe.Attr{Name: "v", Value: value})
		w.End()
		err := w.Close()
		if can := xmlsafe.Illegal(text) == "" && xmlsafe.Illegal(value) == ""; can != (err == nil) {
			rt.Fatalf("legal %v, but %v", can, err)
		}
		if err != nil {
			return
		}
		n, err := xmlsafe.Read(&b, xmlsafe.Limits{})
		if err != nil {
			rt.Fatal(err)
		}
		if got := n.String("T"); got != strings.Trim(text, " \t\r\n") {
			rt.Fatalf("text %q came back as %q", text, got)
		}
		if got := n.At("T").Attr("v"); got != value {
			rt.Fatalf("attribute %q came back as %q", value, got)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(`<a b="c">&amp;<![CDATA[x]]></a>`))
	f.Add([]byte(`<!DOCTYPE a><a/>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		limits := xmlsafe.Limits{Bytes: 1 << 12, Depth: 6, Elements: 40}
		n, err := xmlsafe.Read(bytes.NewReader(text), limits)
		if err != nil {
			return
		}
		if count, depth := measure(n); count > limits.Elements || depth > limits.Depth {
			t.Fatalf("%d elements, %d deep", count, depth)
		}
	})
}

func measure(n *xmlsafe.Node) (count, depth int) {
	count = 1
	for _, c := range n.Nodes {
		below, deep := measure(c)
		count, depth = count+below, max(depth, deep)
	}
	return count, depth + 1
}

// TestDefaultBounds reads documents just inside and just outside of the bounds
// that hold when none are given.
func TestDefaultBounds(t *testing.T) {
	nest := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	row := func(n int) string { return "<a>" + strings.Repeat("<b/>", n-1) + "</a>" }
	for name, c := range map[string]struct{ text, code string }{
		"deep":       {nest(xmlsafe.DefaultDepth), ""},
		"too deep":   {nest(xmlsafe.DefaultDepth + 1), "too_deep"},
		"many":       {row(xmlsafe.DefaultElements), ""},
		"too many":   {row(xmlsafe.DefaultElements + 1), "too_many"},
		"large":      {"<a>" + strings.Repeat(" ", xmlsafe.DefaultBytes-7) + "</a>", ""},
		"too large":  {"<a>" + strings.Repeat(" ", xmlsafe.DefaultBytes-6) + "</a>", "too_large"},
		"attributes": {`<a a="" b="" c="" d="" e="" f="" g="" h="" i="" j="" k="" l="" m="" n="" o="" p=""/>`, ""},
	} {
		_, err := xmlsafe.Read(strings.NewReader(c.text), xmlsafe.Limits{})
		code := ""
		var refused *xmlsafe.Refused
		if errors.As(err, &refused) {
			code = refused.Code
		}
		if code != c.code {
			t.Errorf("%s: %v, want code %q", name, err, c.code)
		}
	}
}

// TestErrorsGiveTheLine looks at where a document is wrong.
func TestErrorsGiveTheLine(t *testing.T) {
	for text, line := range map[string]int{
		"<a>\n<b>\n</a>":                 3,
		"<a>\n\n<!DOCTYPE x></a>":        3,
		"<a/>\n<b/>":                     2,
		"<?xml version=\"1.0\"?>\n\n&x;": 3,
	} {
		_, err := xmlsafe.Read(strings.NewReader(text), xmlsafe.Limits{})
		var refused *xmlsafe.Refused
		if !errors.As(err, &refused) || refused.Line != line {
			t.Errorf("%q: %v, want line %d", text, err, line)
		}
	}
}

// TestNamesThatMessagesUse are taken, and nothing that would end a tag.
func TestNamesThatMessagesUse(t *testing.T) {
	for name, good := range map[string]bool{
		"Document": true, "FIToFIPmtCxlReq": true, "t_from_my_client": true, "nationality1": true, "e:Doc": true, "a-b.c": true, "_x": true,
		"": false, "1a": false, "-a": false, ".a": false, ":a": false, "a b": false, "a>": false, "a/": false, "a\"": false, "é": false, "a\n": false, "!--": false, "?xml": false,
	} {
		w := xmlsafe.NewWriter(io.Discard)
		w.Leaf(name, "")
		if err := w.Close(); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestIllegal(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a\t\r\nb": "", "\u0020\uD7FF\uE000\uFFFD": "", "\U00010000\U0010FFFF": "", "\u007F\u0085": "",
		"\x00": "the character U+0000", "\x1F": "the character U+001F", "\uFFFE": "the character U+FFFE", "\uFFFF": "the character U+FFFF",
		"\xED\xA0\x80": "bytes that are no UTF-8", "\x80": "bytes that are no UTF-8",
	} {
		if got := xmlsafe.Illegal(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
