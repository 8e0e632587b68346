package app

import (
	"context"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// seen notes what reaches the log and the wire.
type seen struct {
	traces []string
	wire   trace.SpanContext
}

func (s *seen) Append(_ context.Context, hits []*hit.Hit) error {
	for _, h := range hits {
		s.traces = append(s.traces, h.Trace)
	}
	return nil
}

func (s *seen) Overturn(context.Context, []hit.Overturned) error { return nil }

func (s *seen) Revise(context.Context, []hit.Revision) error { return nil }

func (s *seen) Send(ctx context.Context, _ delivery.Attempt) delivery.Result {
	s.wire = trace.SpanContextFromContext(ctx)
	return delivery.Result{Verdict: delivery.Delivered}
}

// TestOneTrace follows a record's trace through the log to the attempt.
func TestOneTrace(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	tracer := provider.Tracer("test")
	s := &seen{}
	const record = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	hits := []*hit.Hit{{Rule: "a", Trace: record}, {Rule: "b"}}
	if err := (tracingLog{s, tracer}).Append(t.Context(), hits); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.traces[0], "00-0af7651916cd43dd8448eb211c80319c-") || s.traces[0] == record {
		t.Errorf("the hit's trace is %q, want a span of the record's", s.traces[0])
	}
	if len(s.traces[1]) != len(record) || strings.Contains(s.traces[1], "0af7651916cd43dd") {
		t.Errorf("a record without a trace gives %q, want one of its own", s.traces[1])
	}
	ctx := propagation.TraceContext{}.Extract(t.Context(), propagation.MapCarrier{"traceparent": s.traces[0]})
	tracingSender{s, "GB-FIU", "webhook", tracer}.Send(ctx, delivery.Attempt{MessageID: "M"})
	if got := s.wire.TraceID().String(); got != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("the request carries trace %s", got)
	}
	exported := spans.GetSpans()
	if len(exported) != 3 || exported[2].Parent.SpanID() != exported[0].SpanContext.SpanID() {
		t.Errorf("spans %d; the attempt must be a child of the hit", len(exported))
	}
}
