// Package layout writes rule files in one form: keys in one order, two spaces of
// indentation, no blank lines, and expressions that YAML would cut (` #`, `: `,
// special characters at the start) as | blocks. It never changes what a file says:
// it reads its own output again and refuses to return one whose texts, quotes,
// names or comments are not those of the source.
//
// The package knows YAML and the names of keys, and nothing of what they mean.
package layout
