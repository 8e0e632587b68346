package camt056

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/haltwire/haltwire/pipeline/code"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/xmlsafe"
)

// maxRef is the length of a reference in ISO 20022, Max35Text.
const maxRef = 35

// mapPayment checks what XSD wants of the i-th payment and works out its texts.
func mapPayment(c Config, r *freeze.Request, i int) (transaction, error) {
	p := &r.Payments[i]
	at := fmt.Sprintf("payments[%d].", i)
	if p.Hop > 0 {
		return transaction{}, unmappable(at+"hop", "only what our own bank paid out can be recalled")
	}
	if err := checkRefs(at+"refs", p.Refs); err != nil {
		return transaction{}, err
	}
	tx := transaction{Payment: p, reason: reason(c, p)}
	var err error
	if tx.settled, err = settled(at, p); err != nil {
		return transaction{}, err
	}
	if err := checkBanks(r, at, p); err != nil {
		return transaction{}, err
	}
	if a := p.Debtor.Account; a != nil {
		if err := checkAccount(at+"debtor.account", *a); err != nil {
			return transaction{}, err
		}
		if err := checkTold(r, at+"debtor.account.name", a.Name); err != nil {
			return transaction{}, err
		}
	}
	tx.texts, err = texts(r, at, p)
	if err != nil {
		return transaction{}, err
	}
	return tx, checkTold(r, at+"debtor.name", p.Debtor.Name, at+"remittance", p.Remittance)
}

func settled(at string, p *freeze.Payment) (string, error) {
	switch {
	case p.Settled == nil:
		return "", unmappable(at+"settled", "camt.056 needs the amount that was settled")
	case !p.SettledOn.Valid():
		return "", unmappable(at+"settled_on", "camt.056 needs the day of the settlement")
	}
	return amount(at+"settled", *p.Settled)
}

// checkRefs wants at least one reference that camt.056 has an element for, and
// none that its element cannot hold.
func checkRefs(at string, r freeze.Refs) error {
	if r.UETR != "" && !isUUID4(r.UETR) {
		return unmappable(at+".uetr", "is no UUID of version 4")
	}
	for _, ref := range [][2]string{
		{"end_to_end_id", r.EndToEndID}, {"transaction_id", r.TransactionID}, {"instruction_id", r.InstructionID},
		{"message_id", r.MessageID}, {"message_name", r.MessageName}, {"clearing_ref", r.ClearingRef},
	} {
		if bad := xmlsafe.Illegal(ref[1]); bad != "" {
			return unmappable(at+"."+ref[0], "holds "+bad+", which XML cannot")
		}
		if utf8.RuneCountInString(ref[1]) > maxRef {
			return unmappable(at+"."+ref[0], fmt.Sprintf("longer than %d characters", maxRef))
		}
	}
	if r.UETR+r.EndToEndID+r.TransactionID+r.InstructionID+r.ClearingRef != "" {
		return nil
	}
	if r.MessageID == "" {
		return unmappable(at, "none of uetr, end_to_end_id, transaction_id, instruction_id, clearing_ref, message_id is there")
	}
	if r.MessageName == "" {
		return unmappable(at+".message_name", "needed with message_id, the only reference")
	}
	return nil
}

func isUUID4(s string) bool {
	return regexp.MustCompile(`^[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}$`).MatchString(s)
}

// amount returns the digits of an ISO 4217 amount: at most 18 and of them at most
// 5 behind the point (ActiveOrHistoricCurrencyAndAmount).
func amount(at string, m freeze.Money) (string, error) {
	if len(m.Currency) != 3 || !code.IsCurrency([]byte(m.Currency)) {
		return "", unmappable(at+".currency", fmt.Sprintf("%q is no currency of ISO 4217", m.Currency))
	}
	whole, frac, _ := strings.Cut(string(m.Amount), ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	for frac != "" && frac[len(frac)-1] == '0' && (len(frac) > 5 || len(whole)+len(frac) > 18) {
		frac = frac[:len(frac)-1]
	}
	if !m.Amount.Valid() || len(frac) > 5 || len(whole)+len(frac) > 18 {
		return "", unmappable(at+".amount", fmt.Sprintf("%s has more than 18 digits, or more than 5 behind the point", m.Amount))
	}
	if frac == "" {
		return whole, nil
	}
	return whole + "." + frac, nil
}

// reason returns the code of CxlRsnInf. A code that officers set wins; SEPA has
// no UAPA, so there an unauthorised payment is a fraud.
func reason(c Config, p *freeze.Payment) string {
	switch {
	case p.Recall.ReasonISO != "":
		return p.Recall.ReasonISO
	case c.Scheme == "sepa":
		return "FRAD"
	case p.Authorisation == "unauthorised":
		return "UAPA"
	case p.Authorisation == "authorised_deceived":
		return "FRAD"
	}
	return "CUST" // nobody knows yet; the customer asks
}

// texts are the neutral lines of AddtlInf, each at most 105 characters.
func texts(r *freeze.Request, at string, p *freeze.Payment) ([]string, error) {
	first := map[string]string{
		"unauthorised":        "Unauthorised transfer reported by debtor",
		"authorised_deceived": "Transfer under deception reported by debtor",
	}[p.Authorisation]
	if first == "" {
		first = "Cancellation requested by debtor"
	}
	out := []string{first}
	if p.Disputed.Currency != p.Settled.Currency || p.Disputed.Amount.Cmp(p.Settled.Amount) < 0 {
		digits, err := amount(at+"disputed", p.Disputed)
		if err != nil {
			return nil, err
		}
		out = append(out, fmt.Sprintf("Amount asked back: %s %s", p.Disputed.Currency, digits))
	}
	for _, m := range p.Intermediaries {
		out = append(out, cut("Via: ", bankName(m.Servicer))...)
	}
	if err := checkTold(r, at+"further_credit", p.FurtherCredit, "subject.account.sub_account", r.Subject.Account.SubAccount); err != nil {
		return nil, err
	}
	out = append(out, cut("Further credit: ", p.FurtherCredit)...)
	return append(out, cut("Sub-account: ", r.Subject.Account.SubAccount)...), nil
}

// cut breaks a text into lines of Max105Text, the first with a label. An empty
// text has none.
func cut(label, text string) []string {
	if text == "" {
		return nil
	}
	const most = 105
	var out []string
	rest := []rune(label + text)
	for len(rest) > most {
		out = append(out, string(rest[:most]))
		rest = rest[most:]
	}
	return append(out, string(rest))
}

func bankName(s freeze.Servicer) string {
	for _, name := range []string{s.BIC, strings.TrimSpace(s.ClearingSystem + " " + s.ClearingID), s.LEI, s.Name} {
		if name != "" {
			return name
		}
	}
	return ""
}

// checkTold refuses free texts that tell of the authority, its suspicion, its
// legal texts or telecom facts (FREEZE 1.2). It takes pairs of field and text.
// Phrases of the request count from 6 characters on; shorter ones stand in
// innocent words.
func checkTold(r *freeze.Request, pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		field, text := pairs[i], pairs[i+1]
		if text == "" {
			continue
		}
		if bad := xmlsafe.Illegal(text); bad != "" {
			return unmappable(field, "holds "+bad+", which XML cannot")
		}
		low := strings.ToLower(text)
		if telltale(low) {
			return unmappable(field, "speaks of an authority, a suspicion or a telecom fact, which no bank may read")
		}
		for _, phrase := range phrases(r) {
			if len(phrase) >= 6 && strings.Contains(low, strings.ToLower(phrase)) {
				return unmappable(field, "repeats the request's authority, legal text or an indicator, which no bank may read")
			}
		}
	}
	return nil
}

func telltale(low string) bool {
	return regexp.MustCompile(`\b(fiu|financial intelligence|suspic\w+|suspect\w*|launder\w+|sim[ _-]?swap\w*|sim change|imsi|imei|call forward\w*|freez\w+ request)\b`).MatchString(low)
}

func phrases(r *freeze.Request) []string {
	l := r.Legal
	out := []string{
		r.Sender.PartyID, r.Sender.Name, l.RequesterBasis.Code, l.RequesterBasis.Text, l.PredicateOffence.Code, l.PredicateOffence.Text,
		l.Facts, l.Background, l.Reason, l.Nexus, l.IntendedUse, l.DomesticEquivalent, l.Proportionality,
	}
	if h := l.RequestedBasis; h != nil {
		out = append(out, h.Code, h.Text)
	}
	for _, i := range r.Indicators {
		out = append(out, i.Code, i.Text)
	}
	return out
}
