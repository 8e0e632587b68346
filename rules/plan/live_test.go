package plan_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/live"
	"github.com/haltwire/haltwire/rules/window"
)

// levels is a rule with cases that more reports raise, and few or many lower.
func levels() *lang.Rule {
	r := rule("levels", counted(lang.Lt, "5"))
	r.Cases = []lang.Case{{Name: "high", When: counted(lang.Ge, "3")}, {Name: "low", When: counted(lang.Ge, "2")}}
	return r
}

// TestLiveEvents checks what is said when evidence comes late, and in which form.
func TestLiveEvents(t *testing.T) {
	s := play(t, counting(levels(), rule("alone", counted(lang.Lt, "2"))), nil,
		"GBP 10 a", "GBP 12 b", "GBP 9 c", "GBP 8 d", "GBP 7 e", "INR 7 x", "GBP 7 e 1", "INR 7 e 2", "GBP 8 d 1")
	s.want(s.come(0), "hit a alone")
	s.want(s.come(1), "hit b levels low")
	s.want(s.comeFrom(1, 2), "gone a alone by 1/0", "hit a levels low late by 1/0", "hit b levels high changed late by 1/0", "hit c alone")
	s.want(s.come(5), "hit x alone")
	s.want(s.come(3), "gone c alone by 0/3", "hit a levels high changed late by 0/3", "hit c levels low late by 0/3", "hit d alone")
	s.want(s.come(3), "hit d alone") // again: it is repeated, and nothing else is said
	s.want(s.come(4), "gone b levels by 0/5", "gone d alone by 0/5", "hit c levels high changed late by 0/5", "hit d levels low late by 0/5", "hit e alone")
	s.want(s.come(7), "fell c levels to low by 0/6", "gone d levels by 0/6", "gone x alone by 0/6", "hit b levels high late by 0/6",
		"hit d alone late by 0/6", "hit e levels low", "hit x levels low late by 0/6")
	s.want(s.come(6)) // superseded
	s.want(s.come(8), "hit d alone")
	if got := s.judge.Stats(); got.Candidates != 6 || got.Queued != 0 || got.Deferred != 0 || got.Rejudged == 0 {
		t.Errorf("%+v", got)
	}
}

// TestLiveSettles judges rules that settle when the clock has passed their reports.
func TestLiveSettles(t *testing.T) {
	slow := rule("slow", counted(lang.Lt, "2"))
	slow.Settle = 5_000
	byHit := rule("by-hit", nil)
	byHit.Weights = []lang.Weight{{Name: "slow", Rule: "slow", Hit: dec("10")}}
	byHit.Cases = []lang.Case{{Name: "yes", When: node(lang.Gt, lang.Bool, &lang.Node{Op: lang.Score, Type: lang.Number, Key: "score"}, number("5"))}}
	set := counting(byHit, slow)
	set.Order = []int{1, 0}
	s := play(t, set, nil, "GBP 10 a", "GBP 9 b", "INR 10 c", "INR 11 d", "INR 30 e", "USD 5 f")
	s.want(s.come(0, 2), "hold bank/0 0")
	s.want(s.come(1), "hold bank/0 0")
	s.want(s.tick(14), "hit b by-hit yes", "hit b slow", "hold bank/0 0")
	s.want(s.tick(15), "hit c by-hit yes", "hit c slow")
	s.want(s.comeFrom(1, 4), "hold bank/1 0")
	s.want(s.come(3), "hold bank/0 3", "hold bank/1 0")
	s.want(s.tick(17), "hold bank/1 0")                                         // d was not alone
	s.want(s.comeFrom(1, 5), "hit f by-hit yes", "hit f slow", "hold bank/1 0") // its time has come already
	s.want(s.tick(100), "hit e by-hit yes", "hit e slow")
}

// TestLiveDefers judges one candidate again a turn, and holds what is not said.
func TestLiveDefers(t *testing.T) {
	s := play(t, counting(rule("two", counted(lang.Ge, "2"))), func(o *live.Options) { o.Budget = 1 },
		"GBP 10 a", "INR 10 b", "USD 10 c", "GBP 9 x", "INR 9 y", "USD 9 z", "GBP 8 w")
	s.want(s.come(0, 1, 2))
	s.want(s.comeFrom(1, 3, 4), "hit b two late by 1/1", "hold bank/1 0")
	s.want(s.comeFrom(2, 5), "hit a two late by 1/1", "hold bank/2 0")
	if got := s.judge.Stats(); got.Queued != 1 || got.Deferred != 2 {
		t.Errorf("%+v", got)
	}
	s.want(s.tick(0), "hit c two late by 2/0")
	s.want(s.comeFrom(1, 6), "hit x two late by 1/2", "hold bank/1 2")
	s.want(s.tick(0))
}

// TestLiveCold marks hits that absence made, until windows reach back far enough.
func TestLiveCold(t *testing.T) {
	alone := rule("alone", counted(lang.Lt, "2"))
	alone.Falls = []string{"w.n < 2"}
	s := play(t, counting(alone, rule("some", counted(lang.Ge, "1"))), func(o *live.Options) { o.Covered = 20_000 },
		"GBP 29 a", "INR 31 b", "USD 29 c")
	s.want(s.come(0), "hit a alone cold", "hit a some")
	s.want(s.come(1), "hit b alone", "hit b some")
	s.judge.Covered(5_000)
	s.want(s.come(2), "hit c alone", "hit c some")
}

// TestLiveEvicts forgets what the clock has passed by the lateness.
func TestLiveEvicts(t *testing.T) {
	s := play(t, counting(rule("two", counted(lang.Ge, "2")), rule("alone", counted(lang.Lt, "2"))), func(o *live.Options) { o.Lateness = 100_000 },
		"GBP 1000 a", "GBP 1001 b", "GBP 995 c", "GBP 2000 d", "GBP 999 e", "GBP 1995 f")
	s.want(s.tick(1_000))
	s.want(s.come(0), "hit a alone")
	s.want(s.tick(1_050))
	s.want(s.come(1), "hit b two")
	s.want(s.tick(2_000))
	if got := s.judge.Stats(); got.Candidates != 0 || got.Windows.Entries != 0 {
		t.Errorf("after the lateness: %+v", got)
	}
	s.want(s.come(3), "hit d alone")
	s.want(s.come(4)) // what it makes of b is not said any more, and of its own past nothing is known
	s.want(s.comeFrom(1, 5), "gone d alone by 1/0", "hit d two late by 1/0", "hit f alone")
	if got := s.judge.Stats(); got.TooLate != 1 || got.Candidates != 2 {
		t.Errorf("%+v", got)
	}
}

// TestLiveCut leaves a hit as it is that a cut window does not confirm.
func TestLiveCut(t *testing.T) {
	s := play(t, counting(rule("three", counted(lang.Ge, "3"))), func(o *live.Options) { o.Windows.Entries = 3 },
		"GBP 10 a", "GBP 11 b", "GBP 12 c", "GBP 13 d", "GBP 12 e")
	s.want(s.come(0, 1, 2), "hit c three")
	s.want(s.come(3), "hit d three cut")
	s.want(s.come(4)) // of the three before it one was dropped, and of those before c one too
	if got := s.judge.Stats(); got.Cut == 0 {
		t.Errorf("%+v", got)
	}
}

// TestLiveBounded gives the oldest candidates up over a bound, and goes on.
func TestLiveBounded(t *testing.T) {
	var lines []string
	for i := range 2_000 {
		lines = append(lines, fmt.Sprintf("C%d 10 r%d %s", i%50, i, ""))
	}
	s := play(t, counting(rule("two", counted(lang.Ge, "2"))), func(o *live.Options) { o.Bytes = 100_000 }, lines...)
	for i := range lines {
		s.come(i)
	}
	if got := s.judge.Stats(); got.Dropped == 0 || got.Bytes > 200_000 || got.Candidates+int64(got.Dropped) != 2_000 {
		t.Errorf("%+v", got)
	}
}

// TestLiveDoubt says whole verdicts of what the log may know otherwise.
func TestLiveDoubt(t *testing.T) {
	s := play(t, counting(levels(), rule("alone", counted(lang.Lt, "2"))), nil, "GBP 10 a", "GBP 9 b", "GBP 12 c")
	s.high = 2
	s.want(s.come(0), "gone a levels by 0/0", "hit a alone")
	s.want(s.come(1), "fell a levels to low by 0/1", "gone a alone by 0/1", "gone b levels by 0/1", "hit a levels low late by 0/1", "hit b alone")
	s.high = 9
	s.want(s.come(2), "hit c levels high")
	s.want(s.said(s.judge.Recent(event.Partition{Topic: "bank"}, 1)), "fell a levels to low by 0/1", "gone a alone by 0/1", "hit a levels low late by 0/1")
	s.want(s.come(2), "gone c alone by 0/3", "hit c levels high", "hit c levels high changed")
}

// TestLiveDoubtOfWhatWaits holds that a report which waits for the clock, and comes once
// more from where a process before may have judged it, is taken back if it does not hold.
func TestLiveDoubtOfWhatWaits(t *testing.T) {
	alone := rule("alone", counted(lang.Lt, "2"))
	alone.Settle = 5_000
	s := play(t, counting(alone), nil, "GBP 10 a", "GBP 9 b")
	s.want(s.come(0), "hold bank/0 0") // new here
	s.want(s.come(1), "hold bank/0 0")
	s.high = 1
	s.want(s.comeFrom(1, 0), "hold bank/0 0") // the process before saw it here, without b
	s.want(s.tick(14), "hit b alone", "hold bank/0 0")
	s.want(s.tick(15), "gone a alone by 0/0")
}

// TestLiveReload keeps what rules have in common with those before.
func TestLiveReload(t *testing.T) {
	lines := []string{"GBP 10 a", "GBP 9 b", "GBP 8 c", "GBP 7 d", "GBP 6 e", "GBP 5 f"}
	two, three := rule("two", counted(lang.Ge, "2")), rule("three", counted(lang.Ge, "3"))
	s := play(t, counting(two, three), nil, lines...)
	s.want(s.come(0))
	s.want(s.come(1), "hit a two late by 0/1")
	reload := func(set *lang.Set) {
		t.Helper()
		set.Schema = s.b.Schema
		p, err := plan.New(set, nil)
		if err == nil {
			err = s.judge.Reload(p, s.options.Decoders, hit.Digests{}, 50_000)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	reload(counting(rule("always", counted(lang.Ge, "1")), rule("three", counted(lang.Ge, "3")), rule("two", counted(lang.Ge, "2"))))
	s.want(s.come(2), "hit a three late by 0/2", "hit b two late by 0/2", "hit c always") // always is new: nothing of a and b
	newer := rule("three", counted(lang.Ge, "3"))
	newer.Version = 2
	reload(counting(newer, rule("two", counted(lang.Ge, "2"))))
	s.want(s.come(3), "hit c two late by 0/3") // b would hit, had it not been judged by version 1
	other := counting(rule("two", counted(lang.Ge, "2")))
	other.Windows[0].Key, other.Windows[0].Within = "other\n", 20_000
	reload(other)
	s.want(s.come(4)) // the window is empty: nobody is judged again by it
	s.want(s.come(5), "hit e two late by 0/5")
	if got := s.judge.Stats(); got.Candidates != 2 {
		t.Errorf("%+v", got)
	}
}

// TestLiveWarms feeds the past behind what was judged already.
func TestLiveWarms(t *testing.T) {
	s := play(t, counting(rule("two", counted(lang.Ge, "2"))), nil, "GBP 10 a", "GBP 9 b", "GBP 50 c")
	s.want(s.come(0))
	s.judge.Warm(s.batch(1, 1))
	s.judge.Warm(s.batch(1, 1))
	s.want(s.tick(60), "hit a two late by 1/0")
	s.want(s.come(2))
}

// TestLiveAbout finds the reports that an alert is about, also after a restart.
func TestLiveAbout(t *testing.T) {
	about := rule("about", counted(lang.Ge, "3"))
	about.About = []int{0}
	about.Alert = &lang.Alert{Subject: "creditor", This: true, About: []int{0}}
	s := play(t, counting(about), func(o *live.Options) { o.Dir, o.Pause = t.TempDir(), 1 }, "GBP 10 a", "GBP 11 b", "GBP 12 c", "GBP 13 d")
	check := func(j *hit.Judgement, err error, want ...string) {
		t.Helper()
		if err != nil || len(j.Hits) != 1 || j.Hits[0].Cut {
			t.Fatalf("%v, %v", j, err)
		}
		got := []string{}
		for _, a := range j.Hits[0].Alerts {
			for _, p := range a.Payments {
				got = append(got, p.Key)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("about %q, want %q", got, want)
		}
	}
	s.want(s.comeFrom(1, 0, 1))
	b := s.batch(0, 2)
	j, err := s.judge.Judge(b, b.Records)
	check(j, err, "c", "a", "b")
	if got := s.judge.Stats(); got.Evidence != 3 {
		t.Errorf("%+v", got)
	}
	s.keep()
	s.restart()
	if _, err := s.judge.Restore(); err != nil {
		t.Fatal(err)
	}
	b = s.batch(0, 3)
	j, err = s.judge.Judge(b, b.Records)
	check(j, err, "d", "a", "b", "c")
}

// keep writes a generation that is current.
func (s *scene) keep() {
	s.t.Helper()
	s.judge.Committed(s.offsets)
	for range 3 {
		if err := errors.Join(s.judge.Keep(s.offsets), s.judge.Sync()); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := s.judge.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// TestLiveSnapshots restores a generation, and starts cold from anything else.
func TestLiveSnapshots(t *testing.T) {
	dir := t.TempDir()
	two, slow := rule("two", counted(lang.Ge, "2")), rule("slow", counted(lang.Ge, "1"))
	slow.Settle = 20_000
	s := play(t, counting(slow, two), func(o *live.Options) { o.Dir, o.Pause = dir, 1 }, "GBP 10 a", "GBP 9 b")
	s.want(s.come(0), "hold bank/0 0")
	s.keep()
	current := filepath.Join(dir, "current.snapshot")
	whole, err := os.ReadFile(current)
	if err != nil {
		t.Fatal(err)
	}
	s.restart()
	begin, err := s.judge.Restore()
	if err != nil || begin[event.Partition{Topic: "bank"}] != 1 {
		t.Fatalf("begin %v, %v", begin, err)
	}
	s.want(s.come(1), "hit a two late by 0/1", "hold bank/0 1")
	s.want(s.tick(40), "hit a slow", "hit a two late by 0/0", "hit b slow") // what was said of a before is in doubt
	damaged := map[string][]byte{"empty": {}, "other": []byte("what is this?"), "cut": whole[:len(whole)-9], "half": whole[:len(whole)/2]}
	for _, at := range []int{3, 20, len(whole) / 3, len(whole) / 2, len(whole) - 30} {
		bad := slices.Clone(whole)
		bad[at] ^= 0x40
		damaged[fmt.Sprint("byte ", at)] = bad
	}
	for name, bytes := range damaged {
		if err := os.WriteFile(current, bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		s.restart()
		if begin, err := s.judge.Restore(); !errors.Is(err, live.ErrSnapshot) || begin != nil {
			t.Errorf("%s: begin %v, %v", name, begin, err)
		}
		if got := s.judge.Stats(); got.Candidates != 0 || got.Windows.Entries != 0 {
			t.Errorf("%s: %+v is left", name, got)
		}
		s.offsets = map[event.Partition]int64{}
		s.want(s.come(0, 1), "hit a two", "hold bank/0 0")
	}
}

// TestLiveSnapshotWaits makes no generation current before it is committed, and none
// of what is deferred.
func TestLiveSnapshotWaits(t *testing.T) {
	dir := t.TempDir()
	s := play(t, counting(rule("two", counted(lang.Ge, "2"))), func(o *live.Options) { o.Dir, o.Budget = dir, 1 }, "GBP 10 a", "INR 10 b", "GBP 9 c", "INR 9 d")
	current := func() bool {
		t.Helper()
		for range 3 {
			if err := errors.Join(s.judge.Keep(s.offsets), s.judge.Sync()); err != nil {
				t.Fatal(err)
			}
		}
		_, err := os.Stat(filepath.Join(dir, "current.snapshot"))
		return err == nil
	}
	s.come(0, 1)
	s.come(2, 3)
	if current() {
		t.Error("something is deferred")
	}
	s.judge.Committed(s.offsets)
	if current() {
		t.Error("something is deferred and committed")
	}
	s.tick(0)
	s.judge.Committed(nil)
	if current() {
		t.Error("nothing is committed")
	}
	s.judge.Committed(s.offsets)
	if !current() {
		t.Error("everything is committed")
	}
}

// TestLiveNoAllocation judges reports that are nobody's candidates without
// allocating a report.
func TestLiveNoAllocation(t *testing.T) {
	p := newPool(11)
	plain := benchBatch(p)
	compiled, err := plan.New(windowedSet(p, plain.Schema, 1_000, 10), nil)
	if err != nil {
		t.Fatal(err)
	}
	decode := func(*event.Records) (*event.Batch, []event.Dead) { panic("nothing matches") }
	j, err := live.New(compiled, live.Options{Decoders: live.Decoders{Again: decode, Whole: decode, About: decode}, Schema: plain.Schema, Windows: window.Options{Seed: 1}})
	if err != nil {
		t.Fatal(err)
	}
	b := quiet(t, compiled, named(plain, 0))
	judge := func() {
		if said, err := j.Judge(b, b.Records); err != nil || len(said.Hits) > 0 {
			t.Fatal(said, err)
		}
	}
	judge()
	if n := testing.AllocsPerRun(5, judge); n > 4 || b.Rows < 1_000 {
		t.Errorf("%v allocations for %d reports", n, b.Rows)
	}
}

// quiet returns the rows of b of which no rule with windows can say anything.
func quiet(t *testing.T, p *plan.Plan, b *event.Batch) *event.Batch {
	s, err := plan.NewState(p, window.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := plan.NewEvaluator(p).With(s).Open()
	e.Eval(b)
	open := map[int]bool{}
	for _, o := range e.Opened() {
		open[int(o.Row)] = true
	}
	recs := &event.Records{Topic: "bank"}
	out := event.NewBatch(b.Schema, nil)
	var rows []int
	for r := range b.Rows {
		if !open[r] {
			rows = append(rows, r)
			plan.AppendRecord(recs, b.Records, r)
		}
	}
	out.Reset(recs)
	for i, r := range rows {
		for c := range b.Columns {
			copyCell(&out.Columns[c], i, &b.Columns[c], r)
		}
		out.Accept(i)
	}
	out.Finish()
	for c := range out.Columns {
		if v := &out.Columns[c]; v.Type == event.Symbol && !v.Empty() {
			v.Values, v.Generation = b.Columns[c].Values, b.Columns[c].Generation
		}
	}
	return out
}
