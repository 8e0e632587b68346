package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/topic"
)

// step is one part of the way from a report to the partner's receipt, ms.
type step struct {
	Name string  `json:"name"`
	P50  float64 `json:"p50_ms"`
	P99  float64 `json:"p99_ms"`
}

// moments are when the log got what led to one message.
type moments struct {
	key             string
	queued, attempt int64 // ms
}

// steps says where the time between report and receipt goes: the case log holds
// when each event of an alert was appended.
func (w *world) steps(ctx context.Context, prefix string, made production, receipts []receipt) ([]step, error) {
	messages, hits, err := w.caseLog(ctx, prefix)
	if err != nil {
		return nil, err
	}
	all := make([][]float64, 4)
	for _, r := range receipts {
		first, m := made.first(r), messages[r.request.MessageID]
		if first.IsZero() || m == nil || m.attempt == 0 {
			continue
		}
		hit := int64(0)
		for _, at := range hits[m.key] {
			if at >= first.UnixMilli() && (hit == 0 || at < hit) {
				hit = at
			}
		}
		if hit == 0 {
			continue
		}
		times := []float64{float64(first.UnixMicro()) / 1000, float64(hit), float64(m.queued), float64(m.attempt), float64(r.at.UnixMicro()) / 1000}
		for i := range all {
			all[i] = append(all[i], max(0, times[i+1]-times[i]))
		}
	}
	var steps []step
	for i, name := range []string{"report to hit on the log", "hit to message on the log", "message to attempt on the log", "attempt to receipt"} {
		slices.Sort(all[i])
		steps = append(steps, step{name, quantile(all[i], .5), quantile(all[i], .99)})
	}
	return steps, nil
}

// caseLog reads the whole case log of a run: its messages by id, and the times of
// its hits by key.
func (w *world) caseLog(ctx context.Context, prefix string) (map[string]*moments, map[string][]int64, error) {
	entries := make(chan topic.Entry, 64)
	var all []topic.Entry
	collected := make(chan struct{})
	go func() {
		defer close(collected)
		for e := range entries {
			all = append(all, e)
		}
	}()
	tail, err := topic.Follow(w.conn(), topic.NamesOf(prefix).Cases, nil, nil, func(e topic.Entry) { entries <- e })
	if err == nil {
		wait, cancel := context.WithTimeout(ctx, 30*time.Second)
		err = tail.Sync(wait, 0, 1, 2, 3)
		cancel()
		_ = tail.Close() // read only
	}
	close(entries)
	<-collected
	if err != nil {
		return nil, nil, err
	}
	messages, hits := map[string]*moments{}, map[string][]int64{}
	for _, e := range all {
		if err := remember(e, messages, hits); err != nil {
			return nil, nil, err
		}
	}
	return messages, hits, nil
}

func remember(e topic.Entry, messages map[string]*moments, hits map[string][]int64) error {
	event, err := caselog.Decode(e.Value)
	if err != nil {
		return err
	}
	var data struct {
		Message string `json:"message_id"`
	}
	if err := json.Unmarshal(event.Data, &data); err != nil {
		return err
	}
	switch event.Type {
	case caselog.Hit:
		hits[e.Key] = append(hits[e.Key], e.Appended)
	case caselog.MessageQueued:
		messages[data.Message] = &moments{key: e.Key, queued: e.Appended}
	case caselog.Attempt:
		if m := messages[data.Message]; m != nil && m.attempt == 0 {
			m.attempt = e.Appended
		}
	}
	return nil
}

func writeSteps(out io.Writer, steps []step) {
	for _, s := range steps {
		fmt.Fprintf(out, "%32s: p50 %.0f, p99 %.0f ms\n", s.Name, s.P50, s.P99)
	}
}
