package lang

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
)

// call rewrites a call of one of our functions.
func (r *rewriter) call(n *ast.CallNode) *Node {
	id, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return r.at(n.Callee, "values have no methods here", `age(x) is the time since x, x contains "y" searches`)
	}
	switch id.Value {
	case "age":
		return r.age(n)
	case "contains_any":
		return r.containsAny(n)
	case "distance_km":
		return r.distance(n)
	case "local_hour", "weekend":
		return r.local(n, id.Value)
	}
	f, ok := FunctionNamed(id.Value)
	if !ok {
		return r.at(n, "there is no function "+id.Value, "")
	}
	args := r.arguments(n, f)
	if args == nil {
		return nil
	}
	if len(args) == 1 && (args[0] == nil || args[0].Op == Opaque && f.Name == "len" && args[0].Type == Number) {
		return args[0]
	}
	return call(f.Name, f.Result, args...)
}

// opaqueLen returns the length of a list, which only the VM knows.
func (r *rewriter) opaqueLen(n *ast.CallNode) *Node {
	b := &ast.BuiltinNode{Name: "len", Arguments: n.Arguments}
	b.SetLocation(n.Location())
	return r.opaque(b)
}

// arguments rewrites the arguments of a call and checks them.
func (r *rewriter) arguments(n *ast.CallNode, f Function) []*Node {
	want := len(f.Args)
	if got := len(n.Arguments); got < want || got > want && !f.Many {
		r.at(n, fmt.Sprintf("%s takes %d argument%s, not %d", f.Name, want, map[bool]string{false: "s"}[want == 1], got), "for example: "+f.Example)
		return nil
	}
	args := make([]*Node, len(n.Arguments))
	for i, arg := range n.Arguments {
		t := f.Args[min(i, want-1)]
		a := r.node(arg)
		if a == nil {
			return nil
		}
		if a = r.beside(a, arg, &Node{Type: t}); a == nil {
			return nil
		}
		if (a.Type == List || a.Type == Any) && f.Name == "len" {
			return []*Node{r.opaqueLen(n)}
		}
		if a.Type != t {
			r.at(arg, fmt.Sprintf("%s needs a %s, and this is a %s", f.Name, t, a.Type), "for example: "+f.Example)
			return nil
		}
		args[i] = a
	}
	return args
}

// age rewrites age(t) to occurred_at - t.
func (r *rewriter) age(n *ast.CallNode) *Node {
	args := r.arguments(n, Function{Name: "age", Args: []Type{Time}, Example: `age(creditor.opened_at) <= "30d"`})
	if args == nil {
		return nil
	}
	return operation(Sub, Duration, column(r.schema, r.schema.Must("occurred_at")), args[0])
}

// containsAny rewrites contains_any(text, list) to one search a text.
func (r *rewriter) containsAny(n *ast.CallNode) *Node {
	if len(n.Arguments) != 2 {
		return r.at(n, "contains_any takes a text and a list of texts", `contains_any(narrative, ["crypto", "gift card"])`)
	}
	x := r.node(n.Arguments[0])
	if x == nil {
		return nil
	}
	if x.Type != Text {
		return r.at(n.Arguments[0], fmt.Sprintf("contains_any needs a text, and this is a %s", x.Type), "")
	}
	words, ok := r.words(n.Arguments[1])
	if !ok {
		return nil
	}
	parts := make([]*Node, len(words))
	for i, w := range words {
		parts[i] = operation(Contains, Bool, x, constant(text(w)))
	}
	return connective(Or, parts...)
}

// words returns the texts of a literal list or list param.
func (r *rewriter) words(n ast.Node) ([]string, bool) {
	var words []string
	switch n := n.(type) {
	case *ast.ArrayNode:
		for _, item := range n.Nodes {
			s, ok := item.(*ast.StringNode)
			if !ok {
				r.at(item, "only literal texts can be searched for", "")
				return nil, false
			}
			words = append(words, s.Value)
		}
	case *ast.MemberNode:
		for _, b := range r.listParam(n) {
			words = append(words, b.text)
		}
	}
	if startsWithName(n, "lists") {
		r.at(n, "contains_any searches literal texts", "a list with match: word searches: write narrative in lists.NAME")
		return nil, false
	}
	if len(words) == 0 || slices.Contains(words, "") {
		r.at(n, "a list of texts must stand here", `["crypto", "gift card"]`)
		return nil, false
	}
	return words, true
}

// distance rewrites distance_km(debtor, creditor) to a call over coordinates.
func (r *rewriter) distance(n *ast.CallNode) *Node {
	var args []*Node
	for _, arg := range n.Arguments {
		id, ok := arg.(*ast.IdentifierNode)
		if !ok {
			continue
		}
		lat, hasLat := r.schema.Index(id.Value + ".lat")
		lon, hasLon := r.schema.Index(id.Value + ".lon")
		if hasLat && hasLon {
			args = append(args, column(r.schema, lat), column(r.schema, lon))
		}
	}
	if len(args) != 4 || len(n.Arguments) != 2 {
		return r.at(n, "distance_km takes two sides of a report", "distance_km(debtor, creditor)")
	}
	return call("distance_km", Number, args...)
}

// builtin rewrites a call of one of expr's functions.
func (r *rewriter) builtin(n *ast.BuiltinNode) *Node {
	switch n.Name {
	case "hasPrefix", "hasSuffix":
		if len(n.Arguments) != 2 {
			return r.at(n, n.Name+" takes two texts", "")
		}
		b := &ast.BinaryNode{Operator: map[string]string{"hasPrefix": "startsWith", "hasSuffix": "endsWith"}[n.Name], Left: n.Arguments[0], Right: n.Arguments[1]}
		b.SetLocation(n.Location())
		return r.textual(b)
	case "any", "all", "none":
		if m := r.unroll(n); m != nil || r.failed {
			return m
		}
	}
	if !slices.Contains(machineFunctions(), n.Name) {
		no := refusedFunction(n.Name)
		if no == nil {
			no = &refusal{why: n.Name + "() is not available in rules"}
		}
		return r.at(n, no.why, no.fix)
	}
	return r.opaque(n)
}

// unroll rewrites any, all and none over a literal list to or, and, not or of
// the predicate for each item. It returns nil when the list is no literal.
func (r *rewriter) unroll(n *ast.BuiltinNode) *Node {
	list, ok := n.Arguments[0].(*ast.ArrayNode)
	pred, isPred := n.Arguments[1].(*ast.PredicateNode)
	if !ok || !isPred || len(list.Nodes) == 0 || len(list.Nodes)*size(pred) > maxNodes || nested(pred.Node) {
		return nil
	}
	parts := make([]*Node, 0, len(list.Nodes))
	for _, item := range list.Nodes {
		body := substitute(pred.Node, item)
		p := r.node(body)
		if p == nil {
			return nil
		}
		if p.Type != Bool {
			return r.at(pred.Node, fmt.Sprintf("the condition of %s must be true or false, and this is a %s", n.Name, p.Type), "")
		}
		parts = append(parts, p)
	}
	switch n.Name {
	case "all":
		return connective(And, parts...)
	case "none":
		return negate(connective(Or, parts...))
	}
	return connective(Or, parts...)
}

// counter counts nodes, and notes inner predicates.
type counter struct {
	nodes  int
	nested bool
}

// Visit implements ast.Visitor.
func (c *counter) Visit(n *ast.Node) {
	c.nodes++
	if _, ok := (*n).(*ast.PredicateNode); ok {
		c.nested = true
	}
	if p, ok := (*n).(*ast.PointerNode); ok && p.Name != "" {
		c.nested = true
	}
}

func size(n ast.Node) int {
	c := &counter{}
	ast.Walk(&n, c)
	return c.nodes
}

func nested(n ast.Node) bool {
	c := &counter{}
	ast.Walk(&n, c)
	return c.nested
}

// substitute returns a copy of a predicate's body with # replaced by item.
func substitute(n, item ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.PointerNode:
		return item
	case *ast.UnaryNode:
		c := *n
		c.Node = substitute(n.Node, item)
		return &c
	case *ast.BinaryNode:
		c := *n
		c.Left, c.Right = substitute(n.Left, item), substitute(n.Right, item)
		return &c
	case *ast.ConditionalNode:
		c := *n
		c.Cond, c.Exp1, c.Exp2 = substitute(n.Cond, item), substitute(n.Exp1, item), substitute(n.Exp2, item)
		return &c
	case *ast.CallNode:
		c := *n
		c.Arguments = substituteAll(n.Arguments, item)
		return &c
	case *ast.BuiltinNode:
		c := *n
		c.Arguments = substituteAll(n.Arguments, item)
		return &c
	case *ast.ArrayNode:
		c := *n
		c.Nodes = substituteAll(n.Nodes, item)
		return &c
	}
	return n
}

func substituteAll(ns []ast.Node, item ast.Node) []ast.Node {
	out := make([]ast.Node, len(ns))
	for i, n := range ns {
		out[i] = substitute(n, item)
	}
	return out
}
