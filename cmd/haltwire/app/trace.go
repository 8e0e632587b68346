package app

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/telemetry"
	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
)

// tracingLog gives each hit a span in the trace of its report's record, or a
// trace of its own where the record has none, and hands the span on with the
// hit: through the case log to the request that a partner gets.
type tracingLog struct {
	pipeline.HitLog
	tracer trace.Tracer
}

// Append implements pipeline.HitLog.
func (l tracingLog) Append(ctx context.Context, hits []*hit.Hit) error {
	spans := make([]trace.Span, len(hits))
	for i, h := range hits {
		parent := propagation.TraceContext{}.Extract(context.WithoutCancel(ctx), propagation.MapCarrier{"traceparent": h.Trace})
		inner, span := l.tracer.Start(parent, "hit", trace.WithAttributes(
			attribute.String(telemetry.Rule, h.Rule), attribute.String(telemetry.Topic, h.Position.Topic),
			attribute.Int64(telemetry.Partition, int64(h.Position.Partition)), attribute.Int64(telemetry.Offset, h.Position.Offset)))
		carrier := propagation.MapCarrier{}
		propagation.TraceContext{}.Inject(inner, carrier)
		h.Trace, spans[i] = carrier["traceparent"], span
	}
	err := l.HitLog.Append(ctx, hits)
	for _, s := range spans {
		if err != nil {
			s.SetStatus(codes.Error, "not on the log")
		}
		s.End()
	}
	return err
}

// tracingSender puts a span around each attempt; the request carries it.
type tracingSender struct {
	desk.Sender
	party, channel string
	tracer         trace.Tracer
}

// Send implements desk.Sender.
func (s tracingSender) Send(ctx context.Context, a delivery.Attempt) delivery.Result {
	ctx, span := s.tracer.Start(ctx, "attempt", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String(telemetry.Party, s.party), attribute.String(telemetry.Channel, s.channel), attribute.String(telemetry.Message, a.MessageID)))
	defer span.End()
	r := s.Sender.Send(ctx, a)
	span.SetAttributes(attribute.String(telemetry.Result, r.Reason))
	if r.Verdict != delivery.Delivered {
		span.SetStatus(codes.Error, r.Verdict.String())
	}
	return r
}
