package apply_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
)

// TestCountersignsAreWhatOneMoreSignatureDoes follows every case file. After each event,
// what waits for a signature is signed in a copy by officers who have not: the act is
// taken, counted, and waits no more with the last of them. And what an officer has
// approved alone, of an act that takes two, waits.
func TestCountersignsAreWhatOneMoreSignatureDoes(t *testing.T) {
	files, err := filepath.Glob("testdata/apply/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no case files: %v", err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t)
		for n, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
			input, _, _ := strings.Cut(block, "\n----")
			if strings.HasPrefix(input, "#") && !strings.Contains(input, "\nevent ") {
				continue
			}
			w.step(input)
			for key, s := range w.subjects {
				for _, a := range s.Alerts {
					for _, c := range a.Countersigns() {
						seen[key.Direction()+" "+c.Act] = true
						w.sign(fmt.Sprintf("%s, block %d", filepath.Base(file), n+1), key, a, c)
					}
				}
			}
		}
	}
	want := []string{
		"in authorise", "in consent", "in extend", "in lift", "in measure", "in refuse", "in release", "out erase", "out extend", "out lift", "out measure", "out request", "out withdraw",
	}
	for _, act := range want {
		if !seen[act] {
			t.Errorf("no case file leaves %s half signed; they do %v", act, slices.Sorted(maps.Keys(seen)))
		}
	}
}

// sign has officers approve on the terms of c in a copy of the subject, one after the
// other.
func (w *world) sign(where string, key caselog.Key, a *apply.Alert, c apply.Countersign) {
	w.t.Helper()
	text, err := json.Marshal(w.subjects[key])
	if err != nil {
		w.t.Fatal(err)
	}
	s := &apply.Subject{}
	if err := json.Unmarshal(text, s); err != nil {
		w.t.Fatal(err)
	}
	data := w.approvalOf(a, c)
	for i := c.Has; i < c.Needs; i++ {
		if now := s.Alert(a.ID).Countersigns(); !slices.ContainsFunc(now, func(x apply.Countersign) bool { return x.Act == c.Act && x.About == c.About && x.Has == i }) {
			w.t.Errorf("%s: %d have signed %s %s, and it does not wait: %+v", where, i, c.Act, c.About, now)
		}
		data.By = fmt.Sprintf("Z%d", i)
		body, err := json.Marshal(data)
		if err != nil {
			w.t.Fatal(err)
		}
		kind := caselog.ApprovalGiven
		if c.Act == apply.ActWithdraw {
			kind = caselog.Withdrawn
		}
		e := caselog.Event{ID: fmt.Sprintf("Z%d-%d", w.offset, i), Type: kind, Key: key, Time: w.now, Data: body}
		var v apply.Verdict
		if s, v, _ = w.machine.Apply(s, apply.Record{Event: e, Offset: w.offset + int64(i), Appended: w.now.UnixMilli()}); !v.Applied {
			w.t.Errorf("%s: %s %s waits for another officer, who is refused: %s", where, c.Act, c.About, v.Reason)
			return
		}
	}
	for _, x := range s.Alert(a.ID).Countersigns() {
		if x.Act == c.Act && x.About == c.About && x.Has >= c.Has && x.Code == c.Code && x.Until == c.Until {
			w.t.Errorf("%s: all have signed %s, and it waits: %+v", where, c.Act, x)
		}
	}
}

// approvalOf is what the next officer says: what the first one said.
func (w *world) approvalOf(a *apply.Alert, c apply.Countersign) caselog.OfficerData {
	w.t.Helper()
	for _, p := range a.Approvals {
		if p.Act == c.Act && p.About == c.About && p.Code == c.Code && p.Until == c.Until && p.Amount == c.Amount {
			d := caselog.OfficerData{AlertID: a.ID, Act: p.Act, About: p.About, Code: p.Code, Until: p.Until, Amount: p.Amount, Digest: p.Digest, Fold: p.Fold, Role: c.For}
			if p.Act == apply.ActRequest || p.Fold == 0 {
				d.Content = a.Content()
			}
			var terms struct{ Measure *caselog.MeasureMark }
			if json.NewDecoder(strings.NewReader(p.Terms)).Decode(&terms) == nil {
				d.Measure = terms.Measure
			}
			return d
		}
	}
	w.t.Fatalf("nobody has signed %+v", c)
	return caselog.OfficerData{}
}
