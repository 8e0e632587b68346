// Package telemetry owns the names of everything haltwire measures and logs, each
// declared once, and the exporters behind them: Prometheus, OTLP and slog.
//
// Components get a *Metrics and a trace.Tracer as options and know nothing of
// exporters. There is no global provider: two haltwires in one process (the
// demo) must not write into each other's numbers.
package telemetry
