package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/audit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
)

const alertID = "AAAAAAAAAAAAAAAAAAAAAAAAAA"

var start = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)

func root(t testing.TB) *caselog.Root {
	t.Helper()
	r, err := caselog.NewRoot(bytes.Repeat([]byte{7}, 32))
	must(t, err)
	return r
}

func key(t testing.TB, id string) signature.Key {
	t.Helper()
	k, err := signature.NewKey(id)
	must(t, err)
	return k
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// record is the n-th record of a partition: a message.queued whose body is body(n).
func record(t testing.TB, partition int32, n int64) audit.Record {
	t.Helper()
	e, err := caselog.New(fmt.Sprintf("E%d-%d", partition, n), caselog.MessageQueued, "out/GB-FIU/AAAA", start, caselog.QueuedData{
		AlertID: alertID, MessageID: freeze.RequesterID(alertID, uint32(n+1)), Sequence: uint32(n + 1), Type: freeze.TypeRequest, Party: "GB-FIU", //nolint:gosec // small
		Environment: "test", Approval: &caselog.ApprovalData{Mode: "two", By: []string{"OFFICER-1", "OFFICER-2"}}, Digest: freeze.DigestOf(body(n)), Personal: "sealed",
	})
	must(t, err)
	e.Source = "/IN-FIU"
	text, err := e.Encode()
	must(t, err)
	return audit.Record{Partition: partition, Offset: n, Appended: start.UnixMilli() + n, Value: text}
}

func body(n int64) []byte { return fmt.Appendf(nil, `{"message":%d}`, n) }

// world is a log of two partitions with checkpoints after some records.
type world struct {
	log         *audit.Log
	key         signature.Key
	verifier    string
	records     []audit.Record
	checkpoints [][]byte
}

func newWorld(t testing.TB, steps ...int64) *world {
	t.Helper()
	w := &world{key: key(t, "in-fiu-1")}
	var err error
	w.verifier, err = audit.VerifierKey("IN-FIU", w.key.Public())
	must(t, err)
	w.log, err = audit.Open(w.options(t, t.TempDir()))
	must(t, err)
	t.Cleanup(func() { must(t, w.log.Close()) })
	var n int64
	for _, more := range steps {
		for range more {
			for p := range int32(2) {
				r := record(t, p, n)
				w.records = append(w.records, r)
				w.log.Append(r)
				w.log.Append(r) // read again after a restart
			}
			n++
		}
		must(t, w.log.Checkpoint(t.Context()))
	}
	return w
}

func (w *world) options(t testing.TB, dir string) audit.Options {
	return audit.Options{
		Dir: dir, Party: "IN-FIU", Partitions: 2, Salts: root(t), Key: w.key, Now: func() time.Time { return start },
		Publish: func(_ context.Context, _ int32, signed []byte) error {
			w.checkpoints = append(w.checkpoints, signed)
			return nil
		},
	}
}

func (w *world) verify(t testing.TB, records []audit.Record, checkpoints [][]byte) *audit.Report {
	t.Helper()
	r, err := audit.Verify(t.Context(), audit.Slice(records), audit.VerifyOptions{
		Party: "IN-FIU", Partitions: 2, Salts: root(t), Verifiers: []string{w.verifier}, Checkpoints: checkpoints, Kept: w.log.Tree,
	})
	must(t, err)
	return r
}

func TestSoundLog(t *testing.T) {
	w := newWorld(t, 3, 4, 1)
	w.records = append(w.records, record(t, 1, 8)) // younger than the last checkpoint
	r := w.verify(t, w.records, w.checkpoints)
	if !r.Sound || len(r.Partitions) != 2 || r.Partitions[0].Proven != 8 || r.Partitions[1].Records != 9 || r.Partitions[1].Proven != 8 || r.Partitions[0].Checkpoints != 3 {
		t.Errorf("report %+v", r)
	}
	if len(w.checkpoints) != 6 {
		t.Errorf("%d checkpoints, want one a partition and step", len(w.checkpoints))
	}
	must(t, w.log.Checkpoint(t.Context()))
	if len(w.checkpoints) != 6 {
		t.Error("a partition that has not grown is signed again")
	}
}

// TestTampering changes a log in every way that a thief of the broker could, and
// wants it said where.
func TestTampering(t *testing.T) {
	w := newWorld(t, 3, 4)
	at := func(offset int64) int {
		return slices.IndexFunc(w.records, func(r audit.Record) bool { return r.Partition == 1 && r.Offset == offset })
	}
	forger := key(t, "in-fiu-1")
	foreign, err := audit.VerifierKey("IN-FIU", forger.Public())
	must(t, err)
	for name, c := range map[string]struct {
		change func([]audit.Record, [][]byte) ([]audit.Record, [][]byte)
		want   string
		first  int64
	}{
		"altered": {func(r []audit.Record, c [][]byte) ([]audit.Record, [][]byte) {
			r[at(4)].Value = bytes.Replace(r[at(4)].Value, []byte(`OFFICER-2`), []byte(`OFFICER-3`), 1)
			return r, c
		}, "differs is at offset 4", 4},
		"time moved": {func(r []audit.Record, c [][]byte) ([]audit.Record, [][]byte) {
			r[at(5)].Appended++
			return r, c
		}, "differs is at offset 5", 5},
		"dropped": {func(r []audit.Record, c [][]byte) ([]audit.Record, [][]byte) {
			return slices.Delete(r, at(1), at(1)+1), c
		}, "not those that were signed", 1},
		"reordered": {func(r []audit.Record, c [][]byte) ([]audit.Record, [][]byte) {
			a, b := at(3), at(4)
			r[a].Value, r[b].Value = r[b].Value, r[a].Value
			return r, c
		}, "differs is at offset 3", 3},
		"cut short": {func(r []audit.Record, c [][]byte) ([]audit.Record, [][]byte) {
			return slices.DeleteFunc(r, func(x audit.Record) bool { return x.Partition == 1 && x.Offset > 4 }), c
		}, "records are missing", 3},
		"emptied": {func(r []audit.Record, c [][]byte) ([]audit.Record, [][]byte) {
			return slices.DeleteFunc(r, func(x audit.Record) bool { return x.Partition == 1 }), c
		}, "records are missing", 0},
		"checkpoint of another key": {func(r []audit.Record, c [][]byte) ([]audit.Record, [][]byte) {
			opened, err := audit.OpenCheckpoint(c[3], w.verifier)
			must(t, err)
			forged, err := opened.Sign(forger)
			must(t, err)
			return r, append(c[:3:3], forged)
		}, "open checkpoint", 0},
		"checkpoint altered": {func(r []audit.Record, c [][]byte) ([]audit.Record, [][]byte) {
			c[3] = bytes.Replace(c[3], []byte("\n7\n"), []byte("\n6\n"), 1)
			return r, c
		}, "open checkpoint", 0},
		"checkpoint dropped": {func(r []audit.Record, c [][]byte) ([]audit.Record, [][]byte) {
			return r, slices.Delete(c, 1, 2)
		}, "one that is missing", 0},
	} {
		t.Run(name, func(t *testing.T) {
			records, checkpoints := slices.Clone(w.records), slices.Clone(w.checkpoints)
			for i := range records {
				records[i].Value = slices.Clone(records[i].Value)
			}
			records, checkpoints = c.change(records, checkpoints)
			r := w.verify(t, records, checkpoints)
			text, err := json.Marshal(r)
			must(t, err)
			if r.Sound || !strings.Contains(string(text), c.want) {
				t.Fatalf("report %s, want %q", text, c.want)
			}
			if len(r.Partitions[1].Problems) > 0 && r.Partitions[1].Problems[0].First != c.first {
				t.Errorf("first offset %d, want %d: %s", r.Partitions[1].Problems[0].First, c.first, text)
			}
			if len(r.Partitions[0].Problems) > 0 {
				t.Errorf("the other partition has problems: %s", text)
			}
		})
	}
	if _, err := audit.OpenCheckpoint(w.checkpoints[0], foreign); err == nil {
		t.Error("a foreign key verifies")
	}
}

// TestTreeSurvivesItsProcess cuts the files of a tree anywhere and appends again.
func TestTreeSurvivesItsProcess(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		must(t, err)
		leaf := func(n int64) tlog.Hash { return tlog.RecordHash(fmt.Appendf(nil, "%d", n)) }
		tree, err := audit.OpenTree(dir, 3)
		must(t, err)
		total := rapid.Int64Range(1, 70).Draw(rt, "records")
		for n := range total {
			must(t, tree.Append(n*2, leaf(n))) // a log may have gaps
		}
		want, err := tree.Root(total)
		must(t, err)
		must(t, tree.Close())
		for _, kind := range []string{"hashes", "offsets"} {
			file := filepath.Join(dir, "cases-00003."+kind)
			info, err := os.Stat(file)
			must(t, err)
			must(t, os.Truncate(file, rapid.Int64Range(0, info.Size()).Draw(rt, kind)))
		}
		tree, err = audit.OpenTree(dir, 3)
		must(t, err)
		defer func() { must(t, tree.Close()) }()
		for n := range total {
			must(t, tree.Append(n*2, leaf(n)))
		}
		if got, err := tree.Root(total); err != nil || got != want || tree.Next() != total*2-1 {
			rt.Fatalf("root %s of %d, want %s: %v", got, tree.Size(), want, err)
		}
		n := rapid.Int64Range(0, total-1).Draw(rt, "n")
		if at, err := tree.Find(n * 2); err != nil || at != n {
			rt.Fatalf("record at offset %d is %d: %v", n*2, at, err)
		}
		if _, err := tree.Find(n*2 + 1); err == nil {
			rt.Fatal("found a record where there is none")
		}
		path, err := tree.Prove(total, n)
		must(t, err)
		must(t, tlog.CheckRecord(path, total, want, n, leaf(n)))
	})
}

// TestInstancesAgree takes the same records in by two logs, one of them in pieces.
func TestInstancesAgree(t *testing.T) {
	w, dir := newWorld(t, 5), t.TempDir()
	for range 3 {
		other, err := audit.Open(w.options(t, dir))
		must(t, err)
		for _, r := range w.records[:min(len(w.records), int(other.Tree(0).Size()+other.Tree(1).Size())+4)] {
			other.Append(r)
		}
		if other.Tree(0).Size() == 5 {
			a, errA := w.log.Tree(0).Root(5)
			b, errB := other.Tree(0).Root(5)
			if a != b || errA != nil || errB != nil {
				t.Errorf("roots %s and %s: %v %v", a, b, errA, errB)
			}
		}
		must(t, other.Close())
	}
}

// TestNothingIsSignedAway starts with a log that is not the one that was signed.
func TestNothingIsSignedAway(t *testing.T) {
	w := newWorld(t, 3)
	other, err := audit.Open(w.options(t, t.TempDir()))
	must(t, err)
	defer func() { must(t, other.Close()) }()
	for _, c := range w.checkpoints {
		other.Seen(c)
	}
	for n := range int64(5) {
		r := record(t, 0, n)
		r.Appended++
		other.Append(r)
	}
	if err := other.Checkpoint(t.Context()); err == nil || !strings.Contains(err.Error(), "no longer has the root") {
		t.Errorf("signed all the same: %v", err)
	}
}

func TestShownHidesTheRest(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r, salts := record(t, 1, rapid.Int64Range(0, 9).Draw(rt, "n")), root(t)
		shown := audit.Show(r, salts, func(name string) bool { return name != "data.approval" && rapid.Bool().Draw(rt, name) })
		text, err := json.Marshal(shown)
		must(t, err)
		if bytes.Contains(text, []byte("OFFICER")) {
			rt.Fatalf("tells who approved: %s", text)
		}
		var back audit.Shown
		must(t, json.Unmarshal(text, &back))
		leaf, err := back.Leaf()
		if err != nil || leaf != audit.Leaf(r, salts) {
			rt.Fatalf("leaf %s, want %s: %v", leaf, audit.Leaf(r, salts), err)
		}
	})
	garbage := audit.Record{Value: []byte("no event")}
	if m := audit.Members(garbage, root(t)); len(m) != 4 || m[3].Name != "raw" {
		t.Errorf("members of garbage: %+v", m)
	}
}

// TestMembersAreThoseOfTheJSON compares the members of random objects with what
// encoding/json reads.
func TestMembersAreThoseOfTheJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.SampledFrom([]string{`1`, `-1.5e3`, `"a\"b"`, `"}"`, `null`, `[1,{"x":"]"}]`, `{"y":[{}]}`, `true`, `""`})
		space := rapid.SampledFrom([]string{"", " ", "\n\t"})
		want := map[string]string{}
		var parts []string
		for i := range rapid.IntRange(0, 4).Draw(rt, "members") {
			name, v := fmt.Sprintf("m%d\\n", i), value.Draw(rt, "value")
			want["data."+strings.ReplaceAll(name, `\n`, "\n")] = v
			parts = append(parts, space.Draw(rt, "a")+`"`+name+`"`+space.Draw(rt, "b")+":"+space.Draw(rt, "c")+v+space.Draw(rt, "d"))
		}
		r := audit.Record{Value: []byte(`{"id":"E1","data":{` + strings.Join(parts, ",") + space.Draw(rt, "e") + "}}")}
		got := map[string]string{}
		for _, m := range audit.Members(r, root(t)) {
			if strings.HasPrefix(m.Name, "data.") {
				got[m.Name] = m.Value
			}
		}
		if !maps.Equal(got, want) {
			rt.Fatalf("%s has %q, want %q", r.Value, got, want)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	log, err := audit.Open(audit.Options{Dir: b.TempDir(), Party: "IN-FIU", Partitions: 1, Salts: root(b)})
	must(b, err)
	defer func() { must(b, log.Close()) }()
	r := record(b, 0, 1)
	for n := range int64(b.N) {
		r.Offset = n
		log.Append(r)
	}
}
