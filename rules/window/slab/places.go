package slab

// Place says where a report has an entry.
type Place struct {
	Table int    // below MaxTables
	Shard int    // below 64
	Slot  uint32 // below MaxSlots
}

const (
	// MaxTables is how many tables places can name.
	MaxTables = 1 << 12

	placeBits  = 42 // slot + 1 in 24, shard in 6, table in 12
	printBits  = 64 - placeBits
	partitions = 256
	fewPlaces  = 16
)

// Places says in which slots a report, known by 64 bits, may have entries. It
// keeps 30 of the 64 bits, so a place must be looked at to be believed. Eight
// bytes a place, in partitions that grow by a quarter, one by one.
type Places struct {
	parts [partitions]part
}

type part struct {
	words []uint64 // fingerprint << placeBits | place; 0 = empty; linear probing
	used  int
}

func pack(p Place) uint64 {
	return uint64(p.Table)<<30 | uint64(p.Shard)<<24 | uint64(p.Slot+1)
}

func unpack(w uint64) Place {
	return Place{Table: int(w >> 30 & (MaxTables - 1)), Shard: int(w >> 24 & 63), Slot: uint32(w&(1<<24-1)) - 1}
}

func print22(id uint64) uint64 { return id & (1<<printBits - 1) }

func (ps *Places) part(id uint64) *part { return &ps.parts[id>>56] }

// Touch reads the place of an identity and so brings it into the cache.
func (ps *Places) Touch(id uint64) uint64 {
	p := ps.part(id)
	if len(p.words) == 0 {
		return 0
	}
	return p.words[p.home(print22(id))]
}

// Find appends the places that id may have.
func (ps *Places) Find(id uint64, to []Place) []Place {
	p := ps.part(id)
	if len(p.words) == 0 {
		return to
	}
	fp := print22(id)
	for at := p.home(fp); p.words[at] != 0; at = p.next(at) {
		if w := p.words[at]; w>>placeBits == fp {
			to = append(to, unpack(w))
		}
	}
	return to
}

// Add notes a place of id.
func (ps *Places) Add(id uint64, at Place) {
	p := ps.part(id)
	if 4*(p.used+1) > 3*len(p.words) {
		p.grow()
	}
	p.put(print22(id)<<placeBits | pack(at))
	p.used++
}

func (p *part) put(w uint64) {
	at := p.home(w >> placeBits)
	for p.words[at] != 0 {
		at = p.next(at)
	}
	p.words[at] = w
}

// home is where a fingerprint is looked for first: as far along as its bits say.
func (p *part) home(fp uint64) int { return int(fp * uint64(len(p.words)) >> printBits) }

func (p *part) next(at int) int {
	if at++; at == len(p.words) {
		return 0
	}
	return at
}

// past returns how far at is behind home.
func (p *part) past(home, at int) int {
	if at < home {
		return at - home + len(p.words)
	}
	return at - home
}

func (p *part) grow() {
	old := p.words
	p.words = make([]uint64, max(fewPlaces, len(old)+len(old)/4))
	for _, w := range old {
		if w != 0 {
			p.put(w)
		}
	}
}

// Remove forgets one place of id.
func (ps *Places) Remove(id uint64, place Place) {
	p := ps.part(id)
	if len(p.words) == 0 {
		return
	}
	want := print22(id)<<placeBits | pack(place)
	at := p.home(print22(id))
	for p.words[at] != want {
		if p.words[at] == 0 {
			return
		}
		at = p.next(at)
	}
	for next := p.next(at); p.words[next] != 0; next = p.next(next) {
		if home := p.home(p.words[next] >> placeBits); p.past(home, next) >= p.past(at, next) {
			p.words[at], at = p.words[next], next
		}
	}
	p.words[at] = 0
	p.used--
}

// Bytes returns the memory of the places.
func (ps *Places) Bytes() int64 {
	var n int64
	for i := range ps.parts {
		n += int64(len(ps.parts[i].words)) * 8
	}
	return n
}
