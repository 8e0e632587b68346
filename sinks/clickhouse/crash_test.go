package clickhouse_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

// TestServerKilledDuringInsert kills the server at any instant of a run of
// inserts, retries what failed, as the archive loop does, and counts the rows.
func TestServerKilledDuringInsert(t *testing.T) {
	const blocks, rows, kills = 40, 1500, 4
	server, address := enginetest.Server(t, t.TempDir())
	w := newWriter(event.Default())
	c := configured(t, address, "haltwire")
	s := open(t, c, event.Default())
	batches := make([]*event.Batch, blocks)
	for i := range batches {
		all := make([]row, rows)
		for r := range all {
			n := i*rows + r
			all[r] = report(fmt.Sprint(n), 0, "amount", fmt.Sprint(n), "occurred_at", at("2026-01-15T00:00:00Z")+int64(n%3)*31*86400_000)
		}
		batches[i] = w.batch(all...)
	}
	retries, killed := 0, 0
	for i := 0; i < blocks; {
		if killed < kills && i >= (killed+1)*blocks/(kills+1) {
			pid := server.Pid()
			kill := time.AfterFunc(time.Duration(killed*7)*time.Millisecond, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
			err := untilError(t.Context(), s, batches, &i)
			kill.Stop()
			if err == nil {
				break
			}
			if fault.Of(err) != fault.Retry {
				t.Fatalf("a killed server gave %v of kind %v", err, fault.Of(err))
			}
			killed, retries = killed+1, retries+1
			<-server.Done()
			_ = server.Stop(context.Background()) // tells that the child was killed
			address, err := server.Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c = configured(t, address, "haltwire")
			s = open(t, c, event.Default())
			continue // the same block again, under the same token
		}
		insert(t, s, batches[i], fmt.Sprint("t/0/", i))
		i++
	}
	if killed < kills {
		t.Fatalf("the server was killed %d times only", killed)
	}
	n := blocks * rows
	want := fmt.Sprintf("(%d,%d)", n, n*(n-1)/2)
	if got := ask(t, c, "SELECT (count(), sum(toUInt64(amount))) FROM v_reports"); got != want {
		t.Errorf("rows and sum after %d kills = %s, want %s", killed, got, want)
	}
	if got := ask(t, c, "SELECT uniqExact(report_id) FROM reports"); got != fmt.Sprint(n) {
		t.Errorf("%s of %d reports are there", got, n)
	}
	t.Logf("%d kills, %d retries, %s rows stored", killed, retries, ask(t, c, "SELECT count() FROM reports"))
}

// untilError inserts batches from *i on until one fails or all are stored.
func untilError(ctx context.Context, s *clickhouse.Store, batches []*event.Batch, i *int) error {
	for ; *i < len(batches); *i++ {
		if _, err := s.Insert(ctx, batches[*i], fmt.Sprint("t/0/", *i)); err != nil {
			return err
		}
	}
	return nil
}

func TestServerAway(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	for name, address := range map[string]string{"refused": gone.Addr().String(), "silent": silent.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			c := clickhouse.Defaults()
			c.Addresses = []string{address}
			s, err := clickhouse.New(c, clickhouse.Options{Schema: event.Default()})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Stop(context.Background()) }()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := s.Insert(ctx, newWriter(event.Default()).batch(report("A", 0)), "t/0/0"); fault.Of(err) != fault.Retry || err == nil {
				t.Errorf("Insert gave %v of kind %v", err, fault.Of(err))
			}
			if _, _, _, err := s.Counts(ctx); err == nil || fault.Of(err) != fault.Retry {
				t.Errorf("Counts gave %v", err)
			}
		})
	}
}

func TestStopping(t *testing.T) {
	s, err := clickhouse.New(clickhouse.Defaults(), clickhouse.Options{Schema: event.Default()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := newWriter(event.Default()).batch(report("A", 0))
	if _, err := s.Insert(ctx, b, "t/0/0"); fault.Of(err) != fault.Stopping {
		t.Errorf("a cancelled insert gave %v of kind %v", err, fault.Of(err))
	}
	if err := errors.Join(s.Stop(t.Context()), s.Stop(t.Context())); err != nil {
		t.Error(err)
	}
	if _, err := s.Insert(t.Context(), b, "t/0/0"); err == nil {
		t.Error("an insert after Stop gave no error")
	}
}

// TestSecondAddress has the first address down: the next one is used.
func TestSecondAddress(t *testing.T) {
	c := configured(t, enginetest.Start(t), "haltwire")
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	c.Addresses = append([]string{gone.Addr().String()}, c.Addresses...)
	insert(t, open(t, c, event.Default()), newWriter(event.Default()).batch(report("A", 0)), "t/0/0")
}
