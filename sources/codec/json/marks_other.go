//go:build !amd64

package json

func markBlocks(dst, src []byte) (high bool) { return markWords(dst, src) }
