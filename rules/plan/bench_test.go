package plan_test

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
	"github.com/haltwire/haltwire/rules/plan"
)

// The benchmarks judge 10,000 varied reports by sets of 0 to 100,000 rules of a
// mix that real sets have: equality, threshold, list and text conditions, few
// rules about everything, most about a corridor, a bank, an account or a word.

const benchRows = 10_000

// pool is what reports and rules are drawn from.
type pool struct {
	r         *rand.Rand
	countries []string
	words     []string
}

func newPool(seed uint64) *pool {
	return &pool{r: rand.New(rand.NewPCG(seed, 1)), countries: code.Countries(), words: []string{
		"invoice", "rent", "salary", "family support", "gift card", "investment", "crypto wallet", "urgent payment", "tax refund",
		"school fees", "medical", "loan", "deposit", "consulting", "goods", "refund", "booking", "charity", "prize", "customs fee"}}
}

func pick[T any](p *pool, from []T) T { return from[p.r.IntN(len(from))] }

// country is skewed: half of all payments go to six countries.
func (p *pool) country() string {
	if p.r.IntN(2) == 0 {
		return pick(p, []string{"IN", "GB", "DE", "AE", "US", "SG"})
	}
	return pick(p, p.countries)
}

func (p *pool) bic() string { return fmt.Sprintf("HW%02dGB2L", p.r.IntN(100)) }

func (p *pool) account(n int) string { return fmt.Sprintf("GB52HWBA%014d", p.r.IntN(n)) }

func (p *pool) kind() string {
	return pick(p, []string{"bank.transfer", "bank.transfer", "bank.transfer", "bank.transfer", "bank.transfer", "bank.transfer",
		"bank.login", "bank.payee_check", "telecom.sim_swap", "telecom.call", "crypto.transfer", "police.complaint"})
}

func benchBatch(p *pool) *event.Batch {
	f := newFiller()
	b := event.NewBatch(f.schema, nil)
	recs := &event.Records{}
	b.Reset(recs)
	column := func(name string) *event.Vector { return &b.Columns[f.schema.Must(name)] }
	for r := range benchRows {
		recs.Offsets, recs.Times, recs.Values = append(recs.Offsets, int64(r)), append(recs.Times, 0), append(recs.Values, nil)
		now := int64(1_760_000_000_000 + r*1000)
		kind := p.kind()
		f.setSymbol(b, r, "kind", kind)
		f.setSymbol(b, r, "reporter", p.bic())
		column("occurred_at").SetTime(r, now)
		f.setSymbol(b, r, "currency", pick(p, []string{"INR", "GBP", "EUR", "USD", "AED"}))
		f.setSymbol(b, r, "rail", pick(p, event.Rails()))
		f.setSymbol(b, r, "status", pick(p, []string{"accepted", "settled", "settled", "pending", "refused"}))
		f.setSymbol(b, r, "debtor.account_country", p.country())
		f.setSymbol(b, r, "creditor.account_country", p.country())
		f.setSymbol(b, r, "creditor.bic", p.bic())
		f.setSymbol(b, r, "debtor.bic", p.bic())
		column("creditor.account").SetText(r, []byte(p.account(1_000_000)))
		column("debtor.account").SetText(r, []byte(p.account(1_000_000)))
		column("creditor.name").SetText(r, []byte(fmt.Sprintf("Holder %d of %s", p.r.IntN(100_000), pick(p, p.words))))
		amount := dec(fmt.Sprintf("%d.%02d", int(p.r.ExpFloat64()*20_000), p.r.IntN(100)))
		column("amount").SetDecimal(r, amount)
		column("base_amount").SetDecimal(r, amount)
		if p.r.IntN(3) > 0 {
			column("payment.remittance").SetText(r, []byte(fmt.Sprintf("%s %d %s", pick(p, p.words), p.r.IntN(10_000), pick(p, p.words))))
		}
		if p.r.IntN(2) == 0 {
			column("creditor.opened_at").SetTime(r, now-int64(p.r.ExpFloat64()*86_400_000*700))
		}
		b.Accept(r)
	}
	b.Finish()
	for col, d := range f.dicts {
		d.Bind(&b.Columns[col])
	}
	return b
}

// benchRules returns n rules.
func benchRules(p *pool, s *event.Schema, n int) []*lang.Rule {
	rules := make([]*lang.Rule, n)
	for i := range rules {
		rules[i] = &lang.Rule{ID: fmt.Sprintf("rule-%06d", i), Version: 1, Status: lang.Live, On: []string{"bank.transfer"}, Guard: benchGuard(p, s)}
		if i%10 == 9 {
			rules[i].On = []string{pick(p, []string{"crypto.transfer", "bank.payee_check", "police.complaint"})}
		}
	}
	return rules
}

func benchGuard(p *pool, s *event.Schema) *lang.Node {
	c := func(name string) *lang.Node { return col(s, name) }
	eq := func(name, v string) *lang.Node { return node(lang.Eq, lang.Bool, c(name), text(v)) }
	ge := func(name string, v int) *lang.Node {
		return node(lang.Ge, lang.Bool, c(name), number(fmt.Sprint(v)))
	}
	young := func() *lang.Node {
		age := node(lang.Sub, lang.Duration, c("occurred_at"), c("creditor.opened_at"))
		return node(lang.Le, lang.Bool, age, lit(lang.Value{Type: lang.Duration, Int: int64(1+p.r.IntN(90)) * 86_400_000}))
	}
	abroad := node(lang.Ne, lang.Bool, c("creditor.account_country"), c("debtor.account_country"))
	and := func(args ...*lang.Node) *lang.Node { return node(lang.And, lang.Bool, args...) }
	floor := 60_000 + p.r.IntN(200_000) // a few per cent of payments and less
	switch p.r.IntN(10) {
	case 0, 1, 2: // a corridor, over a floor
		return and(eq("creditor.account_country", pick(p, p.countries)), eq("debtor.account_country", pick(p, p.countries)), ge("base_amount", floor/10))
	case 3: // some countries by some rails
		return and(in(c("creditor.account_country"), pick(p, p.countries), pick(p, p.countries), pick(p, p.countries)),
			in(c("rail"), "swift", "sepa_inst", "fps"), abroad, ge("base_amount", floor/2))
	case 4: // a bank's young accounts
		return and(eq("creditor.bic", p.bic()), young(), ge("amount", floor/2))
	case 5: // a list of accounts
		return in(c("creditor.account"), p.account(100_000_000), p.account(100_000_000), p.account(100_000_000), p.account(100_000_000))
	case 6: // a word, and a country
		word := fmt.Sprintf("%s %d", pick(p, p.words), p.r.IntN(10_000))
		return and(node(lang.Contains, lang.Bool, c("payment.remittance"), text(word)), abroad)
	case 7: // one account or another bank's name
		return node(lang.Or, lang.Bool, eq("creditor.account", p.account(100_000_000)),
			and(eq("creditor.bic", p.bic()), eq("debtor.bic", p.bic()), node(lang.Not, lang.Bool, eq("status", "refused")), ge("amount", floor/2)))
	case 8: // a floor alone, high
		return and(ge("base_amount", 150_000+p.r.IntN(1_000_000)), abroad)
	}
	return and(node(lang.Not, lang.Bool, in(c("status"), "refused", "failed")), eq("currency", pick(p, []string{"INR", "GBP", "EUR"})),
		eq("reporter", p.bic()), eq("creditor.account_country", pick(p, p.countries)))
}

// cpuTime returns the user and system time of this process, ns: it does not
// count what others do on the machine.
func cpuTime() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func BenchmarkEval(b *testing.B) {
	benchEval(b, benchRules, 0, 100, 1_000, 10_000, 100_000)
}

// BenchmarkTexts has rules whose only conditions are searches.
func BenchmarkTexts(b *testing.B) { benchEval(b, textRules, 100, 1_000, 10_000) }

// BenchmarkOpen has rules that no table can be asked for: comparisons of columns
// with each other.
func BenchmarkOpen(b *testing.B) { benchEval(b, openRules, 10, 100, 1_000) }

func textRules(p *pool, s *event.Schema, n int) []*lang.Rule {
	c := func(name string) *lang.Node { return col(s, name) }
	rules := make([]*lang.Rule, n)
	for i := range rules {
		var guard *lang.Node
		word := fmt.Sprintf("%s %d", pick(p, p.words), p.r.IntN(10_000))
		switch i % 5 {
		case 0:
			guard = node(lang.Contains, lang.Bool, c("payment.remittance"), text(word))
		case 1:
			guard = node(lang.Contains, lang.Bool, call("lower", lang.Text, c("creditor.name")), text(word[len(word)/2:]+" of"))
		case 2:
			guard = node(lang.Matches, lang.Bool, c("payment.remittance"), text("^"+word+" .*(card|fee)$"))
		case 3:
			guard = node(lang.StartsWith, lang.Bool, c("creditor.account"), text(p.account(100_000_000)[:21]))
		case 4:
			guard = node(lang.Or, lang.Bool, node(lang.Contains, lang.Bool, c("payment.remittance"), text(word+" x")),
				node(lang.StartsWith, lang.Bool, c("creditor.bic"), text(fmt.Sprintf("HX%04d", p.r.IntN(10_000)))))
		}
		rules[i] = &lang.Rule{ID: fmt.Sprintf("rule-%06d", i), Version: 1, Status: lang.Live, On: []string{"bank.transfer"}, Guard: guard}
	}
	return rules
}

// BenchmarkStructuring has rules about amounts just below a threshold.
func BenchmarkStructuring(b *testing.B) { benchEval(b, structuringRules, 100, 1_000, 10_000) }

func structuringRules(p *pool, s *event.Schema, n int) []*lang.Rule {
	rules := make([]*lang.Rule, n)
	for i := range rules {
		top := 1000 + p.r.IntN(200_000)
		amount := col(s, "amount")
		rules[i] = &lang.Rule{ID: fmt.Sprintf("rule-%06d", i), Version: 1, Status: lang.Live, On: []string{"bank.transfer"},
			Guard: node(lang.And, lang.Bool, node(lang.Ge, lang.Bool, amount, number(fmt.Sprint(top-top/200))), node(lang.Lt, lang.Bool, amount, number(fmt.Sprint(top))),
				node(lang.Ne, lang.Bool, col(s, "debtor.account_country"), text("ZZ")))}
	}
	return rules
}

func openRules(p *pool, s *event.Schema, n int) []*lang.Rule {
	c := func(name string) *lang.Node { return col(s, name) }
	rules := make([]*lang.Rule, n)
	for i := range rules {
		share := node(lang.Mul, lang.Number, c("amount"), number(fmt.Sprintf("1.%03d", p.r.IntN(1000))))
		guard := node(lang.And, lang.Bool, node(lang.Ne, lang.Bool, c("creditor.account_country"), c("debtor.account_country")),
			node(lang.Eq, lang.Bool, c("creditor.bic"), c("debtor.bic")), node(lang.Lt, lang.Bool, c("base_amount"), share))
		rules[i] = &lang.Rule{ID: fmt.Sprintf("rule-%06d", i), Version: 1, Status: lang.Live, On: []string{"bank.transfer"}, Guard: guard}
	}
	return rules
}

func benchEval(b *testing.B, make func(*pool, *event.Schema, int) []*lang.Rule, sizes ...int) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			p := newPool(7)
			batch := benchBatch(p)
			e := plan.NewEvaluator(newPlan(b, batch.Schema, make(p, batch.Schema, n)...))
			matches := len(e.Eval(batch)) // warm
			b.ReportAllocs()
			used := cpuTime()
			for b.Loop() {
				e.Eval(batch)
			}
			b.ReportMetric(float64(cpuTime()-used)/float64(b.N)/benchRows, "cpu-ns/report")
			b.ReportMetric(float64(matches)/benchRows, "matches/report")
		})
	}
}

// BenchmarkMachine judges the same reports a rule and a row at a time on expr's
// VM.
func BenchmarkMachine(b *testing.B) {
	for _, n := range []int{100, 1_000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			p := newPool(7)
			batch := benchBatch(p)
			var programs []*lang.Program
			for _, r := range benchRules(p, batch.Schema, n) {
				program, err := lang.Compile(r.Guard)
				if err != nil {
					b.Fatal(err)
				}
				programs = append(programs, program)
			}
			const rows = 100
			used := cpuTime()
			for b.Loop() {
				for r := range rows {
					for _, program := range programs {
						program.Eval(lang.BatchRow{Batch: batch, Row: r})
					}
				}
			}
			b.ReportMetric(float64(cpuTime()-used)/float64(b.N)/rows, "cpu-ns/report")
		})
	}
}

// BenchmarkNew compiles a set.
func BenchmarkNew(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			p := newPool(7)
			s := schema()
			rules := benchRules(p, s, n)
			for b.Loop() {
				newPlan(b, s, rules...)
			}
		})
	}
}
