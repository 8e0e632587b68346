package apply_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/desk/apply"
	"github.com/haltwire/haltwire/sinks/freeze"
)

// randomDesk is a desk of random people around one alert: what they sign, and what the owner
// freezes, by rights and by mistake.
type randomDesk struct {
	t       *rapid.T
	machine apply.Machine
	s       *apply.Subject
	n       int
	config  int // version of the texts that do not stand in the state
	// signed are the digests that every person has signed since the last message; wrote
	// is who has edited since then.
	signed map[string][]string
	wrote  []string
}

func (d *randomDesk) alert() *apply.Alert {
	if d.s == nil {
		return nil
	}
	return d.s.Alerts[len(d.s.Alerts)-1]
}

// digest is what a request would say now: the state and the config.
func (d *randomDesk) digest() string {
	return fmt.Sprintf("%s/%d", d.alert().Content()[:8], d.config)
}

func (d *randomDesk) pick(name string, of ...string) string {
	return rapid.SampledFrom(of).Draw(d.t, name)
}

func (d *randomDesk) tell(kind caselog.Type, data any) apply.Verdict {
	text, err := json.Marshal(data)
	if err != nil {
		d.t.Fatal(err)
	}
	d.n++
	var v apply.Verdict
	episode := ""
	if d.s != nil {
		episode = d.alert().ID
	}
	r := apply.Record{Event: caselog.Event{ID: fmt.Sprint(d.n), Type: kind, Key: "out/GB-FIU/S", Data: text}, Offset: int64(d.n), Appended: int64(d.n) * 1000}
	d.s, v, _ = d.machine.Apply(d.s, r)
	if d.alert().ID != episode {
		d.signed, d.wrote = map[string][]string{}, nil
	}
	return v
}

func (d *randomDesk) hit() {
	n := rapid.IntRange(1, 3).Draw(d.t, "payment")
	amount := freeze.Money{Amount: freeze.Dec(d.pick("amount", "1.00", "2.00", "3.00")), Currency: "GBP"}
	d.tell(caselog.Hit, caselog.HitData{
		HitID: fmt.Sprint("H", d.n), Evidence: fmt.Sprint("E", n), Rule: "r", Owner: "author", People: 2, Approval: "two_person", Severity: "high", Ask: []string{"hold_amount", "trace"},
		Revision: uint32(d.n), Fold: apply.Version, Payments: []caselog.PaymentMark{{Key: fmt.Sprint("K", n), Amount: &amount, Told: fmt.Sprintf("%06d", d.n)}},
	})
}

// people lets somebody sign, edit or confirm, having seen what there is or what was.
func (d *randomDesk) people() {
	a, by := d.alert(), d.pick("by", "O1", "O2", "O3", "O4", "author")
	seen, content := d.digest(), a.Content()
	if d.pick("seen", "now", "now", "now", "before") == "before" {
		seen = "of before" // the desk asks whoever signs, but a writer may be late
	}
	data := caselog.OfficerData{AlertID: a.ID, By: by, Role: caselog.RoleSupervisor, Digest: seen, Content: content, Fold: apply.Version}
	switch d.pick("do", "approve", "approve", "approve", "emergency", "confirm", "renew", "edit", "withdraw", "reopen") {
	case "approve":
		data.Act = apply.ActRequest
		if d.tell(caselog.ApprovalGiven, data).Applied {
			d.signed[by] = append(d.signed[by], seen)
		}
	case "renew":
		data.Act = apply.ActRenew
		if d.tell(caselog.ApprovalGiven, data).Applied {
			d.signed[by] = append(d.signed[by], seen)
		}
	case "emergency":
		if d.tell(caselog.EmergencySent, data).Applied {
			d.signed[by] = append(d.signed[by], seen)
		}
	case "confirm":
		if r := a.Request(); r != nil && d.pick("about", "it", "else") == "it" {
			data.Digest = r.Signed
		}
		v := d.tell(caselog.Confirmed, data)
		if r := a.Request(); v.Applied && (data.Digest != r.Signed || by == a.Emergency || by == "author" || slices.Contains(d.wrote, by)) {
			d.t.Fatalf("%s confirmed %s, and %s is out", by, data.Digest, r.Signed)
		}
	case "edit":
		edit := caselog.EditData{AlertID: a.ID, Edit: true, By: by, Role: caselog.RoleOfficer, Texts: map[string]string{"legal.facts": fmt.Sprint("mark", d.n)}, Personal: "sealed", Fold: apply.Version}
		if d.tell(caselog.Amended, edit).Applied {
			d.wrote = append(d.wrote, by)
		}
	case "withdraw":
		data.Act = apply.ActWithdraw
		d.tell(caselog.Withdrawn, data)
	case "reopen":
		d.tell(caselog.Reopened, data)
	}
}

// owner freezes a request as it is due, or what it should not.
func (d *randomDesk) owner() {
	a := d.alert()
	q := caselog.QueuedData{
		AlertID: a.ID, MessageID: freeze.RequesterID(a.ID, a.NextSequence()), Sequence: a.NextSequence(), Type: freeze.TypeRequest, Content: a.Content(), Fold: apply.Version,
		Approval: &caselog.ApprovalData{Mode: "two", ContentDigest: d.digest(), By: a.Signers()},
	}
	if a.Request() != nil {
		q.Type = freeze.TypeAmendment
	}
	switch d.pick("how", "right", "right", "right", "digest", "by", "old", "none") {
	case "digest":
		q.Approval.ContentDigest = "other"
	case "by":
		q.Approval.By = []string{"O1", "O2"}
	case "old":
		q.Content = "old"
	case "none":
		q.Approval.Mode, q.Approval.By, q.Provisional = "none", nil, true
	}
	need, grows := a.Needs(), a.Request() == nil || a.Grows(a.Request().Said)
	renewing, emergency := a.Renewing, a.Emergency != "" && a.Request() == nil
	if !d.tell(caselog.MessageQueued, q).Applied {
		return
	}
	d.covered(q, need, grows && !renewing, emergency)
	d.signed, d.wrote = map[string][]string{}, nil
}

// covered checks a frozen message against what people signed.
func (d *randomDesk) covered(q caselog.QueuedData, need int, grows, emergency bool) {
	if q.Approval.Mode == "none" {
		if !q.Provisional || q.Type != freeze.TypeRequest {
			d.t.Fatalf("%+v went out unsigned", q)
		}
		return
	}
	for _, by := range q.Approval.By {
		if !slices.Contains(d.signed[by], q.Approval.ContentDigest) {
			d.t.Fatalf("%s signed %v, and %q went out", by, d.signed[by], q.Approval.ContentDigest)
		}
		if by == "author" || slices.Contains(d.wrote, by) {
			d.t.Fatalf("%s approved his own", by)
		}
	}
	if q.Content != d.alert().Content() {
		d.t.Fatal("an old content went out")
	}
	if emergency {
		need = 1
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(q.Approval.By)))); n < need || grows && !emergency && n < 2 {
		d.t.Fatalf("%d people signed, %d are needed", n, need)
	}
}

// machinery is what the desk does by itself and what the party says.
func (d *randomDesk) machinery() {
	a := d.alert()
	last := &apply.Message{ID: "none", Digest: "d"}
	if len(a.Messages) > 0 {
		last = a.Messages[len(a.Messages)-1]
	}
	switch d.pick("event", "config", "void", "told", "deliver", "give up", "receipt", "reject", "budget", "lapse") {
	case "config":
		d.config++
	case "void": // as the owner does when it finds other words
		for _, p := range a.Signatures() {
			d.tell(caselog.ApprovalVoided, caselog.VoidedData{AlertID: a.ID, Act: p.Act, By: []string{p.By}, Digest: d.digest()})
		}
	case "told":
		for _, v := range a.Voided {
			d.tell(caselog.ApprovalVoided, caselog.VoidedData{AlertID: a.ID, Act: v.Act, By: v.By})
		}
	case "deliver":
		d.tell(caselog.Delivered, caselog.DeliveredData{AlertID: a.ID, MessageID: last.ID, Number: 1})
	case "give up":
		d.tell(caselog.GaveUp, caselog.DeliveredData{AlertID: a.ID, MessageID: last.ID, Number: 1})
	case "receipt", "reject":
		level := map[bool]freeze.Level{true: freeze.LevelReceived, false: freeze.LevelRejected}[d.n%2 == 0]
		d.tell(caselog.Receipt, caselog.ReceiptData{
			MessageMark: caselog.MessageMark{AlertID: a.ID, MessageID: freeze.ReceiptID(last.ID, level), Digest: freeze.Digest{Value: fmt.Sprint(d.n)}}, ReceiptOf: last.ID, Of: freeze.Digest{Value: last.Digest}, Level: level,
		})
	case "budget":
		d.tell(caselog.BudgetExceeded, caselog.BudgetData{AlertID: a.ID, What: "rule", Of: "r", Limit: 1, Count: 1})
	case "lapse":
		if r := a.Request(); r != nil {
			r.ValidUntil = 1
			d.tell(caselog.Overdue, caselog.OverdueData{AlertID: a.ID, Timer: "T6", About: r.ID, Due: freeze.Time{}})
		}
	}
}

// TestEveryApprovalCoversWhatWentOut lets random people, an owner that errs, rules and
// the party act: every request and amendment that is frozen says what each of its
// signers has signed, none of them wrote it, and there are as many as it takes.
func TestEveryApprovalCoversWhatWentOut(t *testing.T) {
	root, err := caselog.NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	out := 0
	rapid.Check(t, func(rt *rapid.T) {
		d := &randomDesk{t: rt, machine: apply.Machine{Root: root}, signed: map[string][]string{}}
		d.hit()
		for range rapid.IntRange(5, 60).Draw(rt, "steps") {
			switch d.pick("who", "people", "people", "people", "owner", "owner", "machinery", "hit") {
			case "people":
				d.people()
			case "owner":
				d.owner()
			case "machinery":
				d.machinery()
			default:
				d.hit()
			}
			check(rt, d.s)
		}
		for _, a := range d.s.Alerts {
			out += len(a.Messages)
		}
	})
	if out == 0 {
		t.Error("nothing ever went out")
	}
}
