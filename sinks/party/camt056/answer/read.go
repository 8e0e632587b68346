package answer

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

// MaxBytes bounds a document: 4 MiB hold some 2,000 payments.
const MaxBytes = 4 << 20

// maxEntries bounds the payments of one answer, ten times those of a request.
const maxEntries = 5000

// Answer is one camt.029 or pacs.004 as its bank wrote it.
type Answer struct {
	// Name is the full message name of the Document, camt.029.001.09.
	Name string
	// Header is the AppHdr, nil where there is none; Mismatch is the message name
	// in it when its version is not that of the Document, else empty.
	Header   *Header
	Mismatch string
	// ID is the bank's id of the message, At when it was made.
	ID string
	At freeze.Time
	// From and To are the banks at its ends, where they are named.
	From, To Bank
	// CaseID is the resolved case, our alert id if the bank kept it.
	CaseID string
	// Confirmation is Sts/Conf of a camt.029: CNCL, PDCR, RJCR, …
	Confirmation string
	// DuplicateOf is the case that ours repeats, by the bank's word.
	DuplicateOf string
	Statuses    []Status
	Returns     []Returned
}

// Header is what is used of head.001.001.01 to .04.
type Header struct {
	Name     string // head.001.001.02
	From, To Bank
	ID       string // BizMsgIdr
	Message  string // MsgDefIdr
}

// Bank is a bank as a message names it.
type Bank struct{ BIC, ClearingSystem, ClearingID, LEI, Name string }

// Reason is why: a code of ISO's external list or a bank's own, and texts.
type Reason struct {
	Code, Own string
	Texts     []string
}

// Refused says why a document is none of ours and never will be: the element
// that is wrong and what is wanted.
type Refused struct{ Field, Text string }

// Error names the element and what is wrong with it.
func (r *Refused) Error() string { return fmt.Sprintf("answer refused: %s: %s", r.Field, r.Text) }

const urn = "urn:iso:std:iso:20022:tech:xsd:"

// Read reads one document. Every error is final, a *Refused or *xmlsafe.Refused.
func Read(text []byte) (*Answer, error) {
	root, err := xmlsafe.Read(bytes.NewReader(text), xmlsafe.Limits{Bytes: MaxBytes})
	if err != nil {
		return nil, err
	}
	const deep = 4 // envelopes put up to three elements around a Document
	documents, headers := root.Find("Document", deep), root.Find("AppHdr", deep)
	if len(documents) != 1 || len(headers) > 1 {
		return nil, &Refused{root.Name, fmt.Sprintf("holds %d documents and %d headers, want one, and at most one", len(documents), len(headers))}
	}
	f := &form{}
	a := &Answer{Name: name(documents[0])}
	if len(headers) == 1 {
		a.Header = f.header(headers[0])
		f.fits(a)
	}
	f.document(a, documents[0])
	if f.err != nil {
		return nil, f.err
	}
	return a, nil
}

// name returns the message name in a namespace, or the empty string.
func name(n *xmlsafe.Node) string {
	message, ok := strings.CutPrefix(n.Space, urn)
	if !ok {
		return ""
	}
	return message
}

func (f *form) document(a *Answer, n *xmlsafe.Node) {
	switch {
	case oneOf(a.Name, "camt.029.001.", "09", "10", "11", "12", "13"):
		f.resolution(a, f.need(n, "RsltnOfInvstgtn"))
	case oneOf(a.Name, "pacs.004.001.", "09", "10", "11", "12", "13"):
		f.returned(a, f.need(n, "PmtRtr"))
	default:
		f.refuse("Document", "namespace %.80q is neither of camt.029.001.09 to .13 nor of pacs.004.001.09 to .13", n.Space)
	}
}

func oneOf(name, family string, versions ...string) bool {
	version, ok := strings.CutPrefix(name, family)
	return ok && slices.Contains(versions, version)
}

func (f *form) header(n *xmlsafe.Node) *Header {
	h := &Header{Name: name(n)}
	if !oneOf(h.Name, "head.001.001.", "01", "02", "03", "04") {
		f.refuse("AppHdr", "namespace %.80q is not of head.001.001.01 to .04", n.Space)
	}
	h.From, h.To = f.bank(n.At("Fr/FIId")), f.bank(n.At("To/FIId"))
	h.ID, h.Message = f.needed(n, "BizMsgIdr", 35), f.needed(n, "MsgDefIdr", 35)
	return h
}

// fits compares the header's word with the document: family and variant must
// agree, the version should.
func (f *form) fits(a *Answer) {
	family := func(name string) string {
		if at := strings.LastIndexByte(name, '.'); at >= 0 {
			return name[:at]
		}
		return name
	}
	switch {
	case a.Header.Message == a.Name:
	case family(a.Header.Message) == family(a.Name):
		a.Mismatch = a.Header.Message
	default:
		f.refuse("AppHdr/MsgDefIdr", "%.35q, but the document is %.35q", a.Header.Message, a.Name)
	}
}

// form reads members as the XSD has them and keeps the first thing that is wrong.
type form struct{ err error }

func (f *form) refuse(field, format string, args ...any) {
	if f.err == nil {
		f.err = &Refused{field, fmt.Sprintf(format, args...)}
	}
}

// need returns an element that must be there.
func (f *form) need(n *xmlsafe.Node, path string) *xmlsafe.Node {
	at := n.At(path)
	if at == nil && n != nil {
		f.refuse(path, "is missing in line %d", n.Line)
	}
	return at
}

// needed returns a text that must be there, of at most so many characters.
func (f *form) needed(n *xmlsafe.Node, path string, most int) string {
	if f.need(n, path) == nil {
		return ""
	}
	text := f.text(n, path, most)
	if text == "" {
		f.refuse(path, "is empty in line %d", n.Line)
	}
	return text
}

// text returns a text of at most so many characters, white space made single
// spaces.
func (f *form) text(n *xmlsafe.Node, path string, most int) string {
	text := strings.Join(strings.Fields(n.String(path)), " ")
	if len([]rune(text)) > most {
		f.refuse(path, "longer than %d characters", most)
	}
	return text
}

// moment reads an ISODateTime; without an offset it counts as UTC.
func (f *form) moment(n *xmlsafe.Node, path string) freeze.Time {
	text := f.needed(n, path, 40)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() > 0 && t.UTC().Year() > 0 && t.UTC().Year() < 10000 {
			return freeze.At(t)
		}
	}
	if f.err == nil {
		f.refuse(path, "%q is no time", text)
	}
	return freeze.Time{}
}

// date reads an ISODate, with the offset cut off that XSD allows.
func (f *form) date(n *xmlsafe.Node, path string) freeze.Date {
	text := f.text(n, path, 20)
	if text == "" {
		return ""
	}
	d := freeze.Date(text[:min(10, len(text))])
	if _, err := time.Parse("Z07:00", text[len(d):]); !d.Valid() || len(text) > len(d) && err != nil {
		f.refuse(path, "%q is no day", text)
		return ""
	}
	return d
}

// money reads an amount with its currency, at most 18 digits and 5 decimals; nil
// where the element is not there.
func (f *form) money(n *xmlsafe.Node, path string) *freeze.Money {
	at := n.At(path)
	if at == nil {
		return nil
	}
	whole, frac, dot := strings.Cut(strings.TrimPrefix(at.Text, "+"), ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" && (frac != "" || strings.Contains(at.Text, "0")) {
		whole = "0"
	}
	digits := freeze.Dec(whole)
	if dot && frac != "" {
		digits = freeze.Dec(whole + "." + frac)
	}
	significant := strings.TrimRight(frac, "0")
	if !digits.Valid() || len(significant) > 5 || len(whole)+len(significant) > 18 {
		f.refuse(path, "%.40q is no amount of at most 18 digits and 5 decimals", at.Text)
		return nil
	}
	currency := at.Attr("Ccy")
	if len(currency) != 3 || strings.ToUpper(currency) != currency || strings.ToLower(currency) == currency {
		f.refuse(path+"/@Ccy", "%.10q is no currency", currency)
		return nil
	}
	return &freeze.Money{Amount: digits, Currency: currency}
}

// bank reads a BranchAndFinancialInstitutionIdentification; a nil n names none.
func (f *form) bank(n *xmlsafe.Node) Bank {
	id := n.At("FinInstnId")
	b := Bank{
		BIC: f.text(id, "BICFI", 11), ClearingID: f.text(id, "ClrSysMmbId/MmbId", 35),
		ClearingSystem: f.text(id, "ClrSysMmbId/ClrSysId/Cd", 5), LEI: f.text(id, "LEI", 20), Name: f.text(id, "Nm", 140),
	}
	if b.ClearingSystem == "" {
		b.ClearingSystem = f.text(id, "ClrSysMmbId/ClrSysId/Prtry", 35)
	}
	return b
}

// refs reads the references of the original payment below n.
func (f *form) refs(n *xmlsafe.Node) freeze.Refs {
	return freeze.Refs{
		UETR: strings.ToLower(f.text(n, "OrgnlUETR", 36)), EndToEndID: f.text(n, "OrgnlEndToEndId", 35), TransactionID: f.text(n, "OrgnlTxId", 35),
		InstructionID: f.text(n, "OrgnlInstrId", 35), ClearingRef: f.text(n, "OrgnlClrSysRef", 35),
		MessageID: f.text(n, "OrgnlGrpInf/OrgnlMsgId", 35), MessageName: f.text(n, "OrgnlGrpInf/OrgnlMsgNmId", 35),
	}
}

// reasons reads reason information, which has one form everywhere.
func (f *form) reasons(nodes []*xmlsafe.Node) []Reason {
	var out []Reason
	for _, n := range nodes {
		r := Reason{Code: f.text(n, "Rsn/Cd", 4), Own: f.text(n, "Rsn/Prtry", 35)}
		for _, line := range n.All("AddtlInf") {
			text := strings.Join(strings.Fields(line.Text), " ")
			if len([]rune(text)) > 105 {
				f.refuse("AddtlInf", "longer than 105 characters")
			}
			r.Texts = append(r.Texts, text)
		}
		out = append(out, r)
	}
	return out
}
