package apply

import (
	"maps"
	"slices"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// Editable lists the names of the texts that officers may write into a request.
func Editable() []string {
	return []string{
		"legal.facts", "legal.background", "legal.reason", "legal.nexus", "legal.intended_use", "legal.domestic_equivalent", "legal.proportionality",
		"legal.predicate_offence.text", "legal.requested_basis.code", "legal.requested_basis.text", "sub_account", "complaint_ref",
	}
}

// askable lists the kinds of asks of FREEZE 2.1.
func askable() []string {
	return []string{
		"hold_amount", "suspend_transaction", "suspend_account", "recall", "return_funds", "trace", "identify_holder", "preserve_records", "monitor", "informational",
	}
}

// edited takes in what an officer wrote into a request. It voids the approvals, and
// he may not approve what he wrote.
func (f *fold) edited() {
	var d caselog.EditData
	if !f.data(&d) {
		return
	}
	a := f.alert(d.AlertID)
	if a == nil {
		return
	}
	if why := a.unwritable(d); why != "" {
		f.refuse("%s", why)
		return
	}
	before := a.Content()
	e := a.Edit.clone()
	old := a.Edit
	a.Edit = e
	e.write(d)
	for id, amount := range d.Amounts {
		f.rate(a, id, amount)
	}
	a.override()
	if a.Content() == before {
		a.Edit = old
		f.repeat()
		return
	}
	if !slices.Contains(e.By, d.By) {
		e.By = append(e.By, d.By)
	}
	f.changed(a)
	f.block(a, f.unrouted(a), "")
	f.applied()
}

// unwritable says why the edit is not possible, or nothing.
func (a *Alert) unwritable(d caselog.EditData) string {
	of := caselog.OfficerData{By: d.By, Act: ActEdit}
	switch {
	case d.By == "":
		return "an officer is needed"
	case !d.Role.Covers(caselog.RoleOfficer):
		return d.By + " is " + string(d.Role) + ": edit takes an officer"
	case a.Direction != caselog.Out || !a.Open() || a.State == AwaitingConsent || len(a.Parents) > 0 || a.Rerouting != "":
		return a.impossible(of)
	}
	return a.unnamed(d)
}

// unnamed says what an edit names that is not there, or nothing.
func (a *Alert) unnamed(d caselog.EditData) string {
	for name := range d.Texts {
		if !slices.Contains(Editable(), name) {
			return "no text " + name + " in a request"
		}
	}
	for _, ask := range slices.Concat(d.Asks, d.Unask) {
		if !slices.Contains(askable(), ask) {
			return "no ask " + ask
		}
	}
	for id, amount := range d.Amounts {
		i := a.byID(id)
		if i == nil {
			return "no item " + id
		}
		if !amount.Amount.Valid() || amount.Currency != i.Amount.Currency {
			return "the amount of " + id + " is in " + i.Amount.Currency
		}
	}
	return a.emptied(d)
}

// emptied says that an edit would leave nothing to ask, or nothing.
func (a *Alert) emptied(d caselog.EditData) string {
	left := slices.DeleteFunc(union(slices.Clone(a.Asks), d.Asks), func(ask string) bool { return slices.Contains(d.Unask, ask) })
	if len(left) == 0 {
		return "nothing would be asked any more: reject or withdraw"
	}
	items := 0
	for _, i := range a.Items {
		if amount, named := d.Amounts[i.ID]; !named || !amount.Amount.Zero() {
			items++
		}
	}
	for id, amount := range d.Amounts {
		if a.itemOf(id) == nil && !amount.Amount.Zero() {
			items++
		}
	}
	if items == 0 && len(a.Items) > 0 {
		return "no payment would be left: reject or withdraw"
	}
	return ""
}

// itemOf returns the item with that id that is asked for, or nil.
func (a *Alert) itemOf(id string) *Item {
	if i := slices.IndexFunc(a.Items, func(i *Item) bool { return i.ID == id }); i >= 0 {
		return a.Items[i]
	}
	return nil
}

// byID returns the item with that id, also one that an officer took out, or nil.
func (a *Alert) byID(id string) *Item {
	if i := a.itemOf(id); i != nil {
		return i
	}
	if i := slices.IndexFunc(a.TakenOut, func(i *Item) bool { return i.ID == id }); i >= 0 {
		return a.TakenOut[i]
	}
	return nil
}

func (e *Edit) clone() *Edit {
	if e == nil {
		return &Edit{}
	}
	out := *e
	out.By, out.Added, out.Dropped = slices.Clone(e.By), slices.Clone(e.Added), slices.Clone(e.Dropped)
	out.Texts = maps.Clone(e.Texts)
	return &out
}

// write notes texts, asks and flags of d.
func (e *Edit) write(d caselog.EditData) {
	for name, mark := range d.Texts {
		if mark == "" {
			delete(e.Texts, name)
			continue
		}
		if e.Texts == nil {
			e.Texts = map[string]EditText{}
		}
		e.Texts[name] = EditText{Mark: mark, Personal: d.Personal}
	}
	for _, ask := range d.Asks {
		e.Dropped = slices.DeleteFunc(e.Dropped, func(s string) bool { return s == ask })
		e.Added = union(e.Added, []string{ask})
	}
	for _, ask := range d.Unask {
		e.Added = slices.DeleteFunc(e.Added, func(s string) bool { return s == ask })
		e.Dropped = union(e.Dropped, []string{ask})
	}
	if d.MLSuspicion != nil {
		e.MLSuspicion = d.MLSuspicion
	}
	if d.Offence != "" {
		e.Offence = d.Offence
	}
}

// override puts what officers asked and no longer asked for over what rules do.
func (a *Alert) override() {
	if a.Edit == nil {
		return
	}
	a.Asks = slices.DeleteFunc(union(a.Asks, a.Edit.Added), func(ask string) bool { return slices.Contains(a.Edit.Dropped, ask) })
}

// rate makes amount what is disputed of an item; zero takes it out of the request, and
// another amount takes it back in.
func (f *fold) rate(a *Alert, id string, amount freeze.Money) {
	i := a.byID(id)
	is := func(x *Item) bool { return x == i }
	out := slices.ContainsFunc(a.TakenOut, is)
	switch {
	case amount.Amount.Zero() && !out:
		a.Items = slices.DeleteFunc(a.Items, is)
		a.TakenOut = append(a.TakenOut, i)
		return
	case amount.Amount.Zero():
		return
	case out:
		a.takeBack(i)
	}
	if i.Amount.Amount.Cmp(amount.Amount) != 0 {
		if was := i.Amount; !i.Fixed {
			i.Reported = &was
		}
		i.Amount, i.Fixed = amount, true
	}
}

// takeBack asks for an item again that an officer took out.
func (a *Alert) takeBack(i *Item) {
	a.TakenOut = slices.DeleteFunc(a.TakenOut, func(x *Item) bool { return x == i })
	a.Items = append(a.Items, i)
	sortItems(a.Items)
}
