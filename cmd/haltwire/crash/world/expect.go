package world

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
	Hits    map[string]bool // hit id/case of the standing hits: one an evidence key
	Rules   map[string]int  // standing hits by rule
	Dead    map[string]bool // topic/partition/offset=raw, hex
	// Requested are accounts abroad for which a request must go out by itself:
	// those of automatic rules.
	Requested map[string]bool
	// Abroad are all accounts abroad of which a request may go out: those that a hit
	// was about at some time.
	Abroad map[string]bool
	// Evidence is how many standing hits are in an alert.
	Evidence int
	// Superseded is how many hits of stateless on earlier versions no longer stand:
	// it does not hit the latest.
	Superseded int

	lines map[string]evalLine // by hit id and case
}

// stateless is the rule without a window that asks by itself.
const stateless = "stolen-abroad"

// acting are the rules whose hits are in alerts.
func acting() []string { return []string{stateless, "swapped", "crowd", "unseen", "refused"} }

// falling are those of them that need time before they act.
func falling() []string { return []string{"unseen", "refused"} }

// manual are those of them that people approve.
func manual() []string { return []string{"refused"} }

type evalLine struct {
	HitID      string    `json:"hit_id"`
	Rule       string    `json:"rule"`
	Case       string    `json:"case"`
	Reporter   string    `json:"reporter"`
	ReportID   string    `json:"report_id"`
	OccurredAt time.Time `json:"occurred_at"`
	Alerts     []struct {
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
	e := Expectation{lines: map[string]evalLine{}, Reports: map[string]bool{}, Hits: map[string]bool{}, Rules: map[string]int{}, Dead: map[string]bool{}, Requested: map[string]bool{}, Abroad: maps.Clone(f.stories.accounts)}
	var input, versions bytes.Buffer
	ids := regexp.MustCompile(`"report_id":"([^"]*)"`)
	latest := map[string]uint32{}
	for _, r := range f.records {
		input.Write(r.Value)
		input.WriteByte('\n')
		versions.Write(ids.ReplaceAll(r.Value, apart(r.Value)))
		versions.WriteByte('\n')
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
	lines, counts := f.judge(w.RulesDir(), input.Bytes())
	if counts.Dead != len(f.bad) || counts.Accepted != len(f.records) {
		t.Fatalf("the expectation is wrong: %+v of %d reports and %d unreadable records", counts, len(f.records), len(f.bad))
	}
	e.take(lines, f.stories.began)
	w.must(os.MkdirAll(w.file("stateless"), 0o700))
	text, err := os.ReadFile(filepath.Join(w.RulesDir(), stateless+".yaml"))
	w.must(err)
	w.must(os.WriteFile(w.file("stateless", stateless+".yaml"), text, 0o600))
	lines, _ = f.judge(w.file("stateless"), versions.Bytes())
	e.takeVersions(lines)
	return e
}

// take notes the standing hits. Of what occurred before the traffic began, windows
// know too little for a rule that fires on absence: such hits act nowhere.
func (e *Expectation) take(lines []evalLine, began time.Time) {
	for i := range lines {
		l := &lines[i]
		e.Hits[l.HitID+"/"+l.Case] = true
		e.lines[l.HitID+"/"+l.Case] = *l
		e.Rules[l.Rule]++
		if !slices.Contains(acting(), l.Rule) || slices.Contains(falling(), l.Rule) && l.OccurredAt.Before(began) {
			continue
		}
		e.Evidence++
		for _, account := range l.abroad() {
			e.Abroad[account] = true
			if !slices.Contains(manual(), l.Rule) {
				e.Requested[account] = true
			}
		}
	}
}

// takeVersions notes the hits of stateless on every version, each judged as a report
// of its own.
func (e *Expectation) takeVersions(lines []evalLine) {
	evidence := map[string]bool{}
	for i := range lines {
		l := &lines[i]
		id, _, _ := strings.Cut(l.ReportID, versionMark)
		evidence[l.Reporter+" "+id] = true
		for _, account := range l.abroad() {
			e.Abroad[account] = true
		}
	}
	e.Superseded = len(evidence) - e.Rules[stateless]
}

func (l *evalLine) abroad() (accounts []string) {
	for _, a := range l.Alerts {
		if a.To != nil && a.Subject != nil && *a.To != "IN" {
			accounts = append(accounts, *a.Subject)
		}
	}
	return accounts
}

// versionMark separates the id of a report from the mark of its version.
const versionMark = "~"

// apart returns the id, as a replacement, by which no other version of a report goes.
func apart(value []byte) []byte {
	sum := sha256.Sum256(value)
	return fmt.Appendf(nil, `"report_id":"${1}%s%x"`, versionMark, sum[:6])
}

// judge returns what eval says of an input.
func (f *Traffic) judge(rulesDir string, input []byte) ([]evalLine, app.EvalCounts) {
	w := f.w
	path := w.file("said.ndjson")
	w.must(os.WriteFile(path, input, 0o600))
	rated, err := codec.LoadRates("USD", strings.NewReader(rates))
	w.must(err)
	var out bytes.Buffer
	counts, err := app.Eval(app.EvalOptions{Rules: rulesDir, Input: path, Rates: rated, Out: &out, Log: io.Discard})
	w.must(err)
	d := json.NewDecoder(&out)
	var lines []evalLine
	for d.More() {
		var l evalLine
		w.must(d.Decode(&l))
		lines = append(lines, l)
	}
	return lines, counts
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
		{"v_hits", "SELECT concat(hit_id, '/', rule_case) FROM v_hits", e.Hits},
		{"evidence keys of v_hits", "SELECT any(concat(hit_id, '/', rule_case)) FROM v_hits GROUP BY evidence_key", e.Hits},
		{"hits that stand in alerts", "SELECT sum(hits) FROM v_alerts WHERE direction = 'out'", map[string]bool{strconv.Itoa(e.Evidence): true}},
		{"v_dead_letters", "SELECT concat(topic, '/', toString(partition), '/', toString(offset), '=', hex(raw)) FROM v_dead_letters", e.Dead},
		{"items of alerts less what alerts say", "SELECT sum(payments) - (SELECT count() FROM alert_payments FINAL WHERE NOT shed AND NOT taken_out AND NOT withheld) FROM v_alerts", map[string]bool{"0": true}},
		{"open tasks less what alerts say", "SELECT sum(length(open_tasks)) - (SELECT countIf(done_at IS NULL) FROM tasks FINAL) FROM v_alerts", map[string]bool{"0": true}},
		{"messages that told nobody knows what", "SELECT count() FROM deliveries FINAL WHERE verdict = 'delivered' AND type != 'receipt' AND message_id NOT IN (SELECT message_id FROM disclosures)", map[string]bool{"0": true}},
	} {
		patience := time.Now().Add(d - 5*time.Second)
		Eventually(w.t, d, v.name, func() string {
			got, err := w.Query(v.query)
			if err != nil {
				return err.Error()
			}
			wrong := Difference(got, v.want)
			if wrong != "" && time.Now().After(patience) {
				patience = patience.Add(time.Hour)
				w.explainHits(e, got, v.want)
			}
			return wrong
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
	patience := time.Now().Add(d - 2*time.Second)
	Eventually(w.t, d, "requests at "+p.ID, func() string {
		var got []string
		seen := map[string]bool{}
		for _, a := range p.Arrivals() {
			if a.Type == freeze.TypeRequest && !a.Fault && e.Requested[a.Account] && !seen[a.Account] {
				seen[a.Account] = true
				got = append(got, a.Account)
			}
		}
		wrong := Difference(got, e.Requested)
		if wrong != "" && time.Now().After(patience) {
			patience = patience.Add(time.Hour)
			w.explainRequests(e, seen)
		}
		return wrong
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
