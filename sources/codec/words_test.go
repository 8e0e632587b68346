package codec

import (
	"encoding/binary"
	"strings"
	"testing"
)

// TestWords puts every byte at every place of a word between bytes of either kind.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		name string
		bad  func(uint64) uint64
		good string // all bytes that are not bad
	}{
		{"outside", outside, "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"},
		{"notDigits", notDigits, "0123456789"},
		{"notHex", notHex, "0123456789abcdefABCDEF"},
	} {
		for b := range 256 {
			for at := range 8 {
				for _, fill := range []byte{c.good[0], c.good[len(c.good)-1], 0xff, 0x80, 0} {
					var s [8]byte
					for i := range s {
						s[i] = fill
					}
					s[at] = byte(b)
					want := strings.IndexByte(c.good, byte(b)) < 0 || strings.IndexByte(c.good, fill) < 0
					if got := c.bad(binary.LittleEndian.Uint64(s[:]))&highs != 0; got != want {
						t.Fatalf("%s of %q = %v", c.name, s, got)
					}
				}
			}
		}
	}
}

func TestUUID(t *testing.T) {
	const good = "6513270e-269e-4d37-b2a7-4de452e6b438"
	for at := range len(good) {
		for b := range 256 {
			s := []byte(good)
			s[at] = byte(b)
			ok, capitals := uuid(s)
			hex := strings.IndexByte("0123456789abcdefABCDEF", byte(b)) >= 0
			if good[at] == '-' {
				hex = b == '-'
			}
			if ok != hex || ok && capitals != (b >= 'A' && b <= 'F') {
				t.Fatalf("%q: %v, capitals %v", s, ok, capitals)
			}
		}
	}
	for _, s := range []string{"", good[1:], good + "0"} {
		if ok, _ := uuid([]byte(s)); ok {
			t.Errorf("%q is a UUID", s)
		}
	}
}

// TestNormal: what is called normal stays as it is.
func TestNormal(t *testing.T) {
	for _, scheme := range []string{"", "iban", "bban", "upi", "wallet", "card", "crypto", "other"} {
		for b := range 256 {
			for _, s := range []string{"GB52HWBA00000000000101", "12345678", "1234", "asha@bank"} {
				for at := range len(s) {
					acc := []byte(s)
					acc[at] = byte(b)
					if normal(scheme, acc) && string(AppendAccount(nil, scheme, acc)) != string(acc) {
						t.Fatalf("%s %q is not normal", scheme, acc)
					}
				}
			}
		}
	}
}
