package caselog_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/caselog"
)

func root(t testing.TB) *caselog.Root {
	r, err := caselog.NewRoot(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestExamplesSurvive reads the two events of the contract and writes them again.
func TestExamplesSurvive(t *testing.T) {
	f, err := os.Open("testdata/case-events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	n := 0
	for ; lines.Scan(); n++ {
		e, err := caselog.Decode(lines.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		text, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		var want, got any
		if json.Unmarshal(lines.Bytes(), &want) != nil || json.Unmarshal(text, &got) != nil || !reflect.DeepEqual(want, got) {
			t.Errorf("event %d reads otherwise: %s", n, text)
		}
	}
	if n != 2 {
		t.Errorf("%d examples", n)
	}
}

func TestDecodeRefusesWhatIsNotOurs(t *testing.T) {
	good := `{"specversion":"1.0","id":"A","source":"/X","type":"haltwire.case.hit","subject":"out/A/B","time":"2026-03-02T04:10:00.412Z","dataschema":"urn:haltwire:case:1","data":{}}`
	if _, err := caselog.Decode([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{{`"1.0"`, `"0.3"`}, {`haltwire.case.hit`, `other.hit`}, {`case:1`, `case:2`}, {`"id":"A"`, `"id":""`}, {`2026-03-02T`, `today`}, {`{`, `[`}} {
		if _, err := caselog.Decode([]byte(strings.Replace(good, change[0], change[1], 1))); err == nil {
			t.Errorf("read with %s", change[1])
		}
	}
}

// TestDecodeKnowsNoOrder decodes events whose data is not the last member, or which hold
// what looks like data where it is none.
func TestDecodeKnowsNoOrder(t *testing.T) {
	const rest = `"specversion":"1.0","id":"A","source":"/X","type":"haltwire.case.hit","subject":"out/A/B","time":"2026-03-02T04:10:00.412Z","dataschema":"urn:haltwire:case:1"`
	for text, data := range map[string]string{
		`{` + rest + `,"data":{"a":[1,2]}}`:                           `{"a":[1,2]}`,
		`{` + rest + `,"data": {"a":1} }`:                             `{"a":1}`,
		`{` + rest + `,"data":"x"}`:                                   `"x"`,
		`{"data":{"a":1},` + rest + `}`:                               `{"a":1}`,
		`{"x":1,"data":{"a":1},` + rest + `}`:                         `{"a":1}`,
		`{` + rest + `,"data":{"a":1},"traceparent":"b"}`:             `{"a":1}`,
		`{` + rest + `,"data":{"a":1},"data":{"a":2}}`:                `{"a":2}`,
		`{` + rest + `,"data":{"a":1,"data":{"a":2}}}`:                `{"a":1,"data":{"a":2}}`,
		`{"x":{"a":1,"data":{"a":2}},` + rest + `,"data":[]}`:         `[]`,
		`{"x":[{"a":1,"data":2}],` + rest + `}`:                       ``,
		`{` + rest + `,"x":",\"data\":{}","data":{"a":",\"data\":"}}`: `{"a":",\"data\":"}`,
		`{` + rest + `}`: ``,
	} {
		e, err := caselog.Decode([]byte(text))
		if err != nil || string(e.Data) != data || e.ID != "A" || e.Key != "out/A/B" {
			t.Errorf("%s\ngives %q, %v", text, e.Data, err)
		}
	}
	for _, text := range []string{"", "{", "}", `,"data":{}}`, `{` + rest + `,"data":}`, `{` + rest + `,"data":{}`, `{` + rest + `,"data":{}}}`, `{` + rest + `,"data":{"a":}}`, `{` + rest + `,"data":{}} {}`} {
		if e, err := caselog.Decode([]byte(text)); err == nil {
			t.Errorf("%s\ngives %+v", text, e)
		}
	}
	text := []byte(`{` + rest + `,"data":{"a":1}}`)
	e, err := caselog.Decode(text)
	for i := range text {
		text[i] = 'x'
	}
	if err != nil || string(e.Data) != `{"a":1}` {
		t.Errorf("the data lies in the record's own bytes: %s %v", e.Data, err)
	}
}

func TestKeysAndIDs(t *testing.T) {
	r := root(t)
	key := r.Key(caselog.Out, "GB-FIU", "GB52HWBA00000000000101")
	direction, party, subject := key.Split()
	if direction != "out" || party != "GB-FIU" || len(subject) != 26 {
		t.Errorf("key %s", key)
	}
	if strings.Contains(string(key), "GB52") {
		t.Error("the key tells the account")
	}
	ids := map[string]bool{}
	for _, id := range []string{r.AlertID(key, 1), r.AlertID(key, 2), r.CaseID("E"), r.CaseID("F"), r.AlertID(r.Key(caselog.Out, "GB-FIU", "other"), 1)} {
		if len(id) != 26 || ids[id] {
			t.Errorf("id %q", id)
		}
		ids[id] = true
	}
	if r.Ref("tx", "ab", "c") == r.Ref("tx", "a", "bc") {
		t.Error("two lists of values have one mark")
	}
}

func TestRootIsChecked(t *testing.T) {
	if _, err := caselog.NewRoot([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
	if _, err := caselog.ParseRoot([]byte(`{"kty":"oct","k":"` + strings.Repeat("A", 43) + `"}`)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{``, `{}`, `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`} {
		if _, err := caselog.ParseRoot([]byte(bad)); err == nil {
			t.Errorf("read %s", bad)
		}
	}
}

type person struct{ Name string }

func TestDerivedKeysDiffer(t *testing.T) {
	one, err := root(t).Derive("one")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := root(t).Derive("one")
	other, _ := root(t).Derive("other")
	foreign, err := caselog.NewRoot(bytes.Repeat([]byte{2}, 32))
	if err != nil {
		t.Fatal(err)
	}
	theirs, _ := foreign.Derive("one")
	if len(one) != 32 || !bytes.Equal(one, again) || bytes.Equal(one, other) || bytes.Equal(one, theirs) {
		t.Errorf("%x %x %x %x", one, again, other, theirs)
	}
}

func TestSealAndErase(t *testing.T) {
	ring, key := caselog.NewKeyring(root(t)), caselog.Key("out/GB-FIU/S")
	if _, err := ring.Seal(key, person{"V"}); !errors.Is(err, caselog.ErrNoKey) {
		t.Errorf("sealed without a key: %v", err)
	}
	id, record, err := ring.Fresh(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Load(id, record); err != nil {
		t.Fatal(err)
	}
	sealed, err := ring.Seal(key, person{"V. Victim"})
	if err != nil || strings.Count(sealed, ".") != 4 || strings.Contains(sealed, "Victim") {
		t.Fatalf("sealed %s %v", sealed, err)
	}

	other := caselog.NewKeyring(root(t)) // another instance, which has read less
	var got person
	if err := other.Open(sealed, &got); !errors.Is(err, caselog.ErrUnknownKey) {
		t.Errorf("opened with a key that was not read: %v", err)
	}
	if err := errors.Join(other.Load(id, record), other.Open(sealed, &got)); err != nil || got.Name != "V. Victim" {
		t.Errorf("%v %v", got, err)
	}
	for _, id := range other.IDs(key) {
		if err := other.Load(id, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Open(sealed, &got); !errors.Is(err, caselog.ErrErased) {
		t.Errorf("opened after erasure: %v", err)
	}
	if other.Has(key) {
		t.Error("an erased key still seals")
	}
}

// TestTwoWritersNeedNoWinner lets two instances make a key for one subject: each
// reads what the other sealed, whichever record comes first.
func TestTwoWritersNeedNoWinner(t *testing.T) {
	a, b, key := caselog.NewKeyring(root(t)), caselog.NewKeyring(root(t)), caselog.Key("out/GB-FIU/S")
	idA, recordA, _ := a.Fresh(key)
	idB, recordB, _ := b.Fresh(key)
	if idA == idB {
		t.Fatal("two keys have one id: compaction would drop one")
	}
	if err := errors.Join(a.Load(idA, recordA), b.Load(idB, recordB)); err != nil {
		t.Fatal(err)
	}
	fromA, _ := a.Seal(key, person{"A"})
	fromB, _ := b.Seal(key, person{"B"})
	if err := errors.Join(a.Load(idB, recordB), b.Load(idA, recordA), a.Load(idA, recordA)); err != nil {
		t.Fatal(err)
	}
	var got person
	if err := a.Open(fromB, &got); err != nil || got.Name != "B" {
		t.Error(err)
	}
	if err := b.Open(fromA, &got); err != nil || got.Name != "A" {
		t.Error(err)
	}
}

func TestForeignRootReadsNothing(t *testing.T) {
	ring, key := caselog.NewKeyring(root(t)), caselog.Key("out/GB-FIU/S")
	id, record, err := ring.Fresh(key)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := caselog.NewRoot(bytes.Repeat([]byte{2}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if err := caselog.NewKeyring(foreign).Load(id, record); err == nil {
		t.Error("a foreign log key unwrapped a data key")
	}
	if err := ring.Load("nonsense", record); err == nil {
		t.Error("a record without a log key was loaded")
	}
	sealed, err := ring.SealHit(person{"H"})
	var got person
	if err != nil || ring.Open(sealed, &got) != nil || got.Name != "H" {
		t.Errorf("hit %v %v", got, err)
	}
	if err := caselog.NewKeyring(foreign).Open(sealed, &got); err == nil {
		t.Error("a foreign log key opened a hit")
	}
}

func TestKeyringIsSafeForConcurrentUse(t *testing.T) {
	ring, key := caselog.NewKeyring(root(t)), caselog.Key("out/GB-FIU/S")
	id, record, _ := ring.Fresh(key)
	if err := ring.Load(id, record); err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	for range 8 {
		done.Add(1)
		go func() {
			defer done.Done()
			for range 20 {
				sealed, err := ring.Seal(key, person{"V"})
				var got person
				if err != nil || ring.Open(sealed, &got) != nil {
					t.Errorf("seal and open: %v", err)
				}
				if err := ring.Load(id, record); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	done.Wait()
}

func TestEventKeepsItsData(t *testing.T) {
	at := time.Date(2026, 3, 2, 4, 10, 0, 412e6, time.UTC)
	e, err := caselog.New("ID", caselog.Attempt, "out/GB-FIU/S", at, caselog.AttemptData{MessageID: "M<1>", Number: 2})
	if err != nil {
		t.Fatal(err)
	}
	e.Source, e.Trace = "/IN-FIU", "00-1-2-01"
	text, err := e.Encode()
	if err != nil || !bytes.Contains(text, []byte(`"M<1>"`)) || !bytes.Contains(text, []byte(`"type":"haltwire.case.attempt"`)) {
		t.Fatalf("%s %v", text, err)
	}
	got, err := caselog.Decode(text)
	if err != nil || !got.Time.Equal(at) || got.Trace != e.Trace {
		t.Fatalf("%+v %v", got, err)
	}
	var d caselog.AttemptData
	if err := got.Into(&d); err != nil || d.Number != 2 {
		t.Errorf("%+v %v", d, err)
	}
	if err := got.Into(&[]int{}); err == nil {
		t.Error("data was read as something else")
	}
}

func BenchmarkSeal(b *testing.B) {
	ring, key := caselog.NewKeyring(root(b)), caselog.Key("out/GB-FIU/S")
	id, record, _ := ring.Fresh(key)
	if err := ring.Load(id, record); err != nil {
		b.Fatal(err)
	}
	p := person{strings.Repeat("x", 500)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ring.Seal(key, p); err != nil {
			b.Fatal(err)
		}
	}
}
