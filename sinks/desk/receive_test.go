package desk_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/hit"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/manual"
	"github.com/haltwire/haltwire/sinks/policy"
)

// letter is what a document tells of a request, and no more.
const letter = `{"urgency":"critical","legal":{"requester_basis":{"code":"MLPA","text":"section 7"},"predicate_offence":{"code":"fraud"},"ml_suspicion":false,"facts":"A SIM was changed.",
"reason":"fraud","nexus":"the money went there","intended_use":"to hold it","followup":{"mla":false}},"asks":[{"kind":"hold_amount"}],
"subject":{"account":{"scheme":"iban","id":"GB52HWBA00000000000101"},"servicer":{"bic":"HWBAGB2L","country":"GB"}},
"payments":[{"refs":{"uetr":"6513270e-269e-4d37-b2a7-4de452e6b438"},"disputed":{"amount":"18000.00","currency":"GBP"},"executed_at":"2026-03-02T04:10:00.000Z","debtor":{"servicer":{"name":"Bank of the victim","country":"IN"}}}]}`

// onPaper makes a British desk that India reaches by hand alone, with a bank of its own,
// or by wire, too.
func onPaper(t *testing.T, wire bool) (c *countries, dir string) {
	t.Helper()
	c = &countries{in: newEnd(t, indiaSelf()), gb: newEnd(t, ukSelf())}
	c.bank = newEnd(t, policy.Self{ID: "BANK-A", Name: "Bank A", Kind: "bank", Country: "GB"})
	c.stub = newStub(t, c.bank)
	dir = t.TempDir()
	sender, err := manual.New(manual.Config{Out: dir}, manual.Options{Party: "IN-FIU"})
	must(t, err)
	change := func(o *desk.Options) {
		o.Environment = "live"
		byHand := desk.Channel{Kind: manual.Channel, Sender: sender}
		o.Role = func(id string) (caselog.Role, bool) {
			if id == "A1" {
				return caselog.RoleAuditor, true
			}
			return officers("O1", "O2", "O3")(id)
		}
		if o.Channels["IN-FIU"] = append(o.Channels["IN-FIU"], byHand); !wire {
			o.Channels["IN-FIU"] = []desk.Channel{byHand}
		}
	}
	bank := c.bank.party(policy.Policy{Profile: "own_bank"}, policy.Servicer{BIC: "HWBAGB2L"})
	c.gb.start(t, setup{brokers: fake(t), change: change}, []policy.Party{c.in.party(agreement()), bank}, c.in, c.bank)
	return c, dir
}

func aLetter() desk.Paper {
	return desk.Paper{As: "O1", Party: "IN-FIU", How: "post", Document: paper, From: "Ms. Courier", Message: letter}
}

// TestARequestOnPaperGoesTheWayOfTheWire takes a letter in, has two others authorise
// what it asks, instructs the bank, and prints what the sender is told.
func TestARequestOnPaperGoesTheWayOfTheWire(t *testing.T) {
	t.Parallel()
	c, dir := onPaper(t, false)
	d := c.gb.desk
	v, err := d.Receive(t.Context(), aLetter())
	must(t, err)
	if v.Direction != "in" || v.Party != "IN-FIU" || v.State != "received" || len(v.Totals) != 1 || v.Totals[0].Disputed != "18000.00" {
		t.Fatalf("taken in as %s", asJSON(v))
	}
	shown, err := d.Show(t.Context(), v.ID)
	must(t, err)
	in := shown.Inbox[0]
	if in.Manual == nil || in.Manual.By != "O1" || in.Manual.How != "post" || in.Manual.Document != paper || in.Manual.Unsigned || in.From != "Ms. Courier" {
		t.Errorf("kept as %s", asJSON(in))
	}
	events, err := d.Events(t.Context(), v.ID, -1, 10)
	must(t, err)
	if text := asJSON(events); strings.Contains(text, "Courier") || strings.Contains(text, "GB52HWBA") || !strings.Contains(text, paper) {
		t.Errorf("the log shows %s", text)
	}
	act(t, d, v.ID, desk.Action{Do: "accept", As: "O1"})
	eventually(t, "our receipt lies on the desk", func() bool { return exported(dir, v.ID+"-Q001-R2") })
	refusedAct(t, d, v.ID, desk.Action{Do: "authorise", As: "O1", Basis: "POCA 336C"}, "O1 has typed this in")
	refusedAct(t, d, v.ID, desk.Action{Do: "emergency", As: "O1", Basis: "POCA 336C"}, "O1 has typed this in")
	act(t, d, v.ID, desk.Action{Do: "authorise", As: "O2", Basis: "POCA 336C"})
	if n := len(c.stub.messages()); n != 0 {
		t.Errorf("the bank was instructed %d times by one officer", n)
	}
	act(t, d, v.ID, desk.Action{Do: "authorise", As: "O3", Basis: "POCA 336C"})
	eventually(t, "the bank is instructed", func() bool { return len(c.stub.messages()) == 1 })
	order, _ := c.stub.messages()[0].(*freeze.Request)
	answer := c.outcome(order, 1, "15500.00", "2500.00")
	answer.Environment = "live"
	c.send(t, answer)
	eventually(t, "the bank's answer is there", func() bool { return find(d, "in", "IN-FIU").State == "bank_answered" })
	act(t, d, v.ID, desk.Action{Do: "release", As: "O1"})
	eventually(t, "our answer lies on the desk", func() bool {
		return exported(dir, v.ID+"-A001") && slices.Contains(apart(find(d, "in", "IN-FIU")), "transmit "+v.ID+"-A001")
	})
	told, err := os.ReadFile(filepath.Join(dir, v.ID+"-A001.json"))
	must(t, err)
	if m, err := freeze.Parse(told); err != nil || m.Head().InReplyTo != v.ID+"-Q001" {
		t.Errorf("answered with %s: %v", told, err)
	}
	act(t, d, v.ID, desk.Action{Do: "transmitted", As: "O1", About: v.ID + "-A001", How: "post"})
	eventually(t, "the request is answered", func() bool { return find(d, "in", "IN-FIU").State == "answered" })
}

// exported reports whether a message can be printed.
func exported(dir, id string) bool {
	info, err := os.Stat(filepath.Join(dir, id+".pdf"))
	return err == nil && info.Size() > 500
}

// TestPaperIsChecked refuses what a wire would refuse, and what proves nothing.
func TestPaperIsChecked(t *testing.T) {
	t.Parallel()
	c, _ := onPaper(t, false)
	d := c.gb.desk
	for name, x := range map[string]struct {
		change func(*desk.Paper)
		want   string
	}{
		"no document":    {func(p *desk.Paper) { p.Document = "" }, "document: needed"},
		"no hash":        {func(p *desk.Paper) { p.Document = "letter.pdf" }, "document: want a SHA-256"},
		"no way":         {func(p *desk.Paper) { p.How = "" }, "how: needed"},
		"long sender":    {func(p *desk.Paper) { p.From = strings.Repeat("x", 141) }, "from: want at most 140"},
		"tomorrow":       {func(p *desk.Paper) { p.At = tomorrow() }, "at: lies in the future"},
		"nobody":         {func(p *desk.Paper) { p.Party = "XX-FIU" }, "want one of IN-FIU, BANK-A"},
		"a bank of ours": {func(p *desk.Paper) { p.Party = "BANK-A" }, "party: BANK-A is a bank of ours"},
		"no currency":    {func(p *desk.Paper) { p.Message = strings.Replace(letter, `"GBP"`, `"XXX"`, 1) }, "payments[0].disputed.currency: XXX is no currency"},
		"not yet":        {func(p *desk.Paper) { p.Message = strings.Replace(letter, "2026-03-02T", "2999-03-02T", 1) }, "payments[0].executed_at: 2999-03-02T04:10:00.000Z lies in the future"},
		"more than is disputed": {func(p *desk.Paper) {
			p.Message = strings.Replace(letter, `{"kind":"hold_amount"}`, `{"kind":"hold_amount","amount":{"amount":"18000.01","currency":"GBP"}}`, 1)
		}, "asks[0].amount: 18000.01 GBP is above 18000.00 that is disputed"},
		"asked for in none": {func(p *desk.Paper) {
			p.Message = strings.Replace(letter, `{"kind":"hold_amount"}`, `{"kind":"hold_amount","amount":{"amount":"1.00","currency":"XTS"}}`, 1)
		}, "asks[0].amount.currency: XTS is no currency"},
		"an auditor":        {func(p *desk.Paper) { p.As = "A1" }, "receive takes an officer"},
		"no facts":          {func(p *desk.Paper) { p.Message = strings.Replace(letter, `"facts":"A SIM was changed.",`, "", 1) }, "legal_content_missing: legal.facts"},
		"an unknown member": {func(p *desk.Paper) { p.Message = strings.Replace(letter, `"urgency"`, `"urgent"`, 1) }, "urgent"},
		"an id without amendment": {func(p *desk.Paper) {
			p.Message = strings.Replace(letter, "{", `{"alert_id":"AAAAAAAAAAAAAAAAAAAAAAAAAA",`, 1)
		}, "only an amendment"},
		"a withdrawal":        {func(p *desk.Paper) { p.Message = `{"type":"withdrawal","reason":"x"}` }, "record"},
		"another environment": {func(p *desk.Paper) { p.Message = strings.Replace(letter, "{", `{"environment":"test",`, 1) }, "test_refused: environment"},
	} {
		p := aLetter()
		x.change(&p)
		if _, err := d.Receive(t.Context(), p); !errors.Is(err, desk.ErrRefused) || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", name, err, x.want)
		}
	}
	p := aLetter()
	p.As = "X1"
	if _, err := d.Receive(t.Context(), p); !errors.Is(err, desk.ErrOfficer) {
		t.Errorf("a stranger: %v", err)
	}
	if n := len(d.List(desk.Filter{})); n != 0 {
		t.Errorf("%d alerts of refused papers", n)
	}
}

func tomorrow() *freeze.Time {
	at, _ := freeze.ParseTime("2999-01-01T00:00:00.000Z")
	return &at
}

// TestTheSameLetterIsOneAlert takes a letter in twice, and another one about the same
// account: people see that it may be the same request.
func TestTheSameLetterIsOneAlert(t *testing.T) {
	t.Parallel()
	c, _ := onPaper(t, false)
	d := c.gb.desk
	v, err := d.Receive(t.Context(), aLetter())
	must(t, err)
	again := aLetter()
	again.As = "O2"
	if _, err := d.Receive(t.Context(), again); !errors.Is(err, desk.ErrRefused) || !strings.Contains(err.Error(), "taken in already, as "+v.ID+"-Q001") {
		t.Errorf("the same letter: %v", err)
	}
	again.Document = strings.Repeat("b", 64)
	second, err := d.Receive(t.Context(), again)
	must(t, err)
	if second.ID == v.ID {
		t.Fatal("two documents are one alert")
	}
	eventually(t, "people are told that both ask the same", func() bool {
		shown, err := d.Show(t.Context(), second.ID)
		return err == nil && len(shown.Tasks) == 1 && shown.Tasks[0].Kind == "duplicate" && shown.Tasks[0].About == v.ID
	})
}

// TestPaperOfAPartyThatSigns is taken in when the officer says so, is answered by hand,
// amended on paper and taken back on paper.
func TestPaperOfAPartyThatSigns(t *testing.T) {
	t.Parallel()
	c, dir := onPaper(t, true)
	d := c.gb.desk
	p := aLetter()
	if _, err := d.Receive(t.Context(), p); !errors.Is(err, desk.ErrRefused) || !strings.Contains(err.Error(), "unsigned: IN-FIU signs") {
		t.Errorf("as if it were signed: %v", err)
	}
	p.Unsigned = true
	v, err := d.Receive(t.Context(), p)
	must(t, err)
	act(t, d, v.ID, desk.Action{Do: "accept", As: "O2"})
	eventually(t, "our receipt lies on the desk", func() bool { return exported(dir, v.ID+"-Q001-R2") })

	amended := p
	amended.Document = strings.Repeat("c", 64)
	amended.Message = strings.Replace(strings.ReplaceAll(letter, "18000.00", "17000.00"), "{", `{"type":"amendment","alert_id":"`+v.ID[:8]+`",`, 1)
	v, err = d.Receive(t.Context(), amended)
	must(t, err)
	shown, err := d.Show(t.Context(), v.ID)
	must(t, err)
	if v.Totals[0].Disputed != "17000.00" || shown.Inbox[1].ID != v.ID+"-Q002" || !shown.Inbox[1].Manual.Unsigned || len(apart(v)) == 0 {
		t.Fatalf("amended to %s", asJSON(shown))
	}
	refusedAct(t, d, v.ID, desk.Action{Do: "record", As: "O1", Code: "amendment", Document: paper, Texts: map[string]string{"message": "{}"}}, "receive")
	amended.Message = strings.Replace(amended.Message, v.ID[:8], "ZZZZ", 1)
	if _, err := d.Receive(t.Context(), amended); !errors.Is(err, desk.ErrNoAlert) {
		t.Errorf("an amendment of nothing: %v", err)
	}

	back := desk.Action{Do: "record", As: "O1", Code: "withdrawal", Document: paper, Texts: map[string]string{"message": `{"reason":"found"}`}}
	act(t, d, v.ID, back)
	shown, err = d.Show(t.Context(), v.ID)
	must(t, err)
	act(t, d, v.ID, desk.Action{Do: "record", As: "O2", About: shown.Recorded[0].ID})
	if v := find(d, "in", "IN-FIU"); v.State != "closed" || v.Ending != "withdrawn" {
		t.Errorf("taken back: %s", asJSON(v))
	}
}

// TestAWholeMessageOnPaperIsTheOneOfTheWire takes in the file of a request whose wire was
// away: when the wire brings it after all, it gets the receipt of the paper.
func TestAWholeMessageOnPaperIsTheOneOfTheWire(t *testing.T) {
	t.Parallel()
	in, dir := byHand(t)
	must(t, in.desk.Append(t.Context(), []*hit.Hit{report("TX-1", uetr1, "18000.00")}))
	eventually(t, "the request lies in the folder", func() bool { return state(in.desk) == "approved" && len(one(t, in.desk).Tasks) == 1 })
	id := one(t, in.desk).ID
	body, err := os.ReadFile(filepath.Join(dir, id+"-Q001.json"))
	must(t, err)
	gb := newEnd(t, ukSelf())
	gb.start(t, setup{brokers: fake(t), change: func(o *desk.Options) { o.Environment = "live" }}, []policy.Party{in.party(agreement())}, in)
	p := desk.Paper{As: "O1", How: "esw", Document: paper, Unsigned: true, Message: string(body)}
	v, err := gb.desk.Receive(t.Context(), p)
	must(t, err)
	known, found, err := gb.desk.Lookup(t.Context(), "IN-FIU", id+"-Q001")
	if v.ID != id || !found || err != nil || known.Digest != freeze.DigestOf(body) || len(known.Answer.JWS) == 0 {
		t.Errorf("taken in as %s, known %v %s %v", v.ID, found, known.Answer.JWS, err)
	}
	p.Party = "GB-FIU"
	if _, err := gb.desk.Receive(t.Context(), p); !errors.Is(err, desk.ErrRefused) || !strings.Contains(err.Error(), "the message is of IN-FIU") {
		t.Errorf("of somebody else: %v", err)
	}
}
