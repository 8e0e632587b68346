package audit

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

// Record is one record of the case log.
type Record struct {
	Partition int32
	Offset    int64
	Appended  int64 // Unix ms, LogAppendTime
	Value     []byte
}

// Salter makes the secret of a record, which the salts of its members are made from;
// *caselog.Root is one. Each has the same length.
type Salter interface {
	Salt(parts ...string) []byte
}

// Member is one member of a record, with what it takes to check its commitment.
type Member struct {
	Name  string `json:"name"`
	Value string `json:"value"` // JSON text as it stands in the record
	Salt  []byte `json:"salt"`
}

// leafHead tells leaves of this form from any other.
const leafHead = "haltwire audit leaf 1\n"

// Commit returns the commitment to m, 32 bytes.
func (m Member) Commit() []byte {
	text := make([]byte, 0, len(m.Salt)+len(m.Name)+1+len(m.Value))
	text = append(append(append(append(text, m.Salt...), m.Name...), 0), m.Value...)
	sum := sha256.Sum256(text)
	return sum[:]
}

// saltSize is that of a salt, 16 bytes: nobody guesses 2^128 of them.
const saltSize = 16

// saltOf returns the salt of a member, from the secret of its record.
func saltOf(secret []byte, name string) []byte {
	sum := sha256.Sum256(append(slices.Clone(secret), name...))
	return sum[:saltSize]
}

// Members takes a record apart. The name of a member of data begins with "data.". A
// record that is no event is one member, raw.
func Members(r Record, s Salter) []Member {
	var out []Member
	partition, offset := strconv.Itoa(int(r.Partition)), strconv.FormatInt(r.Offset, 10)
	secret := s.Salt(partition, offset)
	add := func(name, value string) {
		out = append(out, Member{Name: name, Value: value, Salt: saltOf(secret, name)})
	}
	add("partition", partition)
	add("offset", offset)
	add("appended", strconv.FormatInt(r.Appended, 10))
	envelope, ok := object(r.Value)
	if !ok {
		text, _ := json.Marshal(r.Value) // bytes always have a form
		add("raw", string(text))
		return out
	}
	for _, m := range envelope {
		if m.name != "data" {
			add(m.name, m.value)
			continue
		}
		data, ok := object([]byte(m.value))
		if !ok {
			add("data", m.value)
			continue
		}
		for _, d := range data {
			add("data."+d.name, d.value)
		}
	}
	return out
}

// leafOf returns the hash of the leaf with these commitments, in any order.
func leafOf(commitments [][]byte) tlog.Hash {
	sorted := slices.SortedFunc(slices.Values(commitments), bytes.Compare)
	return tlog.RecordHash(append([]byte(leafHead), bytes.Join(sorted, nil)...))
}

// Leaf returns the hash of a record's leaf.
func Leaf(r Record, s Salter) tlog.Hash {
	members := Members(r, s)
	commitments := make([][]byte, len(members))
	for i, m := range members {
		commitments[i] = m.Commit()
	}
	return leafOf(commitments)
}

// Shown is a record of which some members are shown and the others hidden.
type Shown struct {
	Members []Member `json:"members"`
	Hidden  [][]byte `json:"hidden"` // commitments
}

// Show shows the members of a record that show wants, by name.
func Show(r Record, s Salter, show func(name string) bool) Shown {
	out := Shown{Members: []Member{}, Hidden: [][]byte{}}
	for _, m := range Members(r, s) {
		if show(m.Name) {
			out.Members = append(out.Members, m)
		} else {
			out.Hidden = append(out.Hidden, m.Commit())
		}
	}
	slices.SortFunc(out.Members, func(a, b Member) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(out.Hidden, bytes.Compare)
	return out
}

// Leaf returns the hash of the leaf that s is of.
func (s Shown) Leaf() (tlog.Hash, error) {
	commitments := make([][]byte, 0, len(s.Members)+len(s.Hidden))
	for _, m := range s.Members {
		if len(m.Salt) != saltSize {
			return tlog.Hash{}, fmt.Errorf("member %s has a salt of %d bytes, want %d", m.Name, len(m.Salt), saltSize)
		}
		commitments = append(commitments, m.Commit())
	}
	for _, h := range s.Hidden {
		if len(h) != sha256.Size {
			return tlog.Hash{}, fmt.Errorf("a hidden member has %d bytes, want %d", len(h), sha256.Size)
		}
		commitments = append(commitments, h)
	}
	return leafOf(commitments), nil
}

// Text returns the value of a shown member that is a string, or "".
func (s Shown) Text(name string) string {
	for _, m := range s.Members {
		var text string
		if m.Name == name && json.Unmarshal([]byte(m.Value), &text) == nil {
			return text
		}
	}
	return ""
}

// Raw returns the value of a shown member, or nil.
func (s Shown) Raw(name string) json.RawMessage {
	for _, m := range s.Members {
		if m.Name == name {
			return json.RawMessage(m.Value)
		}
	}
	return nil
}
