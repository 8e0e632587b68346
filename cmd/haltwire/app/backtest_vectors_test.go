//go:build vectors

package app_test

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/cmd/haltwire/app"
	"github.com/haltwire/haltwire/rules/backtest"
	"github.com/haltwire/haltwire/rules/backtest/view"
)

// movement is a row of a vector as the oracle reads it, with a parser of its own.
type movement struct {
	id, kind, from, to string
	amount, balance    *big.Rat
	at                 int64 // Unix ms
	fraud              bool
}

// vectorRows returns the rows of a file of transactions, by column.
func vectorRows(t *testing.T, name string) (path string, rows []map[string]string) {
	t.Helper()
	dir := os.Getenv("HALTWIRE_VECTORS")
	if dir == "" {
		t.Fatal("HALTWIRE_VECTORS names no folder; see make vectors")
	}
	path = filepath.Join(dir, "tx", name)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range all[1:] {
		cells := map[string]string{}
		for i, name := range all[0] {
			cells[name] = row[i]
		}
		rows = append(rows, cells)
	}
	return path, rows
}

func rat(t *testing.T, s string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("%q is no number", s)
	}
	return r
}

// found is a hit as the oracle sees it.
type found struct {
	rule    string
	on      movement
	subject string
	about   []movement // the payments of its alert
}

// joined counts the alerts of hits, over all rules and by rule: by subject, all for
// one party, in episodes of 72 hours.
func joined(hits []found) (all int, by map[string]int) {
	slices.SortFunc(hits, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.on.at, b.on.at), cmp.Compare(a.on.id, b.on.id), cmp.Compare(a.rule, b.rule))
	})
	type alert struct {
		subject  string
		opened   int64
		payments map[string]bool
		rules    map[string]bool
	}
	var alerts []*alert
	for _, h := range hits {
		var home *alert
		for _, a := range alerts {
			known := a.subject == h.subject
			for _, p := range h.about {
				known = known && a.payments[p.id]
			}
			if known {
				home = a
				break
			}
		}
		for _, a := range alerts {
			if home == nil && a.subject == h.subject && h.on.at-a.opened <= (72*time.Hour).Milliseconds() {
				home = a
			}
		}
		if home == nil {
			home = &alert{h.subject, h.on.at, map[string]bool{}, map[string]bool{}}
			alerts = append(alerts, home)
		}
		home.rules[h.rule] = true
		for _, p := range h.about {
			home.payments[p.id] = true
		}
	}
	by = map[string]int{}
	for _, a := range alerts {
		for rule := range a.rules {
			by[rule]++
		}
	}
	return len(alerts), by
}

// compare holds what a backtest measured of a rule (or "" = all) against the oracle's
// hits. fraud says of everything labelled whether it was fraud, names what a hit finds.
func compare(t *testing.T, r *backtest.Rule, rule string, hits []found, fraud map[string]bool, names func(found) string) {
	t.Helper()
	alerts, by := joined(slices.Clone(hits))
	if rule != "" {
		alerts = by[rule]
	}
	subjects, sums, seen := map[string]bool{}, new(big.Rat), map[string]bool{}
	right, wrong, n := map[string]bool{}, map[string]bool{}, 0
	for _, h := range hits {
		if rule != "" && h.rule != rule {
			continue
		}
		n++
		subjects[h.subject] = true
		for _, p := range h.about {
			if !seen[p.id] {
				seen[p.id] = true
				sums.Add(sums, p.amount)
			}
		}
		if name := names(h); fraud[name] {
			right[name] = true
		} else {
			wrong[name] = true
		}
	}
	frauds := 0
	for _, is := range fraud {
		if is {
			frauds++
		}
	}
	want := fmt.Sprintf("%d hits, %d alerts, %d subjects, %s in %d payments, %d of %d found, %d wrong", n, alerts, len(subjects), sums.FloatString(2), len(seen), len(right), frauds, len(wrong))
	got := fmt.Sprintf("%d hits, %d alerts, %d subjects, %s in %d payments, %d of %d found, %d wrong", r.Hits, r.Alerts, r.Subjects, r.Amounts[0].Amount, r.Amounts[0].Payments, r.Quality.Found, r.Quality.Fraud, r.Quality.Wrong)
	if got != want {
		t.Errorf("%s: %s\nwant %s", rule, got, want)
	}
}

// vectorReport runs a backtest of a vector and holds its table against the one in
// testdata.
func vectorReport(t *testing.T, name, file string, labels []string) *backtest.Report {
	t.Helper()
	dir := filepath.Join("testdata/backtest", name)
	path := filepath.Join(t.TempDir(), "labels.csv")
	if err := os.WriteFile(path, []byte(strings.Join(labels, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	var log, text bytes.Buffer
	r, err := app.Backtest(t.Context(), app.BacktestOptions{
		EvalOptions: app.EvalOptions{Rules: filepath.Join(dir, "rules"), Log: &log}, Files: []string{file}, Maps: []string{filepath.Join(dir, "map.yaml")}, Labels: path,
	})
	if err != nil {
		t.Fatal(err, log.String())
	}
	if err := view.WriteText(&text, r); err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join(dir, "report.txt"), text.Bytes())
	return r
}

func TestVectorPaySim(t *testing.T) {
	file, rows := vectorRows(t, "paysim_slice.csv")
	origin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	var all []movement
	transfers := map[string][]int64{} // amount → when
	fraud := map[string]bool{}
	labels := []string{"reporter,report_id,label"}
	for i, row := range rows {
		step := rat(t, row["step"]).Num().Int64()
		p := movement{id: fmt.Sprint(i + 1), kind: row["type"], from: row["nameOrig"], to: row["nameDest"], amount: rat(t, row["amount"]), balance: rat(t, row["oldbalanceOrg"]), at: origin + step*3_600_000, fraud: row["isFraud"] == "1"}
		all = append(all, p)
		if p.kind == "TRANSFER" {
			transfers[p.amount.String()] = append(transfers[p.amount.String()], p.at)
		}
		fraud[p.id] = p.fraud
		labels = append(labels, "HWBAGB2L,"+p.id+","+map[bool]string{true: "fraud", false: "not"}[p.fraud])
	}
	var hits []found
	for _, p := range all {
		if (p.kind == "TRANSFER" || p.kind == "CASH_OUT") && p.amount.Cmp(p.balance) == 0 && p.amount.Sign() > 0 {
			hits = append(hits, found{"empties-the-account", p, p.to, []movement{p}})
		}
		if p.kind == "CASH_OUT" && slices.ContainsFunc(transfers[p.amount.String()], func(at int64) bool { return at > p.at-2*3_600_000 && at <= p.at }) {
			hits = append(hits, found{"transfer-then-cash-out", p, p.to, []movement{p}})
		}
	}
	r := vectorReport(t, "paysim", file, labels)
	if r.Input.Accepted != len(rows) || len(rows) != 19_999 {
		t.Errorf("%+v of %d rows", r.Input, len(rows))
	}
	name := func(h found) string { return h.on.id }
	for i := range r.A.Rules {
		compare(t, &r.A.Rules[i], r.A.Rules[i].ID, hits, fraud, name)
	}
	compare(t, &r.A.Total, "", hits, fraud, name)
}

func TestVectorUPIMules(t *testing.T) {
	file, rows := vectorRows(t, "upi_mule_transactions.csv")
	_, accounts := vectorRows(t, "upi_mule_accounts.csv")
	var all []movement
	first := map[string]int64{} // account → its first payment
	for i, row := range rows {
		at, err := time.ParseInLocation("2006-01-02T15:04:05", row["timestamp"], time.FixedZone("IST", 19_800))
		if err != nil {
			t.Fatal(err)
		}
		p := movement{id: fmt.Sprint(i + 1), from: row["sender"], to: row["receiver"], amount: rat(t, row["amount"]), at: at.UnixMilli()}
		all = append(all, p)
		for _, a := range []string{p.from, p.to} {
			if old, ok := first[a]; !ok || p.at < old {
				first[a] = p.at
			}
		}
	}
	fraud := map[string]bool{}
	labels := []string{"account,label,since"}
	for _, a := range accounts {
		id := a["account_id"]
		harmless := strings.HasPrefix(id, "legitimate") || strings.HasPrefix(id, "customer")
		if at, ok := first[id]; ok {
			fraud[id] = !harmless
			labels = append(labels, id+","+map[bool]string{true: "not", false: "fraud"}[harmless]+","+time.UnixMilli(at).UTC().Format(time.RFC3339))
		}
	}
	var hits []found
	for _, p := range all {
		senders, inflow := map[string]bool{}, []movement{}
		received := new(big.Rat)
		for _, q := range all {
			if q.to == p.to && q.at > p.at-24*3_600_000 && q.at <= p.at {
				senders[q.from] = true
				inflow = append(inflow, q)
			}
			if q.to == p.from && q.at > p.at-6*3_600_000 && q.at <= p.at {
				received.Add(received, q.amount)
			}
		}
		if len(senders) >= 5 {
			hits = append(hits, found{"fan-in", p, p.to, inflow})
		}
		if most := new(big.Rat).Mul(received, big.NewRat(9, 10)); received.Sign() > 0 && p.amount.Cmp(most) >= 0 && p.amount.Cmp(received) <= 0 {
			hits = append(hits, found{"pass-through", p, p.from, []movement{p}})
		}
	}
	r := vectorReport(t, "upi", file, labels)
	name := func(h found) string { return h.subject }
	for i := range r.A.Rules {
		compare(t, &r.A.Rules[i], r.A.Rules[i].ID, hits, fraud, name)
	}
	compare(t, &r.A.Total, "", hits, fraud, name)
}
