package slab

import "math/bits"

const (
	// Unit is what extents are measured and addressed in, in bytes.
	Unit = 8

	pageUnits = 2048 // 16 KiB: 64 shards with one page each take 1 MiB
	exact     = 16   // sizes up to here have a class each
	perOctave = 8    // classes between two powers of two: at most 12.5 % is wasted
	classes   = exact + (32-4)*perOctave
)

// Arena hands out extents of bytes. An extent is named by the unit it begins at;
// 0 names none. 2^32 units, 32 GiB, fit.
type Arena struct {
	pages     [][]byte // from each page's first byte to the end of its run
	next, end uint32   // units of the page being filled
	free      [classes][]uint32
	live      int64 // bytes handed out
	held      int64 // bytes of all pages
}

// Size returns how many units Alloc gives when asked for n.
func Size(n int) int { s, _ := class(uint32(n)); return int(s) }

// class returns the size of the class that n units fall into, and its number.
func class(n uint32) (size uint32, c int) {
	if n <= exact {
		n = max(1, n)
		return n, int(n) - 1
	}
	e := bits.Len32(n-1) - 1 // 2^e < n <= 2^(e+1)
	step := uint32(1) << e / perOctave
	k := (n - 1<<e + step - 1) / step
	return 1<<e + k*step, exact + (e-4)*perOctave + int(k) - 1
}

// Alloc returns an extent of at least n units; its bytes are not cleared.
func (a *Arena) Alloc(n int) uint32 {
	size, c := class(uint32(n))
	a.live += int64(size) * Unit
	if f := a.free[c]; len(f) > 0 {
		a.free[c] = f[:len(f)-1]
		return f[len(f)-1]
	}
	if a.end-a.next < size {
		a.page(size)
	}
	ref := a.next
	a.next += size
	return ref
}

// page begins a page, or a run of pages, with room for size units; what is left of
// the last one becomes a free extent.
func (a *Arena) page(size uint32) {
	for left := a.end - a.next; left > 0; left = a.end - a.next {
		s := min(left, exact)
		_, c := class(s)
		a.free[c] = append(a.free[c], a.next)
		a.next += s
	}
	n := (size + pageUnits - 1) / pageUnits
	b := make([]byte, n*pageUnits*Unit)
	a.next = uint32(len(a.pages)) * pageUnits
	a.end = a.next + n*pageUnits
	a.held += int64(len(b))
	for i := range n { // an extent may begin in any page of a run
		a.pages = append(a.pages, b[i*pageUnits*Unit:])
	}
	if a.next == 0 {
		a.next = 1
		if size == a.end { // the reserved unit made it too small
			a.page(size)
		}
	}
}

// Free takes back an extent that was asked for with n units.
func (a *Arena) Free(ref uint32, n int) {
	size, c := class(uint32(n))
	a.live -= int64(size) * Unit
	a.free[c] = append(a.free[c], ref)
}

// Bytes returns the memory of an extent of n units.
func (a *Arena) Bytes(ref uint32, n int) []byte {
	at := int(ref%pageUnits) * Unit
	return a.pages[ref/pageUnits][at : at+n*Unit]
}

// Live returns the bytes that are handed out.
func (a *Arena) Live() int64 { return a.live }

// Held returns the bytes of all pages.
func (a *Arena) Held() int64 { return a.held }

// Units returns how many units n bytes take.
func Units(n int) int { return (n + Unit - 1) / Unit }
