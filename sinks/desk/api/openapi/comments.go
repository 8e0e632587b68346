package openapi

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
)

// about returns the comments of the package of a type, by "Type" and "Type.Field".
func (w *Writer) about(t reflect.Type) (map[string]string, error) {
	pkg := t.PkgPath()
	if known, ok := w.comments[pkg]; ok {
		return known, nil
	}
	w.comments[pkg] = map[string]string{}
	rel, ours := strings.CutPrefix(pkg, w.Module+"/")
	if !ours {
		return w.comments[pkg], nil
	}
	files, err := filepath.Glob(filepath.Join(w.Source, rel, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("read comments of %s: %w", pkg, err)
	}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("read comments of %s: %w", pkg, err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if g, ok := n.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				w.declared(w.comments[pkg], g)
			}
			return true
		})
	}
	return w.comments[pkg], nil
}

func (w *Writer) declared(into map[string]string, g *ast.GenDecl) {
	for _, s := range g.Specs {
		spec, _ := s.(*ast.TypeSpec)
		doc := spec.Doc
		if doc == nil {
			doc = g.Doc
		}
		if text := line(doc); text != "" {
			into[spec.Name.Name] = text
		}
		object, ok := spec.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range object.Fields.List {
			text := line(f.Doc)
			if text == "" {
				text = line(f.Comment)
			}
			for _, name := range f.Names {
				if text != "" {
					into[spec.Name.Name+"."+name.Name] = text
				}
			}
		}
	}
}

// line is a comment in one line.
func line(c *ast.CommentGroup) string {
	if c == nil {
		return ""
	}
	return strings.Join(strings.Fields(c.Text()), " ")
}
