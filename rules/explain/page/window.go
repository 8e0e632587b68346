package page

import (
	"fmt"
	"strings"

	"github.com/haltwire/haltwire/rules/explain"
)

func (p *printer) window(w *explain.Window) {
	p.out.WriteByte('\n')
	var key []string
	for _, k := range w.Key {
		key = append(key, k.Name+" = "+explain.Said(k.Type, k.Value))
	}
	p.line("window %s: %s of the same %s", w.Name, strings.Join(w.Kinds, ", "), strings.Join(key, ", "))
	if w.Why != "" {
		p.line("  %s", w.Why)
		return
	}
	more := ""
	if w.Where != "" {
		more += "; where " + w.Where
	}
	if w.OncePer != "" {
		more += "; once per " + w.OncePer
	}
	if w.Last > 0 {
		more += fmt.Sprintf("; the last %d", w.Last)
	}
	if !w.Self {
		more += "; without the judged report"
	}
	if w.Cut {
		more += "; cut: older reports were dropped over a bound"
	}
	p.line("  after %s up to %s%s", w.After, w.UpTo, more)
	for _, v := range w.Values {
		p.row(1, v.Name+" = "+v.Text, "", bounded(v.Type, v.Value, v.Bound))
	}
	p.flush()
	p.entries(w)
}

func (p *printer) entries(w *explain.Window) {
	if len(w.Entries) == 0 {
		p.out.WriteString("  no report of this key\n")
		return
	}
	var counts []string
	for _, r := range []explain.Reason{explain.Counted, explain.Cut, explain.This, explain.Where, explain.Duplicate, explain.BeyondLast, explain.Self, explain.DayOnly, explain.Superseded, explain.Older, explain.Newer} {
		if n := w.Reasons[r]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, strings.ReplaceAll(string(r), "_", " ")))
		}
	}
	p.line("  reports of this key: %s", strings.Join(counts, ", "))
	if w.Omitted > 0 {
		p.line("  %d of them are not listed", w.Omitted)
	}
	for _, e := range w.Entries {
		id := e.Reporter + "/" + e.ReportID
		if e.Revision > 0 {
			id += fmt.Sprintf(" r%d", e.Revision)
		}
		remark := e.Detail
		if e.Reason == explain.Counted {
			var values []string
			for _, v := range e.Values {
				values = append(values, v.Name+" is "+explain.Said(v.Type, v.Value))
			}
			remark = strings.Join(values, ", ")
		}
		p.row(1, e.OccurredAt+"  "+id, strings.ReplaceAll(string(e.Reason), "_", " "), remark)
	}
	p.flush()
}

func (p *printer) lookups(what string, all []explain.Lookup) {
	for _, l := range all {
		p.out.WriteByte('\n')
		rows := ""
		if what == "list" {
			rows = fmt.Sprintf(", %d rows", l.Rows)
		}
		p.line("%s %s%s, sha256 %s", what, l.Name, rows, l.Digest)
		for _, a := range l.Asked {
			mark, answer := "", explain.Said(a.Type, a.Answer)
			if what == "list" {
				mark, answer = answer, ""
				if a.Answer == nil {
					mark = string(explain.Unknown)
				}
			}
			p.row(1, a.Text, mark, strings.TrimSuffix(explain.Said("text", a.Key)+": "+answer, ": "))
		}
		p.flush()
	}
}

func (p *printer) exception(e explain.Exception) {
	p.out.WriteByte('\n')
	covers := "does not cover this report"
	switch {
	case e.Covers:
		covers = "covers this report: a hit is stored and never alerted"
	case e.Over:
		covers = "does not cover this report: it ended before"
	}
	p.line("exception %s until %s, of %s: %s", e.Name, e.Until, e.Owner, covers)
	p.line("  %s", e.Reason)
	if e.When != nil {
		p.node(1, e.When)
	}
	p.flush()
}
