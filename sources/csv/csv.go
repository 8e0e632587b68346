package csv

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
	"github.com/haltwire/haltwire/sources/table"
)

// slack is what the parser may read ahead beyond the longest row: its buffer and
// ours. Bytes.
const slack = 1 << 17

// maxColumns is how many columns a header may have: twenty times those of a report.
const maxColumns = 2048

// Reader reads runs of rows. One goroutine uses it.
type Reader struct {
	topic  string
	close  func() error
	size   int64
	in     *bounded
	rows   *csv.Reader
	runs   *table.Runs
	others []string
	cells  [][]byte
	buf    []byte
	row    int64
	end    error
}

// Open opens a file; m nil says that its columns are called like fields of s.
func Open(path string, s *event.Schema, m *table.Mapping) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open table: %w", err)
	}
	r, err := New(filepath.Base(path), f, s, m)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.close = f.Close
	if st, err := f.Stat(); err == nil {
		r.size = st.Size()
	}
	return r, nil
}

// Others returns the columns that no field is called like, which are under extra;
// none where a mapping says what columns are.
func (r *Reader) Others() []string { return r.others }

// New returns a reader of in, whose records carry topic.
func New(topic string, in io.Reader, s *event.Schema, m *table.Mapping) (*Reader, error) {
	b := bufio.NewReaderSize(in, 1<<16)
	if head, err := b.Peek(3); err == nil && string(head) == "\xef\xbb\xbf" {
		if _, err := b.Discard(3); err != nil {
			return nil, fmt.Errorf("read %s: %w", topic, err)
		}
	}
	r := &Reader{topic: topic, in: &bounded{from: b}}
	r.rows = csv.NewReader(r.in)
	r.rows.ReuseRecord = true
	r.rows.FieldsPerRecord = -1
	if m != nil && m.Delimiter != "" {
		r.rows.Comma = []rune(m.Delimiter)[0]
	}
	header, err := r.rows.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("read %s: the file is empty; its first line names the columns", topic)
	case err != nil:
		return nil, fmt.Errorf("read %s: header: %w", topic, err)
	case len(header) > maxColumns:
		return nil, fmt.Errorf("read %s: the header has %d columns, more than %d", topic, len(header), maxColumns)
	}
	var columns []table.Column
	for _, name := range header {
		if slices.ContainsFunc(columns, func(c table.Column) bool { return c.Name == name }) {
			return nil, fmt.Errorf("read %s: the header names column %q twice", topic, name)
		}
		columns = append(columns, table.Column{Name: name})
	}
	w, err := table.NewWriter(s, topic, columns, m)
	if err != nil {
		return nil, err
	}
	r.others = w.Others()
	r.runs = table.NewRuns(topic, w)
	r.cells = make([][]byte, len(columns))
	return r, nil
}

// Close closes the file; the runs it gave out stay valid.
func (r *Reader) Close() error {
	if r.close == nil {
		return nil
	}
	return r.close()
}

// Done returns how much of the file was read, 0 to 1; 0 where its size is unknown.
// Only the goroutine of Next may call it.
func (r *Reader) Done() float64 {
	if r.size == 0 {
		return 0
	}
	return min(1, float64(r.rows.InputOffset())/float64(r.size))
}

// Next returns the next run of at least one row, or io.EOF. An error other than
// io.EOF ends the input; what was read before it is returned first.
func (r *Reader) Next() (*event.Records, error) {
	for r.end == nil && !r.runs.Full() {
		r.end = r.next()
	}
	if run := r.runs.Take(); run != nil {
		return run, nil
	}
	return nil, r.end
}

func (r *Reader) next() error {
	r.in.row = r.rows.InputOffset()
	cells, err := r.rows.Read()
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	r.row++
	var wrong *csv.ParseError
	switch {
	case errors.Is(err, errLong):
		return fmt.Errorf("read %s: row %d: %w; is a quote not closed?", r.topic, r.row, errLong)
	case errors.As(err, &wrong):
		r.runs.Refuse(r.row, codec.Refuse(event.Syntax, "", "line %d, column %d: %v", wrong.Line, wrong.Column, wrong.Err))
		return nil
	case err != nil:
		return fmt.Errorf("read %s: row %d: %w", r.topic, r.row, err)
	case len(cells) != len(r.cells):
		line, _ := r.rows.FieldPos(0)
		r.runs.Refuse(r.row, codec.Refuse(event.Syntax, "", "line %d: the row has %d cells, the header %d", line, len(cells), len(r.cells)))
		return nil
	}
	r.buf = r.buf[:0]
	for _, c := range cells {
		r.buf = append(r.buf, c...)
	}
	from := 0
	for i, c := range cells {
		r.cells[i] = r.buf[from : from+len(c)]
		from += len(c)
	}
	r.runs.Add(r.row, r.cells)
	return nil
}

var errLong = fmt.Errorf("the row has more than %d bytes", event.MaxRecord)

// bounded gives no more of a row than a record may have: the parser would take all
// of a file whose quote does not close into memory.
type bounded struct {
	from io.Reader
	row  int64 // where the row in hand begins
	read int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.read-b.row > event.MaxRecord+slack {
		return 0, errLong
	}
	n, err := b.from.Read(p)
	b.read += int64(n)
	return n, err
}
