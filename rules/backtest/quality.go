package backtest

import (
	"slices"
)

// Quality is what labels say of a rule, or of a set.
type Quality struct {
	By         By  `json:"by"`         // what is counted: reports, payments or accounts
	Fraud      int `json:"fraud"`      // labelled so, in the input
	NotFraud   int `json:"not_fraud"`  //
	Absent     int `json:"absent"`     // labelled, not in the input
	Found      int `json:"found"`      // fraud that was found
	Wrong      int `json:"wrong"`      // found, and not fraud
	Unlabelled int `json:"unlabelled"` // found, and nobody knows

	Precision *float64 `json:"precision"` // nil where nothing labelled was found
	Recall    *float64 `json:"recall"`    // nil without fraud
	F1        *float64 `json:"f1"`

	Timed int    `json:"timed"` // found fraud whose label says since when
	P50   *int64 `json:"time_to_detection_p50_ms"`
	P95   *int64 `json:"time_to_detection_p95_ms"`
}

// finds is what a rule found: position of the label, or the name of what has none,
// and when first.
type finds struct {
	labelled map[int]int64
	others   map[string]bool
}

func (f *finds) add(l *Labels, names []string, at int64) {
	for _, name := range names {
		if l.By == ByAccount {
			name = string(fold(nil, name))
		}
		if i, ok := l.at[name]; ok && name != "" {
			if old, known := f.labelled[i]; !known || at < old {
				f.labelled[i] = at
			}
			return
		}
	}
	f.others[names[0]] = true
}

// judgeQuality fills in the quality of every rule of out, and of all.
func (s *Standing) judgeQuality(out *Set) {
	l := s.options.Labels
	if l == nil {
		return
	}
	fresh := func() *finds { return &finds{labelled: map[int]int64{}, others: map[string]bool{}} }
	total := fresh()
	by := make([]*finds, len(s.rules))
	for i := range by {
		by[i] = fresh()
	}
	for i := range s.strikes {
		h := &s.strikes[i]
		if h.excepted {
			continue
		}
		s.names(l.By, h, func(names ...string) {
			by[h.rule].add(l, names, h.at)
			total.add(l, names, h.at)
		})
	}
	for i, r := range s.rules {
		alerts := r.Alert != nil
		for _, c := range r.Cases {
			alerts = alerts || c.Alert != nil
		}
		if l.By == ByReport || alerts {
			out.Rules[i].Quality = l.judge(by[i], s.options.Unlabelled)
		}
	}
	out.Total.Quality = l.judge(total, s.options.Unlabelled)
}

// names calls do for everything that a hit finds, with the names that a label may
// have for it.
func (s *Standing) names(by By, h *strike, do func(names ...string)) {
	if by == ByReport {
		do(nameOf(s.texts.at(h.reporter), h.report))
		return
	}
	for _, a := range h.announces {
		if by == ByAccount {
			do(append([]string{s.subjects.at(a.subject)}, s.accounts[a.subject]...)...)
			continue
		}
		for _, p := range a.paid {
			if p.key != 0 {
				do(s.texts.at(p.key))
			}
		}
	}
}

func (l *Labels) judge(f *finds, strict bool) *Quality {
	q := &Quality{By: l.By, Unlabelled: len(f.others)}
	var times []int64
	for i, label := range l.all {
		if !label.seen {
			q.Absent++
			continue
		}
		at, found := f.labelled[i]
		switch {
		case label.fraud:
			q.Fraud++
			if found {
				q.Found++
			}
			if found && label.since != 0 {
				times = append(times, max(0, at-label.since))
			}
		default:
			q.NotFraud++
			if found {
				q.Wrong++
			}
		}
	}
	wrong := q.Wrong
	if strict {
		wrong += q.Unlabelled
	}
	q.Precision, q.Recall = share(q.Found, q.Found+wrong), share(q.Found, q.Fraud)
	q.F1 = share(2*q.Found, q.Found+wrong+q.Fraud)
	slices.Sort(times)
	if q.Timed = len(times); q.Timed > 0 {
		p50, p95 := rank(times, 50), rank(times, 95)
		q.P50, q.P95 = &p50, &p95
	}
	return q
}

// share returns part of whole, nil of nothing.
func share(part, whole int) *float64 {
	if whole == 0 {
		return nil
	}
	out := float64(part) / float64(whole)
	return &out
}
