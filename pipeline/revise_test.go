package pipeline_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sources/codec"
	jsoncodec "github.com/haltwire/haltwire/sources/codec/json"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

// harm hits every report but those that call themselves harmless.
type harm struct{ columns []bool }

func (j harm) Columns() []bool { return j.columns }

func (j harm) Judge(b *event.Batch, _ *event.Records) (*hit.Judgement, error) {
	var hits []*hit.Hit
	for r := range b.Rows {
		if bytes.Contains(b.Raw(r), []byte("harmless")) {
			continue
		}
		h := &hit.Hit{Reporter: b.Columns[b.Schema.Must("reporter")].String(r), ReportID: b.Columns[b.Schema.Must("report_id")].String(r), Hash: b.Hash(r), Position: b.Position(r)}
		if v := &b.Columns[b.Schema.Must("revision")]; v.Has(r) {
			h.Revision = v.U32[r]
		}
		hits = append(hits, h)
	}
	return &hit.Judgement{Hits: hits}, nil
}

// TestRevisions reads reports and corrections of them in one run: the revisions
// come to the log after the hits on them, those that no rule hits too, and hits
// on lower versions do not come at all.
func TestRevisions(t *testing.T) {
	brokers := kafkatest.Fake(t, 1).ListenAddrs()
	createTopic(t, brokers, "revisions", 1)
	schema := event.Default()
	r := newRig(t, brokers, "revisions", &hitLog{}, &store{}, &letters{}, func(o *pipeline.Options) {
		o.Judge = harm{schema.Projection()}
		o.NewDecoder = func(p []bool) (pipeline.Decoder, error) {
			return jsoncodec.New(codec.Options{Schema: schema, Project: p}), nil
		}
	})
	say(t, brokers, "revisions", said("R1", 1, "harmless"), said("R1", 0, ""), said("R2", 0, ""), said("R2", 2, ""), said("R3", 0, ""), said("R2", 1, "harmless"))
	r.start(t)
	want := []string{"hit R2/2", "hit R3/0", "revised R1/1", "revised R2/2", "revised R2/1"}
	got := func() []string {
		r.log.mu.Lock()
		defer r.log.mu.Unlock()
		return slices.Clone(r.log.order)
	}
	eventually(t, 20*time.Second, func() string { return fmt.Sprint(got()) }, func() bool { return len(got()) >= len(want) })
	if !slices.Equal(got(), want) {
		t.Errorf("on the log: %v, want %v", got(), want)
	}
	eventually(t, 20*time.Second, r.state, func() bool { return committed(t, brokers, "g-revisions", "revisions") == 6 })
}

func said(id string, revision int, text string) string {
	return fmt.Sprintf(`{"reporter":"B","report_id":%q,"revision":%d,"kind":"bank.login","occurred_at":"2026-03-02T04:00:00Z","narrative":%q}`, id, revision, text)
}

// say writes reports in one batch.
func say(t *testing.T, brokers []string, topic string, reports ...string) {
	t.Helper()
	config := must[*sarama.Config](t)(conn.Config{Brokers: brokers}.Sarama())
	conn.Idempotent(config)
	producer := must[sarama.SyncProducer](t)(sarama.NewSyncProducer(brokers, config))
	defer producer.Close()
	var batch []*sarama.ProducerMessage
	for _, v := range reports {
		batch = append(batch, &sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(v)})
	}
	if err := producer.SendMessages(batch); err != nil {
		t.Fatal(err)
	}
}
