package lang

import (
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/spec"
)

// ExpressionInRule checks the text of one expression written as a block, with some
// params and lets in scope.
func ExpressionInRule(source string) (*Node, Diagnostics) {
	var ds Diagnostics
	c := newLanguage(Options{Schema: event.Default()}, &ds)
	const head = `id: one
version: 1
params: {floor: 5000.00, code: 0042, country: GB, word: "5", yes: true, countries: [GB, AE], late: 30d}
let:
  abroad: debtor.account_country != creditor.account_country
  broken: nonsense
cases:
  - name: x
    when: |
`
	f := spec.NewFile("x.yaml", []byte(head+"      "+source+"\n"))
	tree, _ := spec.Parse([]*spec.File{f})
	l := &loader{language: c}
	r := tree.Rules[0]
	sc := l.scope(r)
	sc.score = true
	sc.later = map[string]bool{"further": true}
	ds = nil
	n, _ := c.expression(r.Cases[0].When, sc)
	return n, ds
}

// NewConnective makes nodes for tests of their meaning.
func NewConnective(op Op, args ...*Node) *Node { return connective(op, args...) }

// Negate returns not n as a condition has it.
func Negate(n *Node) *Node { return negate(n) }
