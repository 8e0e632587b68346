package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Gate says why a message cannot go out: the field that is missing or wrong, and what
// to do about it. It is an officer's task, never a silent end.
type Gate struct {
	Field string
	Text  string
	// Instead are ids of other parties that might be asked, in order of preference.
	Instead []string
}

// Error names the field and what is wrong with it.
func (g *Gate) Error() string { return fmt.Sprintf("blocked: %s: %s", g.Field, g.Text) }

// Filter returns the bytes of m with every member taken out that May denies, ready to
// be frozen. The error is a *Gate when what is left breaks the contract.
func (p *Profile) Filter(m freeze.Message) ([]byte, error) {
	clean, err := p.Clean(m)
	if err != nil {
		return nil, err
	}
	return Encode(clean)
}

// Encode returns the bytes of a message; the error is a *Gate when it breaks the
// contract.
func Encode(m freeze.Message) ([]byte, error) {
	body, err := freeze.Encode(m)
	var invalid *freeze.Invalid
	if errors.As(err, &invalid) {
		return nil, &Gate{Field: invalid.Problems[0].Field, Text: invalid.Problems[0].Text}
	}
	return body, err
}

// Clean returns m with every member taken out that May denies. The error is a *Gate
// when m answers what it must not, or a text in it tells what no text may.
func (p *Profile) Clean(m freeze.Message) (freeze.Message, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("filter message: %w", err)
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("filter message: %w", err)
	}
	t := m.Head().Type
	if t == freeze.TypeInfoResponse {
		if gate := p.answers(tree); gate != nil {
			return nil, gate
		}
	}
	if t == freeze.TypeAmendment {
		p.changes(t, tree)
	}
	p.prune(t, "", tree)
	if gate := leak(t, tree); gate != nil {
		return nil, gate
	}
	return decode(t, tree)
}

// decode reads the pruned tree back into its type, so that members stand in the
// order of the contract.
func decode(t freeze.Type, tree map[string]any) (freeze.Message, error) {
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("filter message: %w", err)
	}
	m := freeze.New(t)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("filter message: %w", err)
	}
	return m, nil
}

func (p *Profile) prune(t freeze.Type, path string, tree map[string]any) {
	for name, v := range tree {
		at := name
		if path != "" {
			at = path + "." + name
		}
		if left, ok := p.keep(t, at, v); ok {
			tree[name] = left
		} else {
			delete(tree, name)
		}
	}
}

// keep prunes below v and reports whether anything of it is left.
func (p *Profile) keep(t freeze.Type, at string, v any) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		p.prune(t, at, v)
		return v, len(v) > 0
	case []any:
		left := v[:0]
		for _, element := range v {
			if kept, ok := p.keep(t, at, element); ok {
				left = append(left, kept)
			}
		}
		return left, len(left) > 0 || len(v) == 0 && p.May(t, at)
	}
	return v, p.May(t, at)
}

// answers blocks an info_response that tells what the profile does not let out:
// leaving it out in silence would answer wrongly.
func (p *Profile) answers(tree map[string]any) *Gate {
	list, _ := tree["answers"].([]any)
	for i, v := range list {
		answer, _ := v.(map[string]any)
		field, _ := answer["field"].(string)
		if p.Answers(field) == No {
			return &Gate{Field: fmt.Sprintf("answers[%d].field", i), Text: fmt.Sprintf("%s is not told under %s: take the answer out", field, p.Name)}
		}
	}
	return nil
}

// changes takes values out of the changes of members that are not told.
func (p *Profile) changes(t freeze.Type, tree map[string]any) {
	list, _ := tree["changes"].([]any)
	for _, v := range list {
		change, _ := v.(map[string]any)
		if field, _ := change["field"].(string); !p.May(t, Plain(field)) {
			delete(change, "from")
			delete(change, "to")
		}
	}
}

// Missing returns the first member that the profile requires and a request, as it
// goes out, lacks, or nil. A member of payments has to be in every one.
func (p *Profile) Missing(m freeze.Message) *Gate {
	if len(p.Required) == 0 {
		return nil
	}
	text, err := json.Marshal(m)
	if err != nil {
		return &Gate{Field: "message", Text: err.Error()}
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return &Gate{Field: "message", Text: err.Error()}
	}
	for _, path := range p.Required {
		if at := lacks(tree, "", strings.Split(path, ".")); at != "" {
			return &Gate{Field: at, Text: "required under " + p.Name + ": an officer adds it, or the party's policy.texts says it"}
		}
	}
	return nil
}

// lacks returns where the path ends before there is a value, or "".
func lacks(v any, at string, path []string) string {
	if list, ok := v.([]any); ok {
		for i, element := range list {
			if missing := lacks(element, fmt.Sprintf("%s[%d]", at, i), path); missing != "" {
				return missing
			}
		}
		return ""
	}
	if len(path) == 0 {
		if v == nil || v == "" {
			return at
		}
		return ""
	}
	tree, _ := v.(map[string]any)
	return lacks(tree[path[0]], strings.TrimPrefix(at+"."+path[0], "."), path[1:])
}
