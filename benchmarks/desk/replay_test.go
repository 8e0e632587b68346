package desk_test

import (
	"context"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/desk/topic"
	"github.com/haltwire/haltwire/sinks/policy"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

// life is what the case log says of one alert whose request is receipted, and which can
// be told of any other.
type life struct {
	root    *caselog.Root
	parties []policy.Party
	key     caselog.Key
	alert   string
	own     []string // ids and marks that every alert has for itself
	content string   // digest of the state that the request was made of
	texts   []string
}

// record lets one alert happen and keeps what was written.
func record(tb testing.TB, brokers []string) *life {
	tb.Helper()
	prefix := fmt.Sprintf("seed%d", time.Now().UnixNano())
	w := start(tb, brokers, prefix, 1, 0)
	must(tb, w.desk.Append(tb.Context(), []*hit.Hit{report(tb, 1, w.parties[0].Country)}))
	w.wait(tb, 1)
	l := &life{root: root(tb), parties: w.parties}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-tick.C {
		views := w.desk.List(desk.Filter{})
		if len(views) == 1 && views[0].State == string(apply.Received) {
			l.alert = views[0].ID
			break
		}
		if time.Now().After(deadline) {
			tb.Fatal("the alert has no receipt")
		}
	}
	w.stop()
	texts := map[string]bool{}
	tail, err := topic.Follow(conn.Config{Brokers: brokers}, topic.NamesOf(prefix).Cases, nil, nil, func(e topic.Entry) {
		l.key = caselog.Key(e.Key) // one partition has all of it
		l.texts = append(l.texts, string(e.Value))
	})
	must(tb, err)
	all := make([]int32, partitions)
	for i := range all {
		all[i] = int32(i) //nolint:gosec // small
	}
	must(tb, tail.Sync(context.Background(), all...))
	must(tb, tail.Close())
	for _, text := range l.texts {
		l.content = max(l.content, contentOf(tb, text))
		for _, own := range marks(tb, text) {
			if !texts[own] && !strings.Contains(own, l.alert) {
				texts[own], l.own = true, append(l.own, own)
			}
		}
	}
	if l.content == "" || len(l.texts) < 4 || len(l.own) < 6 {
		tb.Fatalf("%d records, %d marks", len(l.texts), len(l.own))
	}
	return l
}

// minMark is the shortest text that no other can be taken for.
const minMark = 10

// marks returns what is unique in a record.
func marks(tb testing.TB, text string) []string {
	tb.Helper()
	var e struct {
		ID   string `json:"id"`
		Data struct {
			HitID    string                `json:"hit_id"`
			Evidence string                `json:"evidence"`
			ReportID string                `json:"report_id"`
			CaseID   string                `json:"case_id"`
			Payments []caselog.PaymentMark `json:"payments"`
		} `json:"data"`
	}
	must(tb, json.Unmarshal([]byte(text), &e))
	all := []string{e.ID, e.Data.HitID, e.Data.Evidence, e.Data.ReportID, e.Data.CaseID}
	for _, p := range e.Data.Payments {
		all = append(append(all, p.Key), p.Refs...)
	}
	var out []string
	for _, x := range all {
		if len(x) >= minMark {
			out = append(out, x)
		}
	}
	return out
}

// contentOf returns the digest of the state that the request was made of, of the record
// that freezes it.
func contentOf(tb testing.TB, text string) string {
	tb.Helper()
	e, err := caselog.Decode([]byte(text))
	must(tb, err)
	var d caselog.QueuedData
	if e.Type == caselog.MessageQueued {
		must(tb, e.Into(&d))
	}
	return d.Content
}

// told returns the records of the n-th alert. Sealed texts stay as they are: a replay
// does not open them.
func (l *life) told(tb testing.TB, n int) (caselog.Key, [][]byte) {
	tb.Helper()
	key := l.root.Key(caselog.Out, l.parties[0].ID, fmt.Sprintf("account %d", n))
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(n))             //nolint:gosec // not negative
	suffix := base32.StdEncoding.EncodeToString(number[:])[5:13] // 40 bits
	pairs := []string{string(l.key), string(key), l.alert, l.root.AlertID(key, 1)}
	for _, own := range l.own {
		pairs = append(pairs, own, own[:len(own)-8]+suffix)
	}
	r := strings.NewReplacer(pairs...)
	first, err := caselog.Decode([]byte(r.Replace(l.texts[0])))
	must(tb, err)
	s, _ := apply.Machine{Root: l.root}.Fold(nil, apply.Record{Event: first})
	if len(s.Alerts) == 0 {
		tb.Fatalf("%s opens no alert", first.Type)
	}
	content := s.Alerts[0].Content()
	out := make([][]byte, len(l.texts))
	for i, text := range l.texts {
		out[i] = []byte(strings.Replace(r.Replace(text), l.content, content, 1))
	}
	return key, out
}

// heap returns what is in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // below 2^63
}

// BenchmarkReplay folds the log of HALTWIRE_BENCH_ALERTS alerts whose requests are
// receipted, decoding each record, and looks once at what is due and at every timer of
// each, as an owner does. An operation is the whole log.
func BenchmarkReplay(b *testing.B) {
	l := record(b, kafkatest.Start(b).Addresses())
	n := number(b, "HALTWIRE_BENCH_ALERTS", 100_000)
	book := options(b, nil, "replay", l.parties).Book
	for b.Loop() {
		machine := apply.Machine{Root: l.root}
		subjects := make(map[caselog.Key]*apply.Subject, n)
		var fold time.Duration
		before, offset := heap(), int64(0)
		bytes := 0
		for i := range n {
			_, values := l.told(b, i)
			began := spent(b)
			for _, value := range values {
				e, err := caselog.Decode(value)
				must(b, err)
				s, v := machine.Fold(subjects[e.Key], apply.Record{Event: e, Offset: offset, Appended: e.Time.UnixMilli()})
				if subjects[e.Key] = s; !v.Applied {
					b.Fatalf("%s of alert %d: %+v", e.Type, i, v)
				}
				offset++
				bytes += len(value)
			}
			fold += spent(b) - began
		}
		kept := heap() - before
		began := spent(b)
		for _, s := range subjects {
			if s.Alerts[0].State != apply.Received || len(apply.Due(s)) > 0 {
				b.Fatalf("alert is %s, due %v", s.Alerts[0].State, apply.Due(s))
			}
		}
		due := spent(b) - began
		began = spent(b)
		timers := 0
		for _, s := range subjects {
			timers += len(apply.Timers(s, book))
		}
		ringing := spent(b) - began
		b.ReportMetric(float64(offset)/fold.Seconds(), "events/cpu-s")
		b.ReportMetric(1e6/float64(n)*fold.Seconds(), "cpu-s/1M-alerts")
		b.ReportMetric(float64(kept)/float64(n), "B/alert")
		b.ReportMetric(float64(bytes)/float64(n), "log-B/alert")
		b.ReportMetric(float64(due.Nanoseconds())/float64(n), "due-ns/alert")
		b.ReportMetric(float64(ringing.Nanoseconds())/float64(n), "timers-ns/alert")
		b.ReportMetric(float64(timers)/float64(n), "timers/alert")
		runtime.KeepAlive(subjects)
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkStart starts a desk on such a log on a real Kafka: data keys, fold, lists
// and what else is kept.
func BenchmarkStart(b *testing.B) {
	broker := kafkatest.Start(b)
	l := record(b, broker.Addresses())
	n := number(b, "HALTWIRE_BENCH_ALERTS", 100_000)
	prefix := fmt.Sprintf("start%d", time.Now().UnixNano())
	opt := options(b, broker.Addresses(), prefix, l.parties)
	must(b, topic.Ensure(b.Context(), opt.Kafka, opt.Layout))
	l.write(b, opt, n)
	for b.Loop() {
		before, cpu, began := heap(), spent(b), time.Now()
		d, err := desk.New(opt)
		must(b, err)
		must(b, d.Start(b.Context()))
		took, used := time.Since(began), spent(b)-cpu
		kept := heap() - before
		if got := len(d.List(desk.Filter{})); got == 0 {
			b.Fatal("the desk has no alerts")
		}
		b.ReportMetric(1e6/float64(n)*took.Seconds(), "s/1M-alerts")
		b.ReportMetric(1e6/float64(n)*used.Seconds(), "cpu-s/1M-alerts")
		b.ReportMetric(float64(kept)/float64(n), "B/alert")
		must(b, d.Stop(context.Background()))
	}
	b.ReportMetric(0, "ns/op")
}

// write puts the records and data keys of n alerts on the topics.
func (l *life) write(b *testing.B, opt desk.Options, n int) {
	b.Helper()
	w, err := topic.NewWriter(opt.Kafka)
	must(b, err)
	defer w.Close()
	ring := caselog.NewKeyring(l.root)
	var batch []topic.Message
	for i := range n {
		key, values := l.told(b, i)
		id, secret, err := ring.Fresh(key)
		must(b, err)
		batch = append(batch, topic.Message{Topic: opt.Layout.Names.Keys, Key: id, Value: secret})
		for _, value := range values {
			batch = append(batch, topic.Message{Topic: opt.Layout.Names.Cases, Partition: topic.PartitionOf(string(key), partitions), Key: string(key), Value: value})
		}
		if len(batch) > 5000 || i == n-1 {
			_, err := w.Write(b.Context(), batch)
			must(b, err)
			batch = batch[:0]
		}
	}
}
