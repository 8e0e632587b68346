package goaml_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/goaml"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

// TestEveryMemberHasItsElement is the goAML column of FREEZE 2, row by row.
func TestEveryMemberHasItsElement(t *testing.T) {
	const tx, from, to = "transaction/", "transaction/t_from/", "transaction/t_to/"
	holder := func(h freeze.Holder) func(*freeze.Request) {
		return func(r *freeze.Request) { r.Subject.Holders = []freeze.Holder{h} }
	}
	for _, c := range []struct {
		member string
		change func(*freeze.Request)
		path   string
		want   string // "~" in front: somewhere in the text
	}{
		{"message_id", func(r *freeze.Request) { r.MessageID = "M-9" }, "entity_reference", "M-9"},
		{"alert_id", func(r *freeze.Request) { r.AlertID = "A-9" }, tx + "internal_ref_number", "A-9"},
		{"created_at", func(r *freeze.Request) { r.CreatedAt = freeze.At(executed.AddDate(1, 0, 0)) }, "submission_date", "2027-03-02T09:40:00"},
		{"recipient_ref", func(r *freeze.Request) { r.RecipientRef = "F-9" }, "fiu_ref_number", "F-9"},
		{"case.id", func(r *freeze.Request) { r.Case.ID = "C-9" }, tx + "comments", "~Case: C-9"},
		{"case.parent_alert", func(r *freeze.Request) { r.Case.ParentAlert = "P-9" }, tx + "comments", "~Parent alert: P-9"},
		{"case.complaint_refs", func(r *freeze.Request) {
			r.Case.ComplaintRefs = strings.Fields(strings.Repeat("K-9 ", 70))
		}, tx + "comments", "~K-9 and 20 more"},
		{"parallel", func(r *freeze.Request) {
			r.Parallel = []freeze.Parallel{{Channel: "ffkc", At: freeze.At(executed)}}
		}, "reason", "~Also pursued by ffkc since 2026-03-02T04:10:00.000Z"},
		{"legal.facts", func(r *freeze.Request) { r.Legal.Facts = "F <9>" }, "reason", "~F <9>"},
		{"legal.background", func(r *freeze.Request) { r.Legal.Background = "B 9" }, "reason", "~B 9"},
		{"legal.reason", func(r *freeze.Request) { r.Legal.Reason = "R 9" }, "reason", "~R 9"},
		{"legal.nexus", func(r *freeze.Request) { r.Legal.Nexus = "N 9" }, "action", "~N 9"},
		{"legal.intended_use", func(r *freeze.Request) { r.Legal.IntendedUse = "U 9" }, "action", "~U 9"},
		{"legal.predicate_offence.code", func(r *freeze.Request) { r.Legal.PredicateOffence.Code = "other_fraud" }, "report_indicators/indicator", "OTHER"},
		{"legal.ml_suspicion", func(r *freeze.Request) { r.Legal.MLSuspicion = new(bool) }, tx + "transaction_is_suspicious", "false"},
		{"indicators", func(r *freeze.Request) {
			r.Legal.PredicateOffence.Code, r.Indicators = "x", []freeze.Indicator{{Code: "other_fraud"}}
		}, "report_indicators/indicator", "OTHER"},
		{"no indicator fits", func(r *freeze.Request) {
			r.Legal.PredicateOffence.Code, r.Payments[0].Authorisation, r.Payments[1].Authorisation = "x", "unknown", "unknown"
		}, "report_indicators/indicator", "RFIUR"},
		{"subject.account.id", func(r *freeze.Request) { r.Subject.Account.ID = "GB65HWBB00000000000202" }, to + "to_account/iban", "GB65HWBB00000000000202"},
		{"subject.account.id again", func(r *freeze.Request) { r.Subject.Account.ID = "GB65HWBB00000000000202" }, to + "to_account/account", "GB65HWBB00000000000202"},
		{"subject.account.currency", func(r *freeze.Request) { r.Subject.Account.Currency = "SEK" }, to + "to_account/currency_code", "SEK"},
		{"subject.account.name", func(r *freeze.Request) { r.Subject.Account.Name = "Nine" }, to + "to_account/account_name", "Nine"},
		{"subject.account.type", func(r *freeze.Request) { r.Subject.Account.Type = "pooled" }, to + "to_account/collection_account", "1"},
		{"subject.account.sub_account", func(r *freeze.Request) { r.Subject.Account.SubAccount = "POT 9" }, to + "to_account/comments", "~Sub-account: POT 9"},
		{"subject.account.scheme", func(r *freeze.Request) { r.Subject.Account.Scheme = "wallet" }, to + "to_account/comments", "~Scheme: wallet"},
		{"subject.servicer.bic", func(r *freeze.Request) { r.Subject.Servicer.BIC = "HWBXGB2LXXX" }, to + "to_account/swift", "HWBXGB2LXXX"},
		{"subject.servicer.clearing_id", func(r *freeze.Request) {
			r.Subject.Servicer = freeze.Servicer{ClearingSystem: "GBDSC", ClearingID: "200000"}
		}, to + "to_account/institution_code", "200000"},
		{"subject.servicer.name alone", func(r *freeze.Request) { r.Subject.Servicer = freeze.Servicer{Name: "Bank 9"} }, to + "to_account/institution_code", "UNKNOWN"},
		{"subject.servicer.name", func(r *freeze.Request) { r.Subject.Servicer.Name = "Bänk & 9" }, to + "to_account/institution_name", "Bänk & 9"},
		{"subject.servicer.country", func(r *freeze.Request) { r.Subject.Servicer.Country = "AE" }, to + "to_account/institution_country", "AE"},
		{"subject.account_country", func(r *freeze.Request) { r.Subject.AccountCountry = "AE" }, to + "to_country", "AE"},
		{"subject.holders owner names the account", func(r *freeze.Request) {
			r.Subject.Account.Name = ""
			r.Subject.Holders = []freeze.Holder{{Role: "owner", Kind: "person", Name: "Owner Nine"}}
		}, to + "to_account/account_name", "Owner Nine"},
		{"subject.holders.name first", holder(freeze.Holder{Kind: "person", Name: "A B Nine"}), to + "to_account/signatory/t_person/first_name", "A B"},
		{"subject.holders.name last", holder(freeze.Holder{Kind: "person", Name: "A B Nine"}), to + "to_account/signatory/t_person/last_name", "Nine"},
		{"subject.holders.role", holder(freeze.Holder{Role: "joint", Kind: "person", Name: "A B"}), to + "to_account/signatory/role", "JAH"},
		{"subject.holders.role without a code", holder(freeze.Holder{Role: "ubo", Kind: "person", Name: "A B"}), to + "to_account/signatory/role", ""},
		{"subject.holders.dob", holder(freeze.Holder{Kind: "person", Name: "A B", DOB: "1980-02-29"}), to + "to_account/signatory/t_person/birthdate", "1980-02-29T00:00:00"},
		{"subject.holders.id passport", holder(freeze.Holder{Kind: "person", Name: "A B", ID: &freeze.HolderID{Type: "PASSPORT", Value: "P9", Country: "ES"}}), to + "to_account/signatory/t_person/passport_number", "P9"},
		{"subject.holders.id other", holder(freeze.Holder{Kind: "person", Name: "A B", ID: &freeze.HolderID{Type: "tax", Value: "N9", Country: "ES"}}), to + "to_account/signatory/t_person/id_number", "N9"},
		{"subject.holders.id other, its kind", holder(freeze.Holder{Kind: "person", Name: "A B", ID: &freeze.HolderID{Type: "tax", Value: "N9", Country: "ES"}}), to + "to_account/comments", "~tax N9 ES"},
		{"subject.holders org", holder(freeze.Holder{Kind: "org", Name: "Nine Ltd"}), to + "to_account/t_entity/name", "Nine Ltd"},
		{"subject.holders without a name", holder(freeze.Holder{Kind: "person", Role: "owner"}), to + "to_account/signatory/t_person/last_name", ""},
		{"payments.item_id", func(r *freeze.Request) { r.Payments[0].ItemID = "I-9" }, tx + "transactionnumber", "I-9"},
		{"payments.hop", func(r *freeze.Request) { r.Payments[0].Hop, r.Payments[0].ParentItems = 2, []string{"X-P01", "X-P02"} }, tx + "comments", "~Hop: 2 after X-P01, X-P02"},
		{"payments.refs.utr", func(r *freeze.Request) { r.Payments[0].Refs.UTR = "U-9" }, tx + "comments", "~UTR: U-9"},
		{"payments.refs.message_id", func(r *freeze.Request) { r.Payments[0].Refs.MessageID = "G-9" }, tx + "comments", "~Message id: G-9\n"},
		{"payments.settled, local", func(r *freeze.Request) { r.Payments[0].Settled = &freeze.Money{Amount: "9.9", Currency: "INR"} }, tx + "amount_local", "9.9"},
		{"payments.settled, foreign", func(r *freeze.Request) { r.Payments[0].Settled = &freeze.Money{Amount: "9.9", Currency: "SEK"} }, from + "from_foreign_currency/foreign_currency_code", "SEK"},
		{"payments.settled, foreign, to", func(r *freeze.Request) { r.Payments[0].Settled = &freeze.Money{Amount: "9.9", Currency: "SEK"} }, to + "to_foreign_currency/foreign_amount", "9.9"},
		{"payments.credited", func(r *freeze.Request) {
			r.Payments[0].Settled, r.Payments[0].Credited = nil, &freeze.Money{Amount: "9.900000000000000000", Currency: "SEK"}
		}, to + "to_foreign_currency/foreign_amount", "9.90"},
		{"payments.executed_at", func(r *freeze.Request) { r.Payments[0].ExecutedAt = freeze.At(executed.Add(15 * time.Hour)) }, tx + "date_transaction", "2026-03-03T00:40:00"},
		{"payments.settled_on", func(r *freeze.Request) { r.Payments[0].SettledOn = "2026-03-09" }, tx + "value_date", "2026-03-09T00:00:00"},
		{"payments.rail", func(r *freeze.Request) { r.Payments[0].Rail = "cash" }, tx + "transmode_code", "ATM"},
		{"payments.rail, funds", func(r *freeze.Request) { r.Payments[0].Rail = "cash" }, from + "from_funds_code", "CASH"},
		{"payments.authorisation", func(r *freeze.Request) { r.Payments[0].Authorisation = "authorised_deceived" }, tx + "transaction_description", "~authorised deceived"},
		{"payments.disputed", func(r *freeze.Request) { r.Payments[0].Disputed.Amount = "9" }, tx + "transaction_description", "~disputed GBP 9"},
		{"payments.debtor.account", func(r *freeze.Request) { r.Payments[0].Debtor.Account = &freeze.Account{Scheme: "bban", ID: "99"} }, from + "from_account/account", "99"},
		{"payments.debtor without an account", func(*freeze.Request) {}, from + "from_account/account", "UNKNOWN"},
		{"payments.debtor.name", func(r *freeze.Request) { r.Payments[0].Debtor.Name = "Debtor Nine" }, from + "from_account/account_name", "Debtor Nine"},
		{"payments.debtor.servicer", func(r *freeze.Request) { r.Payments[0].Debtor.Servicer.Country = "LK" }, from + "from_country", "LK"},
		{"payments.further_credit", func(r *freeze.Request) { r.Payments[0].FurtherCredit = "to nine" }, tx + "comments", "~Further credit: to nine"},
		{"payments.complaint_ref", func(r *freeze.Request) { r.Payments[0].ComplaintRef = "K-9" }, tx + "comments", "~Complaint: K-9"},
		{"payments.reported_at", func(r *freeze.Request) { r.Payments[0].ReportedAt = freeze.At(executed.AddDate(1, 0, 0)) }, tx + "comments", "~Reported at: 2027-03-02T04:10:00.000Z"},
		{"no payments", func(r *freeze.Request) { r.Payments = nil }, "report_code", "SAR"},
		{"no payments, account", func(r *freeze.Request) { r.Payments = nil }, "activity/report_parties/report_party/account/iban", "GB52HWBA00000000000101"},
		{"no payments, suspicion", func(r *freeze.Request) { r.Payments = nil }, "activity/report_parties/report_party/is_suspected", "true"},
		{"no payments, reason", func(r *freeze.Request) { r.Payments = nil }, "activity/report_parties/report_party/reason", "The payments are disputed as unauthorised."},
	} {
		r := scenario()
		c.change(r)
		cfg := config()
		cfg.Indicators["other_fraud"] = "OTHER"
		text, err := goaml.Report(cfg, r)
		if err != nil {
			t.Errorf("%s: %v", c.member, err)
			continue
		}
		n, err := xmlsafe.Read(bytes.NewReader(text), xmlsafe.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		part, somewhere := strings.CutPrefix(c.want, "~")
		if got := n.String(c.path); got != c.want && (!somewhere || !strings.Contains(got, part)) {
			t.Errorf("%s: %s is %q, want %q", c.member, c.path, got, c.want)
		}
	}
}

// TestMembersWithoutAnElementStayHome is the rows of FREEZE 2 that say "—".
func TestMembersWithoutAnElementStayHome(t *testing.T) {
	plain, err := goaml.Report(config(), scenario())
	if err != nil {
		t.Fatal(err)
	}
	at9 := freeze.At(executed.AddDate(9, 0, 0))
	for member, change := range map[string]func(*freeze.Request){
		"sender": func(r *freeze.Request) { r.Sender = freeze.Party{PartyID: "X", Name: "Y", Kind: "ncb", Country: "US"} },
		"recipient": func(r *freeze.Request) {
			r.Recipient = freeze.Party{PartyID: "X", Name: "Y", Kind: "fiu", Country: "US"}
		},
		"sequence":   func(r *freeze.Request) { r.Sequence, r.InReplyTo, r.SenderRef = 9, "X", "Y" },
		"handling":   func(r *freeze.Request) { r.Handling = &freeze.Handling{TLP: "red", Europol: "H1"} },
		"extensions": func(r *freeze.Request) { r.Extensions = []byte(`{"x":1}`) },
		"times": func(r *freeze.Request) {
			r.ValidUntil, r.AnswerBy, r.ConfirmBy = at9, freeze.AnswerBy{Accept: at9, Decide: at9}, &at9
		},
		"approval": func(r *freeze.Request) {
			r.Urgency, r.Approval = "normal", freeze.Approval{Mode: "one", ContentDigest: "X"}
		},
		"legal.requester_basis": func(r *freeze.Request) { r.Legal.RequesterBasis = freeze.Basis{Code: "X", Text: "Y"} },
		"legal.requested_basis": func(r *freeze.Request) { r.Legal.RequestedBasis = &freeze.Hint{Code: "X", Text: "Y"} },
		"legal.domestic_equivalent": func(r *freeze.Request) {
			r.Legal.DomesticEquivalent, r.Legal.Proportionality, r.Legal.Followup = "X", "Y", nil
		},
		"asks":                func(r *freeze.Request) { r.Asks = []freeze.Ask{{AskID: "X", Kind: "trace", Note: "Y"}} },
		"payments.remittance": func(r *freeze.Request) { r.Payments[0].Remittance, r.Payments[0].Debtor.Location = "X", "Y" },
		"payments.recall":     func(r *freeze.Request) { r.Payments[0].Recall = freeze.Recall{State: "pending", Camt056ID: "X"} },
		"totals":              func(r *freeze.Request) { r.Totals = nil },
		"indicators.text":     func(r *freeze.Request) { r.Indicators[0].Text, r.Indicators[0].Since = "X", &at9 },
		"attachments":         func(r *freeze.Request) { r.Attachments = []freeze.Attachment{{Name: "X", MediaType: "Y", SHA256: "Z"}} },
	} {
		r := scenario()
		change(r)
		text, err := goaml.Report(config(), r)
		if err != nil {
			t.Errorf("%s: %v", member, err)
			continue
		}
		if !bytes.Equal(text, plain) {
			t.Errorf("%s reaches the portal:\n%s", member, text)
		}
	}
}

func TestMoneyIsWrittenAsEverySchemaProcessorHoldsIt(t *testing.T) {
	for in, want := range map[freeze.Dec]string{
		"1": "1", "0018.5": "18.5", "000": "0", "1.50": "1.50", "1.5000": "1.50", "1.000000000000000000": "1.00", "0.0000000000001": "0.0000000000001",
		"7900000000000000": "7900000000000000", "1234567890123456.78": "1234567890123456.78", "12345.1234567890123": "12345.1234567890123",
		"7900000000000000.01": "", "1234567890123456.789": "", "123456.1234567890123": "", "1.12345678901234": "",
	} {
		r := scenario()
		r.Payments[0].Settled.Amount = in
		text, err := goaml.Report(config(), r)
		got := ""
		if err == nil {
			n, err := xmlsafe.Read(bytes.NewReader(text), xmlsafe.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got = n.String("transaction/t_to/to_foreign_currency/foreign_amount")
		}
		if got != want {
			t.Errorf("%s: %q, want %q (%v)", in, got, want, err)
		}
	}
}

// TestHoldersLoseNothing looks for every name and number of a holder in the
// account: in its elements, or in the comments.
func TestHoldersLoseNothing(t *testing.T) {
	id := func(kind string) *freeze.HolderID { return &freeze.HolderID{Type: kind, Value: "ID-9", Country: "ES"} }
	for _, c := range []struct {
		name    string
		holders []freeze.Holder
		want    []string // somewhere in the account
		never   []string
	}{
		{"a plain company", []freeze.Holder{{Kind: "org", Role: "owner", Name: "Nine Ltd"}}, []string{"<name>Nine Ltd</name>"}, []string{"Holder ("}},
		{"a company with a number", []freeze.Holder{{Kind: "org", Role: "owner", Name: "Nine Ltd", ID: id("registry")}},
			[]string{"<incorporation_number>ID-9<", "<incorporation_country_code>ES<", "Holder (owner): Nine Ltd, registry ID-9 ES"}, nil},
		{"a company with accents", []freeze.Holder{{Kind: "org", Role: "owner", Name: "Niné"}}, []string{"<name>Nine</name>", "Holder (owner): Niné"}, nil},
		{"a company in another script", []freeze.Holder{{Kind: "org", Role: "owner", Name: "會社"}}, []string{"Holder (owner): 會社"}, []string{"<t_entity>"}},
		{"two companies", []freeze.Holder{{Kind: "org", Role: "owner", Name: "One"}, {Kind: "org", Role: "ubo", Name: "Two"}}, []string{"<name>One</name>", "Holder (ubo): Two"}, []string{"<name>Two"}},
		{"a plain person", []freeze.Holder{{Kind: "person", Role: "owner", Name: "A Nine"}}, []string{"<first_name>A<", "<last_name>Nine<", "<is_primary>1<"}, []string{"Holder ("}},
		{"a person with a passport", []freeze.Holder{{Kind: "person", Role: "owner", Name: "A Nine", ID: id("passport")}}, []string{"<passport_number>ID-9<", "<passport_country>ES<"}, []string{"Holder ("}},
		{"a person with another number", []freeze.Holder{{Kind: "person", Role: "joint", Name: "A Nine", ID: id("tax")}}, []string{"<id_number>ID-9<", "Holder (joint): A Nine, tax ID-9 ES"}, nil},
		{"one name alone", []freeze.Holder{{Kind: "person", Role: "owner", Name: "Nine"}}, []string{"<first_name>UNKNOWN<", "<last_name>Nine<", "Holder (owner): Nine"}, nil},
		{"a long first name", []freeze.Holder{{Kind: "person", Role: "owner", Name: strings.Repeat("a", 101) + " Nine"}}, []string{"<first_name>UNKNOWN<", "<last_name>UNKNOWN<", strings.Repeat("a", 101) + " Nine"}, nil},
		{"a long last name", []freeze.Holder{{Kind: "person", Role: "owner", Name: "A " + strings.Repeat("n", 101)}}, []string{"<first_name>UNKNOWN<", "<last_name>UNKNOWN<", "A " + strings.Repeat("n", 101)}, nil},
		{"a number without a name", []freeze.Holder{{Kind: "person", Role: "owner", ID: id("passport")}}, []string{"<last_name>UNKNOWN<", "<passport_number>ID-9<"}, nil},
		{"two people, one first", []freeze.Holder{{Kind: "person", Name: "A One"}, {Kind: "person", Name: "B Two"}}, []string{"<last_name>One<", "<last_name>Two<"}, nil},
	} {
		r := activity()
		r.Subject.Holders = c.holders
		text, err := goaml.Report(config(), r)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, want := range c.want {
			if !bytes.Contains(text, []byte(want)) {
				t.Errorf("%s: %q is lost:\n%s", c.name, want, text)
			}
		}
		for _, never := range c.never {
			if bytes.Contains(text, []byte(never)) {
				t.Errorf("%s: %q should not be there:\n%s", c.name, never, text)
			}
		}
		if bytes.Count(text, []byte("<is_primary>")) > 1 {
			t.Errorf("%s: two primary signatories", c.name)
		}
	}
}

// TestSupport leaves out of a report for an older portal what came later.
func TestSupport(t *testing.T) {
	for _, r := range []*freeze.Request{rich(), activity()} {
		c := config()
		c.Support = "5.0"
		text, err := goaml.Report(c, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, late := range []string{"schema_version", "transaction_is_suspicious", "institution_country", "collection_account", "is_suspected", "<country>"} {
			if bytes.Contains(text, []byte(late)) {
				t.Errorf("%s is in a report for goAML 5.0", late)
			}
		}
	}
}

// TestReporter writes who reports: a registered person, a user of the portal, or
// nobody.
func TestReporter(t *testing.T) {
	for want, change := range map[string]func(*goaml.Config){
		"<last_name>Desk</last_name>\n  <occupation>MLRO": func(*goaml.Config) {},
		"<reporting_user_code>desk-1<":                    func(c *goaml.Config) { c.Person, c.UserCode = goaml.Person{}, "desk-1" },
		"</currency_code_local>\n <reason>":               func(c *goaml.Config) { c.Person = goaml.Person{} },
		"<submission_code>M<":                             func(c *goaml.Config) { c.Submission = "M" },
		"<account>NOT TOLD<":                              func(c *goaml.Config) { c.Unknown = "NOT TOLD" },
		"<report_code>STR<":                               func(c *goaml.Config) { c.ActivityCode = "" },
	} {
		c := config()
		change(&c)
		text, err := goaml.Report(c, scenario())
		if err != nil || !bytes.Contains(text, []byte(want)) {
			t.Errorf("want %s (%v):\n%s", want, err, text)
		}
	}
}
