package generator

import "strconv"

// country is where reporters, accounts and phones come from.
type country struct {
	code, currency, dial string
	banks                []account // without account numbers
	operators            []string
}

// account is one account at one bank.
type account struct {
	country, scheme, number       string
	bic, clearingSystem, clearing string
	holder                        string
}

func world() map[string]country {
	return map[string]country{
		"IN": {code: "IN", currency: "INR", dial: "+9100", operators: []string{"HWT-IN-1", "HWT-IN-2"}, banks: []account{
			{country: "IN", scheme: "bban", bic: "HWBIINBB", clearingSystem: "INFSC", clearing: "HWBI0000001"},
			{country: "IN", scheme: "bban", bic: "HWBJINBB", clearingSystem: "INFSC", clearing: "HWBJ0000002"},
		}},
		"GB": {code: "GB", currency: "GBP", dial: "+4400", operators: []string{"HWT-GB-1", "HWT-GB-2"}, banks: []account{
			{country: "GB", scheme: "iban", bic: "HWBAGB2L", clearing: "HWBA000000"},
			{country: "GB", scheme: "iban", bic: "HWBBGB2L", clearing: "HWBB000000"},
		}},
		"AE": {code: "AE", currency: "AED", dial: "+97100", banks: []account{
			{country: "AE", scheme: "iban", bic: "HWBDAEAD", clearing: "999"},
		}},
	}
}

func (g *Generator) home() country { return g.world[g.o.Country] }

func (g *Generator) away() country {
	if g.o.Country == "GB" {
		return g.world["IN"]
	}
	return g.world["GB"]
}

// bank returns a new account at one of the country's banks.
func (c country) bank(g *Generator) account {
	a := c.banks[g.rng.IntN(len(c.banks))]
	n := g.rng.IntN(3_000_000)
	a.holder = "HOLDER " + strconv.Itoa(n)
	a.number = padded(n, 12)
	if a.scheme == "iban" {
		a.number = iban(c.code, a.clearing, padded(n, bban(c.code)-len(a.clearing)))
	}
	return a
}

func (c country) operator(g *Generator) string { return c.operators[g.rng.IntN(len(c.operators))] }

// bban is the length of a country's basic account number inside an IBAN.
func bban(country string) int {
	if country == "AE" {
		return 19
	}
	return 18
}

func (a account) write(w *writer, g *Generator) {
	w.text("account", a.number)
	w.text("scheme", a.scheme)
	w.text("bic", a.bic)
	if a.clearingSystem != "" {
		w.text("clearing_system", a.clearingSystem)
		w.text("clearing_id", a.clearing)
	}
	w.text("name", a.holder)
	w.text("kind", g.choose("person", "person", "person", "org"))
}

// iban returns the IBAN with its check digits (ISO 13616, mod 97).
func iban(country, bank, number string) string {
	rest := 0
	for _, c := range bank + number + country + "00" {
		if c >= 'A' && c <= 'Z' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return country + padded(98-rest, 2) + bank + number
}

func padded(n, width int) string {
	s := strconv.Itoa(n)
	for len(s) < width {
		s = "0" + s
	}
	return s
}

func digits(g *Generator, n int) string {
	s := make([]byte, n)
	for i := range s {
		s[i] = byte('0' + g.rng.IntN(10))
	}
	return string(s)
}

// phone returns a number from ranges that are not assigned, as many as a country
// has subscribers: of fewer, each would have its SIM swapped every minute.
func (g *Generator) phone() string { return g.home().dial + digits(g, 8) }
