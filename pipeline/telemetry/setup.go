package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	promexporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Config is the telemetry section of the configuration.
type Config struct {
	OTLP struct {
		Endpoint string `yaml:"endpoint"` // URL of an OTLP/HTTP collector; empty = none
	} `yaml:"otlp"`
	Prometheus struct {
		Address string `yaml:"address"` // host:port of GET /metrics; empty = none
	} `yaml:"prometheus"`
	Log struct {
		Level  string `yaml:"level"`  // debug | info | warn | error
		Format string `yaml:"format"` // text | json
	} `yaml:"log"`
}

// Validate reports settings that are wrong.
func (c Config) Validate() error {
	if _, err := c.level(); err != nil {
		return err
	}
	if f := c.Log.Format; f != "" && f != "text" && f != "json" {
		return fmt.Errorf("telemetry.log.format: %q is neither text nor json", f)
	}
	if a := c.Prometheus.Address; a != "" {
		if _, _, err := net.SplitHostPort(a); err != nil {
			return fmt.Errorf("telemetry.prometheus.address: %w", err)
		}
	}
	return nil
}

func (c Config) level() (slog.Level, error) {
	var l slog.Level
	if c.Log.Level == "" {
		return slog.LevelInfo, nil
	}
	if err := l.UnmarshalText([]byte(c.Log.Level)); err != nil {
		return l, fmt.Errorf("telemetry.log.level: %q is none of debug, info, warn, error", c.Log.Level)
	}
	return l, nil
}

// Logger returns the logger that the config asks for, writing to w.
func (c Config) Logger(w io.Writer) *slog.Logger {
	l, err := c.level()
	if err != nil {
		l = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: l}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// Telemetry is the exporters of one haltwire.
type Telemetry struct {
	Metrics *Metrics
	Tracer  trace.Tracer

	meters  *sdkmetric.MeterProvider
	tracer  *sdktrace.TracerProvider
	server  *http.Server
	served  chan struct{}
	Address string // where /metrics is served, or ""
}

// Start makes the exporters of c for the party called name and serves /metrics
// where asked. The caller stops it.
func Start(ctx context.Context, c Config, name string) (*Telemetry, error) {
	t := &Telemetry{}
	res := resource.NewSchemaless(attribute.String("service.name", "haltwire"), attribute.String("service.instance.id", name))
	registry := prometheus.NewRegistry()
	reader, err := promexporter.New(promexporter.WithRegisterer(registry))
	if err != nil {
		return nil, fmt.Errorf("make prometheus exporter: %w", err)
	}
	meters := []sdkmetric.Option{sdkmetric.WithReader(reader), sdkmetric.WithResource(res)}
	traces := []sdktrace.TracerProviderOption{sdktrace.WithResource(res)}
	if c.OTLP.Endpoint != "" {
		m, s, err := otlp(ctx, c.OTLP.Endpoint)
		if err != nil {
			return nil, err
		}
		meters = append(meters, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(m)))
		traces = append(traces, sdktrace.WithBatcher(s))
	} else {
		// Without a collector spans go nowhere: sample none, yet pass contexts on.
		traces = append(traces, sdktrace.WithSampler(sdktrace.NeverSample()))
	}
	t.meters = sdkmetric.NewMeterProvider(meters...)
	t.tracer = sdktrace.NewTracerProvider(traces...)
	t.Tracer = t.tracer.Tracer("github.com/haltwire/haltwire")
	if t.Metrics, err = NewMetrics(t.meters.Meter("github.com/haltwire/haltwire")); err != nil {
		return nil, err
	}
	if c.Prometheus.Address == "" {
		return t, nil
	}
	return t, t.serve(c.Prometheus.Address, promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
}

// otlp returns exporters to the collector at base, under the paths that the OTLP
// specification gives to each signal.
func otlp(ctx context.Context, base string) (sdkmetric.Exporter, sdktrace.SpanExporter, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, nil, fmt.Errorf("telemetry.otlp.endpoint: %w", err)
	}
	m, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(u.JoinPath("v1/metrics").String()))
	if err != nil {
		return nil, nil, fmt.Errorf("make otlp metric exporter: %w", err)
	}
	s, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(u.JoinPath("v1/traces").String()))
	if err != nil {
		return nil, nil, fmt.Errorf("make otlp trace exporter: %w", err)
	}
	return m, s, nil
}

func (t *Telemetry) serve(address string, h http.Handler) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen for /metrics (telemetry.prometheus.address): %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", h)
	t.Address = l.Addr().String()
	t.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	t.served = make(chan struct{})
	go func() {
		defer close(t.served)
		_ = t.server.Serve(l) // ErrServerClosed after Stop; a broken listener shows as a failed scrape
	}()
	return nil
}

// Stop flushes what the exporters hold, within ctx.
func (t *Telemetry) Stop(ctx context.Context) error {
	var errs []error
	if t.server != nil {
		errs = append(errs, t.server.Shutdown(ctx))
		<-t.served
	}
	errs = append(errs, t.tracer.Shutdown(ctx), t.meters.Shutdown(ctx))
	return errors.Join(errs...)
}
