package index

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/btree"

	"github.com/haltwire/haltwire/sinks/caselog"
)

// Entry is one alert. It is immutable once it is in an index.
type Entry struct {
	Key                                   caselog.Key
	ID, Direction, Party, State, Severity string
	Opened                                int64    // Unix ms, never changes
	Tasks                                 []string // kinds of the open ones
}

// Path names an alert among all: an id is unique in a direction and party only.
func (e *Entry) Path() string { return Path(e.Direction, e.Party, e.ID) }

// Path is the name of an alert among all.
func Path(direction, party, id string) string { return direction + "/" + party + "/" + id }

// Filter narrows a list; empty members do not.
type Filter struct {
	Direction, State, Party, Severity string
	Task                              string // alerts with an open task of this kind; Any = of any
	Since                             int64  // opened then or later, Unix ms
}

// Any is the Filter.Task of alerts that have a task at all.
const Any = "any"

func (f Filter) lets(e *Entry) bool {
	return (f.Direction == "" || f.Direction == e.Direction) && (f.State == "" || f.State == e.State) && (f.Party == "" || f.Party == e.Party) &&
		(f.Severity == "" || f.Severity == e.Severity) &&
		(f.Task == "" || f.Task == Any && len(e.Tasks) > 0 || slices.Contains(e.Tasks, f.Task))
}

// Index is safe for concurrent use.
type Index struct {
	mu    sync.RWMutex
	paths map[string]*Entry
	ids   *btree.BTreeG[*Entry]            // by id
	all   *btree.BTreeG[*Entry]            // newest first, like the others
	state map[string]*btree.BTreeG[*Entry] // by state
	tasks *btree.BTreeG[*Entry]            // with an open task
}

// New returns an empty index.
func New() *Index {
	return &Index{paths: map[string]*Entry{}, ids: tree(byID), all: tree(newest), state: map[string]*btree.BTreeG[*Entry]{}, tasks: tree(newest)}
}

// tree returns a tree that the index's own lock guards.
func tree(less func(a, b *Entry) bool) *btree.BTreeG[*Entry] {
	return btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})
}

func newest(a, b *Entry) bool { return compare(a, b) < 0 }

func compare(a, b *Entry) int {
	if c := cmp.Compare(b.Opened, a.Opened); c != 0 {
		return c
	}
	return compareID(a, b)
}

func byID(a, b *Entry) bool { return compareID(a, b) < 0 }

func compareID(a, b *Entry) int {
	return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Direction, b.Direction), strings.Compare(a.Party, b.Party))
}

// Put adds an alert or replaces what is known of it.
func (x *Index) Put(e Entry) {
	path := e.Path()
	x.mu.RLock()
	old := x.paths[path]
	x.mu.RUnlock()
	if old != nil && old.State == e.State && old.Severity == e.Severity && slices.Equal(old.Tasks, e.Tasks) {
		return // most events change nothing that lists are narrowed by
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if old = x.paths[path]; old != nil {
		x.all.Delete(old)
		x.state[old.State].Delete(old)
		x.tasks.Delete(old)
	}
	x.paths[path] = &e
	x.ids.Set(&e)
	x.all.Set(&e)
	if x.state[e.State] == nil {
		x.state[e.State] = tree(newest)
	}
	x.state[e.State].Set(&e)
	if len(e.Tasks) > 0 {
		x.tasks.Set(&e)
	}
}

// Find returns the log key of an alert.
func (x *Index) Find(direction, party, id string) (caselog.Key, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	e := x.paths[Path(direction, party, id)]
	if e == nil {
		return "", false
	}
	return e.Key, true
}

// Begins returns at most two alerts whose ids begin with prefix.
func (x *Index) Begins(prefix string) []Entry {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var out []Entry
	x.ids.Ascend(&Entry{ID: prefix}, func(e *Entry) bool {
		if strings.HasPrefix(e.ID, prefix) {
			out = append(out, *e)
		}
		return strings.HasPrefix(e.ID, prefix) && len(out) < 2
	})
	return out
}

// Page returns at most limit alerts that the filter lets through, newest first,
// those after an entry of which only the id, the
// direction, the party and the moment of opening count; limit 0 = all, after nil = from the newest on. more reports
// whether there are others behind them.
func (x *Index) Page(f Filter, after *Entry, limit int) (page []Entry, more bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	from := x.all
	switch {
	case f.State != "":
		from = x.state[f.State]
	case f.Task != "":
		from = x.tasks
	}
	if from == nil {
		return nil, false
	}
	step := func(e *Entry) bool {
		switch {
		case e.Opened < f.Since:
			return false
		case !f.lets(e), after != nil && compare(e, after) <= 0:
			return true
		case limit > 0 && len(page) == limit:
			more = true
			return false
		}
		page = append(page, *e)
		return true
	}
	if after == nil {
		from.Scan(step)
	} else {
		from.Ascend(after, step)
	}
	return page, more
}

// Oldest calls use for the alerts with open tasks, oldest first, until it returns
// false. use must not call the index.
func (x *Index) Oldest(use func(Entry) bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	x.tasks.Reverse(func(e *Entry) bool { return use(*e) })
}

// Len returns how many alerts there are.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.paths)
}
