package lang

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"github.com/haltwire/haltwire/pipeline/decimal"
)

// compareValues orders values of one type: texts by bytes, false before true.
func compareValues(a, b Value) int {
	switch a.Type {
	case Text:
		return strings.Compare(a.Text, b.Text)
	case Number:
		return a.Num.Cmp(b.Num)
	case Bool:
		return cmp.Compare(bit(a.Bool), bit(b.Bool))
	}
	return cmp.Compare(a.Int, b.Int)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// eval computes one operation from the values of its arguments, missing ones
// being the zero Value. It reports false when the operation failed, which makes
// its value missing.
type eval func(args []Value) (Value, bool)

// evaluator returns what computes n from its arguments. It is the meaning of
// every operation; rules/plan must agree with it.
func evaluator(n *Node) eval {
	switch n.Op {
	case And:
		return func(args []Value) (Value, bool) { return kleene(args, false), true }
	case Or:
		return func(args []Value) (Value, bool) { return kleene(args, true), true }
	case Coalesce:
		return func(args []Value) (Value, bool) {
			if args[0].Type != Invalid {
				return args[0], true
			}
			return args[1], true
		}
	case IsMissing:
		return func(args []Value) (Value, bool) { return boolean(args[0].Type == Invalid), true }
	case Cond:
		return condition
	}
	return strict(operator(n))
}

// strict makes f missing when an argument is.
func strict(f eval) eval {
	return func(args []Value) (Value, bool) {
		for _, a := range args {
			if a.Type == Invalid {
				return Value{}, true
			}
		}
		return f(args)
	}
}

// kleene returns decisive when an argument is it, else missing when one is
// missing, else the opposite.
func kleene(args []Value, decisive bool) Value {
	unknown := false
	for _, a := range args {
		if a.Type == Invalid {
			unknown = true
		} else if a.Bool == decisive {
			return boolean(decisive)
		}
	}
	if unknown {
		return Value{}
	}
	return boolean(!decisive)
}

func condition(args []Value) (Value, bool) {
	switch {
	case args[0].Type == Invalid:
		return Value{}, true
	case args[0].Bool:
		return args[1], true
	}
	return args[2], true
}

// operator returns what computes n from arguments that are all there.
func operator(n *Node) eval {
	switch n.Op {
	case Not:
		return func(a []Value) (Value, bool) { return boolean(!a[0].Bool), true }
	case Eq, Ne, Lt, Le, Gt, Ge:
		op := n.Op
		return func(a []Value) (Value, bool) { return boolean(holds(op, compareValues(a[0], a[1]))), true }
	case In:
		set := n.Set
		return func(a []Value) (Value, bool) {
			_, found := slices.BinarySearchFunc(set, a[0], compareValues)
			return boolean(found), true
		}
	case Contains, StartsWith, EndsWith, Matches, Concat:
		return textOperator(n)
	case Add, Sub, Mul, Div, Mod, Neg:
		return arithmetic(n)
	case Call:
		switch n.Name {
		case "local_hour":
			return localTime(n, localHour)
		case "weekend":
			return localTime(n, isWeekend)
		}
		if f, ok := FunctionNamed(n.Name); ok {
			return f.apply
		}
	case Opaque:
		if m, err := newMachine(n); err == nil {
			return m.eval
		}
	}
	return func([]Value) (Value, bool) { return Value{}, false }
}

// holds reports whether a comparison holds whose operands compare as c.
func holds(op Op, c int) bool {
	switch op {
	case Eq:
		return c == 0
	case Ne:
		return c != 0
	case Lt:
		return c < 0
	case Le:
		return c <= 0
	case Gt:
		return c > 0
	}
	return c >= 0
}

func textOperator(n *Node) eval {
	switch n.Op {
	case Contains:
		return func(a []Value) (Value, bool) { return boolean(strings.Contains(a[0].Text, a[1].Text)), true }
	case StartsWith:
		return func(a []Value) (Value, bool) { return boolean(strings.HasPrefix(a[0].Text, a[1].Text)), true }
	case EndsWith:
		return func(a []Value) (Value, bool) { return boolean(strings.HasSuffix(a[0].Text, a[1].Text)), true }
	case Concat:
		return func(a []Value) (Value, bool) {
			if len(a[0].Text)+len(a[1].Text) > MaxText {
				return Value{}, true
			}
			return text(a[0].Text + a[1].Text), true
		}
	}
	p, err := NewPattern(n.Args[1].Value.Text)
	if err != nil {
		return func([]Value) (Value, bool) { return Value{}, false }
	}
	return func(a []Value) (Value, bool) {
		found, ok := p.Match(a[0].Text)
		if !ok {
			return Value{}, false
		}
		return boolean(found), true
	}
}

// arithmetic returns what computes n exactly. Overflow and division by zero are
// missing and no failure (RULES §2, money).
func arithmetic(n *Node) eval {
	if n.Type == Time || n.Type == Duration {
		sign := int64(1)
		if n.Op == Sub {
			sign = -1
		}
		t := n.Type
		return func(a []Value) (Value, bool) { return Value{Type: t, Int: a[0].Int + sign*a[1].Int}, true }
	}
	if n.Op == Neg {
		return func(a []Value) (Value, bool) { return number(a[0].Num.Neg()), true }
	}
	f := map[Op]func(a, b decimal.D) (decimal.D, bool){
		Add: decimal.D.Add, Sub: decimal.D.Sub, Mul: decimal.D.Mul, Div: decimal.D.Quo, Mod: remainder,
	}[n.Op]
	return func(a []Value) (Value, bool) {
		d, ok := f(a[0].Num, a[1].Num)
		if !ok {
			return Value{}, true
		}
		return number(d), true
	}
}

// remainder returns a % b with the sign of a, false for b = 0.
func remainder(a, b decimal.D) (decimal.D, bool) {
	if b.Sign() == 0 {
		return decimal.D{}, false
	}
	r := new(big.Int).Rem(bigOf(a), bigOf(b))
	lo := new(big.Int).And(r, new(big.Int).SetUint64(^uint64(0)))
	return decimal.D{Lo: lo.Uint64(), Hi: new(big.Int).Rsh(r, 64).Int64()}, true
}

func bigOf(d decimal.D) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(d.Hi), 64)
	return n.Or(n, new(big.Int).SetUint64(d.Lo))
}
