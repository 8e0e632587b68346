package lang

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/haltwire/haltwire/rules/spec"
)

// listNamed returns the list that n names: lists.NAME.
func (r *rewriter) listNamed(n ast.Node) (name string, ok bool) {
	names, root, whole := path(n)
	if !whole || len(names) < 2 || names[0] != "lists" {
		return "", false
	}
	for _, l := range r.lists {
		if l.Name == names[1] && len(names) == 2 {
			return l.Name, true
		}
	}
	var known []string
	for _, l := range r.lists {
		known = append(known, "lists."+l.Name)
	}
	wrong := strings.Join(names, ".")
	fix := spec.DidYouMean(wrong, known)
	if len(known) == 0 {
		fix = "the config has no lists; add it there under lists:"
	}
	if len(names) > 2 {
		r.at(n, "a list has members and no columns", "write x in lists."+names[1]+"; a table has columns: tables.NAME[key].column")
	} else {
		r.at(root, "there is no list "+wrong, fix)
	}
	return "", false
}

// startsWithName reports whether n is a chain of members of name.
func startsWithName(n ast.Node, name string) bool {
	for {
		switch m := n.(type) {
		case *ast.ChainNode:
			n = m.Node
		case *ast.MemberNode:
			n = m.Node
		case *ast.IdentifierNode:
			return m.Value == name
		default:
			return false
		}
	}
}

// inNamedList rewrites x in lists.NAME.
func (r *rewriter) inNamedList(n *ast.BinaryNode, x *Node) *Node {
	name, ok := r.listNamed(n.Right)
	if !ok {
		if !r.failed {
			r.at(n.Right, "lists are named by a word: lists.NAME", "a table can be keyed by reporter: tables.NAME[reporter].column")
		}
		return nil
	}
	if x = r.asText(x); x.Type != Text {
		return r.at(n.Left, fmt.Sprintf("members of lists are texts, and this is a %s", x.Type), "")
	}
	if x.isConst() {
		return r.at(n.Left, "whether a constant is in a list does not depend on the report", "write a field before in")
	}
	return &Node{Op: InList, Type: Bool, Name: name, Args: []*Node{x}, Key: "in(" + x.Key + ", lists." + name + ")"}
}

// strayList reports a list that stands where no list can.
func (r *rewriter) strayList(n ast.Node) *Node {
	if m, ok := n.(*ast.MemberNode); ok {
		if _, literal := m.Property.(*ast.StringNode); !literal {
			return r.at(n, "lists have no lists by key: one list is the same for every reporter", "key a table by reporter: tables.NAME[reporter].column")
		}
	}
	if name, ok := r.listNamed(n); ok {
		return r.at(n, "a list stands only behind in", "write x in lists."+name)
	}
	return nil
}

// cell rewrites tables.NAME[key].column.
func (r *rewriter) cell(n *ast.MemberNode) *Node {
	const form = "write tables.NAME[key].column"
	col, colOK := n.Property.(*ast.StringNode)
	row, rowOK := unchained(n.Node).(*ast.MemberNode)
	if !colOK || !rowOK {
		return r.at(n, "a table needs a key and a column", form)
	}
	table, tableOK := unchained(row.Node).(*ast.MemberNode)
	if !tableOK {
		return r.at(n, "a table needs a key and a column", form)
	}
	name, nameOK := table.Property.(*ast.StringNode)
	if root, ok := unchained(table.Node).(*ast.IdentifierNode); !nameOK || !ok || root.Value != "tables" {
		return r.at(n, "a table has keys of one part and columns without members", form)
	}
	decl := r.tableNamed(table, name.Value)
	if decl == nil {
		return nil
	}
	t, ok := r.columnOf(n, decl, col.Value)
	key := r.node(row.Property)
	if !ok || key == nil {
		return nil
	}
	if key = r.asText(key); key.Type != Text {
		return r.at(row.Property, fmt.Sprintf("keys of tables are texts, and this is a %s", key.Type), "")
	}
	return &Node{Op: Cell, Type: t, Name: name.Value, Source: col.Value, Args: []*Node{key}, Key: "tables." + name.Value + "[" + key.Key + "]." + col.Value}
}

func unchained(n ast.Node) ast.Node {
	for {
		c, ok := n.(*ast.ChainNode)
		if !ok {
			return n
		}
		n = c.Node
	}
}

func (r *rewriter) tableNamed(at *ast.MemberNode, name string) *TableDecl {
	var known []string
	for i := range r.tables {
		if r.tables[i].Name == name {
			return &r.tables[i]
		}
		known = append(known, "tables."+r.tables[i].Name)
	}
	fix := spec.DidYouMean("tables."+name, known)
	if len(known) == 0 {
		fix = "the config has no tables; add it there under tables:"
	}
	r.at(at, "there is no table "+name, fix)
	return nil
}

func (r *rewriter) columnOf(at *ast.MemberNode, t *TableDecl, name string) (Type, bool) {
	var known []string
	for _, c := range t.Columns {
		if c.Name == name {
			return c.Type, true
		}
		known = append(known, c.Name)
	}
	r.at(at.Property, "the table "+t.Name+" has no column "+name, spec.DidYouMean(name, known))
	return Invalid, false
}
