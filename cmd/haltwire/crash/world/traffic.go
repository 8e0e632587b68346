package world

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/benchmarks/generator"
	"github.com/haltwire/haltwire/pipeline/conn"
)

const (
	bankTopic    = generator.Bank
	telecomTopic = generator.Telecom
)

// Position is where a record stands in Kafka.
type Position struct {
	Topic     string
	Partition int32
	Offset    int64
}

// Traffic is what banks and operators have said: most of it harmless, some of it
// said twice, corrected later, said late, or unreadable. Its methods are for one goroutine
// at a time; Run is one.
type Traffic struct {
	w        *World
	gen      *generator.Generator
	rng      *rand.Rand
	producer sarama.SyncProducer

	mu      sync.Mutex
	records []generator.Report // accepted by the broker; duplicates are in once
	bad     map[Position][]byte
	made    int

	corrections corrections
	stories     stories
}

// Traffic returns a source of reports, fraud of which begin a story.
func (w *World) Traffic(seed uint64, fraud float64) *Traffic {
	w.t.Helper()
	c, err := conn.Config{Brokers: w.Kafka.Addresses()}.Sarama()
	w.must(err)
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Return.Successes = true
	c.Producer.Retry.Max = 0 // Send tries again, and what is there twice is said twice
	c.Metadata.Retry.Max = 1
	c.Net.DialTimeout = 2 * time.Second
	producer, err := sarama.NewSyncProducer(w.Kafka.Addresses(), c)
	w.must(err)
	w.t.Cleanup(func() { _ = producer.Close() })
	return &Traffic{w: w, producer: producer, bad: map[Position][]byte{}, rng: rand.New(rand.NewPCG(seed, 1)),
		gen:     generator.New(generator.Options{Seed: seed, Country: "IN", Fraud: fraud}),
		stories: stories{must: w.must, rng: rand.New(rand.NewPCG(seed, 4)), accounts: map[string]bool{}}}
}

// Run says rate reports a second until ctx ends.
func (f *Traffic) Run(ctx context.Context, rate int) {
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	begin, made := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		due := int(time.Since(begin).Seconds() * float64(rate))
		if due > made {
			f.Send(ctx, f.Make(due-made)...)
			made = due
		}
	}
}

// Start runs traffic beside the test; the returned function ends it, has stories
// told to their end, and waits.
func (f *Traffic) Start(ctx context.Context, rate int) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); f.Run(ctx, rate) }()
	return func() {
		cancel()
		<-done
		f.Send(context.WithoutCancel(ctx), f.stories.take(time.Time{})...)
	}
}

// Make returns n new records and, beside them, duplicates, corrections, unreadable
// ones, and what is due of stories.
func (f *Traffic) Make(n int) []generator.Report {
	now := time.Now()
	if f.stories.began.IsZero() {
		f.stories.began = now
	}
	out := f.stories.take(now)
	for range n {
		r := f.gen.Next(time.Now())
		r.Value = bytes.Clone(r.Value)
		out = append(out, f.correct(r)...)
		f.made++
		if f.rng.IntN(24) == 0 {
			f.stories.begin(now)
		}
		switch f.rng.IntN(40) {
		case 0: // said twice
			out = append(out, r)
		case 1: // corrected at once
			out = append(out, revised(r, 1))
		case 2: // something old, corrected or said again
			f.mu.Lock()
			if len(f.records) > 0 {
				old := f.records[f.rng.IntN(len(f.records))]
				if f.rng.IntN(2) == 0 && !bytes.HasPrefix(old.Value, []byte(`{"revision"`)) {
					old = revised(old, 2)
				}
				out = append(out, old)
			}
			f.mu.Unlock()
		case 3:
			out = append(out, f.unreadable(r))
		}
	}
	return out
}

// revised returns a later version of a report that tells the same of the money.
func revised(r generator.Report, revision int) generator.Report {
	if bytes.HasPrefix(r.Value, []byte(`{"revision"`)) {
		return r
	}
	r.Value = append(fmt.Appendf(nil, `{"revision":%d,"narrative":"Corrected, time %d",`, revision, revision), r.Value[1:]...)
	return r
}

// unreadable breaks a report of its own identity.
func (f *Traffic) unreadable(r generator.Report) generator.Report {
	text := strings.Replace(string(r.Value), `"report_id":"`, fmt.Sprintf(`"report_id":"bad-%d-`, f.made), 1)
	switch f.rng.IntN(4) {
	case 0:
		text = text[:len(text)-1]
	case 1:
		text = strings.Replace(text, `"kind":`, `"sort":`, 1)
	case 2:
		text = strings.Replace(text, `"occurred_at":"2`, `"occurred_at":"x`, 1)
	default:
		text = strings.Replace(text, `"reporter":"`, "\"reporter\":\"\xff", 1)
	}
	r.Value = []byte(text)
	return r
}

// isBad reports whether a record is one of unreadable's.
func isBad(r generator.Report) bool { return bytes.Contains(r.Value, []byte(`"report_id":"bad-`)) }

// Send brings records to the broker, trying until it has acknowledged each or
// ctx ends. Those without an answer when ctx ends are tried once more: what was
// said must be known.
func (f *Traffic) Send(ctx context.Context, records ...generator.Report) {
	messages := make([]*sarama.ProducerMessage, len(records))
	for i, r := range records {
		messages[i] = &sarama.ProducerMessage{Topic: r.Topic, Key: sarama.StringEncoder(r.Key), Value: sarama.ByteEncoder(r.Value), Metadata: i}
	}
	f.note(records...)
	for len(messages) > 0 {
		failed := map[*sarama.ProducerMessage]bool{}
		if err := f.producer.SendMessages(messages); err != nil {
			errs, ok := err.(sarama.ProducerErrors) //nolint:errorlint // as documented
			if !ok {
				f.w.t.Errorf("send reports: %v", err)
				return
			}
			for _, e := range errs {
				failed[e.Msg] = true
			}
		}
		var again []*sarama.ProducerMessage
		for _, m := range messages {
			i := m.Metadata.(int)
			switch {
			case failed[m]:
				again = append(again, &sarama.ProducerMessage{Topic: m.Topic, Key: m.Key, Value: m.Value, Metadata: i})
			case isBad(records[i]):
				f.mu.Lock()
				f.bad[Position{m.Topic, m.Partition, m.Offset}] = records[i].Value
				f.mu.Unlock()
			}
		}
		messages = again
		if len(messages) > 0 {
			pause(ctx, 100*time.Millisecond)
		}
	}
}

// pause waits for d, or as long as ctx lives when that is shorter and d has not
// begun; it bounds the rate of tries.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		<-t.C
	}
}

// note remembers what is said. A record that may or may not be there is in the
// expectation, because Send does not return before it is.
func (f *Traffic) note(records ...generator.Report) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range records {
		if !isBad(r) {
			f.records = append(f.records, r)
		}
	}
}

// About returns the records that name an account.
func (f *Traffic) About(account string) []generator.Report {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []generator.Report
	for _, r := range f.records {
		if bytes.Contains(r.Value, []byte(account)) {
			out = append(out, r)
		}
	}
	return out
}

// Recent reports whether one of the last records names an account, or a story is
// about it, to which an old version said again may add.
func (f *Traffic) Recent(account string) bool {
	if f.stories.accounts[account] {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	const last = 10 // records of one story, with what stands between them
	return slices.ContainsFunc(f.records[max(0, len(f.records)-last):], func(r generator.Report) bool {
		return bytes.Contains(r.Value, []byte(account))
	})
}

// Complaint returns a report of a stolen payment to an account at that IBAN,
// which a live rule answers with a request that goes out by itself.
func Complaint(id, iban string) generator.Report {
	at := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	return generator.Report{Topic: bankTopic, Key: "HWBIINBB", Value: fmt.Appendf(nil, `{"report_id":%q,"reporter":"HWBIINBB","kind":"bank.complaint","occurred_at":%q,"reported_at":%q,`+
		`"category":"account_takeover","case_ref":"C-%s","status":"settled","authorisation":"unauthorised","amount":"250000.00","currency":"INR","disputed_amount":"250000.00",`+
		`"settled_amount":"2200.00","settled_currency":"EUR","layer":0,"rail":"swift","payment":{"end_to_end_id":"E-%s"},`+
		`"debtor":{"account":"000000000042","scheme":"bban","bic":"HWBIINBB","clearing_system":"INFSC","clearing_id":"HWBI0000001"},`+
		`"creditor":{"account":%q,"scheme":"iban","bic":"HWXX%s2X","name":"HOLDER"}}`, id, at, at, id, id, iban, iban[:2])}
}

// IBAN returns a valid IBAN of a country with a basic account number (ISO 13616).
func IBAN(country, number string) string {
	rest := 0
	for _, c := range number + country + "00" {
		if c >= 'A' && c <= 'Z' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return fmt.Sprintf("%s%02d%s", country, 98-rest, number)
}
