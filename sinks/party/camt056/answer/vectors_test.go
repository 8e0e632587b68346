//go:build vectors

package answer_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/party/camt056"
	"github.com/haltwire/haltwire/sinks/party/camt056/answer"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

// TestVectorAnswersAreValid holds the documents of testdata against the published
// schemas, so that what the reader is tested with is what banks may write.
func TestVectorAnswersAreValid(t *testing.T) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	checked := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, part := range parts(t, text) {
			schemas, err := filepath.Glob(filepath.Join(os.Getenv("HALTWIRE_VECTORS"), "iso20022", "xsd", "*", name+".xsd"))
			if err != nil {
				t.Fatal(err)
			}
			for _, schema := range schemas {
				validate(t, file, schema, part)
				checked[name] = true
			}
		}
	}
	for _, name := range []string{"camt.029.001.09", "camt.029.001.10", "camt.029.001.12", "camt.029.001.13", "pacs.004.001.09", "pacs.004.001.10", "pacs.004.001.13", "head.001.001.02", "head.001.001.04"} {
		if !checked[name] {
			t.Errorf("nothing of %s was checked: set HALTWIRE_VECTORS to the folder of vectors", name)
		}
	}
}

func validate(t *testing.T, file, schema string, text []byte) {
	t.Helper()
	cmd := exec.Command("xmllint", "--noout", "--nonet", "--schema", schema, "-")
	cmd.Stdin = bytes.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s by %s: %v\n%s", file, schema, err, out)
	}
}

// parts cuts the AppHdr and the Document out of a file, by message name.
func parts(t *testing.T, text []byte) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for dec := xml.NewDecoder(bytes.NewReader(text)); ; {
		before := dec.InputOffset()
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "AppHdr" && start.Name.Local != "Document" {
			continue
		}
		if err := dec.Skip(); err != nil {
			t.Fatal(err)
		}
		out[start.Name.Space[strings.LastIndexByte(start.Name.Space, ':')+1:]] = text[before:dec.InputOffset()]
	}
}

// TestVectorEveryVersionIsRead reads each document again as every version of its
// family that has a schema and admits it: what the reader knows did not move
// between the versions.
func TestVectorEveryVersionIsRead(t *testing.T) {
	text, err := os.ReadFile("testdata/partly.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"09", "10", "11", "12", "13"} {
		again := bytes.ReplaceAll(text, []byte("camt.029.001.09"), []byte("camt.029.001."+version))
		schemas, _ := filepath.Glob(filepath.Join(os.Getenv("HALTWIRE_VECTORS"), "iso20022", "xsd", "*", "camt.029.001."+version+".xsd"))
		for _, schema := range schemas {
			validate(t, "partly as "+version, schema, again)
		}
		a, err := answer.Read(again)
		if err != nil {
			t.Errorf("version %s: %v", version, err)
			continue
		}
		if facts, _ := a.Facts(asked()); len(facts) != 2 || facts[0].State != "partly_accepted" {
			t.Errorf("version %s: %+v", version, facts)
		}
	}
}

// TestVectorBankOfTheTestsIsValid holds what the bank of the tests writes against
// the schemas, word by word.
func TestVectorBankOfTheTestsIsValid(t *testing.T) {
	drafts, err := camt056.Drafts(camt056.Config{}, rapid.Custom(recalled).Example(1))
	if err != nil {
		t.Fatal(err)
	}
	draft, err := xmlsafe.Read(bytes.NewReader(drafts[0].Document), xmlsafe.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"09", "10", "12", "13"} {
		schemas, err := filepath.Glob(filepath.Join(os.Getenv("HALTWIRE_VECTORS"), "iso20022", "xsd", "*", "camt.029.001."+version+".xsd"))
		if err != nil || len(schemas) == 0 {
			t.Fatalf("no schema of version %s: set HALTWIRE_VECTORS to the folder of vectors", version)
		}
		for i, w := range words() {
			if w.conf == "" {
				w.conf = "CNCL"
			}
			said := map[string]word{}
			for _, item := range drafts[0].Items {
				said[item] = w
			}
			if i%4 == 0 || version == "13" { // one process a document
				validate(t, w.conf+" "+w.status+" "+w.reason, schemas[0], reply(draft, version, w.conf, said))
			}
		}
	}
}
