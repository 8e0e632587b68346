package spec

import "go.yaml.in/yaml/v3"

// windows returns a reader of the windows of a rule or library.
func (d *decoder) windows(to *[]*Window) func(*yaml.Node) {
	return func(n *yaml.Node) {
		d.entries(n, "windows", func(name Scalar, v *yaml.Node) {
			*to = append(*to, d.window(name, v))
		})
	}
}

func (d *decoder) window(name Scalar, n *yaml.Node) *Window {
	w, of := &Window{Name: name}, "windows."+name.Text
	d.mapping(n, of, fields{
		"from":     d.texts(&w.From, of+".from"),
		"key":      func(v *yaml.Node) { d.key(v, w, of) },
		"match":    d.texts(&w.Match, of+".match"),
		"where":    d.text(&w.Where, of+".where"),
		"within":   d.text(&w.Within, of+".within"),
		"until":    d.text(&w.Until, of+".until"),
		"last":     d.text(&w.Last, of+".last"),
		"self":     d.word(&w.Self, of+".self", "true", "false"),
		"once_per": d.text(&w.OncePer, of+".once_per"),
		"values":   d.named(&w.Values, of+".values"),
	}, nil)
	d.required(n, of, "key", "within", "values")
	for _, name := range []string{"key", "match", "values"} {
		if v := child(n, name); v != nil && v.Kind != yaml.ScalarNode && len(v.Content) == 0 {
			d.fail(v, of+"."+name+" is empty", map[string]string{"key": "key: debtor.uid", "match": "leave it out: it is the key then", "values": "values: {n: count()}"}[name])
		}
	}
	return w
}

// key reads an expression, a list of them, or either by kind.
func (d *decoder) key(n *yaml.Node, w *Window, of string) {
	if n.Kind != yaml.MappingNode {
		d.texts(&w.Key, of+".key")(n)
		return
	}
	d.mapping(n, of+".key", nil, func(k, v *yaml.Node) bool {
		by := KindKey{Kind: d.file.scalar(k)}
		if !d.bad[v] {
			d.texts(&by.Key, of+".key."+k.Value)(v)
		}
		w.ByKind = append(w.ByKind, by)
		return true
	})
}
