package profile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/policy/profile"
)

// secret marks a value of a member that the profile does not let out.
const secret = "SECRET"

// fill sets every member below v: texts that the profile does not let out get a secret,
// others a text of theirs, lists one to three elements.
func fill(rt *rapid.T, p *profile.Profile, t freeze.Type, v reflect.Value, at string) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(rt, p, t, v.Elem(), at)
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			v.SetBytes([]byte(`{"x":"` + secret + `"}`))
			return
		}
		n := rapid.IntRange(1, 2).Draw(rt, "n")
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(rt, p, t, v.Index(i), at)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[freeze.Time]() {
			v.Set(reflect.ValueOf(freeze.At(time.UnixMilli(1772424600000))))
			return
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			fill(rt, p, t, v.Field(i), strings.TrimPrefix(at+"."+name, "."))
		}
	case reflect.String:
		text := "told"
		if !p.May(t, at) {
			text = secret + text
		}
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(7)
	default:
		rt.Fatalf("%s: no way to fill a %s", at, v.Kind())
	}
}

// changed returns one of the profiles, some of them as a config changes it.
func changed(rt *rapid.T, shipped []*profile.Profile) *profile.Profile {
	p := shipped[rapid.IntRange(0, len(shipped)-1).Draw(rt, "profile")]
	patterns := rapid.SliceOfN(rapid.SampledFrom([]string{
		"payments.debtor.*", "payments.refs.rrn", "subject.holders.*", "legal.facts", "trail.*", "totals.*", "payments.remittance", "parallel.*", "case.complaint_refs", "answers.*", "funds.via",
	}), 0, 3)
	fields := rapid.SliceOfN(rapid.SampledFrom([]string{"creditor.id", "payments[0].debtor.account", "debtor.name", "identify_holder", "balance", "imsi"}), 0, 3)
	return p.With(patterns.Draw(rt, "deny"), patterns.Draw(rt, "allow")).Asking(fields.Draw(rt, "asked")...)
}

// TestNothingLeavesThatIsNotListed fills every member of messages of every type, and
// looks for what is left of those that may not go out, under every profile and what a
// config makes of it.
func TestNothingLeavesThatIsNotListed(t *testing.T) {
	var shipped []*profile.Profile
	for _, name := range profile.Names() {
		shipped = append(shipped, of(t, name))
	}
	rapid.Check(t, func(rt *rapid.T) {
		p, kind := changed(rt, shipped), rapid.SampledFrom(profile.Types()).Draw(rt, "type")
		m := freeze.New(kind)
		fill(rt, p, kind, reflect.ValueOf(m).Elem(), "")
		m.Head().Type = kind
		if info, ok := m.(*freeze.InfoResponse); ok {
			told := slices.DeleteFunc(answers(), func(field string) bool { return p.Answers(field) == profile.No })
			for i := range info.Answers {
				info.Answers[i].Field = rapid.SampledFrom(told).Draw(rt, "field")
			}
		}
		if a, ok := m.(*freeze.Amendment); ok {
			a.Changes = append(a.Changes, freeze.Change{Field: "payments[1].debtor.name", From: secretUnless(p, "payments.debtor.name"), To: secretUnless(p, "payments.debtor.name")})
		}
		clean, err := p.Clean(m)
		if err != nil {
			rt.Fatal(err)
		}
		body, err := json.Marshal(clean)
		if err != nil {
			rt.Fatal(err)
		}
		if strings.Contains(string(body), secret) {
			rt.Fatalf("%s under %s tells a secret: %s", kind, p.Name, body)
		}
		left := leaves(rt, body)
		for _, path := range left {
			// What is not omitted when empty stands in the text without a value.
			if !p.May(kind, path) && !slices.Contains(empty(rt, kind), path) {
				rt.Fatalf("%s leaves in %s under %s and is not listed", path, kind, p.Name)
			}
		}
		for _, path := range profile.Paths(kind) {
			if p.May(kind, path) && !slices.Contains(left, path) && !strings.HasPrefix(path, "changes.") { // of members that are told
				rt.Fatalf("%s may go out in %s under %s and is gone", path, kind, p.Name)
			}
		}
	})
}

func secretUnless(p *profile.Profile, path string) string {
	if p.May(freeze.TypeAmendment, path) {
		return "told"
	}
	return secret
}

// empty lists the members that an empty message of the type has.
func empty(rt *rapid.T, t freeze.Type) []string {
	m := freeze.New(t)
	reach(reflect.ValueOf(m).Elem())
	body, err := json.Marshal(m)
	if err != nil {
		rt.Fatal(err)
	}
	return leaves(rt, body)
}

// reach makes one element of every list and pointer.
func reach(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		reach(v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			reach(v.Index(0))
		}
	case reflect.Struct:
		if v.Type() != reflect.TypeFor[freeze.Time]() {
			for i := range v.NumField() {
				reach(v.Field(i))
			}
		}
	}
}

func leaves(rt *rapid.T, body []byte) []string {
	var tree map[string]any
	if err := json.Unmarshal(body, &tree); err != nil {
		rt.Fatal(err)
	}
	return paths("", tree)
}

// paths lists the leaves of a JSON tree, list positions left out.
func paths(at string, v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			out = append(out, paths(strings.TrimPrefix(at+"."+name, "."), child)...)
		}
	case []any:
		for _, child := range v {
			out = append(out, paths(at, child)...)
		}
	case nil:
	default:
		out = append(out, at)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestNobodyIsToldOfDevices holds the row of FREEZE 4 that no profile and no config
// changes: there is no member for them, no answer to them, and no text that holds one.
func TestNobodyIsToldOfDevices(t *testing.T) {
	for _, name := range profile.Names() {
		p := of(t, name).With(nil, []string{"payments.*", "subject.*", "legal.*"}).Asking(never()...)
		for _, kind := range profile.Types() {
			for _, path := range profile.Paths(kind) {
				for _, word := range []string{"imsi", "imei", "iccid", "cdr", "cell", "device", "narrative", "url"} {
					if slices.Contains(strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '_' }), word) {
						t.Errorf("%s %s: a member for what is never told", kind, path)
					}
				}
			}
		}
		for _, field := range never() {
			if say := p.Answers(field); say != profile.No && field != "remittance" { // which a config may let out
				t.Errorf("%s: an answer to %s: %s", name, field, say)
			}
		}
	}
}

func TestTextsWithNumbersAreBlocked(t *testing.T) {
	p := of(t, "egmont")
	for _, c := range []struct{ text, what string }{
		{"The victim was called from +910000000001.", "telephone"},
		{"Call +91 00000 00001 now", "telephone"},
		{"tel (+44)20-7946-0000", "telephone"},
		{"IMSI 404100000000001", "IMEI or IMSI"},
		{"device 490154203237518, twice", "IMEI or IMSI"},
		{"2026-03-02 04:10, GBP 18,000.00, +30 minutes, +1.5 percent", ""},
		{"RRN 606104000001, account 000000000042, reference 4901542032375181", ""},
		{"GB52HWBA00000000000101 and AE819990000000000000303", ""},
		{"account 123456789012345 of the subject", ""}, // told elsewhere in the message
	} {
		r := &freeze.Request{Envelope: freeze.Envelope{Type: freeze.TypeRequest}, Subject: freeze.Subject{Account: freeze.Account{ID: "123456789012345"}}}
		r.Legal.Facts = c.text
		_, err := p.Clean(r)
		var gate *profile.Gate
		if errors.As(err, &gate) != (c.what != "") || c.what != "" && (gate.Field != "legal.facts" || !strings.Contains(gate.Text, c.what)) {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct{ profile, field, value, want string }{
		{"egmont", "creditor.phone", "+447000000001", ""},
		{"egmont", "subject.account.sub_account", "WALLET 77120", ""},
		{"egmont", "payments[0].refs.uetr", "6513270e-269e-4d37-b2a7-4de452e6b438", ""},
		{"egmont", "legal.reason", "Because +447000000001 called", "answers[0].value"},
		{"egmont", "debtor.name", "V. Victim", "answers[0].field"},
		{"ffkc", "debtor.name", "V. Victim", ""},
		{"bilateral", "creditor.phone", "+447000000001", "answers[0].field"},
		{"egmont", "imsi", "404100000000001", "answers[0].field"},
		{"egmont", "whatever", "x", "answers[0].field"},
		{"own_bank", "legal.facts", "x", "answers[0].field"},
	} {
		m := &freeze.InfoResponse{Envelope: freeze.Envelope{Type: freeze.TypeInfoResponse}, Answers: []freeze.InfoAnswer{{Field: c.field, Value: c.value}}}
		_, err := of(t, c.profile).Clean(m)
		var gate *profile.Gate
		if got := errors.As(err, &gate); got != (c.want != "") || got && gate.Field != c.want {
			t.Errorf("%s %s: %v, want %q", c.profile, c.field, err, c.want)
		}
	}
}

func TestOnRequest(t *testing.T) {
	p := of(t, "egmont")
	for _, c := range []struct {
		asked, path string
		t           freeze.Type
	}{
		{"creditor.id", "subject.holders.id.value", freeze.TypeRequest},
		{"subject.holders[0].id", "subject.holders.dob", freeze.TypeRequest},
		{"payments[0].debtor.account", "payments.debtor.account.id", freeze.TypeAmendment},
		{"identify_holder", "disclosed.holders.name", freeze.TypeOutcome},
		{"balance", "disclosed.balance.amount", freeze.TypeOutcome},
	} {
		if p.May(c.t, c.path) || !p.Asking(c.asked).May(c.t, c.path) || p.Asking("legal.reason").May(c.t, c.path) || p.Asking(c.asked).With([]string{c.path}, nil).May(c.t, c.path) {
			t.Errorf("%s %s: before %v, when asked %v", c.t, c.path, p.May(c.t, c.path), p.Asking(c.asked).May(c.t, c.path))
		}
	}
	if p.Asking("debtor.name").May(freeze.TypeRequest, "payments.debtor.name") {
		t.Error("what a profile never tells is told when asked for")
	}
}

func TestDisclosures(t *testing.T) {
	body := []byte(`{"type":"request","message_id":"M","sender":{"name":"X"},"case":{"id":"C","complaint_refs":["1930-1"]},"handling":{"tlp":"red"},
"legal":{"facts":"F"},"subject":{"account":{"id":"GB","name":"N"},"holders":[{"name":"A"},{"name":"B","dob":"1990-01-01"}]},
"payments":[{"refs":{"uetr":"U"},"disputed":{"amount":"1.00","currency":"GBP"},"executed_at":"T","debtor":{"servicer":{"bic":"B"}}}],"extensions":null}`)
	got, err := profile.Disclosures(body)
	if err != nil {
		t.Fatal(err)
	}
	want := `case.complaint_refs reference 1, legal.facts text 1, payments.debtor.servicer.bic institution 1, payments.disputed.amount amount 1, payments.disputed.currency amount 1, payments.executed_at time 1, payments.refs.uetr reference 1, subject.account.id account 1, subject.account.name name 1, subject.holders.dob identity 1, subject.holders.name name 2`
	if text := written(got); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	info := []byte(`{"type":"info_response","answers":[{"field":"creditor.phone","value":"+44"},{"field":"payments[0].refs.uetr","value":"U"},{"field":"secret of A","value":"x"}]}`)
	if got, err = profile.Disclosures(info); err != nil || written(got) != `answers.creditor.phone identity 1, answers.other fact 1, answers.payments.refs.uetr reference 1` {
		t.Errorf("%v %v", got, err)
	}
	if _, err := profile.Disclosures([]byte("eyJ")); err == nil {
		t.Error("a receipt's JWS has no list")
	}
}

func written(fields []profile.Field) string {
	var out []string
	for _, f := range fields {
		out = append(out, fmt.Sprint(f.Path, " ", f.Kind, " ", f.Count))
	}
	return strings.Join(out, ", ")
}

func TestStricter(t *testing.T) {
	mine := of(t, "igrip").Message()
	theirs := freeze.Handling{TLP: "green", Europol: "H2", PermittedUse: "intelligence_only", Onward: freeze.Onward{Mode: "listed", Parties: []string{"AE"}}, CustomerNotice: "allowed", DeleteAfter: "2027-01-01"}
	got := of(t, "igrip").Final(profile.Stricter(mine, &theirs))
	want := freeze.Handling{TLP: "amber+strict", Europol: "H2", PermittedUse: "intelligence_only", Onward: freeze.Onward{Mode: "none"}, CustomerNotice: "prohibited", DeleteAfter: "2027-01-01"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	// The order does not matter, and twice is once.
	if a, b := profile.Stricter(mine, &theirs), profile.Stricter(theirs, &mine); !reflect.DeepEqual(a, b) || !reflect.DeepEqual(profile.Stricter(a, &theirs), a) {
		t.Errorf("%+v, the other way round %+v", a, b)
	}
}
