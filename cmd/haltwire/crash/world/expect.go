package world

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sources/codec"
)

// Expectation is what must be there in the end, as sets of texts.
type Expectation struct {
	Reports map[string]bool // reporter/report_id#revision of the latest version
	Hits    map[string]bool // hit ids of the standing hits: one an evidence key
	Dead    map[string]bool // topic/partition/offset=raw, hex
	// Requested are accounts abroad for which a request must go out by itself:
	// those of rule, see Expect.
	Requested map[string]bool
	// Abroad are all accounts abroad that any hit is about.
	Abroad map[string]bool
}

// automatic is the shipped rule whose hits always lead to a request that goes
// out by itself.
const automatic = "unauthorised-payment-abroad"

type evalLine struct {
	HitID  string `json:"hit_id"`
	Rule   string `json:"rule"`
	Alerts []struct {
		To      *string `json:"to"`
		Subject *string `json:"subject"`
	} `json:"alerts"`
}

// Expect judges everything that was said, in one piece and without any service.
func (f *Traffic) Expect() Expectation {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, w := f.w.t, f.w
	t.Helper()
	e := Expectation{Reports: map[string]bool{}, Hits: map[string]bool{}, Dead: map[string]bool{}, Requested: map[string]bool{}, Abroad: map[string]bool{}}
	var input bytes.Buffer
	latest := map[string]uint32{}
	for _, r := range f.records {
		input.Write(r.Value)
		input.WriteByte('\n')
		var id struct {
			Reporter string `json:"reporter"`
			ReportID string `json:"report_id"`
			Revision uint32 `json:"revision"`
		}
		w.must(json.Unmarshal(r.Value, &id))
		key := id.Reporter + "/" + id.ReportID
		latest[key] = max(latest[key], id.Revision)
	}
	for key, revision := range latest {
		e.Reports[fmt.Sprintf("%s#%d", key, revision)] = true
	}
	for p, raw := range f.bad {
		e.Dead[fmt.Sprintf("%s/%d/%d=%s", p.Topic, p.Partition, p.Offset, strings.ToUpper(hex.EncodeToString(raw)))] = true
		input.Write(raw)
		input.WriteByte('\n')
	}
	counts := f.judge(&e, input.Bytes())
	if counts.Dead != len(f.bad) || counts.Accepted != len(f.records) {
		t.Fatalf("the expectation is wrong: %+v of %d reports and %d unreadable records", counts, len(f.records), len(f.bad))
	}
	return e
}

func (f *Traffic) judge(e *Expectation, input []byte) app.EvalCounts {
	w := f.w
	path := w.file("said.ndjson")
	w.must(os.WriteFile(path, input, 0o600))
	rated, err := codec.LoadRates("USD", strings.NewReader(rates))
	w.must(err)
	var out bytes.Buffer
	counts, err := app.Eval(app.EvalOptions{Rules: w.RulesDir(), Input: path, Rates: rated, Out: &out, Log: io.Discard})
	w.must(err)
	d := json.NewDecoder(&out)
	for d.More() {
		var l evalLine
		w.must(d.Decode(&l))
		e.Hits[l.HitID] = true
		for _, a := range l.Alerts {
			if a.To == nil || a.Subject == nil || *a.To == "IN" {
				continue
			}
			e.Abroad[*a.Subject] = true
			if l.Rule == automatic {
				e.Requested[*a.Subject] = true
			}
		}
	}
	return counts
}

// Query returns the lines of a query's answer; an error while ClickHouse is away.
func (w *World) Query(query string) ([]string, error) {
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://"+w.Database.HTTP+"/?"+url.Values{"database": {"haltwire"}}.Encode(), strings.NewReader(query))
	if err != nil {
		return nil, err
	}
	req.Close = true
	req.SetBasicAuth(w.Database.User, w.Database.Password.Reveal())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", resp.Status, text)
	}
	return strings.Fields(string(text)), nil
}

// Stored waits until the analysts' views show exactly what is expected, each
// thing once, and fails the test with the difference when they do not within d.
func (w *World) Stored(e Expectation, d time.Duration) {
	w.t.Helper()
	for _, v := range []struct {
		name, query string
		want        map[string]bool
	}{
		{"v_reports", "SELECT concat(reporter, '/', report_id, '#', toString(revision)) FROM v_reports", e.Reports},
		{"v_hits", "SELECT hit_id FROM v_hits", e.Hits},
		{"evidence keys of v_hits", "SELECT any(hit_id) FROM v_hits GROUP BY evidence_key", e.Hits},
		{"v_dead_letters", "SELECT concat(topic, '/', toString(partition), '/', toString(offset), '=', hex(raw)) FROM v_dead_letters", e.Dead},
	} {
		Eventually(w.t, d, v.name, func() string {
			got, err := w.Query(v.query)
			if err != nil {
				return err.Error()
			}
			return Difference(got, v.want)
		})
	}
}

// Difference says how a list differs from a set, "" when it is the set with each
// member once.
func Difference(got []string, want map[string]bool) string {
	seen := map[string]int{}
	for _, g := range got {
		seen[g]++
	}
	var missing, extra, twice []string
	for g, n := range seen {
		switch {
		case !want[g]:
			extra = append(extra, g)
		case n > 1:
			twice = append(twice, g)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if seen[k] == 0 {
			missing = append(missing, k)
		}
	}
	if len(missing)+len(extra)+len(twice) == 0 {
		return ""
	}
	return fmt.Sprintf("%d wanted, %d there: %d missing %s, %d not expected %s, %d more than once %s", len(want), len(got),
		len(missing), first(missing), len(extra), first(extra), len(twice), first(twice))
}

func first(list []string) []string { return list[:min(3, len(list))] }

// Asked waits until partner p has a request for every account that must have
// one, and then checks what no crash may break.
func (w *World) Asked(p *Partner, e Expectation, d time.Duration) {
	w.t.Helper()
	Eventually(w.t, d, "requests at "+p.ID, func() string {
		var got []string
		seen := map[string]bool{}
		for _, a := range p.Arrivals() {
			if a.Type == freeze.TypeRequest && !a.Fault && e.Requested[a.Account] && !seen[a.Account] {
				seen[a.Account] = true
				got = append(got, a.Account)
			}
		}
		return Difference(got, e.Requested)
	})
	p.Once(w.t, e)
}

// Once checks that the partner got each message under one id and with one body,
// one request and one confirmation an alert, and no attempt that repeats a nonce.
func (p *Partner) Once(t testing.TB, e Expectation) {
	t.Helper()
	digest, id, nonces := map[string]string{}, map[string]string{}, map[string]bool{}
	first := map[string]string{} // alert and type → message
	for _, a := range p.Arrivals() {
		if old := digest[a.Message]; old != "" && old != a.Digest {
			t.Errorf("message %s has two bodies", a.Message)
		}
		if old := id[a.Digest]; old != "" && old != a.Message {
			t.Errorf("one body as %s and %s", old, a.Message)
		}
		digest[a.Message], id[a.Digest] = a.Digest, a.Message
		if nonces[a.Nonce] {
			t.Errorf("nonce %s of %s was used twice", a.Nonce, a.Message)
		}
		nonces[a.Nonce] = true
		if a.Type == freeze.TypeAmendment {
			t.Errorf("amendment %s: nobody approved one", a.Message)
			continue
		}
		key := a.Alert + " " + string(a.Type)
		if old := first[key]; old != "" && old != a.Message {
			t.Errorf("alert %s: %s as %s and %s", a.Alert, a.Type, old, a.Message)
		}
		first[key] = a.Message
		if a.Type == freeze.TypeRequest && !e.Abroad[a.Account] {
			t.Errorf("request %s is about an account that no hit names", a.Message)
		}
	}
}

// Requests returns the message ids of requests about an account.
func (p *Partner) Requests(account string) map[string]bool {
	out := map[string]bool{}
	for _, a := range p.Arrivals() {
		if a.Account == account {
			out[a.Message] = true
		}
	}
	return out
}
