package spec

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	idPattern      = regexp.MustCompile(`^[a-z0-9-]{3,64}$`)
	casePattern    = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
	versionPattern = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)
	notInID        = regexp.MustCompile(`[^a-z0-9-]+`)
)

// rule reads a document of kind rule.
func (d *decoder) rule(n *yaml.Node) *Rule {
	r := &Rule{Span: d.file.span(n)}
	d.mapping(n, "a rule", fields{
		"id":              d.text(&r.ID, "id"),
		"version":         d.text(&r.Version, "version"),
		"status":          d.word(&r.Status, "status", "draft", "shadow", "live", "retired"),
		"title":           d.text(&r.Title, "title"),
		"owner":           d.text(&r.Owner, "owner"),
		"severity":        d.severity(&r.Severity),
		"typology":        d.texts(&r.Typology, "typology"),
		"references":      d.texts(&r.References, "references"),
		"false_positives": d.text(&r.FalsePositives, "false_positives"),
		"on":              d.texts(&r.On, "on"),
		"use":             d.texts(&r.Use, "use"),
		"params":          func(v *yaml.Node) { d.params(v, r) },
		"windows":         d.windows(&r.Windows),
		"let":             d.named(&r.Let, "let"),
		"weights":         func(v *yaml.Node) { d.weights(v, r) },
		"when":            d.text(&r.When, "when"),
		"score":           d.text(&r.Score, "score"),
		"settle":          d.text(&r.Settle, "settle"),
		"budget":          d.text(&r.Budget, "budget"),
		"cases":           func(v *yaml.Node) { d.cases(v, r) },
		"alert":           func(v *yaml.Node) { r.Alert = d.alert(v) },
		"defaults":        d.raw(&r.Defaults),
		"tests":           d.raw(&r.Tests),
	}, nil)
	d.required(n, "a rule", "id", "version", "status", "title", "owner", "severity", "on")
	d.ruleForm(n, r)
	return r
}

// ruleForm checks what concerns several keys or the form of one.
func (d *decoder) ruleForm(n *yaml.Node, r *Rule) {
	if !has(n, "when") && !has(n, "cases") {
		d.fail(n, "a rule needs when, cases, or both", "when: a condition; cases: named conditions, the first true one wins")
	}
	d.checkID(r.ID, "id")
	if r.Version.Present() && !versionPattern.MatchString(r.Version.Text) {
		d.fail(r.Version.node, fmt.Sprintf("version %q is not a whole number from 1 on", r.Version.Text), "")
	}
	if v := child(n, "score"); v != nil && !has(n, "weights") {
		d.fail(v, "score without weights", "weights: {name: {when: condition, points: 20}}")
	}
	for _, t := range r.Typology {
		d.checkID(t, "typology")
	}
}

func (d *decoder) checkID(s Scalar, what string) {
	if s.Present() && !idPattern.MatchString(s.Text) {
		near := strings.Trim(notInID.ReplaceAllString(strings.ToLower(s.Text), "-"), "-")
		fix := ""
		if near != s.Text && idPattern.MatchString(near) {
			fix = "did you mean " + near + "?"
		}
		d.fail(s.node, fmt.Sprintf("%s %q: use 3 to 64 of a-z, 0-9 and -", what, s.Text), fix)
	}
}

func (d *decoder) severity(to *Scalar) func(*yaml.Node) {
	return d.word(to, "severity", "low", "medium", "high", "critical")
}

// required reports the keys that a document lacks.
func (d *decoder) required(n *yaml.Node, what string, keys ...string) {
	var missing []string
	for _, k := range keys {
		if !has(n, k) {
			missing = append(missing, k)
		}
	}
	if len(missing) > 0 && n.Kind == yaml.MappingNode {
		d.fail(n, what+" needs "+strings.Join(missing, ", "), "")
	}
}

// child returns the value of a key of a mapping, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func has(n *yaml.Node, key string) bool { return child(n, key) != nil }

func (d *decoder) params(n *yaml.Node, r *Rule) {
	d.entries(n, "params", func(name Scalar, v *yaml.Node) {
		p := Param{Name: name, List: v.Kind == yaml.SequenceNode}
		d.texts(&p.Values, "params."+name.Text)(v)
		r.Params = append(r.Params, p)
	})
}

func (d *decoder) weights(n *yaml.Node, r *Rule) {
	d.entries(n, "weights", func(name Scalar, v *yaml.Node) {
		w := &Weight{Name: name}
		r.Weights = append(r.Weights, w)
		of := "weights." + name.Text
		var other func(k, v *yaml.Node) bool
		if has(v, "rule") {
			other = func(k, v *yaml.Node) bool {
				if s, ok := d.scalar(v, of+"."+k.Value); ok {
					w.ByCase = append(w.ByCase, Named{d.file.scalar(k), s})
				}
				return true
			}
		}
		d.mapping(v, of, fields{
			"when":   d.text(&w.When, of+".when"),
			"points": d.text(&w.Points, of+".points"),
			"rule":   d.text(&w.Rule, of+".rule"),
			"hit":    d.text(&w.Hit, of+".hit"),
		}, other)
		switch {
		case !has(v, "rule"):
			d.required(v, of, "when", "points")
		case has(v, "when") || has(v, "points"):
			d.fail(v, of+" has a rule and a condition", "make two weights of it")
		case !has(v, "hit") && len(w.ByCase) == 0 && v.Kind == yaml.MappingNode:
			d.fail(v, of+" gives no points", "hit: 40, or points by names of its cases")
		}
	})
}

func (d *decoder) cases(n *yaml.Node, r *Rule) {
	d.list(n, "cases", func(v *yaml.Node) {
		c := &Case{}
		r.Cases = append(r.Cases, c)
		d.mapping(v, "a case", fields{
			"name":     d.text(&c.Name, "name"),
			"when":     d.text(&c.When, "when"),
			"severity": d.severity(&c.Severity),
			"typology": d.texts(&c.Typology, "typology"),
			"alert":    func(v *yaml.Node) { c.Alert = d.alert(v) },
		}, nil)
		d.required(v, "a case", "name", "when")
		if c.Name.Present() && !casePattern.MatchString(c.Name.Text) {
			d.fail(c.Name.node, fmt.Sprintf("a case cannot be called %q: use up to 64 of a-z, 0-9, _ and -", c.Name.Text), "")
		}
		for _, t := range c.Typology {
			d.checkID(t, "typology")
		}
	})
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		d.fail(n, "cases is empty", "give a case or leave the key out")
	}
}

// Asks returns what an alert may ask for (FREEZE §2.1).
func Asks() []string {
	return []string{"hold_amount", "suspend_transaction", "suspend_account", "recall", "return_funds", "trace", "identify_holder", "preserve_records", "monitor", "informational"}
}

func (d *decoder) alert(n *yaml.Node) *Alert {
	a := &Alert{Span: d.file.span(n)}
	d.mapping(n, "alert", fields{
		"about":             d.texts(&a.About, "about"),
		"subject":           d.word(&a.Subject, "subject", "debtor", "creditor"),
		"ask":               d.texts(&a.Ask, "ask", Asks()...),
		"amount":            d.text(&a.Amount, "amount"),
		"predicate_offence": d.text(&a.PredicateOffence, "predicate_offence"),
		"approval":          d.word(&a.Approval, "approval", "auto", "one_person", "two_person"),
		"facts":             d.text(&a.Facts, "facts"),
	}, nil)
	return a
}

func (d *decoder) library(n *yaml.Node) *Library {
	l := &Library{}
	d.mapping(n, "a library", fields{
		"library": d.text(&l.Name, "library"),
		"let":     d.named(&l.Let, "let"),
		"windows": d.windows(&l.Windows),
		"params":  func(v *yaml.Node) { d.fail(v, "a library has no parameters", "params belong to a rule") },
		"use":     func(v *yaml.Node) { d.fail(v, "a library uses no other library", "name both under use: of the rule") },
	}, nil)
	d.checkID(l.Name, "library")
	return l
}

func (d *decoder) exception(n *yaml.Node) *Exception {
	e := &Exception{}
	d.mapping(n, "an exception", fields{
		"exception": d.text(&e.Name, "exception"),
		"rules":     d.texts(&e.Rules, "rules"),
		"when":      d.text(&e.When, "when"),
		"until":     d.text(&e.Until, "until"),
		"reason":    d.text(&e.Reason, "reason"),
		"owner":     d.text(&e.Owner, "owner"),
	}, nil)
	d.required(n, "an exception", "rules", "when", "until", "reason", "owner")
	d.checkID(e.Name, "exception")
	return e
}
