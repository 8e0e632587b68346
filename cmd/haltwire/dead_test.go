package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/deadletter"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

// dead runs `haltwire dead` with a config that names brokers.
func dead(t *testing.T, brokers []string, args ...string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haltwire.yaml")
	text := fmt.Sprintf("kafka: {brokers: [%s]}\n", strings.Join(brokers, ", "))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	root := rootCmd()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs(append([]string{"dead", "-c", file}, args...))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestDead(t *testing.T) {
	brokers := kafkatest.Fake(t, 1, kfake.SeedTopics(1, "haltwire.dead", "bank.reports")).ListenAddrs()
	letters, err := deadletter.New(deadletter.Options{Conn: conn.Config{Brokers: brokers}, Topic: "haltwire.dead"})
	if err != nil {
		t.Fatal(err)
	}
	bad := func(offset int64, reason event.Reason, raw string) event.Dead {
		return event.Dead{Position: event.Position{Topic: "bank.reports", Offset: offset}, Time: 1772424600000, Codec: "json", Reason: reason, Field: "amount", Message: "what and what to do", Raw: []byte(raw)}
	}
	all := []event.Dead{bad(3, event.Negative, `{"amount":-1}`), bad(3, event.Negative, `{"amount":-1}`), bad(4, event.BadCode, "\xff")}
	if err := letters.Append(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if err := letters.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	out, err := dead(t, brokers, "list")
	if err != nil || strings.Count(out, "\n") != 3 || !strings.Contains(out, "bank.reports/0/3  2026-03-02T04:10:00.000Z  negative  amount  what and what to do") {
		t.Errorf("list: %v\n%s", err, out)
	}
	out, err = dead(t, brokers, "list", "--reason", "code", "-o", "json")
	if err != nil || strings.Count(out, "\n") != 1 || !strings.Contains(out, `"raw_base64":"/w=="`) {
		t.Errorf("list as json: %v\n%s", err, out)
	}
	out, err = dead(t, brokers, "show", "bank.reports/0/3")
	if err != nil || !strings.HasSuffix(out, "{\"amount\":-1}\n") {
		t.Errorf("show: %v\n%s", err, out)
	}
	if _, err := dead(t, brokers, "show", "bank.reports/0/9"); err == nil || !strings.Contains(err.Error(), "no dead letter bank.reports/0/9") {
		t.Errorf("show of nothing: %v", err)
	}
	if _, err := dead(t, brokers, "replay"); err == nil || !strings.Contains(err.Error(), "--all") {
		t.Errorf("replay of nothing named: %v", err)
	}
	if out, err := dead(t, brokers, "replay", "bank.reports/0/3"); err != nil || out != "replayed 1\n" {
		t.Errorf("replay: %v, %s", err, out)
	}
	client, err := sarama.NewClient(brokers, sarama.NewConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if end, err := client.GetOffset("bank.reports", 0, sarama.OffsetNewest); err != nil || end != 1 {
		t.Errorf("the topic has %d records, %v; one was sent again", end, err)
	}
}
