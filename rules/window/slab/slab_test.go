package slab_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/rules/window/slab"
)

// TestArena hands out extents, fills them and frees some: none changes another.
func TestArena(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a slab.Arena
		type extent struct {
			ref uint32
			n   int
		}
		var held []extent
		live := int64(0)
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			if len(held) > 0 && rapid.IntRange(0, 2).Draw(t, "free") == 0 {
				j := rapid.IntRange(0, len(held)-1).Draw(t, "which")
				a.Free(held[j].ref, held[j].n)
				live -= int64(slab.Size(held[j].n)) * slab.Unit
				held = slices.Delete(held, j, j+1)
				continue
			}
			n := rapid.OneOf(rapid.IntRange(1, 40), rapid.SampledFrom([]int{2046, 2047, 2048, 2049, 20_000})).Draw(t, "units")
			e := extent{a.Alloc(n), n}
			if e.ref == 0 || slab.Size(n) < n || slab.Size(n) > n+n/8+1 {
				t.Fatalf("extent %d for %d units, class %d", e.ref, n, slab.Size(n))
			}
			live += int64(slab.Size(n)) * slab.Unit
			b := a.Bytes(e.ref, n)
			for k := range b {
				b[k] = byte(e.ref + uint32(i))
			}
			for _, h := range held {
				if e.ref < h.ref+uint32(slab.Size(h.n)) && h.ref < e.ref+uint32(slab.Size(n)) {
					t.Fatalf("extents %+v and %+v overlap", e, h)
				}
			}
			held = append(held, e)
		}
		if a.Live() != live || a.Held() < live {
			t.Fatalf("%d bytes live, %d held; handed out %d", a.Live(), a.Held(), live)
		}
	})
}

// TestKeys compares a table with a map; hashes collide often.
func TestKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a slab.Arena
		k := slab.NewKeys(&a, 8)
		want := map[string]uint32{}
		hash := func(key string) uint32 { return uint32(len(key)) * 0x01234567 & 0xF00000FF }
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			key := fmt.Sprint(rapid.IntRange(0, 60).Draw(t, "key"))
			key = string(bytes.Repeat([]byte(key), rapid.IntRange(1, 30).Draw(t, "times")))
			at, ok := k.Find(hash(key), []byte(key))
			slot, there := want[key]
			if ok != there || ok && at != slot {
				t.Fatalf("Find(%q) = %d, %v; want %d, %v", key, at, ok, slot, there)
			}
			if !ok {
				if at, ok = k.Insert(hash(key), []byte(key)); !ok {
					t.Fatal("the table is full")
				}
				want[key] = at
				slab.SetWord(k.Slot(at), 3, at+7)
			} else if rapid.Bool().Draw(t, "remove") {
				k.Remove(at)
				delete(want, key)
			}
		}
		if k.Len() != len(want) {
			t.Fatalf("%d keys, want %d", k.Len(), len(want))
		}
		for key, at := range want {
			if got, ok := k.Find(hash(key), []byte(key)); !ok || got != at || string(k.Key(k.Slot(at))) != key || slab.Word(k.Slot(at), 3) != at+7 || !k.Live(at) {
				t.Fatalf("%q is not what was put at %d", key, at)
			}
			if w := k.Touch(hash(key)); k.Touched(w) == nil {
				t.Fatalf("nothing to touch for %q", key)
			}
		}
	})
}

// TestPlaces compares with a multiset of places.
func TestPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ps slab.Places
		want := map[uint64][]slab.Place{}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			id := rapid.Uint64Range(0, 20).Draw(t, "id") * 0x03FFFF // near one another in one partition
			if rapid.IntRange(0, 3).Draw(t, "at the end") == 0 {
				id = 1<<22 - 1 - id%64
			}
			p := slab.Place{Table: rapid.SampledFrom([]int{0, 5, slab.MaxTables - 1}).Draw(t, "table"), Shard: rapid.IntRange(0, 63).Draw(t, "shard"), Slot: rapid.SampledFrom([]uint32{0, 9, slab.MaxSlots - 1}).Draw(t, "slot")}
			if i := slices.Index(want[id], p); i >= 0 && rapid.Bool().Draw(t, "remove") {
				ps.Remove(id, p)
				want[id] = slices.Delete(want[id], i, i+1)
			} else {
				ps.Add(id, p)
				want[id] = append(want[id], p)
			}
			ps.Remove(id, slab.Place{Table: 1}) // not there
		}
		for id, places := range want {
			got := ps.Find(id, nil)
			for _, p := range places {
				if i := slices.Index(got, p); i < 0 {
					t.Fatalf("%x has not %+v", id, p)
				}
			}
			count := 0
			for other, ps := range want {
				if other&(1<<22-1) == id&(1<<22-1) {
					count += len(ps)
				}
			}
			if len(got) != count {
				t.Fatalf("%x has %d places, want %d", id, len(got), count)
			}
		}
	})
}
