package json

// markBlocks sets the bits of dst for the bytes of src, whose length is a multiple
// of 16, and reports whether src has a byte that is not ASCII. SSE2, which every
// amd64 machine has.
//
//go:noescape
func markBlocks(dst, src []byte) (high bool)
