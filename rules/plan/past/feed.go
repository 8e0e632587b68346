package past

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/plan/kernel"
	"github.com/haltwire/haltwire/rules/window"
)

// Feeder enters batches into a store. One goroutine uses it, the store's.
type Feeder struct {
	past     *Past
	store    *window.Store
	frame    *kernel.Frame
	reports  window.Reports
	verdicts []window.Verdict
	feeds    []window.Feed // one a window
	errors   []uint64      // one a window
	key      []byte
}

// NewFeeder returns a feeder of s. f is a frame of p's compiler that nobody else
// uses.
func (p *Past) NewFeeder(s *window.Store, f *kernel.Frame) *Feeder {
	fd := &Feeder{past: p, store: s, frame: f, feeds: make([]window.Feed, len(p.defs)), errors: make([]uint64, len(p.defs))}
	for i := range fd.feeds {
		fd.feeds[i].Args = make([]window.Column, len(p.feeds[i].kinds))
	}
	return fd
}

// Feed enters every report of b that is the latest version of itself so far, and
// returns a verdict a row, valid until the next call.
func (fd *Feeder) Feed(b *event.Batch) []window.Verdict {
	fd.identify(b)
	fd.verdicts = fd.store.Accept(&fd.reports, nil, fd.verdicts[:0])
	for i := range fd.feeds {
		fd.reset(i)
	}
	fd.frame.Bind(b)
	kinds := &b.Columns[fd.past.cols.kind]
	for r, v := range fd.verdicts {
		windows := fd.past.byKind[kinds.String(r)]
		if v == window.Superseded || len(windows) == 0 {
			continue
		}
		fd.frame.Start(r)
		for _, w := range windows {
			before := fd.frame.Errs
			fd.enter(b, r, w)
			if fd.frame.Errs != before {
				fd.errors[w]++
			}
		}
	}
	for w := range fd.feeds {
		if len(fd.feeds[w].Rows) > 0 {
			fd.store.Feed(w, &fd.reports, &fd.feeds[w])
		}
	}
	return fd.verdicts
}

// Fed returns the rows of the last batch that feed window w, valid until the next
// Feed.
func (fd *Feeder) Fed(w int) []int32 { return fd.feeds[w].Rows }

// Errors returns, by window of the store, for how many reports what feeds it met a
// run-time error. It is the feeder's own and grows.
func (fd *Feeder) Errors() []uint64 { return fd.errors }

func (fd *Feeder) reset(w int) {
	f := &fd.feeds[w]
	f.Rows = f.Rows[:0]
	f.Keys.Reset()
	f.Once.Reset()
	for i, k := range fd.past.feeds[w].kinds {
		f.Args[i].Reset(k)
	}
}

// enter adds row r of b, at which the frame is, to what feeds window w.
func (fd *Feeder) enter(b *event.Batch, r, w int) {
	in, to := &fd.past.feeds[w], &fd.feeds[w]
	if !fd.keyed(b, r, w) {
		return
	}
	to.Rows = append(to.Rows, int32(r))
	to.Keys.Append(fd.key)
	if in.once != nil {
		if s, ok := in.once(fd.frame); ok {
			to.Once.Append([]byte(s))
		} else {
			to.Once.AppendMissing()
		}
	}
	for i, keep := range in.args {
		keep(fd.frame, &to.Args[i])
	}
}

// keyed makes fd.key the key under which row r of b, at which the frame is, feeds
// window w. It reports false when it does not.
func (fd *Feeder) keyed(b *event.Batch, r, w int) (ok bool) {
	in := &fd.past.feeds[w]
	if fd.past.undated(b, r, w) || in.where != nil && in.where(fd.frame) != kernel.True {
		return false
	}
	fd.key, ok = keyOf(fd.frame, fd.key[:0], in.keys[b.Columns[fd.past.cols.kind].String(r)])
	return ok
}

// Keys calls f for each window that row r of b feeds, were it not superseded, with
// its key there, valid during the call.
func (fd *Feeder) Keys(b *event.Batch, r int, f func(w int, key []byte)) {
	fd.frame.Bind(b)
	fd.frame.Start(r)
	for _, w := range fd.past.byKind[b.Columns[fd.past.cols.kind].String(r)] {
		if fd.keyed(b, r, w) {
			f(w, fd.key)
		}
	}
}

// undated reports whether the time of row r is known to the day only, and window w
// is shorter than one.
func (p *Past) undated(b *event.Batch, r, w int) bool {
	v := &b.Columns[p.cols.precision]
	return p.defs[w].Within < day && v.Has(r) && v.String(r) == "day"
}

// maxKey is how long a key may be before its digest stands for it.
const maxKey = 60 << 10

// keyOf appends the key of the row that f is at; false when a part is missing.
func keyOf(f *kernel.Frame, key []byte, parts []key) ([]byte, bool) {
	for _, part := range parts {
		var ok bool
		if key, ok = part(f, key); !ok {
			return key, false
		}
	}
	if len(key) > maxKey {
		sum := sha256.Sum256(key)
		key = append(key[:0], sum[:]...)
	}
	return key, len(parts) > 0
}

// identify fills in the identities, versions and times of b.
func (fd *Feeder) identify(b *event.Batch) {
	p, r := fd.past, &fd.reports
	r.Reporter.Reset()
	r.ID.Reset()
	r.Revision, r.Hash, r.Time = r.Revision[:0], r.Hash[:0], r.Time[:0]
	fd.frame.Bind(b)
	for row := range b.Rows {
		fd.frame.Start(row)
		appendText(&r.Reporter, p.reporter, fd.frame)
		appendText(&r.ID, p.reportID, fd.frame)
		revision := uint32(0)
		if v := &b.Columns[p.cols.revision]; v.Has(row) {
			revision = v.U32[row]
		}
		hash := b.Hash(row)
		r.Revision = append(r.Revision, revision)
		r.Hash = append(r.Hash, binary.BigEndian.Uint64(hash[:8]))
		r.Time = append(r.Time, b.Columns[p.cols.occurredAt].I64[row])
	}
}

func appendText(to *window.Texts, t kernel.Text, f *kernel.Frame) {
	s, _ := t(f)
	to.Append([]byte(s))
}
