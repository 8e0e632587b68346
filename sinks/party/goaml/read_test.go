package goaml_test

import (
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/party/goaml"
)

// incoming is a report with one transaction whose inside is given.
func incoming(head, inside string) []byte {
	return []byte(`<report><rentity_id>7</rentity_id><report_code>AIFT</report_code><entity_reference>R-1</entity_reference>` + head +
		`<currency_code_local>AED</currency_code_local><transaction><transactionnumber>T-1</transactionnumber><date_transaction>2026-03-02T09:30:00Z</date_transaction>` + inside + `</transaction></report>`)
}

const day = `<submission_date>2026-03-02T09:40:00</submission_date>`

// TestSidesOfATransaction reads every form in which a party may be written.
func TestSidesOfATransaction(t *testing.T) {
	const (
		account = `<account>1</account><account_name>N</account_name>`
		person  = `<first_name>A</first_name><last_name>B</last_name>`
	)
	for _, c := range []struct {
		name, inside string
		want         goaml.Party
		account      string
	}{
		{"account", `<t_from><from_funds_code>F</from_funds_code><from_account>` + account + `</from_account><from_country>IN</from_country></t_from>`, goaml.Party{Role: "from", Funds: "F", Country: "IN"}, "1"},
		{"account of a client", `<t_from_my_client><from_funds_code>F</from_funds_code><from_account>` + account + `</from_account><from_country>IN</from_country></t_from_my_client>`, goaml.Party{Role: "from", Funds: "F", Country: "IN"}, "1"},
		{"person", `<t_to><to_funds_code>G</to_funds_code><to_person>` + person + `</to_person><to_country>AE</to_country></t_to>`, goaml.Party{Role: "to", Funds: "G", Country: "AE", Person: "A B"}, ""},
		{"entity", `<t_to_my_client><to_funds_code>G</to_funds_code><to_entity><name>Firm</name></to_entity><to_country>AE</to_country></t_to_my_client>`, goaml.Party{Role: "to", Funds: "G", Country: "AE", Entity: "Firm"}, ""},
		{"involved", `<involved_parties><party><role>BUY</role><entity_my_client><name>Firm</name></entity_my_client><funds_code>H</funds_code><country>GB</country><reason>why</reason></party></involved_parties>`, goaml.Party{Role: "BUY", Funds: "H", Country: "GB", Entity: "Firm", Reason: "why"}, ""},
		{"involved client", `<involved_parties><party><role>SELL</role><account_my_client>` + account + `</account_my_client><country>GB</country></party></involved_parties>`, goaml.Party{Role: "SELL", Country: "GB"}, "1"},
	} {
		in, err := goaml.Read(config(), incoming(day, "<amount_local>-1.50</amount_local>"+c.inside))
		if err != nil || len(in.Transactions[0].Parties) != 1 {
			t.Errorf("%s: %+v, %v", c.name, in, err)
			continue
		}
		got := in.Transactions[0].Parties[0]
		if (got.Account != nil) != (c.account != "") || got.Account != nil && got.Account.ID != c.account {
			t.Errorf("%s: account %+v", c.name, got.Account)
		}
		got.Account = nil
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if local := in.Transactions[0].Local.String(); local != "-1.5" {
			t.Errorf("%s: amount %s", c.name, local)
		}
	}
}

// TestTimesOfReports takes the config's zone where a time has none.
func TestTimesOfReports(t *testing.T) {
	const amount = "<amount_local>1</amount_local>"
	for head, want := range map[string]string{
		day: "2026-03-02T04:10:00Z",
		`<submission_date>2026-03-02T09:40:00Z</submission_date>`:        "2026-03-02T09:40:00Z",
		`<submission_date>2026-03-02T09:40:00.5+04:00</submission_date>`: "2026-03-02T05:40:00Z",
		`<report_date>2026-03-02T00:00:00</report_date>`:                 "2026-03-01T18:30:00Z",
	} {
		in, err := goaml.Read(config(), incoming(head, amount))
		if err != nil {
			t.Errorf("%s: %v", head, err)
			continue
		}
		if got := in.At.UTC().Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", head, got, want)
		}
	}
	c := config()
	c.Timezone = "Nowhere"
	if _, err := goaml.Read(c, incoming(day, amount)); err == nil || !strings.Contains(err.Error(), "goaml.timezone") {
		t.Errorf("a zone that is none: %v", err)
	}
}

// TestHeldNeedsAStatusThatTheConfigKnows lists accounts once, whichever side and
// transaction they stand in, and only those that are stopped.
func TestHeldNeedsAStatusThatTheConfigKnows(t *testing.T) {
	side := func(id, status, more string) string {
		return `<t_to><to_account><swift>HWBDAEAD</swift><account>` + id + `</account><account_name>N</account_name>` + more + `<status_code>` + status + `</status_code></to_account></t_to>`
	}
	for _, c := range []struct{ name, side, kind, balance string }{
		{"frozen", side("1", "FROZN", "<currency_code>USD</currency_code><balance>12.30</balance>"), "freezing_order", "12.3 USD"},
		{"blocked, in the report's currency", side("1", "BLK", "<balance>0</balance>"), "debit_block", "0 AED"},
		{"overdrawn", side("1", "BLK", "<balance>-1</balance>"), "debit_block", ""},
		{"no balance", side("1", "FROZN", ""), "freezing_order", ""},
		{"active", side("1", "A", "<balance>5</balance>"), "", ""},
		{"a code of another country", side("1", "FRZN", "<balance>5</balance>"), "", ""},
	} {
		in, err := goaml.Read(config(), incoming(day, "<amount_local>1</amount_local>"+c.side))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		held := in.Held(config())
		if c.kind == "" {
			if len(held) != 0 {
				t.Errorf("%s: held %+v", c.name, held)
			}
			continue
		}
		if len(held) != 1 || held[0].Kind != c.kind {
			t.Errorf("%s: held %+v", c.name, held)
			continue
		}
		balance := ""
		if b := held[0].Balance; b != nil {
			balance = string(b.Amount) + " " + b.Currency
		}
		if balance != c.balance {
			t.Errorf("%s: balance %q, want %q", c.name, balance, c.balance)
		}
	}
	twice := strings.Replace(string(incoming(day, "<amount_local>1</amount_local>"+side("1", "FROZN", ""))), "</report>",
		"<transaction><transactionnumber>2</transactionnumber><date_transaction>2026-03-02T00:00:00</date_transaction><amount_local>1</amount_local>"+side("1", "FROZN", "")+"</transaction></report>", 1)
	in, err := goaml.Read(config(), []byte(twice))
	if err != nil || len(in.Transactions) != 2 || len(in.Held(config())) != 1 {
		t.Errorf("an account in two transactions is held %d times, %v", len(in.Held(config())), err)
	}
}
