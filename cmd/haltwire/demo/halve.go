package demo

import (
	"math/big"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// halve returns half of d, cut to whole hundredths, as a bank that holds half.
func halve(d freeze.Dec) freeze.Dec {
	r, ok := new(big.Rat).SetString(string(d))
	if !ok {
		return "0"
	}
	cents := new(big.Int).Quo(new(big.Int).Mul(r.Num(), big.NewInt(50)), r.Denom())
	whole, rest := new(big.Int).QuoRem(cents, big.NewInt(100), new(big.Int))
	two := rest.String()
	if len(two) == 1 {
		two = "0" + two
	}
	return freeze.Dec(whole.String() + "." + two)
}
