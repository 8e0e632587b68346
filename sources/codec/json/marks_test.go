package json

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestMarks compares both ways of making marks with one byte at a time.
func TestMarks(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const letters = "\"\\\x00\x1f \t\n!#[]az\x7f\x80\xff\xdc\xa2"
	var m marks
	for n := range 300 {
		data := make([]byte, n)
		for i := range data {
			switch r.IntN(3) {
			case 0:
				data[i] = letters[r.IntN(len(letters))]
			default:
				data[i] = byte('a' + r.IntN(26))
			}
		}
		m.read(data)
		for from := range n + 1 {
			want := from
			for want < n && data[want] != '"' && data[want] != '\\' && data[want] >= ' ' {
				want++
			}
			if got := m.next(from); got != want {
				t.Fatalf("%q from %d: %d, want %d", data, from, got, want)
			}
		}
		blocks := n / 16 * 16
		a, b := make([]byte, n/8+1), make([]byte, n/8+1)
		if x, y := markBlocks(a, data[:blocks]), markWords(b, data[:blocks]); x != y || !bytes.Equal(a, b) {
			t.Fatalf("%q: %x %v and %x %v", data[:blocks], a, x, b, y)
		}
	}
}

// TestMarksFar: texts longer than one look at the marks.
func TestMarksFar(t *testing.T) {
	var m marks
	for n := range 400 {
		data := append(bytes.Repeat([]byte("x"), n), '"')
		if !m.read(data) {
			t.Fatal("ASCII is UTF-8")
		}
		for from := range n {
			if got := m.next(from); got != n {
				t.Fatalf("from %d of %d: %d", from, n, got)
			}
		}
		if m.read(append(data, 0xff)) {
			t.Fatal("0xff is not UTF-8")
		}
	}
}

// FuzzMarks compares both ways of making marks.
func FuzzMarks(f *testing.F) {
	f.Add([]byte(`{"a":"b\\"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:len(data)/16*16]
		a, b := make([]byte, len(data)/8), make([]byte, len(data)/8)
		if x, y := markBlocks(a, data), markWords(b, data); x != y || !bytes.Equal(a, b) {
			t.Fatalf("%q: %x %v and %x %v", data, a, x, b, y)
		}
	})
}
