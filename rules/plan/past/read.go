package past

import (
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/plan/kernel"
	"github.com/haltwire/haltwire/rules/window"
)

// Reader answers for the windows of the row that a frame is at. One goroutine uses
// it, the store's.
type Reader struct {
	past    *Past
	store   *window.Store
	frame   *kernel.Frame // of the current call
	reports window.Reports
	read    []window.Read     // one a window
	out     [][]window.Column // one a window of the store
	joined  [][]window.Column // one of Set.Windows, of those that have several
	key     []byte
}

// NewReader returns a reader of s for frames of p's compiler.
func (p *Past) NewReader(s *window.Store) *Reader {
	r := &Reader{past: p, store: s, read: make([]window.Read, len(p.defs)), out: make([][]window.Column, len(p.defs))}
	r.reports.Revision, r.reports.Hash, r.reports.Time = make([]uint32, 1), make([]uint64, 1), make([]int64, 1)
	for w := range p.reads {
		q := &r.read[w]
		q.Rows = []int32{0}
		q.Seen = make([]window.Column, len(p.reads[w].seen))
		r.out[w] = make([]window.Column, len(p.reads[w].seen))
		if dynamic := p.reads[w].dynamic; dynamic != nil {
			q.Filter = func(_ int, entries []window.Column, keep event.Bits) { r.filter(dynamic, entries, keep) }
		}
	}
	r.joined = make([][]window.Column, len(p.parts))
	for win, parts := range p.parts {
		if len(parts) > 1 {
			r.joined[win] = make([]window.Column, len(p.set.Windows[win].Values))
		}
	}
	return r
}

// ReadWindow implements kernel.Windows.
func (r *Reader) ReadWindow(f *kernel.Frame, win int) ([]window.Column, bool) {
	parts := r.past.parts[win]
	for _, p := range parts {
		if !r.ask(f, p.w) {
			return nil, false
		}
		r.store.ReadAsOf(p.w, &r.reports, &r.read[p.w], r.out[p.w])
	}
	switch len(parts) {
	case 0:
		return nil, false
	case 1:
		return r.out[parts[0].w], true
	}
	for _, p := range parts {
		for i, col := range p.cols {
			r.joined[win][col] = r.out[p.w][i]
		}
	}
	return r.joined[win], true
}

// Entries returns the reports that count in a window for the row that f is at, the
// newest limit, and whether others are missing. Their names are valid until the
// store changes.
func (r *Reader) Entries(f *kernel.Frame, win, limit int) (entries []window.Entry, cut bool) {
	parts := r.past.parts[win]
	if len(parts) == 0 || !r.ask(f, parts[0].w) {
		return nil, false
	}
	w := parts[0].w
	return r.store.Entries(w, &r.reports, &r.read[w], 0, limit, nil, nil)
}

// Key appends the key that window w of the store is asked for by the row that f is
// at; false when it is not asked, or a part is missing.
func (r *Reader) Key(f *kernel.Frame, w int, key []byte) ([]byte, bool) {
	if r.past.undated(f.Batch(), f.Row, w) {
		return key, false
	}
	return keyOf(f, key, r.past.reads[w].match)
}

// ask makes the question of the row that f is at to window w. It reports false
// when a part of its key is missing.
func (r *Reader) ask(f *kernel.Frame, w int) bool {
	p, q, in := r.past, &r.read[w], &r.past.reads[w]
	b := f.Batch()
	if p.undated(b, f.Row, w) {
		return false
	}
	var ok bool
	if r.key, ok = keyOf(f, r.key[:0], in.match); !ok {
		return false
	}
	r.frame = f
	q.Keys.Reset()
	q.Keys.Append(r.key)
	r.reports.Reporter.Reset()
	r.reports.ID.Reset()
	appendText(&r.reports.Reporter, p.reporter, f)
	appendText(&r.reports.ID, p.reportID, f)
	r.reports.Time[0] = b.Columns[p.cols.occurredAt].I64[f.Row]
	for i, arg := range in.seen {
		if arg != nil {
			q.Seen[i].Reset(in.kinds[i])
			arg(f, &q.Seen[i])
		}
	}
	return true
}

// filter clears the bits of the entries for which a condition with `this.` is not
// true.
func (r *Reader) filter(dynamic kernel.Truth, entries []window.Column, keep event.Bits) {
	f := r.frame
	if len(entries) == 0 { // it speaks of the judged report only
		if dynamic(f) != kernel.True {
			clear(keep)
		}
		return
	}
	f.Entries = entries
	for i := range entries[0].Rows {
		f.Entry = i
		if dynamic(f) != kernel.True {
			keep[i>>6] &^= 1 << (i & 63)
		}
	}
	f.Entries = nil
}
