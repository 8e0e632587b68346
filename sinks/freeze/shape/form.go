package shape

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// form is what a string must look like.
type form struct {
	name    string
	pattern *regexp.Regexp
	max     int      // in characters; 0 = no bound beyond the pattern
	enum    []string // the allowed values, if they are listed
}

// noControl admits line feeds and tabs in texts and nothing else below space.
const noControl = `^[^\x00-\x08\x0B-\x1F\x7F]+$`

// patternOf returns the pattern of a named form. All are anchored, and use only
// what ECMA 262 and RE2 read alike, since the schema carries them too.
func patternOf(name string) (string, bool) {
	switch name {
	case "id35":
		return `^[A-Z0-9][A-Z0-9-]{0,34}$`, true
	case "alert":
		return `^[A-Z2-7]{26}$`, true
	case "party":
		return `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`, true
	case "cc":
		return `^[A-Z]{2}$`, true
	case "ccy": // ISO 4217, or an ISO 24165 digital token identifier
		return `^([A-Z]{3}|[1-9B-DF-HJ-NP-TV-XZ][0-9B-DF-HJ-NP-TV-XZ]{8})$`, true
	case "bic":
		return `^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$`, true
	case "lei":
		return `^[A-Z0-9]{18}[0-9]{2}$`, true
	case "uuid":
		return `^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`, true
	case "sha256":
		return `^[0-9a-f]{64}$`, true
	case "name":
		return `^[a-z0-9][a-z0-9_.-]{0,63}$`, true
	case "dec":
		return `^[0-9]{1,20}(\.[0-9]{1,18})?$`, true
	case "date":
		return `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, true
	case "ts":
		return `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$`, true
	}
	return "", false
}

// formOf reads an is tag; the empty tag is the form without demands.
func formOf(field, is string) form {
	name, arg, _ := strings.Cut(is, "=")
	switch name {
	case "":
		return form{}
	case "enum":
		return form{name: name, enum: strings.Split(arg, "|")}
	case "const":
		return form{name: name, enum: []string{arg}}
	case "text":
		return form{name: name, pattern: regexp.MustCompile(noControl), max: number(field, arg)}
	}
	pattern, ok := patternOf(name)
	if !ok {
		panic(fmt.Sprintf("shape: field %s: unknown form %q", field, is))
	}
	return form{name: name, pattern: regexp.MustCompile(pattern)}
}

// fault says what is wrong with s, or returns the empty string.
func (f form) fault(s string) string {
	switch {
	case f.enum != nil:
		for _, e := range f.enum {
			if s == e {
				return ""
			}
		}
		return fmt.Sprintf("%q is not one of %s", clip(s), strings.Join(f.enum, ", "))
	case f.max > 0 && utf8.RuneCountInString(s) > f.max:
		return fmt.Sprintf("longer than %d characters", f.max)
	case f.pattern != nil && !f.pattern.MatchString(s):
		if f.name == "text" {
			return "holds control characters"
		}
		return fmt.Sprintf("%q does not match %s (%s)", clip(s), f.pattern, f.name)
	case f.name == "date":
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return fmt.Sprintf("%q is no day of the calendar", s)
		}
	}
	return ""
}

// clip keeps a refused value short enough to be quoted.
func clip(s string) string {
	const most = 64
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
