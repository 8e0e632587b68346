package json_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
	"github.com/haltwire/haltwire/sources/codec/json"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestNoAllocation: in steady state a batch costs a fixed handful of allocations,
// whatever the number of its reports.
func TestNoAllocation(t *testing.T) {
	rates, err := codec.LoadRates("USD", strings.NewReader("valid_from,currency,rate\n2020-01-01,INR,0.012\n"))
	if err != nil {
		t.Fatal(err)
	}
	recs := sample(1000)
	recs.Values[7] = []byte(report(`"n\u0061me":"escaped","x":{"y":[1,2]},"debtor":{"account":"12 34-5","scheme":"bban","bic":"HWBIINBB"}` + "," + many(20)))
	s := event.Default()
	for name, project := range map[string][]bool{"whole": s.Whole(), "projected": s.Projection("amount", "creditor.uid")} {
		d := json.New(codec.Options{Schema: s, Project: project, ReporterCountry: "IN", Rates: rates})
		run := func() {
			b, dead := d.Decode(recs)
			if len(dead) > 0 {
				t.Fatal(dead[0].Message)
			}
			b.Release()
		}
		run()
		if n := testing.AllocsPerRun(20, run); n > 0 {
			t.Errorf("%s: %v allocations for 1000 reports", name, n)
		}
	}
}

// TestBatchesApart: several batches are out at once, other goroutines read and
// release them while the decoder goes on, and none sees another's values.
func TestBatchesApart(t *testing.T) {
	d := json.New(whole(codec.Options{}))
	var wg sync.WaitGroup
	for n := range 200 {
		var docs []string
		for i := range 5 {
			docs = append(docs, report(fmt.Sprintf(`"category":"c%d","case_ref":"ref-%d-%d"`, n%7+i, n, i)))
		}
		b, dead := d.Decode(records(docs...))
		if len(dead) > 0 {
			t.Fatal(dead[0].Message)
		}
		wg.Go(func() {
			defer b.Release()
			for i := range 5 {
				if got, want := cell(b, "category", i)+cell(b, "case_ref", i), fmt.Sprintf("c%dref-%d-%d", n%7+i, n, i); got != want {
					t.Errorf("batch %d row %d: %s, want %s", n, i, got, want)
				}
			}
		})
	}
	wg.Wait()
}

// TestDictionaryRestart: a sender of ever new values makes dictionaries start
// anew, and neither old nor new batches lose their values.
func TestDictionaryRestart(t *testing.T) {
	d := json.New(whole(codec.Options{}))
	column := event.Default().Must("debtor.bic")
	var before *event.Batch
	for n := range 3 {
		var docs []string
		for i := range 40_000 {
			docs = append(docs, report(fmt.Sprintf(`"debtor":{"bic":"B%d-%d","account":"1"}`, n, i)))
		}
		b, dead := d.Decode(records(docs...))
		if len(dead) > 0 {
			t.Fatal(dead[0].Message)
		}
		if got := cell(b, "debtor.bic", 39_999) + cell(b, "debtor.uid", 39_999); got != fmt.Sprintf("B%d-39999bban:B%d39999:1", n, n) {
			t.Errorf("batch %d: %s", n, got)
		}
		if before != nil {
			if got := cell(before, "debtor.bic", 5); got != fmt.Sprintf("B%d-5", n-1) {
				t.Errorf("the batch before: %s", got)
			}
			before.Release()
		}
		before = b
	}
	if g := before.Columns[column].Generation; g != 2 {
		t.Errorf("generation %d, want 2", g)
	}
	before.Release()
}

func TestEmptyRun(t *testing.T) {
	d := json.New(whole(codec.Options{}))
	b, dead := d.Decode(&event.Records{})
	if b == nil || b.Rows != 0 || len(dead) != 0 {
		t.Errorf("%+v, %+v", b, dead)
	}
	b.Release()
	b.Release() // harmless
	b, dead = d.Decode(&event.Records{Offsets: []int64{9}, Times: []int64{recordTime}, Values: [][]byte{nil}})
	if b.Rows != 0 || len(dead) != 1 || dead[0].Reason != event.Syntax || dead[0].Codec != "json" {
		t.Errorf("a tombstone: %+v", dead)
	}
	b.Release()
}

// TestRecord: a decoded batch is one Arrow record, extra and all.
func TestRecord(t *testing.T) {
	d := json.New(whole(codec.Options{ReporterCountry: "IN"}))
	b, dead := d.Decode(records(report(`"amount":"5","x":{"y":1}`), `{}`, report(`"debtor":{"lat":1.5,"opened_at":"1955-01-01T00:00:00Z"}`)))
	if len(dead) != 1 {
		t.Fatalf("%+v", dead)
	}
	rec := b.Record()
	if rec.NumRows() != 2 {
		t.Errorf("%d rows", rec.NumRows())
	}
	for i, f := range rec.Schema().Fields() {
		if c := rec.Column(i); c.Len() != 2 || c.NullN() == 2 {
			t.Errorf("%s: %d rows, %d missing", f.Name, c.Len(), c.NullN())
		}
	}
	if at := rec.Schema().FieldIndices("extra"); len(at) != 1 || rec.Column(at[0]).ValueStr(0) != `[{"key":"x.y","value":"1"}]` {
		t.Errorf("extra at %v", at)
	}
	b.Release()
}
