package generator

import (
	"strconv"
	"time"
)

// writer appends JSON members; texts are plain ASCII that needs no escape.
type writer struct {
	buf   []byte
	comma bool
}

func (w *writer) open(id, reporter, kind string, at time.Time) {
	w.buf = append(w.buf, '{')
	w.text("report_id", id)
	w.text("reporter", reporter)
	w.text("kind", kind)
	w.time("occurred_at", at)
}

func (w *writer) close() { w.buf = append(w.buf, '}') }

func (w *writer) name(n string) {
	if w.comma {
		w.buf = append(w.buf, ',')
	}
	w.comma = true
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, n...)
	w.buf = append(w.buf, '"', ':')
}

func (w *writer) text(n, v string) {
	if v == "" {
		return
	}
	w.name(n)
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, v...)
	w.buf = append(w.buf, '"')
}

func (w *writer) number(n string, v int64) {
	w.name(n)
	w.buf = strconv.AppendInt(w.buf, v, 10)
}

func (w *writer) time(n string, at time.Time) {
	w.name(n)
	w.buf = append(w.buf, '"')
	w.buf = at.AppendFormat(w.buf, "2006-01-02T15:04:05.000Z")
	w.buf = append(w.buf, '"')
}

// cents writes an amount of hundredths as a decimal string.
func (w *writer) cents(n string, v int64) {
	if v > 0 {
		w.text(n, strconv.FormatInt(v/100, 10)+"."+string([]byte{byte('0' + v/10%10), byte('0' + v%10)}))
	}
}

func (w *writer) nest(n string, body func()) {
	w.name(n)
	w.buf = append(w.buf, '{')
	w.comma = false
	body()
	w.buf = append(w.buf, '}')
	w.comma = true
}
