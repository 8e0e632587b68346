package camt056_test

import (
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/camt056"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

// TestEveryMemberHasItsElement is the camt column of FREEZE 2, row by row: a
// member is changed, and its element says so, and no other element does.
func TestEveryMemberHasItsElement(t *testing.T) {
	const body, tx, ref = "FIToFIPmtCxlReq/", "FIToFIPmtCxlReq/Undrlyg/TxInf/", "FIToFIPmtCxlReq/Undrlyg/TxInf/OrgnlTxRef/"
	other := alert[:25] + "A"
	for _, c := range []struct {
		member string
		change func(*freeze.Request)
		path   string
		want   string
		times  int // how often the value stands in the document; 0 is once
	}{
		{"message_id", func(r *freeze.Request) { r.MessageID = freeze.RequesterID(alert, 9) }, body + "Assgnmt/Id", freeze.RequesterID(alert, 9), 0},
		{"alert_id", func(r *freeze.Request) { r.AlertID = other }, body + "Case/Id", other, 0},
		{"created_at", func(r *freeze.Request) { r.CreatedAt = freeze.At(executed.AddDate(1, 0, 0)) }, body + "Assgnmt/CreDtTm", "2027-03-02T04:10:00.000Z", 0},
		{"subject.servicer.bic", func(r *freeze.Request) { r.Subject.Servicer.BIC = "HWBXGB2LXXX" }, body + "Assgnmt/Assgne/Agt/FinInstnId/BICFI", "HWBXGB2LXXX", 3},
		{"subject.servicer.lei", func(r *freeze.Request) { r.Subject.Servicer.LEI = "00000000000000000098" }, ref + "CdtrAgt/FinInstnId/LEI", "00000000000000000098", 3},
		{"subject.servicer.name", func(r *freeze.Request) { r.Subject.Servicer.Name = "Bank Nine" }, ref + "CdtrAgt/FinInstnId/Nm", "Bank Nine", 3},
		{"subject.servicer.clearing_id", func(r *freeze.Request) {
			r.Subject.Servicer.ClearingSystem, r.Subject.Servicer.ClearingID = "GBDSC", "200000"
		}, ref + "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId", "200000", 3},
		{"subject.servicer.clearing_system", func(r *freeze.Request) {
			r.Subject.Servicer.ClearingSystem, r.Subject.Servicer.ClearingID = "own list", "200000"
		}, ref + "CdtrAgt/FinInstnId/ClrSysMmbId/ClrSysId/Prtry", "own list", 3},
		{"subject.account.id", func(r *freeze.Request) { r.Subject.Account.ID = "GB65HWBB00000000000202" }, ref + "CdtrAcct/Id/IBAN", "GB65HWBB00000000000202", 2},
		{"subject.account.scheme", func(r *freeze.Request) { r.Subject.Account.Scheme, r.Subject.Account.ID = "crypto", "bc1q" }, ref + "CdtrAcct/Id/Othr/SchmeNm/Prtry", "CRYPTO", 2},
		{"subject.account.currency", func(r *freeze.Request) { r.Subject.Account.Currency = "SEK" }, ref + "CdtrAcct/Ccy", "SEK", 2},
		{"subject.account.name", func(r *freeze.Request) { r.Subject.Account.Name = "Nine Ltd" }, ref + "CdtrAcct/Nm", "Nine Ltd", 2},
		{"subject.account.sub_account", func(r *freeze.Request) { r.Subject.Account.SubAccount = "POT 9" }, tx + "CxlRsnInf/AddtlInf[1]", "Sub-account: POT 9", 2},
		{"subject.holders.name", func(r *freeze.Request) { r.Subject.Holders = []freeze.Holder{{Role: "owner", Name: "Owner Nine"}} }, ref + "Cdtr/Pty/Nm", "Owner Nine", 2},
		{"payments.item_id", func(r *freeze.Request) { r.Payments[0].ItemID = alert + "-P99" }, tx + "CxlId", alert + "-P99", 0},
		{"payments.refs.uetr", func(r *freeze.Request) { r.Payments[0].Refs.UETR = "00000000-0000-4000-9000-000000000000" }, tx + "OrgnlUETR", "00000000-0000-4000-9000-000000000000", 0},
		{"payments.refs.end_to_end_id", func(r *freeze.Request) { r.Payments[0].Refs.EndToEndID = "E-9" }, tx + "OrgnlEndToEndId", "E-9", 0},
		{"payments.refs.transaction_id", func(r *freeze.Request) { r.Payments[0].Refs.TransactionID = "T-9" }, tx + "OrgnlTxId", "T-9", 0},
		{"payments.refs.instruction_id", func(r *freeze.Request) { r.Payments[0].Refs.InstructionID = "I-9" }, tx + "OrgnlInstrId", "I-9", 0},
		{"payments.refs.message_id", func(r *freeze.Request) { r.Payments[0].Refs.MessageID = "M-9" }, tx + "OrgnlGrpInf/OrgnlMsgId", "M-9", 0},
		{"payments.refs.message_name", func(r *freeze.Request) { r.Payments[0].Refs.MessageName = "pacs.008.001.12" }, tx + "OrgnlGrpInf/OrgnlMsgNmId", "pacs.008.001.12", 0},
		{"payments.refs.clearing_ref", func(r *freeze.Request) { r.Payments[0].Refs.ClearingRef = "C-9" }, tx + "OrgnlClrSysRef", "C-9", 0},
		{"payments.settled.amount", func(r *freeze.Request) { r.Payments[0].Settled.Amount = "18000.09" }, tx + "OrgnlIntrBkSttlmAmt", "18000.09", 0},
		{"payments.settled_on", func(r *freeze.Request) { r.Payments[0].SettledOn = "2026-03-09" }, tx + "OrgnlIntrBkSttlmDt", "2026-03-09", 0},
		{"payments.disputed", func(r *freeze.Request) { r.Payments[0].Disputed = gbp("9.99") }, tx + "CxlRsnInf/AddtlInf[1]", "Amount asked back: GBP 9.99", 0},
		{"payments.rail", func(r *freeze.Request) { r.Payments[0].Rail = "sepa" }, ref + "PmtTpInf/SvcLvl/Cd", "SEPA", 0},
		{"payments.authorisation", func(r *freeze.Request) { r.Payments[0].Authorisation = "authorised_deceived" }, tx + "CxlRsnInf/Rsn/Cd", "FRAD", 0},
		{"payments.authorisation unknown", func(r *freeze.Request) { r.Payments[0].Authorisation = "unknown" }, tx + "CxlRsnInf/Rsn/Cd", "CUST", 0},
		{"payments.recall.reason_iso", func(r *freeze.Request) { r.Payments[0].Recall.ReasonISO = "DUPL" }, tx + "CxlRsnInf/Rsn/Cd", "DUPL", 0},
		{"payments.recall.indemnity", func(r *freeze.Request) { r.Payments[0].Recall.Indemnity = "offered" }, tx + "CxlRsnInf[1]/Rsn/Cd", "INDM", 0},
		{"payments.debtor.name", func(r *freeze.Request) { r.Payments[0].Debtor.Name = "Debtor Nine" }, ref + "Dbtr/Pty/Nm", "Debtor Nine", 0},
		{"payments.debtor.account.id", func(r *freeze.Request) { r.Payments[0].Debtor.Account.ID = "99" }, ref + "DbtrAcct/Id/Othr/Id", "99", 0},
		{"payments.intermediaries", func(r *freeze.Request) {
			for i := range r.Payments {
				r.Payments[i].Intermediaries = []freeze.Intermediary{{Servicer: freeze.Servicer{BIC: "HWBCDEFF"}}}
			}
		}, tx + "CxlRsnInf/AddtlInf[1]", "Via: HWBCDEFF", 2},
		{"payments.further_credit", func(r *freeze.Request) { r.Payments[0].FurtherCredit = "to nine" }, tx + "CxlRsnInf/AddtlInf[1]", "Further credit: to nine", 0},
		{"payments.remittance", func(r *freeze.Request) { r.Payments[0].Remittance = "WALLET 77120" }, ref + "RmtInf/Ustrd", "WALLET 77120", 0},
	} {
		r := scenario()
		c.change(r)
		drafts, err := camt056.Drafts(camt056.Config{}, r)
		if err != nil {
			t.Errorf("%s: %v", c.member, err)
			continue
		}
		n := read(t, drafts[0].Document)
		if got := at(n, c.path); got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.member, c.path, got, c.want)
		}
		if got := count(n, c.want); got != max(1, c.times) {
			t.Errorf("%s: %q stands %d times in the document, want %d", c.member, c.want, got, max(1, c.times))
		}
	}
}

// at is Node.String with positions, "CxlRsnInf[1]/Rsn".
func at(n *xmlsafe.Node, path string) string {
	for name := range strings.SplitSeq(path, "/") {
		index := 0
		if base, rest, ok := strings.Cut(name, "["); ok {
			name, index = base, int(rest[0]-'0')
		}
		all := n.All(name)
		if index >= len(all) {
			return ""
		}
		n = all[index]
	}
	return n.Text
}

func count(n *xmlsafe.Node, text string) int {
	found := 0
	if n.Text == text {
		found++
	}
	for _, c := range n.Nodes {
		found += count(c, text)
	}
	return found
}

// TestMembersWithoutAnElementStayHome is the rows of FREEZE 2 that say "—": their
// values reach no draft.
func TestMembersWithoutAnElementStayHome(t *testing.T) {
	plain, err := camt056.Drafts(camt056.Config{}, scenario())
	if err != nil {
		t.Fatal(err)
	}
	at9 := freeze.At(executed.AddDate(9, 0, 0))
	for member, change := range map[string]func(*freeze.Request){
		"sequence":    func(r *freeze.Request) { r.Sequence = 99 },
		"in_reply_to": func(r *freeze.Request) { r.InReplyTo = "X" },
		"sender":      func(r *freeze.Request) { r.Sender = freeze.Party{PartyID: "X", Name: "Y", Kind: "ncb", Country: "US"} },
		"recipient": func(r *freeze.Request) {
			r.Recipient = freeze.Party{PartyID: "X", Name: "Y", Kind: "bank", Country: "US"}
		},
		"sender_ref": func(r *freeze.Request) { r.SenderRef, r.RecipientRef = "X", "Y" },
		"case":       func(r *freeze.Request) { r.Case = &freeze.Case{ID: "X", ComplaintRefs: []string{"Y"}, RootAlert: "Z"} },
		"parallel":   func(r *freeze.Request) { r.Parallel = []freeze.Parallel{{Channel: "X", At: at9}} },
		"handling":   func(r *freeze.Request) { r.Handling = &freeze.Handling{TLP: "red", Europol: "H1"} },
		"extensions": func(r *freeze.Request) { r.Extensions = []byte(`{"x":1}`) },
		"urgency":    func(r *freeze.Request) { r.Urgency = "normal" },
		"valid_until": func(r *freeze.Request) {
			r.ValidUntil, r.AnswerBy, r.ConfirmBy = at9, freeze.AnswerBy{Accept: at9, Decide: at9}, &at9
		},
		"approval":                func(r *freeze.Request) { r.Approval = freeze.Approval{Mode: "emergency", ContentDigest: "X"} },
		"legal":                   func(r *freeze.Request) { r.Legal = freeze.Legal{Regime: "egmont", Facts: "X", MLSuspicion: new(true)} },
		"asks.note":               func(r *freeze.Request) { r.Asks[0].Note, r.Asks[0].AskID, r.Asks[0].Until = "X", "Y", &at9 },
		"subject.account_country": func(r *freeze.Request) { r.Subject.AccountCountry, r.Subject.Servicer.Country = "US", "US" },
		"subject.holders.id": func(r *freeze.Request) {
			r.Subject.Holders = []freeze.Holder{{Role: "ubo", Name: "X", DOB: "1980-01-01", ID: &freeze.HolderID{Type: "passport", Value: "Y", Country: "US"}}}
		},
		"payments.refs.rrn": func(r *freeze.Request) {
			r.Payments[0].Refs.RRN, r.Payments[0].Refs.UTR, r.Payments[0].Refs.TxHash = "X", "Y", "Z"
		},
		"payments.instructed":    func(r *freeze.Request) { r.Payments[0].Instructed, r.Payments[0].Credited = nil, nil },
		"payments.executed_at":   func(r *freeze.Request) { r.Payments[0].ExecutedAt, r.Payments[0].ReportedAt = at9, at9 },
		"payments.complaint_ref": func(r *freeze.Request) { r.Payments[0].ComplaintRef, r.Payments[0].Debtor.Location = "X", "Y" },
		"totals":                 func(r *freeze.Request) { r.Totals = nil },
		"indicators": func(r *freeze.Request) {
			r.Indicators = []freeze.Indicator{{Code: "sim_swap_before_payment", Text: "X", Since: &at9}}
		},
		"attachments": func(r *freeze.Request) { r.Attachments = []freeze.Attachment{{Name: "X", MediaType: "Y", SHA256: "Z"}} },
	} {
		r := scenario()
		change(r)
		drafts, err := camt056.Drafts(camt056.Config{}, r)
		if err != nil {
			t.Errorf("%s: %v", member, err)
			continue
		}
		if string(drafts[0].File) != string(plain[0].File) {
			t.Errorf("%s reaches the bank:\n%s", member, drafts[0].File)
		}
	}
}

// TestScenarioWithTwoSubjects is step 6 of FREEZE 5: the recall of P1 to P3 makes
// two messages of two and one payments, and nothing in them tells of an FIU, a
// law or a SIM.
func TestScenarioWithTwoSubjects(t *testing.T) {
	b := scenario()
	b.AlertID = "B" + alert[1:]
	b.MessageID = freeze.RequesterID(b.AlertID, 1)
	b.Subject.Account.ID, b.Subject.Servicer.BIC = "GB65HWBB00000000000202", "HWBBGB2L"
	third := payment(3, "9531985d-5d9d-49f8-9818-e811892f902b", "12000.00")
	third.ItemID, third.Remittance = freeze.ItemID(b.AlertID, 1), "WALLET 77120"
	b.Payments = []freeze.Payment{third}
	for bank, want := range map[*freeze.Request]struct {
		bic   string
		items int
	}{scenario(): {"HWBAGB2L", 2}, b: {"HWBBGB2L", 1}} {
		drafts, err := camt056.Drafts(camt056.Config{}, bank)
		if err != nil || len(drafts) != 1 || len(drafts[0].Items) != want.items {
			t.Fatalf("%s: %d drafts, %v", want.bic, len(drafts), err)
		}
		n := read(t, drafts[0].Document)
		if got := n.String("FIToFIPmtCxlReq/Assgnmt/Assgne/Agt/FinInstnId/BICFI"); got != want.bic {
			t.Errorf("goes to %s, want %s", got, want.bic)
		}
		for _, id := range append(drafts[0].Items, drafts[0].ID) {
			if len(id) > 35 {
				t.Errorf("%s has %d characters", id, len(id))
			}
		}
		for _, word := range []string{"FIU", "Police", "SECRET", "secret", "SIM", "section", "suspic", "+91"} {
			if strings.Contains(string(drafts[0].File), word) {
				t.Errorf("%q stands in the message to %s", word, want.bic)
			}
		}
	}
}
