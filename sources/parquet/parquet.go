package parquet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/table"
)

const (
	// 8192 rows are a run, as of other sources.
	batchRows = 8192
	// 1 GiB is what reading may take: a hundred columns of pages of 1 MiB, with their
	// dictionaries, take a tenth of it.
	maxMemory = 1 << 30
	// A file with more columns than this is no table of reports.
	maxColumns = 2048
)

// Reader reads runs of rows. One goroutine uses it.
type Reader struct {
	topic  string
	file   *os.File
	in     *file.Reader
	rows   pqarrow.RecordReader
	runs   *table.Runs
	others []string
	cells  []cells // one a column that is read
	at     []int   // of the table's columns
	row    [][]byte
	from   []int // of a row's cells: where they begin in buf, -1 = elsewhere
	buf    []byte
	count  int64 // of rows
	done   int64
	end    error
}

// Others returns the columns that no field is called like, which are under extra;
// none where a mapping says what columns are.
func (r *Reader) Others() []string { return r.others }

// Open opens a file; m nil says that its columns are called like fields of s.
func Open(path string, s *event.Schema, m *table.Mapping) (*Reader, error) {
	return open(path, s, m, maxMemory)
}

// open is Open with a bound on memory.
func open(path string, s *event.Schema, m *table.Mapping, bound int64) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open table: %w", err)
	}
	r := &Reader{topic: filepath.Base(path), file: f}
	if err := r.safely(func() error { return r.open(s, m, bound) }); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", r.topic, err), f.Close())
	}
	return r, nil
}

// safely runs do; a panic of the reader of somebody's bytes is an error.
func (r *Reader) safely(do func() error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case errMemory:
			err = p
		default:
			err = fmt.Errorf("the file is damaged: %v", p)
		}
	}()
	return do()
}

func (r *Reader) open(s *event.Schema, m *table.Mapping, bound int64) error {
	mem := newBudget(bound)
	props := parquet.NewReaderProperties(mem)
	props.BufferedStreamEnabled = true
	var err error
	if r.in, err = file.NewParquetReader(r.file, file.WithReadProps(props)); err != nil {
		return err
	}
	if n := r.in.MetaData().Schema.NumColumns(); n > maxColumns {
		return fmt.Errorf("%d columns are more than %d", n, maxColumns)
	}
	in, err := pqarrow.NewFileReader(r.in, pqarrow.ArrowReadProperties{BatchSize: batchRows}, mem)
	if err != nil {
		return err
	}
	schema, err := in.Schema()
	if err != nil {
		return err
	}
	leaves, err := r.columns(schema, s, m, in.Manifest)
	if err != nil {
		return err
	}
	r.count = r.in.NumRows()
	r.rows, err = in.GetRecordReader(context.Background(), leaves, nil)
	return err
}

// columns decides which columns are read and returns their leaves.
func (r *Reader) columns(schema *arrow.Schema, s *event.Schema, m *table.Mapping, manifest *pqarrow.SchemaManifest) ([]int, error) {
	var columns []table.Column
	var fields []int
	for i, f := range schema.Fields() {
		if kind, ok := readable(f.Type); ok {
			columns = append(columns, table.Column{Name: f.Name, Object: kind == objects})
			fields = append(fields, i)
		} else if m != nil && m.Columns[f.Name] != nil {
			return nil, fmt.Errorf("column %s is a %s, which cannot be read: make it flat", f.Name, f.Type)
		}
	}
	w, err := table.NewWriter(s, r.topic, columns, m)
	if err != nil {
		return nil, err
	}
	r.others = w.Others()
	r.runs = table.NewRuns(r.topic, w)
	r.row, r.from = make([][]byte, len(columns)), make([]int, len(columns))
	var leaves []int
	for i, at := range fields {
		if w.Uses(i) {
			r.at = append(r.at, i)
			leaves = appendLeaves(leaves, &manifest.Fields[at])
		}
	}
	if len(leaves) == 0 {
		return nil, errors.New("no column is read")
	}
	return leaves, nil
}

func appendLeaves(all []int, f *pqarrow.SchemaField) []int {
	if len(f.Children) == 0 {
		return append(all, f.ColIndex)
	}
	for i := range f.Children {
		all = appendLeaves(all, &f.Children[i])
	}
	return all
}

// Close closes the file; the runs it gave out stay valid.
func (r *Reader) Close() error {
	return r.safely(func() error {
		if r.rows != nil {
			r.rows.Release()
			r.rows = nil
		}
		return r.file.Close()
	})
}

// Done returns how much of the file was read, 0 to 1. Only the goroutine of Next may
// call it.
func (r *Reader) Done() float64 {
	if r.count <= 0 {
		return 0
	}
	return min(1, float64(r.done)/float64(r.count))
}

// Next returns the next run of at least one row, or io.EOF. An error other than
// io.EOF ends the input; what was read before it is returned first.
func (r *Reader) Next() (*event.Records, error) {
	for r.end == nil && !r.runs.Full() {
		if err := r.safely(r.next); errors.Is(err, io.EOF) {
			r.end = io.EOF
		} else if err != nil {
			r.end = fmt.Errorf("read %s: behind row %d: %w", r.topic, r.done, err)
		}
	}
	if run := r.runs.Take(); run != nil {
		return run, nil
	}
	return nil, r.end
}

// next adds the rows of one record batch.
func (r *Reader) next() error {
	if r.done >= r.count {
		return io.EOF
	}
	rec, err := r.rows.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the file ends, and its footer says that it has %d rows", r.count)
		}
		return err
	}
	if rec.NumCols() != int64(len(r.at)) {
		return fmt.Errorf("%d columns came for %d", rec.NumCols(), len(r.at))
	}
	r.cells = r.cells[:0]
	for i := range r.at {
		c, ok := cellsOf(rec.Column(i))
		if !ok || rec.Column(i).Len() < int(rec.NumRows()) {
			return fmt.Errorf("column %s came as %s", rec.ColumnName(i), rec.Column(i).DataType())
		}
		r.cells = append(r.cells, c)
	}
	for row := range int(rec.NumRows()) {
		r.done++
		r.add(row)
	}
	return nil
}

// add adds a row of the record batch in hand.
func (r *Reader) add(row int) {
	r.buf = r.buf[:0]
	for i, c := range r.cells {
		at := r.at[i]
		r.from[at] = -1
		if c.array.IsNull(row) {
			r.row[at] = nil
			continue
		}
		if c.text != nil {
			r.row[at] = c.text(row)
			continue
		}
		r.from[at] = len(r.buf)
		r.buf = c.append(r.buf, row)
		r.row[at] = r.buf[r.from[at]:len(r.buf)] // its memory may move, and is found again below
	}
	for i := range r.cells {
		if at := r.at[i]; r.from[at] >= 0 {
			n := len(r.row[at])
			r.row[at] = r.buf[r.from[at] : r.from[at]+n]
		}
	}
	r.runs.Add(r.done, r.row)
}
