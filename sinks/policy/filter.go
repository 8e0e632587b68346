package policy

import (
	"encoding/json"
	"fmt"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// Gate says why a message cannot go out: the field that is missing or wrong. It
// is an officer's task, never a silent end.
type Gate struct {
	Field string
	Text  string
}

// Error names the field and what is wrong with it.
func (g *Gate) Error() string { return fmt.Sprintf("blocked: %s: %s", g.Field, g.Text) }

// Filter returns the bytes of m with every member taken out that May denies,
// ready to be frozen. The error is a *Gate when what is left breaks the
// contract.
func (p *Profile) Filter(m freeze.Message) ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("filter message: %w", err)
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("filter message: %w", err)
	}
	p.prune(m.Head().Type, "", tree)
	clean, err := decode(m.Head().Type, tree)
	if err != nil {
		return nil, err
	}
	body, err := freeze.Encode(clean)
	if err != nil {
		return nil, gate(err)
	}
	return body, nil
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
		if !p.keep(t, at, v) {
			delete(tree, name)
		}
	}
}

// keep prunes below v and reports whether anything of it is left.
func (p *Profile) keep(t freeze.Type, at string, v any) bool {
	switch v := v.(type) {
	case map[string]any:
		p.prune(t, at, v)
		return len(v) > 0
	case []any:
		for _, element := range v {
			if !p.keep(t, at, element) {
				return false
			}
		}
		return len(v) > 0 || p.May(t, at)
	}
	return p.May(t, at)
}

// gate turns a refusal of the message into the field that blocks.
func gate(err error) error {
	var invalid *freeze.Invalid
	if ok := asInvalid(err, &invalid); ok {
		return &Gate{Field: invalid.Problems[0].Field, Text: invalid.Problems[0].Text}
	}
	return err
}
