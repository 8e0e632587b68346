package spool_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/freeze/delivery"
	"github.com/haltwire/haltwire/sinks/party/spool"
)

func TestSender(t *testing.T) {
	files := []spool.File{{Name: "a.xml", Data: []byte("a")}, {Name: "b.xml", Data: []byte("b")}}
	dir := t.TempDir()
	body := func(environment string) []byte {
		m := &freeze.Withdrawal{Reason: "paid back"}
		m.Schema, m.Type, m.Environment = freeze.Schema1, freeze.TypeWithdrawal, environment
		m.AlertID, m.Sequence, m.MessageID = "AAAAAAAAAAAAAAAAAAAAAAAAAA", 2, "AAAAAAAAAAAAAAAAAAAAAAAAAA-Q002"
		m.CreatedAt = freeze.At(time.Unix(0, 0))
		m.Sender = freeze.Party{PartyID: "IN", Name: "IN", Kind: "fiu", Country: "IN"}
		m.Recipient = m.Sender
		m.Handling = &freeze.Handling{TLP: "red", PermittedUse: "intelligence_only", Onward: freeze.Onward{Mode: "none"}, CustomerNotice: "prohibited"}
		m.InReplyTo = "AAAAAAAAAAAAAAAAAAAAAAAAAA-Q001"
		m.Case = &freeze.Case{ID: "BBBBBBBBBBBBBBBBBBBBBBBBBB"}
		text, err := freeze.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, c := range []struct {
		name    string
		dir     string
		attempt delivery.Attempt
		files   []spool.File
		err     error
		verdict delivery.Verdict
		reason  string
	}{
		{"files", dir, delivery.Attempt{Body: body("live")}, files, nil, delivery.Delivered, "taken"},
		{"the same again", dir, delivery.Attempt{Body: body("live")}, files, nil, delivery.Delivered, "taken"},
		{"the same name, other bytes", dir, delivery.Attempt{Body: body("live")}, []spool.File{{Name: "a.xml", Data: []byte("x")}}, nil, delivery.Permanent, "conflict"},
		{"nothing new", dir, delivery.Attempt{Body: body("live")}, nil, nil, delivery.Delivered, "nothing_new"},
		{"test", dir, delivery.Attempt{Body: body("test")}, files, nil, delivery.Permanent, "test_refused"},
		{"no form", dir, delivery.Attempt{Body: body("live")}, nil, &spool.Unmappable{Field: "refs", Text: "none"}, delivery.Permanent, "unmappable"},
		{"of no use", dir, delivery.Attempt{Body: body("live")}, nil, errors.New("broken"), delivery.Permanent, "request"},
		{"no message", dir, delivery.Attempt{Body: []byte("{}")}, files, nil, delivery.Permanent, "request"},
		{"a receipt", dir, delivery.Attempt{Type: freeze.TypeReceipt, Body: []byte("x.y.z")}, files, nil, delivery.Permanent, "unmappable"},
		{"no folder", filepath.Join(dir, "gone"), delivery.Attempt{Body: body("live")}, files, nil, delivery.Retry, "folder"},
	} {
		s := spool.NewSender(spool.SenderOptions{Channel: "files", Party: "BANK", Dir: c.dir, Reader: "a bank", Files: func(context.Context, freeze.Message, []byte) ([]spool.File, error) { return c.files, c.err }})
		r := s.Send(t.Context(), c.attempt)
		if r.Verdict != c.verdict || r.Reason != c.reason || r.Exported != (c.verdict == delivery.Delivered) || r.Awaiting != (c.reason == "taken") {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
	if names, _ := os.ReadDir(dir); len(names) != 2 {
		t.Errorf("%d files in the folder", len(names))
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	s := spool.NewSender(spool.SenderOptions{Dir: dir, Files: func(context.Context, freeze.Message, []byte) ([]spool.File, error) { return files, nil }})
	if r := s.Send(ended, delivery.Attempt{Body: body("live")}); r.Verdict != delivery.Retry || r.Reason != "stopping" {
		t.Errorf("stopping: %+v", r)
	}
}
