package spec

import "go.yaml.in/yaml/v3"

// Tree is every document of a rules directory, in the order of the files.
type Tree struct {
	Files      int // *.yaml files seen
	Rules      []*Rule
	Libraries  []*Library
	Exceptions []*Exception
}

// Named is one entry of a mapping from names to texts.
type Named struct{ Name, Value Scalar }

// Param is a constant of a rule: a text, or a list of them.
type Param struct {
	Name   Scalar
	Values []Scalar
	List   bool
}

// Raw is a part that is kept as it stands: tests and their defaults.
type Raw struct {
	Span Span
	Node *yaml.Node
}

// Rule is a document of kind rule (RULES §1), as written.
type Rule struct {
	Span           Span // of the document's first line
	ID             Scalar
	Version        Scalar
	Status         Scalar
	Title          Scalar
	Owner          Scalar
	Severity       Scalar
	Typology       []Scalar
	References     []Scalar
	FalsePositives Scalar
	On             []Scalar
	Use            []Scalar
	Params         []Param
	Windows        []*Window
	Let            []Named
	Weights        []*Weight
	When           Scalar
	Score          Scalar
	Settle         Scalar
	Budget         Scalar
	Cases          []*Case
	Alert          *Alert
	Defaults       *Raw
	Tests          *Raw
}

// Window is one entry of windows. Key holds the parts of a key that is the same
// for all kinds, ByKind those of a key by kind.
type Window struct {
	Name    Scalar
	From    []Scalar
	Key     []Scalar
	ByKind  []KindKey
	Match   []Scalar
	Where   Scalar
	Within  Scalar
	Until   Scalar
	Last    Scalar
	Self    Scalar
	OncePer Scalar
	Values  []Named
}

// KindKey is the key that reports of one kind feed a window under.
type KindKey struct {
	Kind Scalar
	Key  []Scalar
}

// Weight is one entry of weights: points for a condition, or for the outcome of
// another rule, in general (hit) or by its cases.
type Weight struct {
	Name, When, Points Scalar
	Rule, Hit          Scalar
	ByCase             []Named
}

// Case is one entry of cases with the keys that it lays over the rule's.
type Case struct {
	Name, When Scalar
	Severity   Scalar
	Typology   []Scalar
	Alert      *Alert
}

// Alert is the alert part of a rule or of a case.
type Alert struct {
	Span             Span
	About            []Scalar
	Subject          Scalar
	Ask              []Scalar
	Amount           Scalar
	PredicateOffence Scalar
	Approval         Scalar
	Facts            Scalar
}

// Library is a document of kind library: lets and windows that rules share.
type Library struct {
	Name    Scalar
	Let     []Named
	Windows []*Window
}

// Exception is a document of kind exception.
type Exception struct {
	Name   Scalar
	Rules  []Scalar
	When   Scalar
	Until  Scalar
	Reason Scalar
	Owner  Scalar
}

// At returns the place of a node of the part.
func (r *Raw) At(n *yaml.Node) Span { return r.Span.File.span(n) }
