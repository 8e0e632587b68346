package telemetry_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/haltwire/haltwire/pipeline/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPrometheus(t *testing.T) {
	var c telemetry.Config
	c.Prometheus.Address = "127.0.0.1:0"
	tel, err := telemetry.Start(t.Context(), c, "IN-FIU")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := tel.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	}()
	tel.Metrics.Reports.Add(t.Context(), 7, telemetry.Attr(telemetry.Topic, "bank.reports"))
	res, err := http.Get("http://" + tel.Address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), `haltwire_reports_total{`) || !strings.Contains(string(body), `topic="bank.reports"} 7`) {
		t.Fatalf("no haltwire_reports_total 7 in:\n%s", body)
	}
}

// TestOTLP sends to a collector that notes which paths it was asked for.
func TestOTLP(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.URL.Path] = true
		mu.Unlock()
	}))
	defer collector.Close()
	var c telemetry.Config
	c.OTLP.Endpoint = collector.URL
	tel, err := telemetry.Start(t.Context(), c, "IN-FIU")
	if err != nil {
		t.Fatal(err)
	}
	_, span := tel.Tracer.Start(t.Context(), "detect")
	span.End()
	tel.Metrics.Hits.Add(t.Context(), 1)
	if err := tel.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if !seen["/v1/traces"] || !seen["/v1/metrics"] {
		t.Fatalf("the collector was asked for %v, want /v1/traces and /v1/metrics", seen)
	}
}

func TestDefinitionsAreWhole(t *testing.T) {
	names := map[string]bool{}
	for _, d := range telemetry.Definitions() {
		if d.Help == "" || d.Unit == "" || names[d.Name] || !strings.HasPrefix(d.Name, "haltwire.") {
			t.Errorf("definition %+v lacks help or unit, or its name is not one", d)
		}
		names[d.Name] = true
	}
	if len(names) < 20 {
		t.Fatalf("%d definitions", len(names))
	}
}

func TestConfigErrors(t *testing.T) {
	var c telemetry.Config
	c.Log.Level = "loud"
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "telemetry.log.level") {
		t.Errorf("level loud: %v", err)
	}
	c = telemetry.Config{}
	c.Log.Format = "xml"
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "telemetry.log.format") {
		t.Errorf("format xml: %v", err)
	}
	c = telemetry.Config{}
	c.Prometheus.Address = "9464"
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "telemetry.prometheus.address") {
		t.Errorf("address 9464: %v", err)
	}
}
