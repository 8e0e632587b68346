package goaml

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/haltwire/haltwire/pipeline/decimal"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

// MaxBytes bounds a report that is read: 4 MiB, a report of 500 transactions with
// the people on both sides.
const MaxBytes = 4 << 20

// Incoming is what is used of a report that somebody else wrote. Texts are as
// they were; times are in the zone of the config where they carry none.
type Incoming struct {
	Version   string // schema_version, often left out
	RentityID int
	Code      string // report_code: AIF, AIFT, STR …
	Reference string // entity_reference, theirs
	// FIURef is the reference of the FIU's own question.
	FIURef       string
	At           time.Time
	Currency     string
	Reason       string
	Action       string
	Indicators   []string
	Transactions []Transaction
	// Parties are those of an activity.
	Parties []Party
}

// Transaction is one movement of money.
type Transaction struct {
	Number, InternalRef, Description, Mode string
	At                                     time.Time
	// Local is amount_local, in the currency of the report.
	Local decimal.D
	// Parties are the sender and the receiver (roles from, to), or all involved
	// parties with the roles of the FIU.
	Parties  []Party
	Comments string
}

// Party is one side of a transaction or one party of an activity.
type Party struct {
	Role, Funds, Country string
	// Foreign is the amount in another currency than the report's.
	Foreign *freeze.Money
	// One of Account, Person and Entity says who it is; the latter two are names.
	Account        *Account
	Person, Entity string
	Reason         string
}

// Account is an account as its bank describes it.
type Account struct {
	Institution, Swift, Code, Country string
	ID, IBAN, Currency, Name          string
	// Collection reports a pooled account.
	Collection bool
	// Status is the code of the FIU's list, StatusAt since when.
	Status   string
	StatusAt time.Time
	// Balance is there with BalanceAt, when both were given.
	Balance   *decimal.D
	BalanceAt time.Time
	// Holders are the names of its people and its organisation.
	Holders []string
}

// Refused says why a document is no report that can be read.
type Refused struct{ Field, Text string }

// Error names the element and what is wrong with it.
func (r *Refused) Error() string { return fmt.Sprintf("report refused: %s: %s", r.Field, r.Text) }

// Read reads a report, of goAML 5.0.2 or of a national flavour as far as it uses
// the same elements. Elements that are not read are passed over. Every error
// about the document is final: a *Refused or *xmlsafe.Refused.
func Read(c Config, text []byte) (*Incoming, error) {
	zone, err := c.zone()
	if err != nil {
		return nil, err
	}
	root, err := xmlsafe.Read(bytes.NewReader(text), xmlsafe.Limits{Bytes: MaxBytes})
	if err != nil {
		return nil, err
	}
	if root.Name != "report" || root.Space != "" {
		return nil, &Refused{"report", fmt.Sprintf("the document is a %.60q of namespace %.80q, want report without one", root.Name, root.Space)}
	}
	f := &form{zone: zone}
	r := f.report(root)
	if f.err != nil {
		return nil, f.err
	}
	return r, nil
}

// form reads members as the XSD has them and keeps the first thing that is wrong.
type form struct {
	zone *time.Location
	err  error
}

func (f *form) refuse(n *xmlsafe.Node, field, format string, args ...any) {
	if f.err == nil {
		f.err = &Refused{field, fmt.Sprintf(format, args...) + fmt.Sprintf(", line %d", n.Line)}
	}
}

func (f *form) report(n *xmlsafe.Node) *Incoming {
	r := &Incoming{
		Version: f.text(n, "schema_version", 25), Code: f.needed(n, "report_code", 50), Reference: f.text(n, "entity_reference", 255), FIURef: f.text(n, "fiu_ref_number", 255),
		Currency: f.needed(n, "currency_code_local", 10), Reason: f.text(n, "reason", maxComment), Action: f.text(n, "action", maxComment),
	}
	id, err := strconv.Atoi(f.needed(n, "rentity_id", 10))
	if err != nil || id < 1 {
		f.refuse(n, "rentity_id", "is no number from 1")
	}
	r.RentityID = id
	day := "submission_date"
	if n.At(day) == nil {
		day = "report_date"
	}
	r.At = f.moment(n, day)
	for _, i := range n.At("report_indicators").All("indicator") {
		r.Indicators = append(r.Indicators, i.Text)
	}
	for _, t := range n.All("transaction") {
		r.Transactions = append(r.Transactions, f.transaction(t))
	}
	for _, p := range n.At("activity/report_parties").All("report_party") {
		party := f.who(p, "")
		party.Role, party.Country = f.text(p, "role", 50), f.text(p, "country", 10)
		party.Reason = f.text(p, "reason", maxComment)
		r.Parties = append(r.Parties, party)
	}
	if len(r.Transactions)+len(r.Parties) == 0 {
		f.refuse(n, "transaction", "neither a transaction nor a party of an activity is there")
	}
	return r
}

func (f *form) transaction(n *xmlsafe.Node) Transaction {
	t := Transaction{
		Number: f.needed(n, "transactionnumber", 100), InternalRef: f.text(n, "internal_ref_number", 100), Description: f.text(n, "transaction_description", maxComment),
		Mode: f.text(n, "transmode_code", 50), At: f.moment(n, "date_transaction"), Local: f.amount(n, "amount_local"), Comments: f.text(n, "comments", maxComment),
	}
	for _, side := range []string{"from", "to"} {
		for _, name := range []string{"t_" + side + "_my_client", "t_" + side} {
			if s := n.At(name); s != nil {
				p := f.who(s, side+"_")
				p.Role, p.Country, p.Funds = side, f.text(s, side+"_country", 10), f.text(s, side+"_funds_code", 50)
				p.Foreign = f.foreign(s, side+"_foreign_currency")
				t.Parties = append(t.Parties, p)
			}
		}
	}
	for _, s := range n.At("involved_parties").All("party") {
		p := f.who(s, "")
		p.Role, p.Country, p.Funds = f.text(s, "role", 50), f.text(s, "country", 10), f.text(s, "funds_code", 50)
		p.Foreign, p.Reason = f.foreign(s, "foreign_currency"), f.text(s, "reason", maxComment)
		t.Parties = append(t.Parties, p)
	}
	return t
}

// who reads the account, person or entity of a party; its elements begin with
// prefix, and end with _my_client where the reporter knows its customer.
func (f *form) who(n *xmlsafe.Node, prefix string) Party {
	var p Party
	for _, client := range []string{"", "_my_client"} {
		if a := n.At(prefix + "account" + client); a != nil {
			p.Account = f.account(a)
		}
		if person := n.At(prefix + "person" + client); person != nil {
			p.Person = f.person(person)
		}
		if entity := n.At(prefix + "entity" + client); entity != nil {
			p.Entity = f.needed(entity, "name", 255)
		}
	}
	if p.Account == nil && p.Person == "" && p.Entity == "" {
		f.refuse(n, n.Name, "names neither an account, a person nor an entity")
	}
	return p
}

func (f *form) person(n *xmlsafe.Node) string {
	return strings.TrimSpace(f.needed(n, "first_name", 100) + " " + f.needed(n, "last_name", 100))
}

func (f *form) account(n *xmlsafe.Node) *Account {
	a := &Account{
		Institution: f.text(n, "institution_name", 255), Swift: f.text(n, "swift", 11), Code: f.text(n, "institution_code", 50), Country: f.text(n, "institution_country", 10),
		ID: f.needed(n, "account", 255), IBAN: f.text(n, "iban", 34), Currency: f.text(n, "currency_code", 10), Name: f.text(n, "account_name", 255),
		Collection: f.flag(n, "collection_account"), Status: f.text(n, "status_code", 50),
	}
	if n.At("status_date") != nil {
		a.StatusAt = f.moment(n, "status_date")
	}
	if n.At("balance") != nil {
		balance := f.amount(n, "balance")
		a.Balance = &balance
	}
	if n.At("date_balance") != nil {
		a.BalanceAt = f.moment(n, "date_balance")
	}
	if e := n.At("t_entity"); e != nil {
		a.Holders = append(a.Holders, f.needed(e, "name", 255))
	}
	for _, s := range append(n.All("signatory"), n.At("related_persons").All("account_related_person")...) {
		if p := s.At("t_person"); p != nil {
			a.Holders = append(a.Holders, f.person(p))
		}
	}
	return a
}

func (f *form) foreign(n *xmlsafe.Node, path string) *freeze.Money {
	at := n.At(path)
	if at == nil {
		return nil
	}
	m := &freeze.Money{Currency: f.needed(at, "foreign_currency_code", 10), Amount: freeze.Dec(f.amount(at, "foreign_amount").String())}
	if !m.Amount.Valid() || len(m.Currency) != 3 {
		f.refuse(at, path, "is no amount of a currency")
	}
	return m
}

func (f *form) needed(n *xmlsafe.Node, path string, most int) string {
	text := f.text(n, path, most)
	if text == "" {
		f.refuse(n, path, "is missing or empty")
	}
	return text
}

func (f *form) text(n *xmlsafe.Node, path string, most int) string {
	text := n.String(path)
	if len([]rune(text)) > most {
		f.refuse(n, path, "longer than %d characters", most)
	}
	return text
}

func (f *form) flag(n *xmlsafe.Node, path string) bool {
	text := f.text(n, path, 10)
	return text == "1" || text == "true"
}

// moment reads an sql_date; without an offset it is of the config's zone.
func (f *form) moment(n *xmlsafe.Node, path string) time.Time {
	text := f.needed(n, path, 40)
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t
	}
	t, err := time.ParseInLocation("2006-01-02T15:04:05", text, f.zone)
	if err != nil && text != "" {
		f.refuse(n, path, "%q is no time", text)
	}
	return t
}

// amount reads an sql_decimal, which may be negative.
func (f *form) amount(n *xmlsafe.Node, path string) decimal.D {
	d, err := decimal.ParseSigned([]byte(strings.TrimPrefix(f.needed(n, path, 40), "+")))
	if err != nil {
		f.refuse(n, path, "is no amount: %v", err)
	}
	return d
}

// Held is an account that somebody stopped, by its status code.
type Held struct {
	Account *Account
	// Kind is that of a measure (FREEZE 2.3), by Config.Statuses.
	Kind string
	// Balance is what was in it; nil when it was not told or is overdrawn.
	Balance *freeze.Money
}

// Held returns the accounts of a report whose status the config knows as that of
// a measure, each account once.
func (r *Incoming) Held(c Config) []Held {
	var out []Held
	seen := map[string]bool{}
	parties := slices.Clone(r.Parties)
	for _, t := range r.Transactions {
		parties = append(parties, t.Parties...)
	}
	for _, p := range parties {
		a := p.Account
		if a == nil || c.Statuses[a.Status] == "" || seen[a.Swift+"/"+a.Code+"/"+a.ID] {
			continue
		}
		seen[a.Swift+"/"+a.Code+"/"+a.ID] = true
		h := Held{Account: a, Kind: c.Statuses[a.Status]}
		currency := cmpOr(a.Currency, r.Currency)
		if a.Balance != nil && a.Balance.Sign() >= 0 {
			h.Balance = &freeze.Money{Amount: freeze.Dec(a.Balance.String()), Currency: currency}
		}
		out = append(out, h)
	}
	return out
}
