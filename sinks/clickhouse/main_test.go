package clickhouse_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/embedded"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

func TestMain(m *testing.M) {
	enginetest.Main()
	goleak.VerifyTestMain(m)
}

// configured returns the configuration of a new database on the server.
func configured(t testing.TB, a embedded.Address, database string) clickhouse.Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(a.Password.Reveal()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := clickhouse.Defaults()
	c.Addresses, c.Database, c.User, c.PasswordFile = []string{a.Native}, database, a.User, file
	return c
}

// open migrates a database and returns its store.
func open(t testing.TB, c clickhouse.Config, s *event.Schema) *clickhouse.Store {
	t.Helper()
	store, err := clickhouse.New(c, clickhouse.Options{Schema: s, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store
}

// row is one report of a test: values by column name, as the kind of the column
// wants them.
type row map[string]any

// writer makes batches as a codec does: dictionaries live as long as it does.
type writer struct {
	schema *event.Schema
	dicts  []*event.Dict
	offset int64
}

func newWriter(s *event.Schema) *writer {
	w := &writer{schema: s, dicts: make([]*event.Dict, len(s.Columns))}
	for i := range w.dicts {
		w.dicts[i] = event.NewDict()
	}
	return w
}

// report returns a row with what every report has.
func report(id string, revision uint32, more ...any) row {
	r := row{"report_id": id, "reporter": "HWBIINBB", "revision": revision, "kind": "bank.transfer", "occurred_at": at("2026-03-02T04:10:00Z")}
	for i := 0; i < len(more); i += 2 {
		r[more[i].(string)] = more[i+1]
	}
	return r
}

func at(s string) int64 {
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return v.UnixMilli()
}

// batch returns rows as a finished batch; the raw bytes of a row are its member
// "raw", else its values as text.
func (w *writer) batch(rows ...row) *event.Batch {
	recs := &event.Records{Topic: "bank.reports", Partition: 3, Codec: "json"}
	b := event.NewBatch(w.schema, nil)
	b.Reset(recs)
	for i, r := range rows {
		raw, ok := r["raw"].(string)
		if !ok {
			raw = fmt.Sprint(map[string]any(r))
		}
		recs.Offsets = append(recs.Offsets, w.offset)
		recs.Times = append(recs.Times, at("2026-03-02T04:10:01Z")+int64(i))
		recs.Values = append(recs.Values, []byte(raw))
		w.offset++
		for name, v := range r {
			if c, ok := w.schema.Index(name); ok && v != nil {
				w.set(&b.Columns[c], c, b.Rows, v)
			}
		}
		b.Accept(i)
	}
	for c := range b.Columns {
		w.dicts[c].Bind(&b.Columns[c])
	}
	b.Finish()
	return b
}

func (w *writer) set(v *event.Vector, c, row int, value any) {
	switch v.Type {
	case event.Text:
		v.SetText(row, []byte(value.(string)))
	case event.Symbol:
		v.SetCode(row, w.dicts[c].Code([]byte(value.(string))))
	case event.Decimal:
		d, err := decimal.ParseSigned([]byte(value.(string)))
		if err != nil {
			panic(err)
		}
		v.SetDecimal(row, d)
	case event.Time:
		v.SetTime(row, value.(int64))
	case event.Date:
		v.SetDate(row, value.(int32))
	case event.Uint:
		v.SetUint(row, value.(uint32))
	case event.Float:
		v.SetFloat(row, value.(float64))
	case event.Bool:
		v.SetBool(row, value.(bool))
	case event.Map:
		for _, kv := range value.([][2]string) {
			v.AddEntry(row, []byte(kv[0]), []byte(kv[1]))
		}
	}
}
