package profile

import (
	"slices"
	"strings"

	"github.com/haltwire/haltwire/sinks/freeze"
)

// row is a row of FREEZE 4 and the members of messages that it is about.
type row struct {
	name     string
	request  []string // of requests and amendments
	outcome  []string
	envelope []string // of every type
	names    []string // by which a partner asks for it, and an info_response answers
	preset   Say      // the same under every profile, else the data says
	gate     string   // the row whose no is also the no of this one
}

// rows lists those of FREEZE 4 that differ between profiles, and those that are told
// only where they are asked for.
func rows() []row {
	return []row{
		{name: "creditor_name", request: []string{"subject.account.name", "subject.holders.role", "subject.holders.kind", "subject.holders.name"}, names: []string{"creditor.name", "identify_holder"}},
		{name: "creditor_id", request: []string{"subject.holders.id.*", "subject.holders.dob"}, names: []string{"creditor.id", "identify_holder"}},
		{name: "creditor_phone", names: []string{"creditor.phone"}},
		{name: "creditor_online", names: []string{"creditor.email", "creditor.ip", "creditor.device"}},
		{name: "victim_name", request: []string{"payments.debtor.name", "payments.debtor.account.name"}, names: []string{"debtor.name"}},
		{name: "victim_city", request: []string{"payments.debtor.location"}, names: []string{"debtor.location"}},
		{
			name:    "debtor_account",
			request: []string{"payments.debtor.account.scheme", "payments.debtor.account.id", "payments.debtor.account.currency", "payments.debtor.account.type", "payments.debtor.account.sub_account"},
			names:   []string{"debtor.account", "payments.debtor.account"},
		},
		{name: "complaint_refs", request: []string{"payments.complaint_ref"}, envelope: []string{"case.complaint_refs"}, names: []string{"complaint_ref"}},
		{name: "routing", request: []string{"payments.intermediaries.*", "payments.further_credit"}},
		{
			name:    "reasons",
			request: []string{"legal.ml_suspicion", "legal.facts", "legal.background", "legal.reason", "legal.nexus", "legal.intended_use", "legal.domestic_equivalent", "legal.requested_basis.*", "legal.predicate_offence.text"},
		},
		{name: "indicators", request: []string{"indicators.code"}},
		{name: "indicator_detail", request: []string{"indicators.text", "indicators.since", "indicators.until"}},

		{name: "disclosed_name", outcome: []string{"disclosed.holders.role", "disclosed.holders.kind", "disclosed.holders.name"}, names: []string{"identify_holder", "creditor.name"}, preset: Asked, gate: "creditor_name"},
		{name: "disclosed_id", outcome: []string{"disclosed.holders.id.*", "disclosed.holders.dob"}, names: []string{"identify_holder", "creditor.id"}, preset: Asked, gate: "creditor_id"},
		{name: "disclosed_account", outcome: []string{"disclosed.balance.*", "disclosed.statement_ref"}, names: []string{"balance", "statement"}, preset: Asked},
	}
}

// about reports whether a field that somebody asked for lies in the row.
func (r row) about(field string) bool {
	field = Plain(field)
	for _, list := range [][]string{r.names, r.request, r.outcome} {
		for _, pattern := range list {
			whole := strings.TrimSuffix(pattern, ".*")
			if field == whole || strings.HasPrefix(field, whole+".") {
				return true
			}
		}
	}
	return false
}

// Plain returns a path without the positions of lists: payments[0].refs becomes
// payments.refs.
func Plain(path string) string {
	for {
		from := strings.IndexByte(path, '[')
		to := strings.IndexByte(path, ']')
		if from < 0 || to < from {
			return path
		}
		path = path[:from] + path[to+1:]
	}
}

// rule is what is said about a pattern.
type rule struct {
	say Say
	row string
}

// ruleset finds the rule of a path: patterns by their path, and those that end in .*
// by the path before it. members are all paths that messages of the type have.
type ruleset struct {
	exact, trees map[string]rule
	members      map[string]bool
}

func (s ruleset) add(r rule, patterns []string) {
	for _, pattern := range patterns {
		if tree, whole := strings.CutSuffix(pattern, ".*"); whole {
			s.trees[tree] = r
		} else {
			s.exact[pattern] = r
		}
	}
}

func (s ruleset) find(path string) (rule, bool) {
	if r, ok := s.exact[path]; ok {
		return r, true
	}
	for {
		if r, ok := s.trees[path]; ok {
			return r, true
		}
		dot := strings.LastIndexByte(path, '.')
		if dot < 0 {
			return rule{}, false
		}
		path = path[:dot]
	}
}

// Types lists the types of messages.
func Types() []freeze.Type {
	return []freeze.Type{
		freeze.TypeRequest, freeze.TypeAmendment, freeze.TypeConfirmation, freeze.TypeWithdrawal, freeze.TypeStatusRequest, freeze.TypeExtensionRequest,
		freeze.TypeLiftRequest, freeze.TypeConsentRequest, freeze.TypeConsentResponse, freeze.TypeInfoResponse, freeze.TypeReceipt, freeze.TypeOutcome, freeze.TypeFeedback,
	}
}

func (p *Profile) compile() {
	p.rules = map[freeze.Type]ruleset{}
	for _, t := range Types() {
		s := ruleset{exact: map[string]rule{}, trees: map[string]rule{}, members: map[string]bool{}}
		for _, path := range Paths(t) {
			for path != "" {
				s.members[path] = true
				path = path[:max(strings.LastIndexByte(path, '.'), 0)]
			}
		}
		s.add(rule{say: Yes}, envelopePaths())
		s.add(rule{say: Yes}, pathsOf(t))
		for _, r := range rows() {
			of := rule{say: p.says(r), row: r.name}
			s.add(of, r.envelope)
			switch t {
			case freeze.TypeRequest, freeze.TypeAmendment:
				s.add(of, r.request)
			case freeze.TypeOutcome:
				s.add(of, r.outcome)
			}
		}
		p.rules[t] = s
	}
}

func (p *Profile) says(r row) Say {
	if r.preset == "" {
		return p.Fields[r.name]
	}
	if p.Fields[r.gate] == No {
		return No
	}
	return r.preset
}

// Says returns what the profile says about a member of a message: yes, asked, own or
// no. Paths are those of May.
func (p *Profile) Says(t freeze.Type, path string) Say {
	say, _ := p.look(t, path)
	return say
}

func (p *Profile) look(t freeze.Type, path string) (Say, string) {
	s := p.rules[t]
	switch {
	case !s.members[path] || matches(p.deny, path):
		return No, ""
	case matches(p.allow, path):
		return Yes, ""
	}
	if r, ok := s.find(path); ok {
		return r.say, r.row
	}
	return No, ""
}

// May reports whether the member at path may go out to a party of the profile in a
// message of the type. A path names members from the root, dots between them, list
// positions left out: payments.refs.uetr. It is the only place that decides; what is
// not listed is denied.
func (p *Profile) May(t freeze.Type, path string) bool {
	say, row := p.look(t, path)
	return say == Yes || say == Own || say == Asked && p.asked[row]
}

// Answers returns what the profile says about an answer of an info_response to a
// field of that name: one of the names by which rows are asked for, or a member of a
// request. An answer is asked for by its nature.
func (p *Profile) Answers(field string) Say {
	field = Plain(field)
	if field == "" || matches(p.deny, field) {
		return No
	}
	for _, r := range rows() {
		if slices.Contains(r.names, field) && r.preset == "" {
			return p.Fields[r.name]
		}
	}
	for _, before := range []string{"", "subject.account.", "subject.", "payments.", "legal."} {
		if say := p.branch(before + field); say != No {
			return say
		}
	}
	return No
}

// branch returns what is said about a member of a request, or about all of the members
// under it.
func (p *Profile) branch(path string) Say {
	if say := p.Says(freeze.TypeRequest, path); say != No {
		return say
	}
	out := No
	for _, member := range Paths(freeze.TypeRequest) {
		if !strings.HasPrefix(member, path+".") {
			continue
		}
		say := p.Says(freeze.TypeRequest, member)
		if say == No {
			return No
		}
		if out != Asked {
			out = say
		}
	}
	return out
}

func matches(list []string, path string) bool {
	return slices.ContainsFunc(list, func(pattern string) bool {
		tree, whole := strings.CutSuffix(pattern, ".*")
		return path == pattern || whole && (path == tree || strings.HasPrefix(path, tree+"."))
	})
}
