package goaml

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/spool"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

// Unmappable says that a message cannot be put into a report, and why.
type Unmappable = spool.Unmappable

func unmappable(field, text string) *Unmappable { return &Unmappable{Field: field, Text: text} }

// maxComment is the length of comments_type.
const maxComment = 8000

// Report writes a request or an amendment (its Request part) as one report:
// transactions, or an activity when there are no payments. The error is an
// *Unmappable, or the config's.
//
// A report of a test request is written like any other; the Sender never hands
// one out.
func Report(c Config, r *freeze.Request) ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	zone, err := c.zone()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := &writer{Writer: xmlsafe.NewWriter(&b), config: c, request: r, zone: zone}
	w.report()
	if w.err != nil {
		return nil, w.err
	}
	err = w.Close()
	var bad *xmlsafe.Unwritable
	if errors.As(err, &bad) {
		return nil, unmappable(bad.Path, bad.Text) // the element says more than the member
	}
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writer writes one report and keeps the first member that it cannot hold.
type writer struct {
	*xmlsafe.Writer
	config  Config
	request *freeze.Request
	zone    *time.Location
	err     error
}

func (w *writer) fail(field, format string, args ...any) {
	if w.err == nil {
		w.err = unmappable(field, fmt.Sprintf(format, args...))
	}
}

// text writes a text of at most so many characters, or nothing when it is empty.
func (w *writer) text(name, field, text string, most int) {
	if utf8.RuneCountInString(text) > most {
		w.fail(field, "makes %s longer than %d characters", name, most)
	}
	w.Some(name, text)
}

func (w *writer) moment(name string, t time.Time) {
	w.Leaf(name, t.In(w.zone).Format("2006-01-02T15:04:05"))
}

func (w *writer) report() {
	c, r := w.config, w.request
	w.Open("report")
	if c.late() {
		w.Leaf("schema_version", "5.0.2")
	}
	w.Leaf("rentity_id", strconv.Itoa(c.RentityID))
	w.text("rentity_branch", "goaml.rentity_branch", c.Branch, 255)
	w.Leaf("submission_code", cmpOr(c.Submission, "E"))
	kind := c.ReportCode
	if len(r.Payments) == 0 {
		kind = cmpOr(c.ActivityCode, c.ReportCode)
	}
	w.Leaf("report_code", kind)
	w.Leaf("entity_reference", r.MessageID)
	w.Some("fiu_ref_number", r.RecipientRef)
	w.moment("submission_date", r.CreatedAt.Time)
	w.Leaf("currency_code_local", c.Currency)
	w.reporter()
	w.text("reason", "legal.facts", joined("\n\n", r.Legal.Facts, r.Legal.Background, r.Legal.Reason, parallels(r.Parallel)), maxComment)
	w.text("action", "legal.nexus", joined("\n\n", r.Legal.Nexus, r.Legal.IntendedUse), maxComment)
	if len(r.Payments) == 0 {
		w.activity()
	}
	for i := range r.Payments {
		w.transaction(i)
	}
	w.indicators()
	w.End()
}

func cmpOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func joined(between string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), between)
}

func parallels(list []freeze.Parallel) string {
	var out []string
	for _, p := range list {
		out = append(out, strings.TrimSpace("Also pursued by "+p.Channel+" "+p.Ref)+" since "+p.At.String())
	}
	return strings.Join(out, "\n")
}

func (w *writer) reporter() {
	switch c := w.config; {
	case c.UserCode != "":
		w.Leaf("reporting_user_code", c.UserCode)
	case c.Person != Person{}:
		w.Open("reporting_person")
		w.Leaf("first_name", c.Person.FirstName)
		w.Leaf("last_name", c.Person.LastName)
		w.Some("occupation", c.Person.Occupation)
		w.End()
	}
}

// indicators writes the FIU's codes for what the request says, each once.
func (w *writer) indicators() {
	r := w.request
	keys := []string{r.Legal.PredicateOffence.Code}
	for _, i := range r.Indicators {
		keys = append(keys, i.Code)
	}
	for _, p := range r.Payments {
		keys = append(keys, p.Authorisation)
	}
	var codes []string
	for _, key := range keys {
		if v := w.config.Indicators[key]; v != "" && key != "default" && !slices.Contains(codes, v) {
			codes = append(codes, v)
		}
	}
	if len(codes) == 0 {
		codes = []string{w.config.Indicators["default"]}
	}
	w.Open("report_indicators")
	for _, v := range codes {
		w.Leaf("indicator", v)
	}
	w.End()
}

func (w *writer) activity() {
	r := w.request
	w.Open("activity")
	w.Open("report_parties")
	w.Open("report_party")
	w.subject()
	if w.config.late() {
		w.Leaf("country", r.Subject.AccountCountry)
		if r.Legal.MLSuspicion != nil {
			w.Leaf("is_suspected", strconv.FormatBool(*r.Legal.MLSuspicion))
		}
	}
	reason := joined(" ", r.Legal.Reason)
	if reason == "" {
		reason = r.Legal.Facts
	}
	if reason == "" {
		w.fail("legal.reason", "an activity needs a reason")
	}
	w.Leaf("reason", reason)
	w.text("comments", "case", caseText(r), maxComment)
	w.End()
	w.End()
	w.End()
}

// caseText says where the alert belongs; of the complaints it names fifty.
func caseText(r *freeze.Request) string {
	if r.Case == nil {
		return ""
	}
	lines := []string{"Case: " + r.Case.ID}
	for _, alert := range []struct{ name, id string }{{"Root alert: ", r.Case.RootAlert}, {"Parent alert: ", r.Case.ParentAlert}} {
		if alert.id != "" {
			lines = append(lines, alert.name+alert.id)
		}
	}
	const most = 50
	if refs := r.Case.ComplaintRefs; len(refs) > most {
		lines = append(lines, fmt.Sprintf("Complaints: %s and %d more", strings.Join(refs[:most], ", "), len(refs)-most))
	} else if len(refs) > 0 {
		lines = append(lines, "Complaints: "+strings.Join(refs, ", "))
	}
	return strings.Join(lines, "\n")
}

// digits returns an amount as sql_decimal holds it: at most 13 decimals, at most
// 7.9 thousand million million, of a currency of ISO 4217; and at most 18 digits,
// which is what XSD makes every processor hold (3.2.3: libxml2 ends at 24).
func (w *writer) digits(field string, m freeze.Money) string {
	if len(m.Currency) != 3 || !code.IsCurrency([]byte(m.Currency)) {
		w.fail(field+".currency", "%q is no currency of ISO 4217", m.Currency)
	}
	whole, frac, _ := strings.Cut(string(m.Amount), ".")
	frac = frac[:max(min(len(frac), 2), len(strings.TrimRight(frac, "0")))]
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if !m.Amount.Valid() || len(frac) > 13 || len(whole)+len(frac) > 18 || m.Amount.Cmp("7900000000000000") > 0 {
		w.fail(field+".amount", "%s has more than 18 digits, more than 13 decimals, or is more than 7900000000000000", m.Amount)
	}
	if frac == "" {
		return whole
	}
	return whole + "." + frac
}
