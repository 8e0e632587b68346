package explain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/explain"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
)

func TestNames(t *testing.T) {
	ref := plan.Ref{Reporter: "TELCO", ID: "X-1"}
	for raw, want := range map[string]bool{
		`{"report_id":"X-1","reporter":"TELCO"}`:                     true,
		`{"report_id":"X-1","reporter":"OTHER","note":"TELCO"}`:      false,
		`{"report_id":"X-11","reporter":"TELCO"}`:                    false,
		`{"report_id":"X-1","reporter":"TELCO","occurred_at":`:       true, // cut
		`{"report_id":"X-11","reporter":"TELCO","occurred_at":`:      false,
		`{"report_id":1,"reporter":"TELCO"}`:                         false,
		`{"report_id":["X-1"],"reporter":"TELCO"}`:                   false,
		`{"report_id":"X-1","reporter":"TELCO"} {"report_id":"X-2"}`: true, // not JSON
		``: false,
	} {
		if got := explain.Names([]byte(raw), ref); got != want {
			t.Errorf("%s names it: %t", raw, got)
		}
	}
}

// TestNeeds: whatever an explanation takes of a whole input, it takes of the
// reports alone that it says it needs.
func TestNeeds(t *testing.T) {
	w := load(t, "testdata/windows")
	q := explain.Question{Rule: "pass-through", Reporter: "HWBIINBB", ReportID: "O-5"}
	e, err := explain.New(w.set, q, explain.Options{Decoders: decoders, Lookups: w.lookups})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Needs(); err == nil || !strings.Contains(err.Error(), "there is no report") {
		t.Errorf("without the report: %v", err)
	}
	for line := range strings.Lines(string(w.reports)) {
		if strings.Contains(line, `"O-5"`) {
			if err := e.Add(&event.Records{Offsets: []int64{1}, Times: []int64{event.AsOccurred}, Values: [][]byte{[]byte(line)}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	needs, err := e.Needs()
	if err != nil || len(needs) != 2 {
		t.Fatalf("%+v %v", needs, err)
	}
	in := needs[0]
	hour := int64(3_600_000)
	if in.Window != "inflow" || in.Time-in.After != 12*hour || in.UpTo-in.Time != 6*hour-hour/6 ||
		!slices.Equal(in.Kinds["bank.transfer"], []explain.Equal{{Column: "creditor.uid", Value: "bban:INFSC/HWBI0000001:000000000077"}, {Column: "currency", Value: "INR"}}) {
		t.Errorf("%+v", in)
	}
	whole, err := w.explain(q, 0)
	if err != nil {
		t.Fatal(err)
	}
	var few []string
	for line := range strings.Lines(string(w.reports)) {
		if strings.Contains(line, `"O-5"`) || strings.Contains(line, `"creditor":{"account":"000000000077"`) && !strings.Contains(line, "05:59:59") {
			few = append(few, line)
		}
	}
	part := &world{set: w.set, lookups: w.lookups, reports: []byte(strings.Join(few, ""))}
	got, err := part.explain(q, 0)
	if err != nil || len(got.Windows) != len(whole.Windows) || len(got.Windows[0].Entries) != len(whole.Windows[0].Entries) || got.Hit.ID != whole.Hit.ID {
		t.Errorf("%v\n%+v\nwant\n%+v", err, got, whole)
	}
}

// TestStatuses explains rules that are not judged, and changes nothing of the set.
func TestStatuses(t *testing.T) {
	w := load(t, "testdata/windows")
	q := explain.Question{Rule: "pass-through", Reporter: "HWBIINBB", ReportID: "O-5"}
	for _, status := range []lang.Status{lang.Draft, lang.Shadow, lang.Live, lang.Retired} {
		w.set.Rules[0].Status = status
		x, err := w.explain(q, 0)
		if err != nil || !x.Fires || x.Rule.Status != string(status) || w.set.Rules[0].Status != status {
			t.Errorf("%s: %v %+v", status, err, x)
		}
	}
}
