package goaml

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/haltwire/haltwire/pipeline/code"
)

// Config is a channel of kind goaml as the user writes it: what an FIU has
// registered for us, and its codes.
type Config struct {
	// Out is the folder that reports are put into.
	Out string `yaml:"out"`
	// RentityID is our number at the FIU, Branch the registered branch.
	RentityID int    `yaml:"rentity_id"`
	Branch    string `yaml:"rentity_branch"`
	// Submission is E for electronic, which is the default, or M.
	Submission string `yaml:"submission_code"`
	// ReportCode is the type of a report with payments, ActivityCode of one
	// without; empty takes ReportCode.
	ReportCode   string `yaml:"report_code"`
	ActivityCode string `yaml:"activity_report_code"`
	// Currency is the report's own, ISO 4217.
	Currency string `yaml:"currency"`
	// Timezone is the one of times in reports, which carry none; empty is UTC.
	Timezone string `yaml:"timezone"`
	// Person or UserCode is who reports, as registered at the portal.
	Person   Person `yaml:"reporting_person"`
	UserCode string `yaml:"reporting_user_code"`
	// Place is the text of transaction_location, which may be empty.
	Place string `yaml:"transaction_location"`
	// FundsFrom, FundsTo and Modes give the codes of each rail; "default" is for
	// those that are not listed. ModeComment is the one character that the FIU
	// wants in transmode_comment.
	FundsFrom   map[string]string `yaml:"funds_from"`
	FundsTo     map[string]string `yaml:"funds_to"`
	Modes       map[string]string `yaml:"transmode"`
	ModeComment string            `yaml:"transmode_comment"`
	// Indicators gives report indicators for codes of offences and indicators and
	// for authorisations; "default" is written when none fits.
	Indicators map[string]string `yaml:"indicators"`
	// Roles gives the code of a holder's role (owner, joint, signatory, ubo);
	// without one, none is written.
	Roles map[string]string `yaml:"roles"`
	// Statuses says which kind of measure an account's status code means in
	// reports that come back: {FROZN: freezing_order, BLK: debit_block}.
	Statuses map[string]string `yaml:"statuses"`
	// Unknown stands where the schema wants a text that nobody may tell; the
	// default is UNKNOWN.
	Unknown string `yaml:"unknown"`
	// Support is the goAML version of the portal: "5.2", which is the default, or
	// "5.0", which leaves out what came later.
	Support string `yaml:"support"`
}

// Person is the compliance officer whom the FIU has registered.
type Person struct {
	FirstName  string `yaml:"first_name"`
	LastName   string `yaml:"last_name"`
	Occupation string `yaml:"occupation"`
}

// Under returns the config with relative paths resolved against dir.
func (c Config) Under(dir string) Config {
	if c.Out != "" && !filepath.IsAbs(c.Out) {
		c.Out = filepath.Join(dir, c.Out)
	}
	return c
}

// Validate reports what is wrong with the config. It opens nothing.
func (c Config) Validate() error {
	if c.Out == "" {
		return errors.New("goaml.out: name the folder for reports")
	}
	return c.check()
}

// check looks at what matters for reports alone.
func (c Config) check() error {
	switch {
	case c.RentityID < 1:
		return errors.New("goaml.rentity_id: required, the number that the FIU gave us")
	case c.ReportCode == "":
		return errors.New("goaml.report_code: required")
	case !slices.Contains([]string{"", "E", "M"}, c.Submission):
		return fmt.Errorf("goaml.submission_code: %q is not one of E, M", c.Submission)
	case !code.IsCurrency([]byte(c.Currency)):
		return fmt.Errorf("goaml.currency: %q is no currency of ISO 4217", c.Currency)
	case utf8.RuneCountInString(c.ModeComment) != 1:
		return errors.New("goaml.transmode_comment: want one character")
	case !slices.Contains([]string{"", "5.0", "5.2"}, c.Support):
		return fmt.Errorf("goaml.support: %q is not one of 5.0, 5.2", c.Support)
	case !isName(c.unknown(), 50):
		return errors.New("goaml.unknown: want at most 50 letters without accents")
	}
	if err := c.checkReporter(); err != nil {
		return err
	}
	return c.checkCodes()
}

func (c Config) checkReporter() error {
	switch {
	case c.UserCode != "" && c.Person != Person{}:
		return errors.New("goaml.reporting_user_code: not together with reporting_person")
	case c.UserCode != "" && (len(c.UserCode) < 4 || len(c.UserCode) > 50):
		return errors.New("goaml.reporting_user_code: want 4 to 50 characters")
	case c.Person != Person{} && (!isName(c.Person.FirstName, 100) || !isName(c.Person.LastName, 100)):
		return errors.New("goaml.reporting_person: needs first_name and last_name, letters without accents")
	}
	return nil
}

func (c Config) checkCodes() error {
	for name, codes := range map[string]map[string]string{"funds_from": c.FundsFrom, "funds_to": c.FundsTo, "transmode": c.Modes, "indicators": c.Indicators} {
		if codes["default"] == "" {
			return fmt.Errorf("goaml.%s.default: required, for what has no code of its own", name)
		}
	}
	kinds := []string{"bank_hold", "lien", "debit_block", "consent_withheld", "transaction_suspended", "account_suspended", "freezing_order", "seizure", "monitoring", "records_preserved"}
	for status, kind := range c.Statuses {
		if !slices.Contains(kinds, kind) {
			return fmt.Errorf("goaml.statuses.%s: %q is not one of %s", status, kind, strings.Join(kinds, ", "))
		}
	}
	_, err := c.zone()
	return err
}

func (c Config) zone() (*time.Location, error) {
	zone, err := time.LoadLocation(c.Timezone) // "" is UTC
	if err != nil {
		return nil, fmt.Errorf("goaml.timezone: %w", err)
	}
	return zone, nil
}

func (c Config) unknown() string {
	if c.Unknown == "" {
		return "UNKNOWN"
	}
	return c.Unknown
}

func (c Config) late() bool { return c.Support != "5.0" }

func codeOf(codes map[string]string, key string) string {
	if v := codes[key]; v != "" {
		return v
	}
	return codes["default"]
}
