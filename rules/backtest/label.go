package backtest

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
)

// By is what labels name.
type By string

// What labels name.
const (
	ByReport  By = "report"
	ByPayment By = "payment"
	ByAccount By = "account"
)

// Labels say what was fraud. One goroutine uses them while they observe.
type Labels struct {
	By  By
	all []label
	at  map[string]int // name → position in all
}

// label is one thing whose nature is known.
type label struct {
	fraud bool
	since int64 // Unix ms; 0 = not said
	seen  bool  // in the input
}

// maxLabel is how large a row of labels may be. Bytes.
const maxLabel = 1 << 16

// ReadLabels reads CSV with a header: reporter and report_id, or payment (its
// payment.key), or account (its number or uid); label, which is fraud or not; and
// optional since, RFC 3339. Wrong rows are an error with their line.
func ReadLabels(from io.Reader) (*Labels, error) {
	rows := csv.NewReader(from)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("read labels: header: %w", err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	header = slices.Clone(header)
	l := &Labels{at: map[string]int{}}
	names, err := l.columns(header)
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	what, since := slices.Index(header, "label"), slices.Index(header, "since")
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return l, nil
		} else if err != nil {
			return nil, fmt.Errorf("read labels: %w", err)
		}
		line, _ := rows.FieldPos(0)
		if err := l.add(row, names, what, since); err != nil {
			return nil, fmt.Errorf("read labels: line %d: %w", line, err)
		}
	}
}

// columns finds what the labels name.
func (l *Labels) columns(header []string) ([]int, error) {
	at := func(name string) int { return slices.Index(header, name) }
	if at("label") < 0 {
		return nil, errors.New("the header has no column label")
	}
	reporter, id, payment, account := at("reporter"), at("report_id"), at("payment"), at("account")
	switch {
	case reporter >= 0 && id >= 0 && payment < 0 && account < 0:
		l.By = ByReport
		return []int{reporter, id}, nil
	case payment >= 0 && account < 0 && reporter < 0 && id < 0:
		l.By = ByPayment
		return []int{payment}, nil
	case account >= 0 && payment < 0 && reporter < 0 && id < 0:
		l.By = ByAccount
		return []int{account}, nil
	}
	return nil, fmt.Errorf("the header is %s: it needs label and one of reporter,report_id, payment, account", strings.Join(header, ","))
}

func (l *Labels) add(row []string, names []int, what, since int) error {
	var parts []string
	size := 0
	for _, i := range names {
		if row[i] == "" {
			return errors.New("the name is empty")
		}
		size += len(row[i])
		parts = append(parts, strings.Clone(row[i]))
	}
	if size > maxLabel {
		return fmt.Errorf("the name has more than %d bytes", maxLabel)
	}
	var out label
	switch strings.TrimSpace(row[what]) {
	case "fraud":
		out.fraud = true
	case "not":
	default:
		return fmt.Errorf("label %q is neither fraud nor not", row[what])
	}
	if since >= 0 && row[since] != "" {
		at, err := time.Parse(time.RFC3339, row[since])
		if err != nil {
			return fmt.Errorf("since %q is no RFC 3339 time", row[since])
		}
		out.since = at.UnixMilli()
	}
	name := nameOf(parts...)
	if l.By == ByAccount {
		name = string(fold(nil, name))
	}
	if i, again := l.at[name]; again {
		if l.all[i].fraud != out.fraud {
			return fmt.Errorf("%s is labelled twice, once fraud and once not", strings.Join(parts, "/"))
		}
		return nil
	}
	l.at[name] = len(l.all)
	l.all = append(l.all, out)
	return nil
}

// fold appends an account without blanks and in small letters: decoders bring
// accounts into a normal form, and people write them as they are printed.
func fold[T string | []byte](dst []byte, account T) []byte {
	for i := range len(account) {
		c := account[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != ' ' {
			dst = append(dst, c)
		}
	}
	return dst
}

func nameOf(parts ...string) string { return strings.Join(parts, "\x00") }

// Columns returns the columns that Observe reads.
func (l *Labels) Columns() []string {
	switch l.By {
	case ByPayment:
		return []string{"payment.key"}
	case ByAccount:
		return []string{"debtor.account", "debtor.uid", "creditor.account", "creditor.uid"}
	}
	return []string{"reporter", "report_id"}
}

// Observe notes which labelled things the input has.
func (l *Labels) Observe(b *event.Batch) {
	if l.By == ByReport {
		reporter, id := &b.Columns[b.Schema.Must("reporter")], &b.Columns[b.Schema.Must("report_id")]
		for r := range b.Rows {
			l.saw(nameOf(reporter.String(r), id.String(r)))
		}
		return
	}
	var folded []byte
	for _, name := range l.Columns() {
		v := &b.Columns[b.Schema.Must(name)]
		if v.Empty() {
			continue
		}
		for r := range b.Rows {
			text := v.Text(r)
			if l.By == ByAccount {
				folded = fold(folded[:0], text)
				text = folded
			}
			if i, ok := l.at[string(text)]; ok {
				l.all[i].seen = true
			}
		}
	}
}

func (l *Labels) saw(name string) {
	if i, ok := l.at[name]; ok {
		l.all[i].seen = true
	}
}
