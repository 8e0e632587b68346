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

// agentFault says which member of a servicer XSD would refuse, as a path behind
// the servicer's own, and why; an empty text means none.
func agentFault(s freeze.Servicer) (field, text string) {
	switch {
	case s.BIC+s.ClearingID+s.LEI+s.Name == "":
		return "", "needs bic, clearing_id, lei or name"
	case s.BIC != "" && !regexp.MustCompile(`^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$`).MatchString(s.BIC):
		return ".bic", fmt.Sprintf("%q is no BIC", s.BIC)
	case s.LEI != "" && !regexp.MustCompile(`^[A-Z0-9]{18}[0-9]{2}$`).MatchString(s.LEI):
		return ".lei", fmt.Sprintf("%q is no LEI", s.LEI)
	case utf8.RuneCountInString(s.ClearingID) > maxRef || utf8.RuneCountInString(s.ClearingSystem) > maxRef:
		return ".clearing_id", "longer than 35 characters"
	case utf8.RuneCountInString(s.Name) > 140:
		return ".name", "longer than 140 characters"
	}
	return "", ""
}

// checkSubject checks the account and bank that the money went to.
func checkSubject(r *freeze.Request) error {
	if field, text := agentFault(r.Subject.Servicer); text != "" {
		return unmappable("subject.servicer"+field, text)
	}
	if err := checkAccount("subject.account", r.Subject.Account); err != nil {
		return err
	}
	return checkTold(r, "subject.servicer.name", r.Subject.Servicer.Name, "subject.account.name", r.Subject.Account.Name, "subject.holders.name", owner(r))
}

// checkBanks checks the banks of a payment.
func checkBanks(r *freeze.Request, at string, p *freeze.Payment) error {
	if field, text := agentFault(p.Debtor.Servicer); text != "" {
		return unmappable(at+"debtor.servicer"+field, text)
	}
	for i, m := range p.Intermediaries {
		if field, text := agentFault(m.Servicer); text != "" {
			return unmappable(fmt.Sprintf("%sintermediaries[%d].servicer%s", at, i, field), text)
		}
		if err := checkTold(r, fmt.Sprintf("%sintermediaries[%d].servicer.name", at, i), m.Servicer.Name); err != nil {
			return err
		}
	}
	return checkTold(r, at+"debtor.servicer.name", p.Debtor.Servicer.Name)
}

// checkAccount refuses what CashAccount has no room for.
func checkAccount(at string, a freeze.Account) error {
	switch bad := xmlsafe.Illegal(a.ID); {
	case bad != "":
		return unmappable(at+".id", "holds "+bad+", which XML cannot")
	case a.Scheme == "iban" && !code.IsIBAN([]byte(a.ID)):
		return unmappable(at+".id", "is no IBAN")
	case a.Scheme != "iban" && utf8.RuneCountInString(a.ID) > 34:
		return unmappable(at+".id", "longer than 34 characters")
	}
	return nil
}

// owner returns the name of the account's first owner, where policy left it.
func owner(r *freeze.Request) string {
	for _, h := range r.Subject.Holders {
		if h.Role == "owner" {
			return h.Name
		}
	}
	return ""
}

// agent writes a BranchAndFinancialInstitutionIdentification.
func agent(w *xmlsafe.Writer, name string, s freeze.Servicer) {
	w.Open(name)
	w.Open("FinInstnId")
	w.Some("BICFI", s.BIC)
	if s.ClearingID != "" {
		w.Open("ClrSysMmbId")
		if s.ClearingSystem != "" {
			w.Open("ClrSysId")
			if len(s.ClearingSystem) == 5 && strings.ToUpper(s.ClearingSystem) == s.ClearingSystem {
				w.Leaf("Cd", s.ClearingSystem) // of ISO's external list, as INFSC, GBDSC, USABA
			} else {
				w.Leaf("Prtry", s.ClearingSystem)
			}
			w.End()
		}
		w.Leaf("MmbId", s.ClearingID)
		w.End()
	}
	w.Some("LEI", s.LEI)
	w.Some("Nm", s.Name)
	w.End()
	w.End()
}

// account writes a CashAccount.
func account(w *xmlsafe.Writer, name string, a freeze.Account) {
	w.Open(name)
	w.Open("Id")
	if a.Scheme == "iban" {
		w.Leaf("IBAN", a.ID)
	} else {
		w.Open("Othr")
		w.Leaf("Id", a.ID)
		w.Open("SchmeNm")
		w.Leaf("Prtry", strings.ToUpper(a.Scheme))
		w.End()
		w.End()
	}
	w.End()
	if len(a.Currency) == 3 { // a token's identifier has no element
		w.Leaf("Ccy", a.Currency)
	}
	w.Some("Nm", short(a.Name, 70))
	if a.Scheme == "upi" {
		w.Open("Prxy")
		w.Open("Tp")
		w.Leaf("Prtry", "UPI")
		w.End()
		w.Leaf("Id", a.ID)
		w.End()
	}
	w.End()
}

// person writes a Party40Choice with a name, or nothing without one.
func person(w *xmlsafe.Writer, name, who string) {
	if who == "" {
		return
	}
	w.Open(name)
	w.Open("Pty")
	w.Leaf("Nm", who)
	w.End()
	w.End()
}

// assigner writes a party that is a bank.
func assigner(w *xmlsafe.Writer, name string, s freeze.Servicer) {
	w.Open(name)
	agent(w, "Agt", s)
	w.End()
}

func short(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
