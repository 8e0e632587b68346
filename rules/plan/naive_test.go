package plan_test

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/lang"
)

// naive evaluates n on row r, a value at a time and in the order written: what
// RULES says, without a thought for speed. nil is missing; numbers are big.Rat,
// times and durations int64.
func naive(b *event.Batch, r int, score any, n *lang.Node) any {
	arg := func(i int) any { return naive(b, r, score, n.Args[i]) }
	switch n.Op {
	case lang.Const:
		return literal(n.Value)
	case lang.Missing:
		return nil
	case lang.Score:
		return score
	case lang.Column:
		return cell(b, r, n.Col)
	case lang.Extra:
		return member(b, r, n.Name)
	case lang.And, lang.Or:
		return naiveConnective(b, r, score, n)
	case lang.Coalesce:
		if v := arg(0); v != nil {
			return v
		}
		return arg(1)
	case lang.IsMissing:
		return arg(0) == nil
	case lang.Cond:
		switch arg(0) {
		case true:
			return arg(1)
		case false:
			return arg(2)
		}
		return nil
	}
	args := make([]any, len(n.Args))
	for i := range n.Args {
		if args[i] = arg(i); args[i] == nil {
			return nil
		}
	}
	return naiveStrict(n, args)
}

func naiveConnective(b *event.Batch, r int, score any, n *lang.Node) any {
	var result any = n.Op == lang.And
	for _, a := range n.Args {
		switch v := naive(b, r, score, a); v {
		case n.Op == lang.Or:
			return v
		case nil:
			result = nil
		}
	}
	return result
}

func naiveStrict(n *lang.Node, args []any) any {
	switch n.Op {
	case lang.Not:
		return !args[0].(bool)
	case lang.In:
		return slices.ContainsFunc(n.Set, func(v lang.Value) bool { return order(args[0], literal(v)) == 0 })
	case lang.Eq:
		return order(args[0], args[1]) == 0
	case lang.Ne:
		return order(args[0], args[1]) != 0
	case lang.Lt:
		return order(args[0], args[1]) < 0
	case lang.Le:
		return order(args[0], args[1]) <= 0
	case lang.Gt:
		return order(args[0], args[1]) > 0
	case lang.Ge:
		return order(args[0], args[1]) >= 0
	case lang.Contains:
		return strings.Contains(args[0].(string), args[1].(string))
	case lang.StartsWith:
		return strings.HasPrefix(args[0].(string), args[1].(string))
	case lang.EndsWith:
		return strings.HasSuffix(args[0].(string), args[1].(string))
	case lang.Matches:
		return regexp.MustCompile(args[1].(string)).MatchString(args[0].(string))
	case lang.Concat:
		return args[0].(string) + args[1].(string)
	case lang.Call:
		return naiveCall(n, args)
	}
	if _, ok := args[0].(int64); ok {
		return naiveTime(n.Op, args)
	}
	return naiveNumber(n.Op, args)
}

func naiveTime(op lang.Op, args []any) any {
	if op == lang.Add {
		return args[0].(int64) + args[1].(int64)
	}
	return args[0].(int64) - args[1].(int64)
}

func naiveNumber(op lang.Op, args []any) any {
	x := args[0].(*big.Rat)
	if op == lang.Neg {
		return new(big.Rat).Neg(x)
	}
	y := args[1].(*big.Rat)
	switch op {
	case lang.Add:
		return fitting(new(big.Rat).Add(x, y))
	case lang.Sub:
		return fitting(new(big.Rat).Sub(x, y))
	case lang.Mul:
		return fitting(new(big.Rat).Mul(x, y))
	}
	if y.Sign() == 0 {
		return nil
	}
	q := new(big.Rat).Quo(x, y)
	if op == lang.Div {
		return fitting(q)
	}
	whole := new(big.Rat).SetInt(new(big.Int).Quo(q.Num(), q.Denom()))
	return new(big.Rat).Sub(x, whole.Mul(whole, y))
}

// fitting rounds x half to even at the 18th place; nil when it has more than 38
// digits.
func fitting(x *big.Rat) any {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)
	scaled := new(big.Rat).Mul(x, new(big.Rat).SetInt(unit))
	q, rem := new(big.Int).QuoRem(new(big.Int).Abs(scaled.Num()), scaled.Denom(), new(big.Int))
	if c := rem.Lsh(rem, 1).Cmp(scaled.Denom()); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	if q.Cmp(new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)) >= 0 {
		return nil
	}
	if x.Sign() < 0 {
		q.Neg(q)
	}
	return new(big.Rat).SetFrac(q, unit)
}

func naiveCall(n *lang.Node, args []any) any {
	switch n.Name {
	case "abs":
		return new(big.Rat).Abs(args[0].(*big.Rat))
	case "upper":
		return strings.ToUpper(args[0].(string))
	case "lower":
		return strings.ToLower(args[0].(string))
	case "decimal":
		d, err := decimal.ParseSigned([]byte(args[0].(string)))
		if err != nil {
			return nil
		}
		return rational(d)
	}
	panic("the naive interpreter lacks " + n.Name)
}

func order(a, b any) int {
	switch x := a.(type) {
	case string:
		return strings.Compare(x, b.(string))
	case *big.Rat:
		return x.Cmp(b.(*big.Rat))
	case int64:
		return big.NewInt(x).Cmp(big.NewInt(b.(int64)))
	}
	return slices.Index([]bool{false, true}, a.(bool)) - slices.Index([]bool{false, true}, b.(bool))
}

func rational(d decimal.D) *big.Rat {
	x, ok := new(big.Rat).SetString(d.String())
	if !ok {
		panic("not a number: " + d.String())
	}
	return x
}

func literal(v lang.Value) any {
	switch v.Type {
	case lang.Bool:
		return v.Bool
	case lang.Text:
		return v.Text
	case lang.Number:
		return rational(v.Num)
	}
	return v.Int
}

func cell(b *event.Batch, r, col int) any {
	v := &b.Columns[col]
	if !v.Has(r) {
		return nil
	}
	switch v.Type {
	case event.Text, event.Symbol:
		return v.String(r)
	case event.Decimal:
		return rational(v.Dec[r])
	case event.Time:
		return v.I64[r]
	case event.Date:
		return int64(v.I32[r]) * 86_400_000
	case event.Uint:
		return new(big.Rat).SetInt64(int64(v.U32[r]))
	case event.Float:
		x, _ := new(big.Rat).SetString(strconv.FormatFloat(v.F64[r], 'f', -1, 64))
		return x
	}
	return v.True.Has(r)
}

func member(b *event.Batch, r int, key string) any {
	v := &b.Columns[b.Schema.Must("extra")]
	if !v.Has(r) {
		return nil
	}
	for i := v.Off[r]; i < v.Off[r+1]; i++ {
		if v.Keys.String(int(i)) == key {
			return v.Vals.String(int(i))
		}
	}
	return nil
}
