package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan/kernel"
	"github.com/haltwire/haltwire/rules/window"
)

// values returns the window values of rule on f's row, and whether a window was
// cut.
func (w *writer) values(f *kernel.Frame, rule *lang.Rule) (all []hit.Value, cut bool) {
	for _, u := range rule.Windows {
		cols := f.Window(u.Win)
		for _, v := range u.Values {
			out := hit.Value{Name: u.Name + "." + v.Name}
			if cols != nil {
				out.Value = stored(&cols[v.Col], w.plan.set.Windows[u.Win].Values[v.Col])
				cut = cut || cols[v.Col].IsCut(0)
			}
			all = append(all, out)
		}
	}
	return all, cut
}

// stored returns the first row of a column of a window as a hit keeps it.
func stored(c *window.Column, a lang.Aggregate) any {
	v := kernel.Value(c, 0, a.Type)
	switch v.Type {
	case lang.Bool:
		return v.Bool
	case lang.Number:
		if a.Func == "count" || a.Func == "distinct" {
			return whole(v.Num)
		}
		return v.Num
	case lang.Text:
		return strings.Clone(v.Text)
	case lang.Time, lang.Duration:
		return spoken(v)
	}
	return nil
}

// whole returns a number without a fraction that fits.
func whole(d decimal.D) int64 {
	n := int64(0)
	for _, c := range d.String() {
		n = 10*n + int64(c-'0')
	}
	return n
}

// movement is a report that an alert is for.
type movement struct {
	ref  Ref
	time int64
	b    *event.Batch
	row  int
}

func (m movement) compare(n movement) int {
	return cmp.Or(cmp.Compare(m.time, n.time), cmp.Compare(m.ref.Reporter, n.ref.Reporter), cmp.Compare(m.ref.ID, n.ref.ID))
}

// alerts returns what a hit on f's row asks for: one alert a subject, each with the
// payments of its reports, the judged one first and then by time. cut says that
// reports are left out.
func (w *writer) alerts(f *kernel.Frame, b *event.Batch, a *lang.Alert, s *State) (all []hit.Alert, cut bool, err error) {
	judged := w.movement(b, f.Row)
	ms, cut := w.about(f, a, s, judged)
	if len(ms) > 0 {
		found, err := w.fetch(ms, s)
		if err != nil {
			return nil, cut, err
		}
		for _, b := range found {
			defer b.Release()
		}
		all := len(ms)
		ms = slices.DeleteFunc(ms, func(m movement) bool { return m.b == nil })
		cut = cut || len(ms) < all
	}
	if a.This {
		ms = append([]movement{judged}, ms...)
	}
	return w.bySubject(ms, a), cut, nil
}

func (w *writer) movement(b *event.Batch, row int) movement {
	ref := Ref{w.at.text(b, row, w.at.reporter), w.at.text(b, row, w.at.reportID)}
	return movement{ref, b.Columns[w.at.occurredAt].I64[row], b, row}
}

// about returns the reports in the windows of an alert, without the judged one
// where the alert is for that anyway: the newest lang.MaxAbout of all, by time.
func (w *writer) about(f *kernel.Frame, a *lang.Alert, s *State, judged movement) (ms []movement, cut bool) {
	if s == nil || len(a.About) == 0 {
		return nil, len(a.About) > 0
	}
	seen := map[Ref]bool{judged.ref: a.This}
	room := lang.MaxAbout
	if a.This {
		room--
	}
	for _, win := range a.About {
		entries, missing := s.writing.Entries(f, win, lang.MaxAbout+1)
		cut = cut || missing
		for _, e := range entries {
			ref := Ref{string(e.Reporter), string(e.ID)}
			if !seen[ref] {
				seen[ref] = true
				ms = append(ms, movement{ref: ref, time: e.Time})
			}
		}
	}
	slices.SortFunc(ms, movement.compare)
	if len(ms) > room {
		return ms[len(ms)-room:], true
	}
	return ms, cut
}

// fetch finds the rows of ms in batches, which the caller releases.
func (w *writer) fetch(ms []movement, s *State) ([]*event.Batch, error) {
	if s.fetch == nil {
		return nil, nil
	}
	refs, at := make([]Ref, len(ms)), map[Ref]int{}
	for i, m := range ms {
		refs[i], at[m.ref] = m.ref, i
	}
	found, err := s.fetch(refs)
	if err != nil {
		return nil, err
	}
	for _, b := range found {
		for r := range b.Rows {
			if i, ok := at[w.movement(b, r).ref]; ok {
				ms[i].b, ms[i].row = b, r
			}
		}
	}
	return found, nil
}

// bySubject groups reports by the account that the alert is about, and those of one
// payment, which share a name, however indirectly. Of these the greatest (reported_at
// or else occurred_at, reporter, report_id) speaks for the payment.
func (w *writer) bySubject(ms []movement, a *lang.Alert) []hit.Alert {
	var all []hit.Alert
	alertOf := map[hit.Subject]int{}
	var of [][]told // by alert
	for _, m := range ms {
		s := w.at.subject(m.b, m.row, a.Subject)
		p := w.at.payment(m.b, m.row, a.Amount)
		i, ok := alertOf[account(s)]
		if !ok {
			i = len(all)
			alertOf[account(s)] = i
			all, of = append(all, hit.Alert{Subject: s}), append(of, nil)
		}
		m.time = p.ReportedAt
		of[i] = joined(of[i], told{p.Names(), p, m})
	}
	for i := range all {
		for _, t := range of[i] {
			all[i].Payments = append(all[i].Payments, t.payment)
		}
	}
	return all
}

// told is a payment as one report tells of it, with the names that all of its reports
// know it by.
type told struct {
	names   []string
	payment hit.Payment
	by      movement
}

// joined returns ts with t, which becomes one with those that share a name with it, in
// the place of the first.
func joined(ts []told, t told) []told {
	at := -1
	kept := ts[:0]
	for _, o := range ts {
		if !slices.ContainsFunc(o.names, func(n string) bool { return slices.Contains(t.names, n) }) {
			kept = append(kept, o)
			continue
		}
		t.names = append(t.names, o.names...)
		if t.by.compare(o.by) < 0 {
			t.payment, t.by = o.payment, o.by
		}
		if at < 0 {
			at = len(kept)
			kept = append(kept, o)
		}
	}
	if at < 0 {
		return append(kept, t)
	}
	kept[at] = t
	return kept
}

// account returns what two subjects share that are one account.
func account(s hit.Subject) hit.Subject {
	if s.UID != "" {
		return hit.Subject{UID: s.UID, SubAccount: s.SubAccount}
	}
	return s
}
