package camt056_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/camt056"
)

func attempt(t *testing.T, m freeze.Message) delivery.Attempt {
	t.Helper()
	body, err := freeze.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return delivery.Attempt{MessageID: m.Head().MessageID, Type: m.Head().Type, Body: body}
}

func TestSend(t *testing.T) {
	test := scenario()
	test.Environment = "test"
	unmappable := scenario()
	unmappable.Payments[0].Refs = freeze.Refs{RRN: "606100000001"}
	done := &freeze.Amendment{Request: *scenario(), Supersedes: freeze.RequesterID(alert, 1), Changes: []freeze.Change{{Field: "payments"}}}
	done.Type, done.MessageID, done.Sequence = freeze.TypeAmendment, freeze.RequesterID(alert, 2), 2
	more := *done
	more.Payments = append([]freeze.Payment(nil), done.Payments...)
	more.MessageID, more.Sequence = freeze.RequesterID(alert, 3), 3
	done.Payments[0].Recall.State, done.Payments[1].Recall.State = "initiated", "initiated"
	more.Payments[0].Recall.State = "initiated"
	status := &freeze.StatusRequest{Envelope: scenario().Envelope, About: freeze.RequesterID(alert, 1)}
	status.Type, status.MessageID, status.Sequence = freeze.TypeStatusRequest, freeze.RequesterID(alert, 4), 4
	unknown := *status
	unknown.About = "X1"
	withdrawal := &freeze.Withdrawal{Envelope: scenario().Envelope, Reason: "paid back"}
	withdrawal.Type, withdrawal.MessageID, withdrawal.Sequence = freeze.TypeWithdrawal, freeze.RequesterID(alert, 5), 5

	dir := t.TempDir()
	s, err := camt056.New(camt056.Config{Out: dir}, camt056.Options{Party: "BANK-IN", Original: func(_ context.Context, s *freeze.StatusRequest) *freeze.Request {
		if s.About != freeze.RequesterID(alert, 1) {
			return nil
		}
		return &done.Request
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		message freeze.Message
		verdict delivery.Verdict
		reason  string
		detail  string
		file    string
	}{
		{"request", scenario(), delivery.Delivered, "taken", "", "Q001"},
		{"the same again", scenario(), delivery.Delivered, "taken", "", "Q001"},
		{"the same id, other bytes", rich(), delivery.Permanent, "conflict", "Q001.xml", ""},
		{"test", test, delivery.Permanent, "test_refused", "environment", ""},
		{"unmappable", unmappable, delivery.Permanent, "unmappable", "payments[0].refs:", ""},
		{"amendment without a new payment", done, delivery.Delivered, "nothing_new", "nothing is left", ""},
		{"amendment with one", &more, delivery.Delivered, "taken", "", "Q003"},
		{"status request", status, delivery.Delivered, "taken", "", "Q004"},
		{"status request about something else", &unknown, delivery.Permanent, "unmappable", "about: X1", ""},
		{"withdrawal", withdrawal, delivery.Permanent, "unmappable", "type: withdrawal", ""},
	} {
		r := s.Send(context.Background(), attempt(t, c.message))
		if r.Verdict != c.verdict || r.Reason != c.reason || !strings.Contains(r.Detail, c.detail) || r.Awaiting != (c.reason == "taken") || r.Exported != (c.verdict == delivery.Delivered) {
			t.Errorf("%s: %+v", c.name, r)
		}
		if c.file != "" {
			if _, err := os.Stat(filepath.Join(dir, alert+"-"+c.file+".xml")); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 3 {
		t.Errorf("%d files in the folder: %v", len(files), files)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, alert+"-Q003.xml")); strings.Contains(string(text), alert+"-P01") {
		t.Error("the amendment recalls a payment for the second time")
	}
}

func TestSendWhenThereIsNoWay(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	s, err := camt056.New(camt056.Config{Out: gone}, camt056.Options{Now: func() time.Time { return executed }})
	if err != nil {
		t.Fatal(err)
	}
	if r := s.Send(context.Background(), attempt(t, scenario())); r.Verdict != delivery.Retry || r.Reason != "folder" {
		t.Errorf("no folder: %+v", r)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if r := s.Send(ctx, attempt(t, scenario())); r.Verdict != delivery.Retry || r.Reason != "stopping" {
		t.Errorf("stopping: %+v", r)
	}
	if r := s.Send(context.Background(), delivery.Attempt{Body: []byte("{}")}); r.Verdict != delivery.Permanent || r.Reason != "request" {
		t.Errorf("no message: %+v", r)
	}
	if r := s.Send(context.Background(), delivery.Attempt{Type: freeze.TypeReceipt, Body: []byte("x.y.z")}); r.Reason != "unmappable" {
		t.Errorf("a receipt: %+v", r)
	}
	if _, err := camt056.New(camt056.Config{}, camt056.Options{}); err == nil {
		t.Error("a channel without a folder")
	}
}
