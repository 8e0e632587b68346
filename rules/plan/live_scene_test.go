package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/live"
	"github.com/haltwire/haltwire/rules/window"
)

// scene is a judge and the reports that come to it, one line each.
type scene struct {
	t       testing.TB
	b       *event.Batch
	options live.Options
	plan    *plan.Plan
	judge   *live.Judge
	offsets map[event.Partition]int64
	high    int64 // watermark that runs tell
}

// play returns a scene of reports that are about to come: "currency seconds id", with
// a revision behind it where there is one.
func play(t testing.TB, set *lang.Set, change func(o *live.Options), lines ...string) *scene {
	f := newFiller()
	set.Schema = f.schema
	var rows []map[string]string
	for _, l := range lines {
		var currency, id string
		var at, revision int
		n, _ := fmt.Sscan(l, &currency, &at, &id, &revision)
		if n < 3 {
			t.Fatalf("report %q", l)
		}
		rows = append(rows, map[string]string{
			"kind": "bank.transfer", "reporter": "HWBIINBB", "report_id": id, "revision": fmt.Sprint(revision), "currency": currency,
			"occurred_at": fmt.Sprint(1_000 * at), "amount": "10", "creditor.account": "A" + id, "payment.key": id,
		})
	}
	b := f.reports(rows...)
	for r, l := range lines {
		b.Records.Values[r] = []byte(l)
	}
	p, err := plan.New(set, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := byContent(b)
	s := &scene{t: t, b: b, plan: p, offsets: map[event.Partition]int64{}, options: live.Options{
		Decoders: live.Decoders{Again: d, Whole: d, About: d}, Schema: b.Schema, Covered: -forever, Lateness: forever, Windows: window.Options{Seed: 1},
	}}
	if change != nil {
		change(&s.options)
	}
	s.restart()
	return s
}

func (s *scene) restart() {
	var err error
	if s.judge, err = live.New(s.plan, s.options); err != nil {
		s.t.Fatal(err)
	}
}

// batch returns the reports of some lines as a run of a partition of bank.
func (s *scene) batch(partition int32, rows ...int) *event.Batch {
	p := event.Partition{Topic: "bank", ID: partition}
	recs := &event.Records{Topic: p.Topic, Partition: p.ID, Codec: "test", High: s.high}
	for _, r := range rows {
		recs.Offsets, recs.Times = append(recs.Offsets, s.offsets[p]), append(recs.Times, s.b.Columns[s.b.Schema.Must("occurred_at")].I64[r])
		recs.Values = append(recs.Values, s.b.Raw(r))
		s.offsets[p]++
	}
	b, _ := s.options.Again(recs)
	return b
}

// come judges the reports of some lines, which come in one run of partition 0.
func (s *scene) come(rows ...int) []string { return s.comeFrom(0, rows...) }

func (s *scene) comeFrom(partition int32, rows ...int) []string {
	b := s.batch(partition, rows...)
	return s.said(s.judge.Judge(b, b.Records))
}

func (s *scene) tick(seconds int64) []string { return s.said(s.judge.Tick(1_000 * seconds)) }

// said returns a line for everything that a judgement says.
func (s *scene) said(j *hit.Judgement, err error) []string {
	if err != nil {
		s.t.Fatal(err)
	}
	lines := []string{}
	for _, h := range j.Hits {
		l := fmt.Sprintf("hit %s %s", h.ReportID, h.Rule)
		for _, w := range []struct {
			on   bool
			what string
		}{{h.Case != "", " " + h.Case}, {h.Changed, " changed"}, {h.Late, " late"}, {h.Cut, " cut"}, {h.Cold, " cold"}, {h.Cause != event.Position{}, fmt.Sprintf(" by %d/%d", h.Cause.Partition, h.Cause.Offset)}} {
			if w.on {
				l += w.what
			}
		}
		lines = append(lines, l)
	}
	for _, o := range j.Overturned {
		l := fmt.Sprintf("gone %s %s by %d/%d", o.ReportID, o.Rule, o.Cause.Partition, o.Cause.Offset)
		if o.Now != nil {
			l = fmt.Sprintf("fell %s %s to %s by %d/%d", o.ReportID, o.Rule, o.Now.Case, o.Cause.Partition, o.Cause.Offset)
		}
		lines = append(lines, l)
	}
	slices.Sort(lines)
	for _, p := range slices.SortedFunc(maps.Keys(j.Hold), func(a, b event.Partition) int { return int(a.ID - b.ID) }) {
		lines = append(lines, fmt.Sprintf("hold %s %d", p, j.Hold[p]))
	}
	return lines
}

// want compares what was said.
func (s *scene) want(got []string, want ...string) {
	s.t.Helper()
	if !slices.Equal(got, want) {
		s.t.Errorf("said\n%q\nwant\n%q", got, want)
	}
}

// counting is a set of one window, the reports of a currency in ten seconds, and of
// rules about its number.
func counting(rules ...*lang.Rule) *lang.Set {
	s := schema()
	key := []*lang.Node{col(s, "currency")}
	set := &lang.Set{Schema: s, Rules: rules, Windows: []*lang.Window{{
		Key: "by currency\n", From: []string{"bank.transfer"}, KeyBy: map[string][]*lang.Node{"bank.transfer": key}, Match: key, Within: 10_000, Self: true,
		Values: []lang.Aggregate{{Func: "count", Type: lang.Number, Key: "count()"}},
	}}}
	for i, r := range rules {
		set.Order = append(set.Order, i)
		r.Version, r.Status, r.On = max(1, r.Version), lang.Live, []string{"bank.transfer"}
		r.Windows = []lang.WindowUse{{Name: "w", Values: []lang.ValueUse{{Name: "n"}}}}
	}
	return set
}

// counted compares the number in the window of counting.
func counted(op lang.Op, n string) *lang.Node {
	return node(op, lang.Bool, &lang.Node{Op: lang.Windowed, Type: lang.Number, Key: "window(0).0"}, number(n))
}

func rule(id string, when *lang.Node) *lang.Rule { return &lang.Rule{ID: id, Guard: when} }
