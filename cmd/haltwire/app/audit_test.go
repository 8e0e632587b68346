package app_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/cmd/haltwire/config"
	"github.com/haltwire/haltwire/sinks/audit"
	"github.com/haltwire/haltwire/sinks/desk"
)

const proofRule = `id: any-transfer
version: 1
status: live
title: Any transfer
owner: cyber-desk
severity: critical
on: bank.transfer
when: amount > 0
alert:
  subject: creditor
  ask: [hold_amount, trace]
  approval: auto
  predicate_offence: fraud
  facts: "A transfer was reported."
`

const proofParty = `parties:
  - id: GB-FIU
    name: FIU of the UK
    kind: fiu
    country: GB
    keys: {file: keys/gb.jwks}
    channels: [{kind: webhook, url: "http://127.0.0.1:1/partner/v1/messages", allow_private: true}]
    policy:
      profile: bilateral
      auto_provisional: [hold_amount]
      texts: {requester_basis: {code: MOU, text: Article 4}, background: B, reason: R, nexus: N, intended_use: I}
`

// TestProof runs haltwire until a request is on its way to a partner that is away,
// stops it, and proves the log and the request.
func TestProof(t *testing.T) {
	w := newWorld(t, map[string]string{"any": proofRule})
	if _, err := app.NewSigningKey(w.path("keys", "gb.jwk"), "gb-1"); err != nil {
		t.Fatal(err)
	}
	w.write("haltwire.yaml", worldConfig+proofParty)
	w.begin()
	now := time.Now().UTC()
	w.report("bank.transfer", time.Second, map[string]any{
		"amount": "18000.00", "currency": "GBP", "payment": map[string]any{"uetr": "6513270e-269e-4d37-b2a7-4de452e6b438"},
		"settled_amount": "18000.00", "settled_currency": "GBP", "rail": "swift", "reported_at": now.Format(time.RFC3339),
		"debtor":   map[string]any{"account": "42", "scheme": "bban", "clearing_system": "INFSC", "clearing_id": "HWBI0000001", "name": "The victim"},
		"creditor": map[string]any{"account": "GB52HWBA00000000000101", "scheme": "iban", "bic": "HWBAGB2L"},
	})
	var alert desk.View
	w.eventually("a request", func() string {
		if list := w.app.Desk().List(desk.Filter{}); len(list) > 0 {
			alert = list[0]
		}
		if alert.At.Queued == 0 {
			return "alert " + alert.State
		}
		return ""
	})
	c, err := config.Load(w.path("haltwire.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := app.FindBroker(c); err != nil {
		t.Fatal(err)
	}
	a, err := app.NewAudit(c)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := a.Verify(t.Context(), ""); err != nil || !r.Sound || proven(r) != 0 {
		t.Fatalf("before the first checkpoint: %+v %v", r, err)
	}
	w.end() // signs what it has
	w.begin()
	if err := app.FindBroker(c); err != nil {
		t.Fatal(err)
	}
	r, err := a.Verify(t.Context(), w.path("keys", "gb.jwks"))
	if err != nil || !r.Sound || proven(r) < 2 {
		t.Fatalf("after a stop: %+v %v", r, err)
	}
	var text bytes.Buffer
	m, err := a.Bundle(t.Context(), strings.ToLower(alert.ID[:12]), &text)
	if err != nil || m.AlertID != alert.ID || m.Party != "GB-FIU" || len(m.Messages) != 1 {
		t.Fatalf("bundle %+v %v", m, err)
	}
	keys, err := a.Verifiers("")
	if err != nil {
		t.Fatal(err)
	}
	v, err := audit.VerifyBundle(bytes.NewReader(text.Bytes()), int64(text.Len()), keys...)
	if err != nil || len(v.Proven) != 1 || !v.Trusted {
		t.Errorf("verdict %+v %v", v, err)
	}
	if _, err := a.Bundle(t.Context(), "AAAAAAAA", &text); err == nil {
		t.Error("a bundle of no alert")
	}
	if entries, err := os.ReadDir(w.path("var", "audit")); err != nil || len(entries) != 4 {
		t.Errorf("trees of two partitions: %v %v", entries, err)
	}
}

func proven(r *audit.Report) (n int64) {
	for _, p := range r.Partitions {
		n += p.Proven
	}
	return n
}
