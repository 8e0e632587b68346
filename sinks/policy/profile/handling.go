package profile

import (
	"slices"

	"github.com/haltwire/haltwire/sinks/freeze"
)

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
