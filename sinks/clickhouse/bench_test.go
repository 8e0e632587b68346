package clickhouse_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

// transfer returns the i-th of varied bank transfers with 25 columns filled.
func transfer(i int) row {
	h := uint64(i)*0x9E3779B97F4A7C15 + 1
	pick := func(n uint64) uint64 { h ^= h >> 29; h *= 0xBF58476D1CE4E5B9; return (h >> 17) % n }
	countries := strings.Fields("IN GB AE US SG DE FR NL NG BR")
	r := report(fmt.Sprintf("TX-%016x", pick(1<<62)), 0,
		"occurred_at", at("2026-03-02T00:00:00Z")+int64(i)*7,
		"reported_at", at("2026-03-02T00:01:00Z")+int64(i)*7,
		"reporter_country", "IN", "status", "settled", "authorisation", "unknown",
		"rail", strings.Fields("imps neft rtgs upi swift")[pick(5)],
		"amount", fmt.Sprintf("%d.%02d", pick(500_000), pick(100)), "currency", "INR",
		"settled_amount", fmt.Sprintf("%d.%02d", pick(5_000), pick(100)), "settled_currency", "GBP",
		"base_amount", fmt.Sprintf("%d.%02d", pick(5_000), pick(100)),
		"payment.uetr", fmt.Sprintf("%08x-269e-4d37-b2a7-%012x", pick(1<<32), pick(1<<48)),
		"payment.key", fmt.Sprintf("%026X", pick(1<<62)),
		"debtor.account", fmt.Sprintf("%012d", pick(1e6)), "debtor.clearing_system", "INFSC",
		"debtor.clearing_id", fmt.Sprintf("HWBI%07d", pick(300)), "debtor.phone", fmt.Sprintf("+9190%08d", pick(1e6)),
		"creditor.account", fmt.Sprintf("GB52HWBA%014d", pick(1e6)), "creditor.bic", fmt.Sprintf("HWB%03dGB", pick(200)),
		"creditor.account_country", countries[pick(10)], "creditor.name", fmt.Sprintf("Holder %d", pick(1e6)),
		"creditor.uid", fmt.Sprintf("GB52HWBA%014d", pick(1e6)))
	r["reporter"] = fmt.Sprintf("HWB%03dINBB", pick(40))
	r["raw"] = fmt.Sprintf("%0500d", i)
	return r
}

// BenchmarkInsert measures an INSERT of 50,000 rows of 25 columns: CPU of the
// client and, with its merges, of the server, per row.
//
//	go test ./sinks/clickhouse -run - -bench Insert -benchtime 20x
func BenchmarkInsert(b *testing.B) {
	for _, raw := range []string{clickhouse.RawDeadOnly, clickhouse.RawAll} {
		b.Run("raw="+raw, func(b *testing.B) { benchmarkInsert(b, raw) })
	}
}

func benchmarkInsert(b *testing.B, raw string) {
	const rows, blocks = 50_000, 4
	server, address := enginetest.Server(b, b.TempDir())
	c := configured(b, address, "haltwire")
	c.Raw = raw
	s, w := open(b, c, event.Default()), newWriter(event.Default())
	var batches [blocks]*event.Batch
	for i := range batches {
		all := make([]row, rows)
		for r := range all {
			all[r] = transfer(i*rows + r)
		}
		batches[i] = w.batch(all...)
	}
	insert(b, s, batches[0], "warm")
	merged(b, c)
	client, remote := own(b), cpu(b, server.Pid())
	b.ResetTimer()
	for i := range b.N {
		insert(b, s, batches[i%blocks], fmt.Sprint("t/0/", i))
	}
	b.StopTimer()
	total := float64(b.N) * rows
	b.ReportMetric(float64(own(b)-client)/total, "client-ns/row")
	b.ReportMetric(float64(cpu(b, server.Pid())-remote)/total, "insert-ns/row")
	b.ReportMetric(total/b.Elapsed().Seconds(), "rows/s")
	merged(b, c)
	b.ReportMetric(float64(cpu(b, server.Pid())-remote)/total, "server-ns/row")
}

// merged waits until the server has no merge to do.
func merged(b *testing.B, c clickhouse.Config) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for quiet := 0; quiet < 5; {
		<-tick.C
		quiet++
		if ask(b, c, "SELECT count() FROM system.merges") != "0" {
			quiet = 0
		}
	}
}

// own returns the CPU time of this process, user and system.
func own(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cpu returns the CPU time of a process, in steps of 10 ms.
func cpu(b *testing.B, pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+2:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}
