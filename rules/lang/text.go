package lang

import (
	"strconv"
	"strings"
)

// Text writes a node of a rule as an author would: fields by their names, values
// of windows by those of the rule, lets and params expanded.
func (s *Set) Text(r *Rule, n *Node) string {
	p := &printer{set: s, rule: r}
	p.node(n, 0)
	return p.b.String()
}

type printer struct {
	set  *Set
	rule *Rule
	b    strings.Builder
}

// strength says how tightly an operation holds its operands together.
func strength(n *Node) int {
	switch n.Op {
	case Cond:
		return 1
	case Or:
		return 2
	case And:
		return 3
	case Eq, Ne, Lt, Le, Gt, Ge, In, InList, Contains, StartsWith, EndsWith, Matches, IsMissing:
		return 5
	case Add, Sub, Concat:
		return 6
	case Mul, Div, Mod:
		return 7
	case Coalesce:
		return 1
	case Not, Neg:
		return 8
	}
	return 9
}

// node writes n, in parentheses when what stands around it holds more tightly.
func (p *printer) node(n *Node, around int) {
	if n == nil {
		return
	}
	if own := strength(n); own < around {
		p.b.WriteByte('(')
		defer p.b.WriteByte(')')
	}
	switch n.Op {
	case Const:
		p.constant(n.Value)
	case Column, Extra, Missing, Score, This:
		p.b.WriteString(n.Key)
	case And, Or:
		p.joined(n.Args, " "+n.Op.String()+" ", strength(n)+1)
	case Not, Neg:
		p.b.WriteString(map[Op]string{Not: "not ", Neg: "-"}[n.Op])
		p.node(n.Args[0], strength(n)+1)
	case IsMissing:
		p.node(n.Args[0], 6)
		p.b.WriteString(" == nil")
	case In:
		p.in(n)
	case Cond:
		p.node(n.Args[0], 2)
		p.b.WriteString(" ? ")
		p.node(n.Args[1], 2)
		p.b.WriteString(" : ")
		p.node(n.Args[2], 2)
	default:
		p.more(n)
	}
}

func (p *printer) more(n *Node) {
	switch n.Op {
	case Windowed:
		p.windowed(n)
	case InList:
		p.node(n.Args[0], 6)
		p.b.WriteString(" in lists." + n.Name)
	case Cell:
		p.b.WriteString("tables." + n.Name + "[")
		p.node(n.Args[0], 0)
		p.b.WriteString("]." + n.Source)
	case RuleHit:
		p.b.WriteString("hit of " + n.Name)
		if n.Source != "" {
			p.b.WriteString(" (" + n.Source + ")")
		}
	case Call:
		p.call(n)
	case Opaque:
		p.opaque(n)
	default:
		name := n.Op.String()
		if n.Op == Concat {
			name = "+"
		}
		p.joined(n.Args, " "+name+" ", strength(n)+1)
	}
}

func (p *printer) joined(args []*Node, by string, around int) {
	for i, a := range args {
		if i > 0 {
			p.b.WriteString(by)
		}
		p.node(a, around)
	}
}

// call writes a function; the time and the zones that local ones read are not
// written in rules.
func (p *printer) call(n *Node) {
	args := n.Args
	if n.Name == "local_hour" || n.Name == "weekend" {
		args = args[1:2]
	}
	p.b.WriteString(n.Name + "(")
	p.joined(args, ", ", 0)
	p.b.WriteByte(')')
}

func (p *printer) in(n *Node) {
	p.node(n.Args[0], 6)
	p.b.WriteString(" in [")
	for i, v := range n.Set {
		if i == 12 {
			p.b.WriteString(", … " + strconv.Itoa(len(n.Set)-i) + " more")
			break
		}
		if i > 0 {
			p.b.WriteString(", ")
		}
		p.constant(v)
	}
	p.b.WriteByte(']')
}

// opaque writes the text for the VM with its arguments in their places.
func (p *printer) opaque(n *Node) {
	source := n.Source
	for i := len(n.Args) - 1; i >= 0; i-- {
		inner := &printer{set: p.set, rule: p.rule}
		inner.node(n.Args[i], 9)
		source = replaceWord(source, "x"+strconv.Itoa(i), inner.b.String())
	}
	p.b.WriteString(source)
}

// replaceWord replaces name in text wherever it stands as a word of its own.
func replaceWord(text, name, by string) string {
	var b strings.Builder
	for {
		at := find(text, name)
		if at < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:at] + by)
		text = text[at+len(name):]
	}
}

func (p *printer) constant(v Value) {
	switch v.Type {
	case Time:
		p.b.WriteString(strconv.Quote(strings.TrimPrefix(v.key(), "@")))
	case Duration:
		p.b.WriteString(strconv.Quote(durationOf(v.Int)))
	default:
		p.b.WriteString(v.key())
	}
}

// durationOf writes ms in the greatest unit that is exact.
func durationOf(ms int64) string {
	for _, u := range []struct {
		ms   int64
		name string
	}{{86_400_000, "d"}, {3_600_000, "h"}, {60_000, "m"}, {1000, "s"}} {
		if ms%u.ms == 0 && ms != 0 {
			return strconv.FormatInt(ms/u.ms, 10) + u.name
		}
	}
	return strconv.FormatInt(ms, 10) + "ms"
}

// windowed writes a value of a window by the names that the rule gives it.
func (p *printer) windowed(n *Node) {
	if p.rule != nil {
		for _, w := range p.rule.Windows {
			for _, v := range w.Values {
				if w.Win == n.Win && v.Col == n.Col {
					p.b.WriteString(w.Name + "." + v.Name)
					return
				}
			}
		}
	}
	p.b.WriteString(n.Key)
}
