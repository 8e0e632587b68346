package slab

import (
	"encoding/binary"
)

// A slot begins with this header; what follows belongs to the caller.
const (
	slotHash  = 0  // uint32
	slotLen   = 4  // uint16, of the key
	slotFlags = 6  // uint16
	slotUser  = 8  // four uint32 of the caller
	slotKey   = 24 // the key, or the extent it stands in

	keyRoom = 36 // an IBAN or a servicer with an account number and a currency fit

	// Body is where the caller's bytes of a slot begin.
	Body = slotKey + keyRoom

	// MaxKey is the longest key in bytes.
	MaxKey = 1<<16 - 1

	// MaxSlots is how many slots Keys can have.
	MaxSlots = 1<<24 - 2

	pageSlots = 64 // of 96 and 108 bytes they are what the allocator has
	fewSlots  = 16 // room of an index without keys

	live = 1
)

// Keys is a table of slots found by key: an index of four bytes a slot, and pages
// of slots that never move.
type Keys struct {
	arena *Arena // of keys over keyRoom
	size  int    // bytes of a slot
	pages [][]byte
	slots uint32 // ever used
	free  []uint32
	index []uint32 // low 8 bits of the hash << 24 | slot + 1; 0 = empty; linear probing
	used  int
}

// NewKeys returns an empty table whose slots have body bytes for the caller.
func NewKeys(a *Arena, body int) *Keys { return &Keys{arena: a, size: Body + body} }

// Len returns the number of keys.
func (k *Keys) Len() int { return k.used }

// Slots returns the number of slots that were ever used; slots below it may be
// dead.
func (k *Keys) Slots() uint32 { return k.slots }

// Slot returns the bytes of a slot.
func (k *Keys) Slot(i uint32) []byte {
	at := int(i%pageSlots) * k.size
	return k.pages[i/pageSlots][at : at+k.size : at+k.size]
}

// Live reports whether slot i has a key.
func (k *Keys) Live(i uint32) bool { return Flags(k.Slot(i))&live != 0 }

// Key returns the key of a slot; it stays the table's own.
func (k *Keys) Key(slot []byte) []byte {
	n := int(binary.LittleEndian.Uint16(slot[slotLen:]))
	if n <= keyRoom {
		return slot[slotKey : slotKey+n]
	}
	return k.arena.Bytes(binary.LittleEndian.Uint32(slot[slotKey:]), Units(n))[:n]
}

// Relocate puts the key of a slot into another arena if it stands in one; until
// that one takes the place of the table's, the key cannot be read.
func (k *Keys) Relocate(slot []byte, to *Arena) {
	key := k.Key(slot)
	if len(key) <= keyRoom {
		return
	}
	ref := to.Alloc(Units(len(key)))
	copy(to.Bytes(ref, Units(len(key))), key)
	binary.LittleEndian.PutUint32(slot[slotKey:], ref)
}

// Flags returns the flags of a slot; the lowest bit is the table's own.
func Flags(slot []byte) uint16 { return binary.LittleEndian.Uint16(slot[slotFlags:]) }

// SetFlags sets the flags of a slot to what Flags returned with other bits changed.
func SetFlags(slot []byte, f uint16) { binary.LittleEndian.PutUint16(slot[slotFlags:], f) }

// Word returns one of the caller's four words in the header of a slot.
func Word(slot []byte, i int) uint32 { return binary.LittleEndian.Uint32(slot[slotUser+4*i:]) }

// SetWord sets one of the caller's four words.
func SetWord(slot []byte, i int, v uint32) { binary.LittleEndian.PutUint32(slot[slotUser+4*i:], v) }

// Prefetch asks for the cache line of the index where a key is looked for first.
func (k *Keys) Prefetch(hash uint32) {
	if len(k.index) > 0 {
		prefetchWord(&k.index[k.home(hash)])
	}
}

// Touch returns the first word of the index that may be the key's.
func (k *Keys) Touch(hash uint32) uint32 {
	if len(k.index) == 0 {
		return 0
	}
	at := k.home(hash)
	for k.index[at] != 0 && k.index[at]>>24 != hash&0xFF {
		at = k.next(at)
	}
	return k.index[at]
}

// Touched returns the slot that Touch found, nil for none. It may be another
// key's.
func (k *Keys) Touched(word uint32) []byte {
	if i := word & (1<<24 - 1); i > 0 {
		return k.Slot(i - 1)
	}
	return nil
}

// Guess returns the slot that Touch found when it is the key's, and else what Find
// does.
func (k *Keys) Guess(word, hash uint32, key []byte) (uint32, bool) {
	if i := word & (1<<24 - 1); i > 0 {
		if s := k.Slot(i - 1); binary.LittleEndian.Uint32(s) == hash && Flags(s)&live != 0 && string(k.Key(s)) == string(key) {
			return i - 1, true
		}
	}
	return k.Find(hash, key)
}

// Find returns the slot of a key.
func (k *Keys) Find(hash uint32, key []byte) (uint32, bool) {
	if len(k.index) == 0 {
		return 0, false
	}
	for at := k.home(hash); ; at = k.next(at) {
		w := k.index[at]
		if w == 0 {
			return 0, false
		}
		if w>>24 != hash&0xFF {
			continue
		}
		i := w&(1<<24-1) - 1
		if s := k.Slot(i); binary.LittleEndian.Uint32(s) == hash && string(k.Key(s)) == string(key) {
			return i, true
		}
	}
}

// Insert adds a key that Find does not find, and returns its slot, whose words and
// body are zero. It reports false when the table is full.
func (k *Keys) Insert(hash uint32, key []byte) (uint32, bool) {
	if 5*(k.used+1) > 4*len(k.index) {
		k.grow()
	}
	i, ok := k.take()
	if !ok {
		return 0, false
	}
	s := k.Slot(i)
	clear(s)
	binary.LittleEndian.PutUint32(s[slotHash:], hash)
	binary.LittleEndian.PutUint16(s[slotLen:], uint16(len(key)))
	SetFlags(s, live)
	if len(key) <= keyRoom {
		copy(s[slotKey:], key)
	} else {
		ref := k.arena.Alloc(Units(len(key)))
		copy(k.arena.Bytes(ref, Units(len(key))), key)
		binary.LittleEndian.PutUint32(s[slotKey:], ref)
	}
	k.put(hash, i)
	k.used++
	return i, true
}

func (k *Keys) take() (uint32, bool) {
	if n := len(k.free); n > 0 {
		i := k.free[n-1]
		k.free = k.free[:n-1]
		return i, true
	}
	if k.slots >= MaxSlots {
		return 0, false
	}
	if k.slots%pageSlots == 0 {
		k.pages = append(k.pages, make([]byte, pageSlots*k.size))
	}
	k.slots++
	return k.slots - 1, true
}

func (k *Keys) put(hash, slot uint32) {
	at := k.home(hash)
	for k.index[at] != 0 {
		at = k.next(at)
	}
	k.index[at] = hash<<24 | (slot + 1)
}

// home is where a hash is looked for first: as far along as its bits say.
func (k *Keys) home(hash uint32) int { return int(uint64(hash) * uint64(len(k.index)) >> 32) }

func (k *Keys) next(at int) int {
	if at++; at == len(k.index) {
		return 0
	}
	return at
}

// past returns how far at is behind home.
func (k *Keys) past(home, at int) int {
	if at < home {
		return at - home + len(k.index)
	}
	return at - home
}

func (k *Keys) grow() {
	k.index = make([]uint32, max(fewSlots, len(k.index)+len(k.index)/4))
	for i := range k.slots {
		if s := k.Slot(i); Flags(s)&live != 0 {
			k.put(binary.LittleEndian.Uint32(s), i)
		}
	}
}

// Remove takes slot i and its key out of the table.
func (k *Keys) Remove(i uint32) {
	s := k.Slot(i)
	at := k.home(k.hash(i))
	for k.index[at]&(1<<24-1) != i+1 {
		at = k.next(at)
	}
	for next := k.next(at); k.index[next] != 0; next = k.next(next) {
		if home := k.home(k.hash(k.index[next]&(1<<24-1) - 1)); k.past(home, next) >= k.past(at, next) {
			k.index[at], at = k.index[next], next
		}
	}
	k.index[at] = 0
	if n := int(binary.LittleEndian.Uint16(s[slotLen:])); n > keyRoom {
		k.arena.Free(binary.LittleEndian.Uint32(s[slotKey:]), Units(n))
	}
	SetFlags(s, 0)
	k.free = append(k.free, i)
	k.used--
}

func (k *Keys) hash(i uint32) uint32 { return binary.LittleEndian.Uint32(k.Slot(i)) }

// Bytes returns the bytes of the slots in use, and of the index.
func (k *Keys) Bytes() int64 { return int64(k.used)*int64(k.size) + int64(len(k.index))*4 }
