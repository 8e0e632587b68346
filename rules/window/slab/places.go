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
	partBits   = 8
	partitions = 1 << partBits
	fewPlaces  = 16
)

// Places says in which slots a report, known by 64 bits, may have entries. It
// keeps 30 of the 64 bits, so a place must be looked at to be believed. Eight
// bytes a place, in partitions that are at most four fifths full and grow by a
// quarter, one by one. Places in tables of which every window has one would stand
// in long rows of equal prints, so there is a group of partitions for every few
// tables.
type Places struct {
	groups []*[partitions]part
}

// groupTables is how many tables share a group.
const groupTables = 4

// part is words in rising order with gaps: each stands at its home or, when that
// is taken, behind those that come before it, without a gap between. The last
// words may stand behind all homes.
type part struct {
	words []uint64 // fingerprint << placeBits | place; 0 = a gap
	homes int
	used  int
}

func pack(p Place) uint64 {
	return uint64(p.Table)<<30 | uint64(p.Shard)<<24 | uint64(p.Slot+1)
}

func unpack(w uint64) Place {
	return Place{Table: int(w >> 30 & (MaxTables - 1)), Shard: int(w >> 24 & 63), Slot: uint32(w&(1<<24-1)) - 1}
}

func print22(id uint64) uint64 { return id & (1<<printBits - 1) }

// part returns the partition of id in the group of a table, nil for none.
func (ps *Places) part(id uint64, table int) *part {
	g := table / groupTables
	if g >= len(ps.groups) || ps.groups[g] == nil {
		return nil
	}
	return &ps.groups[g][id>>(64-partBits)]
}

// Prefetch asks for the cache lines where the places of an identity are looked for
// first.
func (ps *Places) Prefetch(id uint64) {
	for g := range ps.groups {
		ps.PrefetchIn(id, g*groupTables)
	}
}

// PrefetchIn is Prefetch for the places in one table.
func (ps *Places) PrefetchIn(id uint64, table int) {
	if p := ps.part(id, table); p != nil && len(p.words) > 0 {
		prefetchWord(&p.words[p.home(print22(id))])
	}
}

// Find appends the places that id may have.
func (ps *Places) Find(id uint64, to []Place) []Place {
	for g := range ps.groups {
		if p := ps.part(id, g*groupTables); p != nil && len(p.words) > 0 {
			to = p.find(print22(id), to)
		}
	}
	return to
}

func (p *part) find(fp uint64, to []Place) []Place {
	for _, w := range p.words[p.home(fp):] {
		if w == 0 || w>>placeBits > fp {
			break
		}
		if w>>placeBits == fp {
			to = append(to, unpack(w))
		}
	}
	return to
}

// Add notes a place of id.
func (ps *Places) Add(id uint64, at Place) {
	g := at.Table / groupTables
	for g >= len(ps.groups) {
		ps.groups = append(ps.groups, nil)
	}
	if ps.groups[g] == nil {
		ps.groups[g] = new([partitions]part)
	}
	p := ps.part(id, at.Table)
	if 5*(p.used+1) > 4*p.homes {
		p.grow()
	}
	for !p.put(print22(id)<<placeBits | pack(at)) {
		p.grow()
	}
	p.used++
}

// put adds a word; false when what stands behind it has no room to move.
func (p *part) put(w uint64) bool {
	at := p.after(w)
	end := at
	for end < len(p.words) && p.words[end] != 0 {
		end++
	}
	if end == len(p.words) {
		return false
	}
	copy(p.words[at+1:end+1], p.words[at:end])
	p.words[at] = w
	return true
}

// after returns where the first word from w's home on stands that is not less, or
// the first gap.
func (p *part) after(w uint64) int {
	at := p.home(w >> placeBits)
	for at < len(p.words) && p.words[at]-1 < w-1 { // 0 is greater than all
		at++
	}
	return at
}

// home is where a fingerprint is looked for first: as far along as its bits say.
func (p *part) home(fp uint64) int { return int(fp * uint64(p.homes) >> printBits) }

// grow moves the words into a larger array.
func (p *part) grow() {
	old := p.words
	p.homes = max(fewPlaces, p.homes+p.homes/4)
	room := p.homes + p.homes/16 + fewPlaces
	for !p.move(old, room) {
		room += room / 8
	}
}

func (p *part) move(old []uint64, room int) bool {
	p.words = make([]uint64, room)
	next := 0
	for _, w := range old {
		at := max(p.home(w>>placeBits), next) // next for a gap
		if at == room {
			if w == 0 {
				continue
			}
			return false
		}
		p.words[at] = w
		if w != 0 {
			next = at + 1
		}
	}
	return true
}

// Remove forgets one place of id.
func (ps *Places) Remove(id uint64, place Place) {
	p := ps.part(id, place.Table)
	if p == nil || len(p.words) == 0 {
		return
	}
	w := print22(id)<<placeBits | pack(place)
	at := p.after(w)
	if at == len(p.words) || p.words[at] != w {
		return
	}
	end := at + 1
	for end < len(p.words) && p.words[end] != 0 && p.home(p.words[end]>>placeBits) < end {
		end++
	}
	copy(p.words[at:], p.words[at+1:end])
	p.words[end-1] = 0
	p.used--
}

// Bytes returns the memory of the places.
func (ps *Places) Bytes() int64 {
	var n int64
	for _, g := range ps.groups {
		if g == nil {
			continue
		}
		for i := range g {
			n += int64(len(g[i].words)) * 8
		}
	}
	return n
}
