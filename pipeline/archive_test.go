package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sync/atomic"
	"testing"
	"time"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/embedded/kafkatest"
)

var errCrash = errors.New("crash")

// crash lets an instance live up to one step of its first block and then fails
// every step, as the death of a process does.
type crash struct {
	pipeline.Cursor
	*store
	*letters
	at    string // "before " or "after ", and a step
	dead  atomic.Bool
	block atomic.Value // token of the first insert that was tried
}

func (c *crash) step(name string, do func() error) error {
	if c.dead.Load() {
		return errCrash
	}
	if c.at == "before "+name {
		c.dead.Store(true)
		return errCrash
	}
	err := do()
	if c.at == "after "+name {
		c.dead.Store(true)
		return errCrash
	}
	return err
}

// Save tells the note of a block from the move behind it.
func (c *crash) Save(ctx context.Context, p event.Partition, offset int64, text string) error {
	name := "move"
	if strings.HasPrefix(text, "to=") {
		name = "note"
	}
	return c.step(name, func() error { return c.Cursor.Save(ctx, p, offset, text) })
}

// Insert implements pipeline.Archive.
func (c *crash) Insert(ctx context.Context, b *event.Batch, token string) (dead []event.Dead, err error) {
	c.block.CompareAndSwap(nil, token)
	err = c.step("insert", func() error {
		dead, err = c.store.Insert(ctx, b, token)
		return err
	})
	return dead, err
}

// Append implements pipeline.DeadLetters.
func (c *crash) Append(ctx context.Context, dead []event.Dead) error {
	return c.step("letters", func() error { return c.letters.Append(ctx, dead) })
}

// TestCrash ends an instance at every step of a block. Its successor, to which
// blocks of another size would come naturally, stores every row once and, when
// the block was noted, under the token under which it may be stored already.
func TestCrash(t *testing.T) {
	for i, at := range []string{
		"before note", "after note", "before insert", "after insert", "before letters", "after letters", "before move", "after move",
	} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			brokers := kafkatest.Fake(t, 1).ListenAddrs()
			topic := fmt.Sprintf("crash%d", i)
			createTopic(t, brokers, topic, 1)
			produce(t, brokers, topic, "r", 700, 1)
			produce(t, brokers, topic, "bad", 5, 1)
			s, l := &store{}, &letters{}
			s.refuse = "r-13"
			c := &crash{store: s, letters: l, at: at}
			first := newRig(t, brokers, topic, &hitLog{}, s, l, func(o *pipeline.Options) {
				c.Cursor = o.Cursor
				o.Cursor, o.Store, o.DeadLetters, o.BlockEvery = c, c, c, 100*time.Millisecond
			})
			go func() { defer close(first.done); _ = first.p.Run(context.Background()) }()
			eventually(t, 20*time.Second, first.state, c.dead.Load)
			now, cancel := context.WithCancel(t.Context())
			cancel()
			_ = first.p.Stop(now) // abandons everything at once
			<-first.done
			if err := first.cursor.Stop(t.Context()); err != nil {
				t.Error(err)
			}

			produce(t, brokers, topic, "more", 300, 1)
			next := newRig(t, brokers, topic, &hitLog{}, s, l, nil)
			next.start(t)
			eventually(t, 20*time.Second, next.state, func() bool { return s.count() == 999 && l.count() == 6 })
			next.stop(t)
			s.mu.Lock()
			defer s.mu.Unlock()
			noted := at != "before note" && at != "after move"
			if tried := c.block.Load(); noted && tried != nil && !slices.Contains(s.order, tried.(string)) {
				t.Errorf("the block was noted as %v; blocks: %v", tried, s.order)
			}
			for row, n := range s.rows {
				if n != 1 {
					t.Fatalf("row %s is stored %d times, blocks: %v", row, n, s.order)
				}
			}
		})
	}
}

// TestStoreAway takes the store away while reports go on coming: detection does
// not notice, memory stays bounded, and afterwards every row is there.
func TestStoreAway(t *testing.T) {
	brokers := kafkatest.Fake(t, 1).ListenAddrs()
	createTopic(t, brokers, "away", 3)
	s := &store{}
	var away atomic.Bool
	s.gate = func(string) error {
		if away.Load() {
			return errAway
		}
		return nil
	}
	r := newRig(t, brokers, "away", &hitLog{}, s, &letters{}, nil)
	r.start(t)
	away.Store(true)
	total := 0
	for round := range 4 {
		produce(t, brokers, "away", fmt.Sprint("round", round), 30_000, 3)
		total += 30_000
		eventually(t, 10*time.Second, r.state, func() bool { return r.log.count() == total })
	}
	if n := s.count(); n != 0 {
		t.Errorf("%d rows came through", n)
	}
	if used := r.archive.Used(); used > 64<<20 {
		t.Errorf("the archive loop holds %d bytes", used)
	}
	away.Store(false)
	eventually(t, 30*time.Second, r.state, func() bool { return s.count() == total })
}

// TestPinnedLanes hands one owner many noted blocks at once, more than its budget
// holds: they are re-formed one after the other.
func TestPinnedLanes(t *testing.T) {
	brokers := kafkatest.Fake(t, 1).ListenAddrs()
	const partitions = 8
	createTopic(t, brokers, "pinned", partitions)
	produce(t, brokers, "pinned", strings.Repeat("long", 100), 8000, partitions)
	r := newRig(t, brokers, "pinned", &hitLog{}, &store{}, &letters{}, nil)
	for p := range int32(partitions) {
		if err := r.cursor.Save(t.Context(), event.Partition{Topic: "pinned", ID: p}, 10, "to=899 v=0"); err != nil {
			t.Fatal(err)
		}
	}
	r.start(t)
	eventually(t, 20*time.Second, r.state, func() bool { return r.store.count() == 8000-10*partitions })
	r.stop(t)
	for p := range partitions {
		prefix := fmt.Sprintf("pinned/%d/10-899/", p)
		if !slices.ContainsFunc(r.store.order, func(token string) bool { return strings.HasPrefix(token, prefix) }) {
			t.Errorf("no block %s…: %v", prefix, r.store.order)
		}
	}
}

// TestToken checks what a token depends on: rows and version, not the try.
func TestToken(t *testing.T) {
	brokers := kafkatest.Fake(t, 1).ListenAddrs()
	createTopic(t, brokers, "token", 1)
	produce(t, brokers, "token", "r", 100, 1)
	tokens := map[string]bool{}
	for _, version := range []string{"1", "1", "2"} {
		s := &store{}
		r := newRig(t, brokers, "token", &hitLog{}, s, &letters{}, func(o *pipeline.Options) { o.Version = version })
		if err := r.cursor.Save(t.Context(), event.Partition{Topic: "token"}, 0, "to=99 v=1"); err != nil {
			t.Fatal(err)
		}
		r.start(t)
		eventually(t, 20*time.Second, r.state, func() bool { return s.count() == 100 })
		r.stop(t)
		tokens[s.order[0]] = true
	}
	if len(tokens) != 2 {
		t.Errorf("want one token a version: %v", keys(tokens))
	}
}

// TestIdleCursor moves the clock on by hours while nothing is read: the cursor is
// saved again, where it was.
func TestIdleCursor(t *testing.T) {
	brokers := kafkatest.Fake(t, 1).ListenAddrs()
	createTopic(t, brokers, "idle", 1)
	produce(t, brokers, "idle", "r", 10, 1)
	var ahead atomic.Int64
	saves := &counting{}
	r := newRig(t, brokers, "idle", &hitLog{}, &store{}, &letters{}, func(o *pipeline.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		saves.Cursor = o.Cursor
		o.Cursor = saves
	})
	r.start(t)
	eventually(t, 20*time.Second, r.state, func() bool { return r.store.count() == 10 && saves.moved.Load() == 10 })
	before := saves.n.Load()
	ahead.Store(int64(2 * time.Hour))
	eventually(t, 20*time.Second, r.state, func() bool { return saves.n.Load() > before })
	if at := saves.moved.Load(); at != 10 {
		t.Errorf("the cursor is at %d, want 10", at)
	}
}

// counting is a cursor that counts its saves.
type counting struct {
	pipeline.Cursor
	n, moved atomic.Int64
}

func (c *counting) Save(ctx context.Context, p event.Partition, offset int64, text string) error {
	err := c.Cursor.Save(ctx, p, offset, text)
	c.n.Add(1)
	c.moved.Store(offset)
	return err
}
