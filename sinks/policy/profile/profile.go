package profile

import (
	"bytes"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/haltwire/haltwire/sinks/freeze"
)

//go:embed data/*.yaml
var shipped embed.FS

// Profile is the shape of an agreement. Immutable: what changes one returns another.
type Profile struct {
	Name      string      `yaml:"name"`
	Regime    string      `yaml:"regime"`
	ValidFrom freeze.Date `yaml:"valid_from"` // of the data
	Parties   []string    `yaml:"parties"`    // kinds of partners, empty = any
	Senders   []string    `yaml:"senders"`    // kinds of ours that may ask, empty = any
	Members   []string    `yaml:"members"`    // countries of both ends, empty = any
	Asks      []string    `yaml:"asks"`
	// AutoProvisional are asks that may go out by themselves and are confirmed
	// afterwards, where the config says so; Unattended those that need no people.
	AutoProvisional []string          `yaml:"auto_provisional"`
	Unattended      []string          `yaml:"unattended"`
	Approval        map[string]string `yaml:"approval"` // one, by ask; else two
	Gate            Gates             `yaml:"gate"`
	Required        []string          `yaml:"required"` // members that a request has
	Fields          map[string]Say    `yaml:"fields"`   // by row of FREEZE 4
	// Victims says what is told of the payments of other victims than the first:
	// apart (references and amounts), together (the same), own (of a bank's customers).
	Victims       string          `yaml:"victims"`
	Handling      Handling        `yaml:"handling"`
	OnwardNone    []string        `yaml:"onward_none"` // codes under which onward is none
	Restriction   string          `yaml:"restriction"` // stands behind the intended use
	Accept        Answering       `yaml:"accept"`
	Decide        Answering       `yaml:"decide"`
	MeasurePeriod map[string]Term `yaml:"measure_period"` // by ask
	Answer        Answer          `yaml:"answer"`         // direction in
	Retention     Term            `yaml:"retention"`      // from closing
	Review        bool            `yaml:"review"`         // at its end
	Followup      bool            `yaml:"followup"`       // a request for legal assistance follows

	rules map[freeze.Type]ruleset
	deny  []string // patterns of the config
	allow []string
	asked map[string]bool // rows that the partner asked about
}

// Say is what a profile says about a row: yes, asked (what the partner asked for by
// name), own (of the recipient's own customers) or no.
type Say string

// The words of rows.
const (
	Yes   Say = "yes"
	Asked Say = "asked"
	Own   Say = "own"
	No    Say = "no"
)

// Gates are what has to hold before a request goes out; each failure is a task.
type Gates struct {
	PaymentRef    bool   `yaml:"payment_ref"`
	MLSuspicion   string `yaml:"ml_suspicion"` // always, or nothing
	MinUSD        string `yaml:"min_usd"`
	International bool   `yaml:"international"`
	Recall        string `yaml:"recall"` // initiated | asked
	MaxAge        Term   `yaml:"max_age"`
	OneVictim     bool   `yaml:"one_victim"`
	ComplaintRef  bool   `yaml:"complaint_ref"`
	Basis         bool   `yaml:"basis"`
	OwnAccount    bool   `yaml:"own_account"` // measures only at accounts that the party keeps
}

// Handling is the handling of what is sent, as data.
type Handling struct {
	TLP            string `yaml:"tlp"`
	Europol        string `yaml:"europol"`
	Evaluation     string `yaml:"evaluation"` // none | optional | required: the 4×4
	PermittedUse   string `yaml:"permitted_use"`
	Onward         string `yaml:"onward"`
	CustomerNotice string `yaml:"customer_notice"`
}

// Answering is how long a desk has.
type Answering struct {
	Critical Term `yaml:"critical"`
	Other    Term `yaml:"other"`
}

// Of returns the term for an urgency.
func (a Answering) Of(urgency string) Term {
	if urgency == "critical" {
		return a.Critical
	}
	return a.Other
}

// Answer is what our answer to a request of the partner has to hold beyond FREEZE 2.3.
type Answer struct {
	Ticks     []string `yaml:"ticks"`     // what who authorises a measure ticks
	Needs     []string `yaml:"needs"`     // members of a refusal
	Recovered bool     `yaml:"recovered"` // recovered amounts are told in the end
}

// Names lists the shipped profiles in order.
func Names() []string {
	entries, err := shipped.ReadDir("data")
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return out
}

// Of returns a shipped profile.
func Of(name string) (*Profile, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("unknown profile %q: use %s", name, strings.Join(Names(), ", "))
	}
	text, err := shipped.ReadFile("data/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	return parse(text)
}

func parse(text []byte) (*Profile, error) {
	p := &Profile{}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("profile %s: %w", p.Name, err)
	}
	p.compile()
	return p, nil
}

// check reports data that has a hole: every row is answered.
func (p *Profile) check() error {
	for _, r := range rows() {
		if r.preset == "" && !slices.Contains([]Say{Yes, Asked, Own, No}, p.Fields[r.name]) {
			return fmt.Errorf("fields.%s: %q is not yes, asked, own or no", r.name, p.Fields[r.name])
		}
	}
	for name := range p.Fields {
		if !slices.ContainsFunc(rows(), func(r row) bool { return r.name == name && r.preset == "" }) {
			return fmt.Errorf("fields.%s: there is no such row", name)
		}
	}
	return nil
}

// Allows reports whether the profile covers the ask.
func (p *Profile) Allows(ask string) bool { return slices.Contains(p.Asks, ask) }

// People returns how many people approve an ask.
func (p *Profile) People(ask string) int {
	if p.Approval[ask] == "one" {
		return 1
	}
	return 2
}

// With returns p with members denied and others allowed, by patterns of May. What is
// denied wins.
func (p *Profile) With(deny, allow []string) *Profile {
	out := *p
	out.deny = slices.Concat(p.deny, deny)
	out.allow = slices.Concat(p.allow, allow)
	return &out
}

// Asking returns p for a message to a partner that asked for these fields by name, in
// needs[] or by the kind of an ask.
func (p *Profile) Asking(fields ...string) *Profile {
	out := *p
	out.asked = maps.Clone(p.asked)
	if out.asked == nil {
		out.asked = map[string]bool{}
	}
	for _, field := range fields {
		for _, r := range rows() {
			if r.about(field) {
				out.asked[r.name] = true
			}
		}
	}
	return &out
}

// Stricter returns what both h and limits allow; nil limits nothing.
func Stricter(h freeze.Handling, limits *freeze.Handling) freeze.Handling {
	if limits == nil {
		return h
	}
	h.TLP = later(h.TLP, limits.TLP, "clear", "green", "amber", "amber+strict", "red")
	h.Europol = later(h.Europol, limits.Europol, "", "H0", "H1", "H2", "H3")
	h.PermittedUse = later(h.PermittedUse, limits.PermittedUse, "evidence_after_mla", "investigation", "postponement", "intelligence_only")
	h.CustomerNotice = later(h.CustomerNotice, limits.CustomerNotice, "allowed", "after_measure", "prohibited")
	h.Onward = narrower(h.Onward, limits.Onward)
	if limits.DeleteAfter != "" && (h.DeleteAfter == "" || limits.DeleteAfter < h.DeleteAfter) {
		h.DeleteAfter = limits.DeleteAfter
	}
	return h
}

// Strictest returns what all of the handlings allow, nil when all are nil.
func Strictest(all ...*freeze.Handling) *freeze.Handling {
	var out *freeze.Handling
	for _, h := range all {
		switch {
		case h == nil:
		case out == nil:
			first := *h
			out = &first
		default:
			both := Stricter(*out, h)
			out = &both
		}
	}
	return out
}

// Message returns the handling as it stands in a message.
func (p *Profile) Message() freeze.Handling {
	h := p.Handling
	return freeze.Handling{
		TLP: h.TLP, Europol: h.Europol, PermittedUse: h.PermittedUse, Onward: freeze.Onward{Mode: h.Onward}, CustomerNotice: h.CustomerNotice,
	}
}

// Final returns h with what follows from its codes: under some of them nothing is
// passed on, and an evaluation stands only where the profile knows one.
func (p *Profile) Final(h freeze.Handling) freeze.Handling {
	if slices.Contains(p.OnwardNone, h.Europol) || slices.Contains(p.OnwardNone, h.TLP) {
		h.Onward = freeze.Onward{Mode: "none"}
	}
	if p.Handling.Evaluation == "none" {
		h.SourceEval, h.InfoEval = "", ""
	}
	return h
}

// later returns whichever of the two stands later in the order.
func later(a, b string, order ...string) string {
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}

// narrower returns what both allow of passing on: what one of them lists the other
// has to list too, or to leave to consent.
func narrower(a, b freeze.Onward) freeze.Onward {
	if a.Mode == "none" || b.Mode == "none" {
		return freeze.Onward{Mode: "none"}
	}
	if a.Mode != "listed" || b.Mode != "listed" {
		return freeze.Onward{Mode: "prior_consent"}
	}
	var both []string
	for _, p := range a.Parties {
		if slices.Contains(b.Parties, p) {
			both = append(both, p)
		}
	}
	if len(both) == 0 {
		return freeze.Onward{Mode: "none"}
	}
	return freeze.Onward{Mode: "listed", Parties: both}
}
