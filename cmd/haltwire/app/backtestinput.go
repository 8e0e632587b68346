package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/plan/whole"
	"github.com/haltwire/haltwire/rules/spec"
	"github.com/haltwire/haltwire/sources/csv"
	"github.com/haltwire/haltwire/sources/file"
	"github.com/haltwire/haltwire/sources/parquet"
	"github.com/haltwire/haltwire/sources/table"
)

// tableInput is where reports come from. Done is called by the goroutine of Next.
type tableInput interface {
	whole.Source
	Done() float64 // 0 to 1
	Close() error
}

// open opens what is judged.
func (o *BacktestOptions) open(ctx context.Context, sides []*side) (tableInput, error) {
	if len(o.Files) == 0 {
		return o.history(ctx, sides)
	}
	if n := len(o.Maps); n > 1 && n != len(o.Files) {
		return nil, fmt.Errorf("%d mappings for %d files: give one for all, or one a file", n, len(o.Files))
	}
	all := &inputs{}
	for i, path := range o.Files {
		var m *table.Mapping
		if len(o.Maps) > 0 {
			var err error
			if m, err = table.OpenMapping(o.Maps[min(i, len(o.Maps)-1)]); err != nil {
				return nil, errors.Join(err, all.Close())
			}
		}
		in, err := openInput(path, o.Schema, m)
		if err != nil {
			return nil, errors.Join(err, all.Close())
		}
		if t, ok := in.(interface{ Others() []string }); ok && len(t.Others()) > 0 {
			fmt.Fprintf(o.Log, "%s: under extra, for no field is called so: %s\n", filepath.Base(path), spec.Visible(strings.Join(t.Others(), ", ")))
		}
		all.all = append(all.all, in)
	}
	return all, nil
}

// openInput opens a file by the ending of its name.
func openInput(path string, s *event.Schema, m *table.Mapping) (tableInput, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".parquet", ".pq":
		return parquet.Open(path, s, m)
	case ".tsv":
		if m == nil {
			m = &table.Mapping{Delimiter: "\t"}
		} else if m.Delimiter == "" {
			m.Delimiter = "\t"
		}
		return csv.Open(path, s, m)
	case ".csv":
		return csv.Open(path, s, m)
	}
	r, err := file.Open(path)
	if err != nil {
		return nil, err
	}
	lines := &lines{Reader: r}
	if st, err := os.Stat(path); err == nil && path != "-" {
		lines.size = st.Size()
	}
	return lines, nil
}

// lines is NDJSON as a tableInput.
type lines struct {
	*file.Reader
	size, read int64
}

// Next implements whole.Source.
func (l *lines) Next() (*event.Records, error) {
	recs, err := l.Reader.Next()
	if err == nil {
		l.read += int64(recs.Bytes + recs.Len()) // an end of line each
	}
	return recs, err
}

// Done implements tableInput.
func (l *lines) Done() float64 {
	if l.size == 0 {
		return 0
	}
	return min(1, float64(l.read)/float64(l.size))
}

// inputs are inputs one behind the other.
type inputs struct {
	all []tableInput
	at  int
}

// Next implements whole.Source.
func (i *inputs) Next() (*event.Records, error) {
	for i.at < len(i.all) {
		recs, err := i.all[i.at].Next()
		if !errors.Is(err, io.EOF) {
			return recs, err
		}
		i.at++
	}
	return nil, io.EOF
}

// Done implements tableInput.
func (i *inputs) Done() float64 {
	done := float64(i.at)
	if i.at < len(i.all) {
		done += i.all[i.at].Done()
	}
	return done / float64(len(i.all))
}

// Close implements tableInput.
func (i *inputs) Close() error {
	var errs []error
	for _, in := range i.all {
		errs = append(errs, in.Close())
	}
	return errors.Join(errs...)
}

// watchedInput shows how far an input is.
type watchedInput struct {
	tableInput
	progress *progress
}

// Next implements whole.Source.
func (w *watchedInput) Next() (*event.Records, error) {
	recs, err := w.tableInput.Next()
	w.progress.show("read", w.Done())
	return recs, err
}

// tee gives every run of one source to several readers, none of which may be far
// ahead of the others.
type tee struct {
	readers []*branch
	quit    chan struct{}
	ended   chan struct{}
}

// teeAhead is how many runs a reader may be behind the fastest.
const teeAhead = 4

// teeItem is a run, or what ended the input.
type teeItem struct {
	recs *event.Records
	err  error
}

// branch is what one reader reads.
type branch struct {
	in   chan teeItem
	left chan struct{} // closed by the reader that wants no more
}

func newTee(from whole.Source, n int) *tee {
	t := &tee{quit: make(chan struct{}), ended: make(chan struct{})}
	for range n {
		t.readers = append(t.readers, &branch{in: make(chan teeItem, teeAhead), left: make(chan struct{})})
	}
	go t.run(from)
	return t
}

func (t *tee) run(from whole.Source) {
	defer close(t.ended)
	for {
		recs, err := from.Next()
		for _, b := range t.readers {
			select {
			case b.in <- teeItem{recs, err}:
			case <-b.left:
			case <-t.quit:
				return
			}
		}
		if err != nil {
			for _, b := range t.readers {
				close(b.in)
			}
			return
		}
	}
}

// stop ends the goroutine of t and waits for it; readers must have ended.
func (t *tee) stop() {
	close(t.quit)
	<-t.ended
}

func (t *tee) branches() []whole.Source {
	var all []whole.Source
	for _, b := range t.readers {
		all = append(all, b)
	}
	return all
}

// Next implements whole.Source.
func (b *branch) Next() (*event.Records, error) {
	item, ok := <-b.in
	if !ok {
		return nil, io.EOF
	}
	return item.recs, item.err
}

// leave says that nobody reads b any more.
func (b *branch) leave() { close(b.left) }
