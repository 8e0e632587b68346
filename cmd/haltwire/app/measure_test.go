package app_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

// TestMeasureRates counts reports of the last days by kind, over the time for which
// there are any.
func TestMeasureRates(t *testing.T) {
	c := config.Default()
	address := enginetest.Start(t)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(address.Password.Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	c.ClickHouse.Addresses, c.ClickHouse.User, c.ClickHouse.PasswordFile = []string{address.Native}, address.User, password
	if err := clickhouse.Migrate(t.Context(), c.ClickHouse, clickhouse.Options{Schema: event.Default()}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := app.MeasureRates(t.Context(), c, 7); err == nil {
		t.Error("rates of nothing")
	}
	db, err := clickhouse.Dial(c.ClickHouse)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, rows := range []struct{ kind, at, from string }{
		{"bank.transfer", "now64(3) - toIntervalSecond(number * 100)", "numbers(1, 1000)"}, // one in 100 s, for 100,000 s
		{"telecom.call", "now64(3) - toIntervalSecond(10 + number)", "numbers(500)"},
		{"bank.login", "now64(3) - toIntervalDay(30)", "numbers(5)"},
		{"bank.hold", "now64(3) + toIntervalDay(30)", "numbers(5)"},
	} {
		insert := fmt.Sprintf("INSERT INTO reports (report_id, reporter, kind, kafka_time, occurred_at) SELECT '%s' || toString(number), 'R', '%s', %s, now64(3) FROM %s", rows.kind, rows.kind, rows.at, rows.from)
		if err := db.Exec(t.Context(), insert); err != nil {
			t.Fatal(err)
		}
	}
	rates, over, err := app.MeasureRates(t.Context(), c, 7)
	if err != nil {
		t.Fatal(err)
	}
	if over < 100_000*time.Second || over > 100_060*time.Second {
		t.Errorf("over %v", over)
	}
	if len(rates) != 2 || math.Abs(rates["bank.transfer"]-0.01) > 0.0001 || math.Abs(rates["telecom.call"]-0.005) > 0.0001 {
		t.Errorf("rates %v", rates)
	}
}
