package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/rules/spec"
)

// identifier rewrites a name that stands by itself.
func (r *rewriter) identifier(n *ast.IdentifierNode) *Node {
	if b, ok := r.scope.lets[n.Value]; ok {
		if b.node == nil {
			r.failed = true // reported where it stands
		}
		if r.nodes += b.size; r.nodes > maxTree {
			return r.at(n, fmt.Sprintf("the lets used here expand to more than %d nodes", maxTree), "split the rule")
		}
		return b.node
	}
	if i, ok := r.schema.Index(n.Value); ok {
		return r.column(n, i)
	}
	if n.Value == "score" && r.scope.score {
		return &Node{Op: Score, Type: Number, Key: "score"}
	}
	return r.noName(n)
}

// noName reports a name that stands for no value.
func (r *rewriter) noName(n *ast.IdentifierNode) *Node {
	switch {
	case n.Value == "score":
		return r.at(n, "score stands only in conditions of cases", "write cases: [{name: high, when: score >= 50}]; when: decides before points are added")
	case n.Value == "lists":
		return r.at(n, "lists is a group of lists", "write x in lists.NAME")
	case n.Value == "tables":
		return r.at(n, "tables is a group of tables", "write tables.NAME[key].column")
	case n.Value == "this" && r.scope.part == wherePart:
		return r.at(n, "this is the judged report", "write this.debtor.account, for example")
	case n.Value == "this":
		return r.at(n, "this. stands only in where of a window", "elsewhere a field of the judged report is written without it")
	case r.scope.windows[n.Value] != nil:
		return r.at(n, n.Value+" is a window", "write a value of it: "+n.Value+"."+r.scope.windows[n.Value].first())
	case r.scope.part != noPart && r.scope.later[n.Value]:
		return r.at(n, "a window cannot use the let "+n.Value+": lets come after windows", "write its expression out")
	case n.Value == "$env":
		return r.at(n, "$env is refused: name the fields", "")
	case n.Value == "params":
		return r.at(n, "params is a group of constants", "write params.NAME")
	case r.scope.later[n.Value]:
		return r.at(n, n.Value+" stands further down under let:", "a let may use earlier ones only: move it up")
	}
	for _, g := range r.groups {
		if g == n.Value {
			return r.at(n, n.Value+" is a group of fields", "write "+r.membersOf(g)[0]+", for example")
		}
	}
	return r.at(n, "there is no field or let called "+n.Value, spec.DidYouMean(n.Value, r.names(r.scope)))
}

func (r *rewriter) column(n ast.Node, i int) *Node {
	if r.schema.Columns[i].Type == event.Map {
		return r.at(n, "extra is a mapping", `write extra["name"]`)
	}
	return column(r.schema, i)
}

// membersOf returns the columns of a group.
func (c *language) membersOf(group string) []string {
	var ms []string
	for _, col := range c.schema.Columns {
		if strings.HasPrefix(col.Name, group+".") {
			ms = append(ms, col.Name)
		}
	}
	return ms
}

// path returns the names of a chain of members, root first, and the root; ok is
// false when a part is not a name.
func path(n ast.Node) (names []string, root ast.Node, ok bool) {
	switch n := n.(type) {
	case *ast.ChainNode:
		return path(n.Node)
	case *ast.IdentifierNode:
		return []string{n.Value}, n, true
	case *ast.MemberNode:
		names, root, ok = path(n.Node)
		key, text := n.Property.(*ast.StringNode)
		if !ok || !text {
			return names, root, false
		}
		return append(names, key.Value), root, true
	}
	return nil, n, false
}

// member rewrites a.b, a["b"] and longer chains.
func (r *rewriter) member(n *ast.MemberNode) *Node {
	names, root, ok := path(n)
	id, named := root.(*ast.IdentifierNode)
	switch {
	case !named:
		return r.opaque(n)
	case id.Value == "extra" && ok:
		return extra(strings.Join(names[1:], "."))
	case id.Value == "extra":
		return r.at(n.Property, "the name of a member of extra must be a literal text", `write extra["name"]`)
	case id.Value == "params" && ok:
		return r.param(n, names)
	}
	if m, is := r.special(n, id, names, ok); is {
		return m
	}
	if !ok {
		return r.opaque(n)
	}
	name := strings.Join(names, ".")
	if i, known := r.schema.Index(name); known {
		return r.column(n, i)
	}
	return r.noMember(n, id, name)
}

// special rewrites members of what is no group of fields; is is false for all else.
// whole says that names is the chain in full.
func (r *rewriter) special(n *ast.MemberNode, root *ast.IdentifierNode, names []string, whole bool) (m *Node, is bool) {
	switch {
	case root.Value == "lists":
		return r.strayList(n), true
	case root.Value == "tables":
		return r.cell(n), true
	case root.Value == "this" && r.scope.part == wherePart && whole:
		return r.this(n, names), true
	case root.Value == "this" || root.Value == "$env":
		return r.identifier(root), true
	case r.scope.windows[root.Value] != nil && whole:
		return r.windowed(n, root, names), true
	}
	return nil, false
}

// noMember reports a member that does not exist.
func (r *rewriter) noMember(n *ast.MemberNode, root *ast.IdentifierNode, name string) *Node {
	if slices.Contains(r.groups, root.Value) {
		return r.at(n.Property, "there is no field "+name, spec.DidYouMean(name, r.membersOf(root.Value)))
	}
	if b, isLet := r.scope.lets[root.Value]; isLet && b.node == nil {
		return r.identifier(root)
	}
	if i, isColumn := r.schema.Index(root.Value); isColumn {
		return r.at(n.Property, root.Value+" is a "+r.column(root, i).Type.String()+" and has no members", "")
	}
	return r.at(root, "there is no field "+name, spec.DidYouMean(name, r.names(r.scope)))
}

// param returns the constant of params.NAME.
func (r *rewriter) param(n *ast.MemberNode, names []string) *Node {
	b, ok := r.scope.params[names[1]]
	if !ok || len(names) != 2 {
		var all []string
		for p := range r.scope.params {
			all = append(all, "params."+p)
		}
		fix := spec.DidYouMean(strings.Join(names, "."), all)
		if len(all) == 0 {
			fix = "add it under params: of the rule"
		}
		return r.at(n, "there is no parameter "+strings.Join(names[1:], "."), fix)
	}
	if b.list != nil {
		return r.at(n, "params."+names[1]+" is a list, which stands only behind in", "")
	}
	c := *b.node // its own node: a param beside a text becomes one
	r.params[&c] = b
	return &c
}
