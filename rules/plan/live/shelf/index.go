package shelf

import (
	"cmp"
	"slices"
	"sort"
)

// index finds candidates by hashes of keys.
type index struct {
	by    map[uint64]entry
	lists [][]link // by time
	free  []int32
	links int64 // in lists
}

// entry is the only candidate of a key, or the list of them.
type entry struct {
	ref        Ref // -1-list when it is a list
	generation uint32
}

// link is a candidate in a list.
type link struct {
	time       int64
	ref        Ref
	generation uint32
}

func newIndex() index { return index{by: map[uint64]entry{}} }

// entryBytes and linkBytes are what a key and a link of it take, with the map's
// room.
const (
	entryBytes = 32
	linkBytes  = 20
)

func (x *index) bytes() int64 { return int64(len(x.by))*entryBytes + x.links*linkBytes }

// Watch makes candidates of a key find ref, which must be a candidate.
func (s *Shelf) Watch(key uint64, ref Ref) {
	x, r := &s.keys, &s.rows[ref]
	e, ok := x.by[key]
	switch {
	case ok && e.ref < 0:
		x.insert(-1-e.ref, link{r.Time, ref, r.generation})
	case ok && e.ref == ref && e.generation == r.generation:
	case ok && s.rows[e.ref].generation == e.generation:
		list := x.list()
		x.insert(list, link{s.rows[e.ref].Time, e.ref, e.generation})
		x.insert(list, link{r.Time, ref, r.generation})
		x.by[key] = entry{ref: -1 - list}
	default:
		x.by[key] = entry{ref, r.generation}
	}
}

// list returns an empty list.
func (x *index) list() int32 {
	if n := len(x.free); n > 0 {
		list := x.free[n-1]
		x.free = x.free[:n-1]
		return list
	}
	x.lists = append(x.lists, nil)
	return int32(len(x.lists) - 1)
}

func (x *index) insert(list int32, l link) {
	links := x.lists[list]
	i := sort.Search(len(links), func(i int) bool {
		return cmp.Or(cmp.Compare(links[i].time, l.time), cmp.Compare(links[i].ref, l.ref)) >= 0
	})
	if i < len(links) && links[i].ref == l.ref && links[i].time == l.time {
		links[i] = l
		return
	}
	x.lists[list] = slices.Insert(links, i, l)
	x.links++
}

// Between calls f for the candidates of a key with from <= time < to, by time.
func (s *Shelf) Between(key uint64, from, to int64, f func(ref Ref, r *Report)) {
	e, ok := s.keys.by[key]
	if !ok {
		return
	}
	if e.ref >= 0 {
		if r := &s.rows[e.ref]; r.generation == e.generation && r.Time >= from && r.Time < to {
			f(e.ref, r)
		}
		return
	}
	links := s.keys.lists[-1-e.ref]
	for _, l := range links[sort.Search(len(links), func(i int) bool { return links[i].time >= from }):] {
		if l.time >= to {
			return
		}
		if r := &s.rows[l.ref]; r.generation == l.generation {
			f(l.ref, r)
		}
	}
}

// Finds reports whether Between would find a candidate.
func (s *Shelf) Finds(key uint64, from, to int64) bool {
	e, ok := s.keys.by[key]
	switch {
	case !ok:
		return false
	case e.ref >= 0:
		r := &s.rows[e.ref]
		return r.generation == e.generation && r.Time >= from && r.Time < to
	}
	links := s.keys.lists[-1-e.ref]
	i := sort.Search(len(links), func(i int) bool { return links[i].time >= from })
	for ; i < len(links) && links[i].time < to; i++ {
		if s.rows[links[i].ref].generation == links[i].generation {
			return true
		}
	}
	return false
}

// sweep forgets the keys of reports that are no candidates any more.
func (x *index) sweep(s *Shelf) {
	for key, e := range x.by {
		if e.ref >= 0 {
			if s.rows[e.ref].generation != e.generation {
				delete(x.by, key)
			}
			continue
		}
		list := -1 - e.ref
		links := x.lists[list]
		live := slices.DeleteFunc(links, func(l link) bool { return s.rows[l.ref].generation != l.generation })
		x.links -= int64(len(links) - len(live))
		switch len(live) {
		case 0:
			delete(x.by, key)
		case 1:
			x.by[key] = entry{live[0].ref, live[0].generation}
		default:
			if len(live) < cap(live)/2 {
				live = slices.Clone(live)
			}
			x.lists[list] = live
			continue
		}
		x.links -= int64(len(live))
		x.lists[list], x.free = nil, append(x.free, list)
	}
}
