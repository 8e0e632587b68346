package file

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/haltwire/haltwire/pipeline/event"
)

// Bounds of one run: what a decoder takes at a time.
const (
	runRecords = 8192    // rows of a batch, as many as a Kafka fetch of about 4 MB has
	runBytes   = 4 << 20 // bytes of a batch; one more line of up to 1 MiB may follow
	window     = 1 << 16 // bytes a read
)

// Reader reads runs of lines. One goroutine uses it.
type Reader struct {
	topic string
	in    *bufio.Reader
	close func() error
	line  int64
	end   error // what ended the input: io.EOF or a failed read
	codec string
}

// Open opens the file at path, "-" meaning standard input.
func Open(path string) (*Reader, error) {
	if path == "-" {
		return New("-", os.Stdin), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open reports: %w", err)
	}
	if st, err := f.Stat(); err == nil && st.IsDir() {
		_ = f.Close()
		return nil, fmt.Errorf("open reports: %s is a directory; name a file of one report a line", path)
	}
	r := New(filepath.Base(path), f)
	r.close = f.Close
	return r, nil
}

// New returns a reader of in whose records carry topic.
func New(topic string, in io.Reader) *Reader {
	return &Reader{topic: topic, in: bufio.NewReaderSize(in, window), codec: "json"}
}

// Close closes the file; the runs it gave out stay valid.
func (r *Reader) Close() error {
	if r.close == nil {
		return nil
	}
	return r.close()
}

// Next returns the next run of at least one record, or io.EOF. It blocks on the
// input. The run's memory is its own. An error other than io.EOF ends the input;
// what was read before it is returned first.
func (r *Reader) Next() (*event.Records, error) {
	run := &event.Records{Topic: r.topic, Codec: r.codec}
	var ends []int
	var data []byte
	for r.end == nil && len(ends) < runRecords && len(data) < runBytes {
		from := len(data)
		var err error
		data, err = r.appendLine(data)
		if r.end = err; err != nil && !errors.Is(err, io.EOF) {
			r.end = fmt.Errorf("read %s, line %d: %w", r.topic, r.line, err)
			break // half a line is no report
		}
		if n := len(trimBlank(data[from:])); n > 0 {
			data = data[:from+n]
			ends = append(ends, len(data))
			run.Offsets = append(run.Offsets, r.line)
			run.Times = append(run.Times, event.AsOccurred)
		} else {
			data = data[:from]
		}
	}
	if len(ends) == 0 {
		return nil, r.end
	}
	return r.finish(run, data, ends), nil
}

func (r *Reader) finish(run *event.Records, data []byte, ends []int) *event.Records {
	from := 0
	run.Values = make([][]byte, 0, len(ends))
	for _, end := range ends {
		run.Values = append(run.Values, data[from:end:end])
		from = end
	}
	run.Next, run.High, run.Bytes = r.line+1, r.line+1, len(data)
	return run
}

// appendLine appends the next line without its end, at most MaxRecord+1 bytes of
// it; io.EOF comes together with the last one.
func (r *Reader) appendLine(data []byte) ([]byte, error) {
	from := len(data)
	r.line++
	for {
		part, err := r.in.ReadSlice('\n')
		if r.line == 1 && len(data) == from {
			part = bytes.TrimPrefix(part, []byte("\xef\xbb\xbf"))
		}
		end := err == nil
		if end {
			part = part[:len(part)-1]
		}
		room := from + event.MaxRecord + 2 - len(data) // one more for the CR
		data = append(data, part[:min(room, len(part))]...)
		if end || !errors.Is(err, bufio.ErrBufferFull) {
			return cut(data, from), err
		}
	}
}

// cut removes the CR of a CRLF and what is more than MaxRecord+1 bytes.
func cut(data []byte, from int) []byte {
	if n := len(data); n > from && data[n-1] == '\r' {
		return data[:n-1]
	}
	return data[:min(len(data), from+event.MaxRecord+1)]
}

// trimBlank returns line, nil when it has nothing but blanks.
func trimBlank(line []byte) []byte {
	if len(bytes.TrimLeft(line, " \t\r")) == 0 {
		return nil
	}
	return line
}
