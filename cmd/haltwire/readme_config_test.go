package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/pipeline/conn"
)

// configTable lists every key of haltwire.yaml with its default and its meaning:
// the comment in the example, else that of the field in the code.
func configTable(t *testing.T) string {
	w := &keyWalk{t: t, comments: exampleComments(t), docs: map[string]map[string]string{}}
	w.walk("", reflect.ValueOf(*config.Default()))
	return head("key", "default", "meaning") + w.out
}

type keyWalk struct {
	t        *testing.T
	comments map[string]string            // by key
	docs     map[string]map[string]string // by package, by Type.Field
	out      string
}

func (w *keyWalk) walk(prefix string, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case option == "inline" && v.Field(i).Kind() == reflect.Map: // whatever a component reads itself
			continue
		case option == "inline":
			w.walk(prefix, v.Field(i))
			continue
		case name == "" || name == "-":
			continue
		}
		key, value := prefix+name, v.Field(i)
		meaning := w.comments[key]
		if meaning == "" {
			meaning = w.doc(v.Type(), f.Name)
		}
		switch {
		case value.Kind() == reflect.Struct:
			if meaning != "" {
				w.out += row("**"+key+"**", "", meaning)
			}
			w.walk(key+".", value)
		case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
			w.out += row("**"+key+"[]**", "", meaning)
			w.walk(key+"[].", reflect.New(value.Type().Elem()).Elem())
		default:
			w.out += row("`"+key+"`", defaultText(prefix, value), meaning)
		}
	}
}

func defaultText(prefix string, v reflect.Value) string {
	if v.IsZero() || strings.Contains(prefix, "[]") || v.Kind() == reflect.Slice && v.Len() == 0 {
		return ""
	}
	if z, ok := v.Interface().(conn.Size); ok {
		return fmt.Sprintf("`%dMiB`", z>>20)
	}
	return fmt.Sprintf("`%v`", v.Interface())
}

// doc returns the comment of a field in its source, on one line.
func (w *keyWalk) doc(of reflect.Type, field string) string {
	path := strings.TrimPrefix(of.PkgPath(), "github.com/haltwire/haltwire/")
	if _, read := w.docs[path]; !read {
		w.docs[path] = fieldComments(w.t, filepath.Join("../..", path))
	}
	return w.docs[path][of.Name()+"."+field]
}

// fieldComments returns the comments of the fields of a package's structs.
func fieldComments(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range s.Fields.List {
					for _, name := range field.Names {
						out[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(field.Doc.Text()+field.Comment.Text()), " ")
					}
				}
			}
			return true
		})
	}
	return out
}

// exampleComments returns what cmd/haltwire/config/example.yaml says beside each
// key; of a list its first element.
func exampleComments(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("config/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	var walk func(prefix string, n *yaml.Node)
	walk = func(prefix string, n *yaml.Node) {
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i < len(n.Content); i += 2 {
				k, v := n.Content[i], n.Content[i+1]
				key, inside := prefix+k.Value, prefix+k.Value+"."
				if v.Kind == yaml.SequenceNode {
					inside = key + "[]."
				}
				out[key] = strings.TrimSpace(strings.TrimPrefix(k.LineComment+v.LineComment, "#"))
				walk(inside, v)
			}
		case yaml.SequenceNode:
			if len(n.Content) > 0 {
				walk(prefix, n.Content[0])
			}
		}
	}
	walk("", doc.Content[0])
	return out
}
