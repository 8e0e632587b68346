package whole_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
	"github.com/haltwire/haltwire/rules/plan/whole"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const large = `id: large
version: 1
status: live
title: t
owner: o
severity: high
on: bank.transfer
when: amount >= 5
`

const many = `id: many
version: 1
status: live
title: t
owner: o
severity: high
on: bank.transfer
windows:
  past:
    from: bank.transfer
    key: debtor.account
    within: 3h
    values: {n: count()}
when: past.n >= 3
`

// planOf compiles rules.
func planOf(t *testing.T, rules ...string) *plan.Plan {
	t.Helper()
	dir := t.TempDir()
	for _, r := range rules {
		if err := os.WriteFile(filepath.Join(dir, r[4:8]+".yaml"), []byte(r), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set, findings, err := lang.Load(dir, lang.Options{})
	if err != nil || findings.Errors() > 0 {
		t.Fatal(err, findings)
	}
	p, err := plan.New(set, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func judge(t require, p *plan.Plan, o whole.Options) *whole.Judge {
	s := event.Default()
	narrow := codec.Options{Schema: s, Project: p.Columns()}
	wide := codec.Options{Schema: s, Project: s.Whole()}
	o.Decoders = whole.Decoders{Plan: jsoncodec.New(narrow).Decode, Whole: jsoncodec.New(wide).Decode, About: jsoncodec.New(wide).Decode}
	j, err := whole.New(p, s, o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return j
}

type require interface{ Fatalf(string, ...any) }

// runs are runs of records as a source, and then an error.
type runs struct {
	all []*event.Records
	end error
}

func (r *runs) Next() (*event.Records, error) {
	if len(r.all) == 0 {
		return nil, r.end
	}
	recs := r.all[0]
	r.all = r.all[1:]
	return recs, nil
}

// split cuts records into runs of n.
func split(lines []string, n int) []*event.Records {
	var all []*event.Records
	for i, l := range lines {
		if i%n == 0 {
			all = append(all, &event.Records{Topic: "t", Codec: "json"})
		}
		r := all[len(all)-1]
		r.Offsets, r.Times, r.Values = append(r.Offsets, int64(i)), append(r.Times, event.AsOccurred), append(r.Values, []byte(l))
	}
	return all
}

func line(id, revision, hour, amount int, account string) string {
	return fmt.Sprintf(`{"report_id":"%d","revision":%d,"reporter":"X","kind":"bank.transfer","occurred_at":"2026-03-01T%02d:00:00Z","amount":"%d","debtor":{"account":%q}}`, id, revision, hour, amount, account)
}

// TestAddAll comes to the hits of Add, run by run, with and without windows; Take
// gets every hit that Hits would return, and Stands says which.
func TestAddAll(t *testing.T) {
	for _, p := range []*plan.Plan{planOf(t, large), planOf(t, large, many)} {
		rapid.Check(t, func(t *rapid.T) {
			var lines []string
			for range rapid.IntRange(0, 60).Draw(t, "reports") {
				lines = append(lines, line(rapid.IntRange(0, 20).Draw(t, "id"), rapid.IntRange(0, 1).Draw(t, "revision"), rapid.IntRange(0, 8).Draw(t, "hour"), rapid.IntRange(0, 9).Draw(t, "amount"), rapid.SampledFrom([]string{"a", "b"}).Draw(t, "account")))
			}
			lines = append(lines, "no report")
			one := judge(t, p, whole.Options{})
			accepted, refused := 0, 0
			for _, recs := range split(lines, 7) {
				n, dead, err := one.Add(recs)
				if err != nil {
					t.Fatalf("%v", err)
				}
				accepted, refused = accepted+n, refused+len(dead)
			}
			want, err := one.Hits()
			if err != nil {
				t.Fatalf("%v", err)
			}
			taken, seen := map[string]bool{}, 0
			all := judge(t, p, whole.Options{Take: func(h *hit.Hit) { taken[h.ID] = true }, Observe: func(b *event.Batch) { seen += b.Rows }})
			err = all.AddAll(&runs{split(lines, rapid.IntRange(1, 9).Draw(t, "run")), io.EOF}, func(_ *event.Records, n int, dead []event.Dead) error {
				accepted, refused = accepted-n, refused-len(dead)
				return nil
			})
			if err = errors.Join(err, all.Finish(nil)); err != nil || accepted != 0 || refused != 0 || seen != len(lines)-1 {
				t.Fatalf("%v; %d accepted and %d refused differ; %d rows observed of %d", err, accepted, refused, seen, len(lines)-1)
			}
			for _, h := range want {
				if !taken[h.ID] || !all.Stands(h.Reporter, h.ReportID, h.ReportVersion()) {
					t.Fatalf("hit of %s on %s/%d is not taken, or does not stand", h.Rule, h.ReportID, h.Revision)
				}
				delete(taken, h.ID)
			}
			if none, err := all.Hits(); len(none) > 0 || err != nil || all.Reports() != one.Reports() {
				t.Fatalf("%d hits kept, %v", len(none), err)
			}
		})
	}
}

// TestTakenMore holds that what is taken beyond standing hits is on versions that do
// not stand.
func TestTakenMore(t *testing.T) {
	var more []*hit.Hit
	j := judge(t, planOf(t, large), whole.Options{Take: func(h *hit.Hit) { more = append(more, h) }})
	lines := []string{line(1, 0, 1, 9, "a"), line(1, 1, 1, 1, "a"), line(2, 0, 1, 9, "a"), line(2, 0, 1, 9, "a")}
	if err := errors.Join(j.AddAll(&runs{split(lines, 1), io.EOF}, nil), j.Finish(nil)); err != nil {
		t.Fatal(err)
	}
	var stand []bool
	for _, h := range more {
		stand = append(stand, j.Stands(h.Reporter, h.ReportID, h.ReportVersion()))
	}
	if fmt.Sprint(stand) != "[false true true]" || j.Stands("X", "3", hit.Version{}) {
		t.Errorf("stand %v", stand)
	}
}

// TestBreaks ends all goroutines, whoever fails, and says who did.
func TestBreaks(t *testing.T) {
	broken := errors.New("broken")
	var lines []string
	for i := range 1000 {
		lines = append(lines, line(i, 0, 1, 9, "a"))
	}
	p := planOf(t, large, many)
	j := judge(t, p, whole.Options{})
	n := 0
	if err := j.AddAll(&runs{split(lines, 10), broken}, func(recs *event.Records, _ int, _ []event.Dead) error { n += recs.Len(); return nil }); !errors.Is(err, broken) || n != 1000 {
		t.Errorf("the source breaks: %v after %d", err, n)
	}
	n = 0
	j = judge(t, p, whole.Options{})
	if err := j.AddAll(&runs{split(lines, 10), io.EOF}, func(*event.Records, int, []event.Dead) error {
		if n++; n == 3 {
			return broken
		}
		return nil
	}); !errors.Is(err, broken) || n != 3 {
		t.Errorf("the reader breaks: %v after %d", err, n)
	}
	var told []int
	j = judge(t, p, whole.Options{})
	if err := errors.Join(j.AddAll(&runs{split(lines, 400), io.EOF}, nil), j.Finish(func(done, of int) { told = append(told, done, of) })); err != nil || fmt.Sprint(told) != "[1 3 2 3 3 3]" {
		t.Errorf("%v, told %v", err, told)
	}
}
