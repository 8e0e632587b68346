package lang

import "github.com/haltwire/haltwire/rules/spec"

// review warns about what is allowed and probably not meant.
func (l *loader) review(r *spec.Rule, rule *Rule) {}
