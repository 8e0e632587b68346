package answer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/camt056/answer"
	"github.com/haltwire/haltwire/sinks/party/spool"
)

// keeper is a desk with two instructions; their payments share what is shared here.
type keeper struct {
	requests []*freeze.Request
	asked    [][]string
	words    []delivery.RecallWord
	fails    error
}

func (k *keeper) Recalled(_ context.Context, party string, alerts ...string) ([]*freeze.Request, error) {
	k.asked = append(k.asked, alerts)
	if party != "BANK-IN" {
		return nil, fmt.Errorf("asked about %s", party)
	}
	var out []*freeze.Request
	for _, r := range k.requests {
		if len(alerts) == 0 || slices.Contains(alerts, r.AlertID) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (k *keeper) TakeRecalls(_ context.Context, _ string, words []delivery.RecallWord) error {
	if k.fails == nil {
		k.words = append(k.words, words...)
	}
	return k.fails
}

const (
	first  = "AAAAAAAAAAAAAAAAAAAAAAAAAA"
	second = "BBBBBBBBBBBBBBBBBBBBBBBBBB"
)

func instructionOf(id string, refs ...freeze.Refs) *freeze.Request {
	r := &freeze.Request{}
	r.AlertID, r.MessageID = id, id+"-Q001"
	for n, x := range refs {
		m := freeze.Money{Amount: "100.00", Currency: "GBP"}
		r.Payments = append(r.Payments, freeze.Payment{ItemID: freeze.ItemID(id, n+1), Refs: x, Settled: &m, Disputed: m, Recall: freeze.Recall{State: "initiated", Camt056ID: id + "-Q001"}})
	}
	return r
}

func ask(k *keeper, a *answer.Answer) (told string, err error) {
	k.words, k.asked = nil, nil
	err = answer.Deliver(k)(context.Background(), answer.Letter{Party: "BANK-IN", File: "f.xml", Answer: a, Digest: freeze.Digest{Alg: "sha-256", Value: "d"}})
	var out []string
	for _, w := range k.words {
		item := strings.TrimPrefix(w.ItemID, w.AlertID)
		out = append(out, fmt.Sprintf("%c%s %s %s", w.AlertID[0], item, w.State, strings.Join(w.Codes, ",")))
	}
	return strings.Join(out, "; "), err
}

func TestDeliver(t *testing.T) {
	uetr := func(n int) freeze.Refs {
		return freeze.Refs{UETR: fmt.Sprintf("0000000%d-0000-4000-8000-000000000000", n)}
	}
	k := &keeper{requests: []*freeze.Request{
		instructionOf(first, uetr(1), freeze.Refs{EndToEndID: "SAME"}), instructionOf(second, uetr(2), freeze.Refs{EndToEndID: "SAME"}),
	}}
	back := freeze.Money{Amount: "90.00", Currency: "GBP"}
	for _, c := range []struct {
		name   string
		answer answer.Answer
		told   string
		reason string
		asked  int // how often the desk was asked
	}{
		{"by uetr, without a case", answer.Answer{ID: "X1", Statuses: []answer.Status{{Refs: uetr(2), Code: "ACCR"}}}, "B-P01 accepted ACCR", "", 1},
		{"of the case that it names, the rest is not looked at", answer.Answer{ID: "X2", CaseID: first, Statuses: []answer.Status{{Refs: freeze.Refs{EndToEndID: "SAME"}, Code: "RJCR", Reasons: []answer.Reason{{Code: "LEGL"}}}}}, "A-P02 rejected RJCR,LEGL", "", 1},
		{"of two cases, by nothing that tells them apart", answer.Answer{ID: "X3", Statuses: []answer.Status{{Refs: freeze.Refs{EndToEndID: "SAME"}, Code: "ACCR"}}}, "", "X3 fits payments of 2 alerts", 1},
		{"of a case and of another one", answer.Answer{ID: "X4", CaseID: first, Statuses: []answer.Status{{Refs: uetr(1), Code: "ACCR"}, {Refs: uetr(2), Code: "PDCR"}}}, "A-P01 accepted ACCR; B-P01 pending PDCR", "", 2},
		{"the whole case", answer.Answer{ID: "X5", CaseID: second, Confirmation: "CNCL", Statuses: []answer.Status{{Whole: true}}}, "B-P01 accepted CNCL; B-P02 accepted CNCL", "", 1},
		{"by our message alone", answer.Answer{ID: "X6", Confirmation: "PDCR", Statuses: []answer.Status{{Whole: true, Refs: freeze.Refs{MessageID: second + "-Q001"}}}}, "B-P01 pending PDCR; B-P02 pending PDCR", "", 1},
		{"nobody's", answer.Answer{ID: "X7", CaseID: "ELSEWHERE", Statuses: []answer.Status{{ID: "S1", Refs: uetr(9), Code: "ACCR"}}}, "", "1 of 1 entries: S1 fits no payment", 2},
		{"one of the case and a stray: the case is told", answer.Answer{ID: "X8", CaseID: first, Statuses: []answer.Status{{Refs: uetr(1), Code: "ACCR"}, {ID: "S2", Refs: uetr(9), Code: "ACCR"}}}, "A-P01 accepted ACCR; A  ", "1 of 2 entries: S2 fits no payment", 2},
		{"a return that is short has no state", answer.Answer{ID: "X9", Returns: []answer.Returned{{Refs: uetr(1), Money: back, Reasons: []answer.Reason{{Code: "FOCR"}}}}}, "A-P01  FOCR", "", 1},
		{"a duplicate, and no payment", answer.Answer{ID: "X10", CaseID: first, DuplicateOf: "OTHER"}, "A  ", "1 of 1 entries: X10 fits no payment", 2},
	} {
		told, err := ask(k, &c.answer)
		var refusal *spool.Refusal
		if told != c.told || errors.As(err, &refusal) != (c.reason != "") || err != nil && !strings.Contains(err.Error(), c.reason) || len(k.asked) != c.asked {
			t.Errorf("%s: told %q, asked %d times: %v", c.name, told, len(k.asked), err)
		}
	}
}

func TestDeliverAgain(t *testing.T) {
	a := &answer.Answer{ID: "X1", CaseID: first, Returns: []answer.Returned{{Refs: freeze.Refs{EndToEndID: "E"}, Money: freeze.Money{Amount: "100.00", Currency: "GBP"}}}}
	k := &keeper{requests: []*freeze.Request{instructionOf(first, freeze.Refs{EndToEndID: "E"})}}
	if _, err := ask(k, a); err != nil || len(k.words) != 1 {
		t.Fatalf("%d words: %v", len(k.words), err)
	}
	one := k.words[0]
	if one.Settled == nil || one.Amount.Amount != "100.00" || one.State != "returned" || one.Digest.Value != "d" {
		t.Errorf("%+v", one)
	}
	same := *a
	same.Header, same.Mismatch = &answer.Header{ID: "ENVELOPE-2"}, "camt.029.001.08"
	if _, err := ask(k, &same); err != nil || k.words[0].Ref != one.Ref {
		t.Errorf("the same word in another envelope has another name: %v", err)
	}
	other := *a
	other.ID = "X2"
	if _, err := ask(k, &other); err != nil || k.words[0].Ref == one.Ref {
		t.Errorf("another message has the same name: %v", err)
	}
	k.fails = errors.New("the log is away")
	var refusal *spool.Refusal
	if _, err := ask(k, a); err == nil || errors.As(err, &refusal) {
		t.Errorf("a letter that could not be kept is put aside: %v", err)
	}
}
