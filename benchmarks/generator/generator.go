package generator

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// Topics that the reports belong to.
const (
	Bank    = "bank.reports"
	Telecom = "telecom.reports"
)

// Options say what to make. The zero value is a harmless Indian stream.
type Options struct {
	Seed    uint64
	Country string  // IN | GB: whose banks and operators report; default IN
	Fraud   float64 // share of reports that begin a story, 0 to 1
}

// Report is one report on the wire. Value is valid until the next call.
type Report struct {
	Topic string
	Key   string // reporter: one reporter's reports keep their order
	Value []byte
}

// Generator makes one report after another. It is used by one goroutine.
type Generator struct {
	o       Options
	world   map[string]country
	rng     *rand.Rand
	n       uint64
	buf     []byte
	pending []func(g *Generator, w *writer, at time.Time) Report // rest of the running story
}

// New returns a generator of o.
func New(o Options) *Generator {
	if o.Country == "" {
		o.Country = "IN"
	}
	return &Generator{o: o, world: world(), rng: rand.New(rand.NewPCG(o.Seed, 0x68616c7477697265))}
}

// Next returns the next report, as said at time at.
func (g *Generator) Next(at time.Time) Report {
	g.n++
	w := &writer{buf: g.buf[:0]}
	r := g.pick(w, at.UTC())
	g.buf = w.buf
	r.Value = w.buf
	return r
}

func (g *Generator) pick(w *writer, at time.Time) Report {
	if len(g.pending) > 0 {
		next := g.pending[0]
		g.pending = g.pending[1:]
		return next(g, w, at)
	}
	if g.rng.Float64() < g.o.Fraud {
		return g.story(w, at)
	}
	switch p := g.rng.IntN(100); {
	case p < 62:
		return g.transfer(w, at)
	case p < 72:
		return g.login(w, at)
	case p < 77:
		return g.beneficiary(w, at)
	case p < 90:
		return g.call(w, at)
	case p < 97:
		return g.textMessage(w, at)
	default:
		return g.simSwap(w, at, g.phone())
	}
}

func (g *Generator) id(prefix string) string {
	return prefix + "-" + strconv.FormatUint(g.o.Seed, 36) + "-" + strconv.FormatUint(g.n, 10)
}

func (g *Generator) choose(from ...string) string { return from[g.rng.IntN(len(from))] }

// transfer is a harmless payment, one in twelve of them abroad.
func (g *Generator) transfer(w *writer, at time.Time) Report {
	p := g.payment(at)
	p.status, p.rail = g.choose("accepted", "settled", "settled", "pending"), g.choose("imps", "upi", "neft", "fps", "sepa_inst")
	if g.rng.IntN(2) == 0 {
		p.remittance = g.choose("rent", "school fees", "invoice", "gift card", "family support", "loan advance", "refund desk", "crypto wallet") + " " + strconv.Itoa(g.rng.IntN(100_000))
	}
	if g.rng.IntN(12) == 0 {
		p.abroad(g)
	}
	return p.report(g, w, "bank.transfer")
}

func (g *Generator) login(w *writer, at time.Time) Report {
	bank := g.home().bank(g)
	w.open(g.id("L"), bank.bic, "bank.login", at)
	w.nest("debtor", func() {
		bank.write(w, g)
		w.text("device", "dev-"+strconv.Itoa(g.rng.IntN(200000)))
		w.text("ip", "192.0.2."+strconv.Itoa(g.rng.IntN(250)))
		w.text("phone", g.phone())
	})
	w.close()
	return Report{Topic: Bank, Key: bank.bic}
}

func (g *Generator) beneficiary(w *writer, at time.Time) Report {
	bank, other := g.home().bank(g), g.home().bank(g)
	w.open(g.id("B"), bank.bic, "bank.beneficiary_added", at)
	w.nest("debtor", func() { bank.write(w, g) })
	w.nest("creditor", func() { other.write(w, g) })
	w.close()
	return Report{Topic: Bank, Key: bank.bic}
}

func (g *Generator) call(w *writer, at time.Time) Report {
	op := g.home().operator(g)
	w.open(g.id("C"), op, "telecom.call", at)
	w.nest("subscriber", func() { w.text("phone", g.phone()); w.text("operator", op); w.text("country", g.o.Country) })
	w.nest("peer", func() { w.text("phone", g.phone()) })
	w.text("direction", g.choose("in", "out"))
	w.number("duration_s", int64(g.rng.IntN(1800)))
	w.text("cell_id", "cell-"+strconv.Itoa(g.rng.IntN(9000)))
	w.close()
	return Report{Topic: Telecom, Key: op}
}

func (g *Generator) textMessage(w *writer, at time.Time) Report {
	op := g.home().operator(g)
	w.open(g.id("M"), op, "telecom.message", at)
	w.nest("subscriber", func() { w.text("phone", g.phone()); w.text("operator", op) })
	w.nest("peer", func() { w.text("sender_id", g.choose("HWBANK", "PARCEL", "TAXDPT", "OTP")) })
	w.text("direction", "in")
	w.close()
	return Report{Topic: Telecom, Key: op}
}

func (g *Generator) simSwap(w *writer, at time.Time, phone string) Report {
	op := g.home().operator(g)
	w.open(g.id("S"), op, "telecom.sim_swap", at)
	w.nest("subscriber", func() {
		w.text("phone", phone)
		w.text("imsi", "00101"+digits(g, 10))
		w.text("iccid", "8999"+digits(g, 15))
		w.text("operator", op)
		w.text("country", g.o.Country)
	})
	w.close()
	return Report{Topic: Telecom, Key: op}
}
