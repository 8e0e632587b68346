package ledger

import (
	"encoding/json"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy"
)

// approval makes the row of an officer's word.
func (x *step) approval() {
	verdict, act := "given", ""
	switch x.r.Type {
	case caselog.ApprovalGiven:
	case caselog.ApprovalRefused:
		verdict = "refused"
	case caselog.Confirmed:
		act = apply.ActConfirm
	case caselog.Withdrawn:
		act = apply.ActWithdraw
	case caselog.EmergencySent:
		act = apply.ActEmergency
	default:
		return
	}
	var d caselog.OfficerData
	if json.Unmarshal(x.r.Data, &d) != nil {
		return
	}
	if act == "" {
		act = d.Act
	}
	if act == "" {
		act = apply.ActRequest
	}
	x.rows.Approvals = append(x.rows.Approvals, caselog.ApprovalRow{
		Partition: x.r.Partition, Offset: x.r.Offset, AlertID: x.a.ID, CaseID: x.a.CaseID, Direction: x.a.Direction, Party: x.a.Party, Act: act, About: d.About,
		Officer: d.By, Role: string(d.Role), Verdict: verdict, Code: d.Code, Digest: d.Digest, At: x.r.Appended, Version: version(x.r),
	})
}

// voided makes the rows of approvals that count no more since the event.
func (x *step) voided(before int) {
	for _, v := range x.a.Voided[min(before, len(x.a.Voided)):] {
		for _, by := range v.By {
			x.rows.Approvals = append(x.rows.Approvals, caselog.ApprovalRow{
				Partition: x.r.Partition, Offset: x.r.Offset, AlertID: x.a.ID, CaseID: x.a.CaseID, Direction: x.a.Direction, Party: x.a.Party, Act: v.Act,
				Officer: by, Verdict: "voided", Why: v.Why, At: x.r.Appended, Version: version(x.r),
			})
		}
	}
}

// known says how we know that the party has a message: an officer has carried it over, a
// wire has delivered it, it is published where the party fetches it, or the party's own
// word. Empty: we do not know; a paper on a desk has not been told to anybody.
func known(m *apply.Message) string {
	switch {
	case m.Transmitted != nil:
		return "transmitted"
	case m.Delivered > 0:
		return "delivered"
	case m.Exported > 0 && m.Channel != "manual" && m.Channel != "goaml":
		return "published"
	case m.Receipt != "":
		return "receipt"
	}
	return ""
}

// disclosures makes the rows of what the messages told that the party has since the
// event. A receipt tells nothing of anybody.
func (x *step) disclosures(before []bool) {
	for i, m := range x.a.Messages {
		how := known(m)
		if how == "" || i < len(before) && before[i] || m.Type == freeze.TypeReceipt {
			continue
		}
		x.told(m, how)
	}
}

func (x *step) told(m *apply.Message, how string) {
	body := []byte(x.body(m.Personal))
	fields, err := policy.Disclosures(body)
	if err != nil {
		return // erased, and there is nothing to say any more
	}
	var said struct {
		Legal struct {
			Regime string `json:"regime"`
			Basis  struct {
				Code string `json:"code"`
			} `json:"requester_basis"`
		} `json:"legal"`
		Handling struct {
			PermittedUse string `json:"permitted_use"`
		} `json:"handling"`
	}
	if json.Unmarshal(body, &said) != nil {
		return
	}
	row := caselog.DisclosureRow{
		MessageID: m.ID, AlertID: x.a.ID, CaseID: x.a.CaseID, Direction: x.a.Direction, Party: x.a.Party, Type: string(m.Type), Regime: said.Legal.Regime,
		Basis: said.Legal.Basis.Code, PermittedUse: said.Handling.PermittedUse, ApprovalMode: m.Mode, ApprovedBy: m.By, Channel: m.Channel, How: how,
		DisclosedAt: x.r.Appended, Version: version(x.r),
	}
	if p := x.Book.Party(x.a.Party); p != nil {
		row.PartyKind, row.PartyCountry = p.Kind, p.Country
		if row.Regime == "" {
			row.Regime = p.Policy.Profile
		}
	}
	for _, f := range fields {
		row.Path, row.Kind, row.Values = f.Path, f.Kind, count(f.Count)
		x.rows.Disclosures = append(x.rows.Disclosures, row)
	}
}
