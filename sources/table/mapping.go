package table

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// maxMapping is how large a mapping may be: one line a column, and nobody has ten
// thousand columns. Bytes.
const maxMapping = 1 << 20

// Mapping says which columns of a table are which fields of a report.
type Mapping struct {
	Columns   map[string]Targets `yaml:"columns"`   // column → what it becomes
	Constants map[string]string  `yaml:"constants"` // field → text with {column} and {row}
	Missing   Texts              `yaml:"missing"`   // texts that mean that there is no value; nil = the empty one
	Delimiter string             `yaml:"delimiter"` // of CSV: one character, "" = a comma
}

// Target is a field that a column becomes.
type Target struct {
	Field string `yaml:"field"`
	Words Words  `yaml:"words"` // value → value; "*" = any other
	Time  string `yaml:"time"`  // rfc3339 | unix | unix_ms | pattern of %
	Zone  string `yaml:"zone"`  // IANA name, of times that do not say theirs
	Unit  string `yaml:"unit"`  // ms | s | m | h | d: the column counts these after From
	From  string `yaml:"from"`  // RFC 3339
	Ago   bool   `yaml:"ago"`   // the column counts before From
	Scale string `yaml:"scale"` // decimal that the column is multiplied by
}

// Texts are a list of texts as they are written: NULL, no and 007 are what a table
// has, not what YAML reads into them.
type Texts []string

// UnmarshalYAML takes the texts of scalars.
func (t *Texts) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode {
		return fmt.Errorf("line %d: write a list of texts", n.Line)
	}
	*t = Texts{}
	for _, c := range n.Content {
		if c.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: write a text", c.Line)
		}
		*t = append(*t, c.Value)
	}
	return nil
}

// Words translate texts, which are as written.
type Words map[string]string

// UnmarshalYAML takes the texts of scalars.
func (w *Words) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: write words as {FROM: TO}", n.Line)
	}
	*w = Words{}
	for i := 0; i < len(n.Content); i += 2 {
		from, to := n.Content[i], n.Content[i+1]
		if _, twice := (*w)[from.Value]; twice || from.Kind != yaml.ScalarNode || to.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: %q stands twice, or is no text", from.Line, from.Value)
		}
		(*w)[from.Value] = to.Value
	}
	return nil
}

// Targets are one or more fields of one column.
type Targets []Target

// UnmarshalYAML reads a field's name, a target, or a list of these.
func (t *Targets) UnmarshalYAML(n *yaml.Node) error {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	for _, c := range nodes {
		var one Target
		switch c.Kind {
		case yaml.ScalarNode:
			one.Field = c.Value
		case yaml.MappingNode:
			if err := known(c); err != nil {
				return err
			}
			if err := c.Decode(&one); err != nil {
				return err
			}
		default:
			return fmt.Errorf("line %d: write the name of a field, or {field: …}", c.Line)
		}
		if one.Field == "" {
			return fmt.Errorf("line %d: the field is missing: write {field: NAME}", c.Line)
		}
		*t = append(*t, one)
	}
	return nil
}

// known refuses members that a target does not have: a decoder of a node's own does
// not inherit the strictness of the file's.
func known(n *yaml.Node) error {
	names := []string{"field", "words", "time", "zone", "unit", "from", "ago", "scale"}
	for i := 0; i < len(n.Content); i += 2 {
		if !slices.Contains(names, n.Content[i].Value) {
			return fmt.Errorf("line %d: %q is none of %v", n.Content[i].Line, n.Content[i].Value, names)
		}
	}
	return nil
}

// ReadMapping reads a mapping in YAML.
func ReadMapping(from io.Reader) (*Mapping, error) {
	d := yaml.NewDecoder(io.LimitReader(from, maxMapping))
	d.KnownFields(true)
	var m Mapping
	if err := d.Decode(&m); errors.Is(err, io.EOF) {
		return nil, errors.New("read mapping: the file is empty; it needs columns and constants")
	} else if err != nil {
		return nil, fmt.Errorf("read mapping: %w", err)
	}
	if len([]rune(m.Delimiter)) > 1 {
		return nil, fmt.Errorf("read mapping: delimiter %q has more than one character", m.Delimiter)
	}
	return &m, nil
}

// OpenMapping reads the mapping in a file.
func OpenMapping(path string) (*Mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open mapping: %w", err)
	}
	defer f.Close()
	m, err := ReadMapping(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// missing returns the texts that mean that there is no value.
func (m *Mapping) missing() []string {
	if m == nil || m.Missing == nil {
		return []string{""}
	}
	return m.Missing
}

// units are the units that a column may count time in, ms.
func unit(name string) (time.Duration, bool) {
	switch name {
	case "ms":
		return time.Millisecond, true
	case "s":
		return time.Second, true
	case "m":
		return time.Minute, true
	case "h":
		return time.Hour, true
	case "d":
		return 24 * time.Hour, true
	}
	return 0, false
}
