package scenario_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/scenario"
	"github.com/haltwire/haltwire/sinks/audit"
	"github.com/haltwire/haltwire/sinks/desk"
)

// restarted stops India and starts it again: what it knows comes of the log alone, and
// the log is signed up to its end.
func (t *tester) restarted() {
	states := func() string {
		var b strings.Builder
		for _, id := range []string{t.A1, t.B1, t.C1, t.OrderA, t.OrderB} {
			b.WriteString(asText(t.show(t.IN, id)) + "\n")
		}
		return b.String()
	}
	before := states()
	t.must(t.IN.Stop())
	t.must(t.IN.Start(t.Context()))
	if after := states(); after != before {
		t.Errorf("after a restart India knows otherwise:\n%s\n%s", before, after)
	}
}

// bundle is step 19: the United Kingdom gets what it has said and heard, with proofs,
// and a stranger can check it.
func (t *tester) bundle() {
	a, err := app.NewAudit(t.IN.Config)
	t.must(err)
	var text bytes.Buffer
	m, err := a.Bundle(t.Context(), t.A1, &text)
	t.must(err)
	d := t.show(t.IN, t.A1)
	t.holds("all messages are in it", len(m.Messages) >= len(d.Messages)+len(d.Inbox) && m.Unproven == 0 && m.Party == "GB-FIU", m)
	keys, err := a.Verifiers("")
	t.must(err)
	v, err := audit.VerifyBundle(bytes.NewReader(text.Bytes()), int64(text.Len()), keys...)
	t.must(err)
	t.holds("a stranger can check it", v.Trusted && len(v.Proven) == len(m.Messages), v)
	z, err := zip.NewReader(bytes.NewReader(text.Bytes()), int64(text.Len()))
	t.must(err)
	said := map[string]bool{}
	for _, x := range append(d.Messages, d.Inbox...) {
		said[x.ID] = true
	}
	for _, f := range z.File {
		r, err := f.Open()
		t.must(err)
		body, err := io.ReadAll(r)
		t.must(err)
		body = t.legible(f.Name, body)
		for _, word := range append(secrets(), t.C1, t.B1, "by mistake", "AE-FIU") {
			asked := word == "AE-FIU" && said[strings.TrimSuffix(strings.TrimPrefix(f.Name, "messages/"), ".json")]
			if bytes.Contains(body, []byte(word)) && !asked {
				t.Errorf("%s of the bundle says %q", f.Name, word)
			}
		}
	}
}

// legible is what a file of a bundle says, without hashes and signatures, in which any
// short word may stand by chance.
func (t *tester) legible(name string, body []byte) []byte {
	switch {
	case name == "manifest.json":
		var m audit.Manifest
		t.must(json.Unmarshal(body, &m))
		var out bytes.Buffer
		for _, p := range m.Messages {
			for _, x := range p.Record.Members {
				fmt.Fprintln(&out, x.Name, x.Value)
			}
		}
		fmt.Fprintln(&out, m.Log, m.Party, m.AlertID, m.Generated)
		return out.Bytes()
	case strings.HasSuffix(name, ".jws"):
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(string(body), ".")[1])
		t.must(err)
		return payload
	case strings.HasPrefix(name, "checkpoints/"), name == "verifier.txt":
		origin, _, _ := strings.Cut(string(body), "+")
		line, _, _ := strings.Cut(origin, "\n")
		return []byte(line)
	}
	return body
}

// erased destroys what was known of B1, which is over: the log stays proven.
func (t *tester) erased() {
	t.must(t.IN.Act(t.Context(), t.B1, desk.Action{Do: "erase", Reason: "order of the court"}, "O1", "O2"))
	t.must(t.IN.Until(t.Context(), t.B1, "its personal data is gone", func(d *desk.Detail) bool { return d.At.Erased > 0 }))
	d := t.show(t.IN, t.B1)
	t.holds("nobody can read whom it was about", len(d.Items) == 0 && (d.Subject == nil || d.Subject.Account.ID == ""), d.Subject, d.Items)
	text := asText(d)
	for _, word := range []string{scenario.Victim, scenario.AccountB, "000000000042"} {
		t.holds("nothing of "+word+" is left", !strings.Contains(text, word), text)
	}
	t.must(t.IN.Stop())
	t.must(t.IN.Start(t.Context()))
	a, err := app.NewAudit(t.IN.Config)
	t.must(err)
	r, err := a.Verify(t.Context(), "")
	t.must(err)
	proven := int64(0)
	for _, p := range r.Partitions {
		proven += p.Proven
	}
	t.holds("the log is proven", r.Sound && proven > 50, r)
}
