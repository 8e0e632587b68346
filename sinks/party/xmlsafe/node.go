package xmlsafe

import "strings"

// At returns the first element at a path of names below n ("Assgnmt/Id"), all of
// n's own namespace, or nil. A nil n has nothing below it.
func (n *Node) At(path string) *Node {
	for name := range strings.SplitSeq(path, "/") {
		if n == nil {
			return nil
		}
		n = n.child(name)
	}
	return n
}

func (n *Node) child(name string) *Node {
	for _, c := range n.Nodes {
		if c.Name == name && c.Space == n.Space {
			return c
		}
	}
	return nil
}

// All returns the elements of that name that stand directly below n, of n's own
// namespace, in their order.
func (n *Node) All(name string) []*Node {
	if n == nil {
		return nil
	}
	var out []*Node
	for _, c := range n.Nodes {
		if c.Name == name && c.Space == n.Space {
			out = append(out, c)
		}
	}
	return out
}

// String returns the text of the first element at a path, or the empty string.
func (n *Node) String(path string) string {
	if c := n.At(path); c != nil {
		return c.Text
	}
	return ""
}

// Attr returns the value of an attribute without a namespace, or the empty
// string.
func (n *Node) Attr(name string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.attrs {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Find returns the elements of that name, whatever their namespace, at most depth
// levels below n, n itself being level 0. It does not look below what it finds.
func (n *Node) Find(name string, depth int) []*Node {
	if n == nil {
		return nil
	}
	if n.Name == name {
		return []*Node{n}
	}
	var out []*Node
	if depth > 0 {
		for _, c := range n.Nodes {
			out = append(out, c.Find(name, depth-1)...)
		}
	}
	return out
}
