package json

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// marks says for each byte of a record, one bit each, whether it ends plain text in
// a string: a quote, a backslash or a control character. One pass over the record
// makes them sixteen bytes at a time, so that the end of a string is two
// instructions away and no loop over its bytes has to be predicted.
type marks []byte

// read makes the marks of data and reports whether data is UTF-8. There is one
// mark more, behind the last byte, so that every search ends.
func (m *marks) read(data []byte) bool {
	n := len(data)
	if need := n/8 + 16; len(*m) < need {
		*m = make(marks, need+need/2)
	}
	blocks := n / 16
	high := markBlocks(*m, data[:16*blocks])
	var tail [16]byte
	var last [2]byte
	copy(tail[:], data[16*blocks:])
	high = markBlocks(last[:], tail[:]) || high
	end := uint64(1) << (n & 15)
	binary.LittleEndian.PutUint64((*m)[2*blocks:], uint64(binary.LittleEndian.Uint16(last[:]))&(end-1)|end)
	return !high || utf8.Valid(data)
}

// next returns the first mark from byte i on.
func (m marks) next(i int) int {
	if w := binary.LittleEndian.Uint64(m[i>>3:]) >> (i & 7); w != 0 {
		return i + bits.TrailingZeros64(w)
	}
	return m.far(i)
}

// far is next where the next 57 bytes have no mark.
func (m marks) far(i int) int {
	i = i&^7 + 64
	for {
		if w := binary.LittleEndian.Uint64(m[i>>3:]); w != 0 {
			return i + bits.TrailingZeros64(w)
		}
		i += 64
	}
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// markWords is markBlocks without the instructions of a certain machine.
func markWords(dst, src []byte) (high bool) {
	var all uint64
	for i := 0; i+8 <= len(src); i += 8 {
		w := binary.LittleEndian.Uint64(src[i:])
		all |= w
		dst[i/8] = gather(special(w))
	}
	return all&highs != 0
}

// special has a high bit for every byte of w that is a quote, a backslash or a
// control character.
func special(w uint64) uint64 {
	low := w &^ highs
	quote := (low ^ '"'*ones) + 0x7f*ones
	slash := (low ^ '\\'*ones) + 0x7f*ones
	plain := low + 0x60*ones
	return ^(w | quote&slash&plain) & highs
}

// gather returns the high bits of the bytes of w as one byte, that of the first
// byte lowest.
func gather(w uint64) byte { return byte((w >> 7) * 0x0102040810204080 >> 56) }
