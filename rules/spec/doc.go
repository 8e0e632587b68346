// Package spec reads the YAML of a rules directory: documents of kinds rule,
// library and exception, as written, every scalar with its place. It owns the
// file format (keys, YAML's traps, bounds) and the form of diagnostics, and
// reports every defect of every file.
//
// It must not know what an expression means, which columns a report has or how
// a rule is judged: texts of expressions leave it uninterpreted, numbers and
// words untyped, exactly as they stand in the file.
package spec
