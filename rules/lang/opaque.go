package lang

import (
	"github.com/expr-lang/expr/ast"

	"github.com/haltwire/haltwire/pipeline/event"
)

func plainTypes(s *event.Schema) map[string]any { return nil }

func (r *rewriter) opaque(n ast.Node) *Node {
	return r.at(n, "this is not available in rules", "")
}
