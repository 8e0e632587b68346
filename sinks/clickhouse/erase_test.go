package clickhouse_test

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/caselog"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/clickhouse/schema"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

// deskTables are the tables that the ledger of the desk writes.
func deskTables() []string {
	return []string{
		"hits", "hit_overturns", "alerts", "case_events", "deliveries", "messages", "measures", "funds", "alert_payments", "payments", "trail", "recalls",
		"approvals", "disclosures", "consents", "tasks",
	}
}

// holding lists the columns of the desk's tables that hold a text, in any row, also in
// those that newer ones stand for.
func holding(t *testing.T, c clickhouse.Config, text string) []string {
	t.Helper()
	var out []string
	for _, table := range deskTables() {
		columns := askAll(t, c, "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '"+table+"' ORDER BY position")
		counts := make([]string, len(columns))
		for i, column := range columns {
			counts[i] = fmt.Sprintf("countIf(position(toString(`%s`), '%s') > 0)", column, text)
		}
		for i, rows := range askAll(t, c, "SELECT toString(arrayJoin(["+strings.Join(counts, ", ")+"])) FROM "+table) {
			if rows != "0" {
				out = append(out, table+"."+columns[i])
			}
		}
	}
	return out
}

// fillPersonal writes rows of one alert in which everything about people says SECRET,
// each twice, as newer versions of rows do.
func fillPersonal(t *testing.T, s *clickhouse.Store, key, alert, payment string) {
	t.Helper()
	const p = "SECRET"
	ctx := t.Context()
	for version := range uint64(2) {
		for _, err := range []error{
			s.WriteHits(ctx, []caselog.HitRow{{HitID: "H" + alert, Key: key, Rule: "r", ValuesJSON: `{"n":"SECRET"}`, Facts: p, SubjectUID: p, SubjectID: p, SubAccount: p, SubjectName: p, PaymentKeys: []string{payment}, Version: version}}),
			s.WriteAlerts(ctx, []caselog.AlertRow{{AlertID: alert, Direction: "out", Party: "GB-FIU", Key: key, State: "closed", SubjectID: p, SubAccount: p, SubjectName: p, Version: version}}),
			s.WriteMessages(ctx, []caselog.MessageRow{{MessageID: alert + "-Q001", AlertID: alert, Party: "GB-FIU", Body: p, Version: version}}),
			s.WriteMeasures(ctx, []caselog.MeasureRow{{MeasureID: "M", AlertID: alert, Party: "GB-FIU", Kind: "lien", AccountID: p, LegalBasis: p, Version: version}}),
			s.WriteTrail(ctx, []caselog.TrailRow{{ItemID: "N", AlertID: alert, Party: "GB-FIU", AccountID: p, SubAccount: p, Version: version}}),
			s.WriteFunds(ctx, []caselog.FundsRow{{AlertID: alert, Party: "GB-FIU", ItemID: "P01", Disposition: "held", Via: p, ToRef: p, Current: true, Version: version}}),
			s.WritePayments(ctx, []caselog.PaymentRow{{PaymentKey: payment, AlertID: alert, Direction: "out", Party: "GB-FIU", ItemID: "P01", UETR: p, EndToEndID: p, TransactionID: p, RRN: p, UTR: p, TxHash: p, ComplaintRef: p, Version: version}}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// erase takes people out of all rows, and leaves everything else.
func erase(t *testing.T, c clickhouse.Config, s *clickhouse.Store) {
	fillPersonal(t, s, "out/GB-FIU/S", "A1", "P1")
	before := len(holding(t, c, "SECRET"))
	if before < 20 {
		t.Fatalf("only %d columns hold something", before)
	}
	fillPersonal(t, s, "out/AE-FIU/S", "A2", "P1") // the same payment in another subject
	must := func(times int, rows ...caselog.ErasedRow) {
		t.Helper()
		for range times {
			if err := s.Erase(t.Context(), rows); err != nil {
				t.Fatal(err)
			}
		}
	}
	must(1, caselog.ErasedRow{Key: "out/GB-FIU/S", Alerts: []string{"A1", "A'0"}, Version: 9})
	for _, table := range []string{"alerts", "messages", "measures", "trail", "funds", "alert_payments"} {
		for alert, want := range map[string]string{"A1": "0", "A2": "2"} {
			if got := ask(t, c, fmt.Sprintf("SELECT countIf(position(toString(tuple(*)), 'SECRET') > 0) FROM %s WHERE alert_id = '%s'", table, alert)); got != want {
				t.Errorf("%s of %s: %s rows name somebody, want %s", table, alert, got, want)
			}
		}
	}
	if got := ask(t, c, "SELECT (countIf(key = 'out/GB-FIU/S' AND position(toString(tuple(*)), 'SECRET') > 0), countIf(position(toString(tuple(*)), 'SECRET') > 0), any(rule), any(payment_keys)) FROM hits"); got != "(0,2,'r',['P1'])" {
		t.Errorf("hits %s", got)
	}
	if got := ask(t, c, "SELECT any(uetr) FROM payments FINAL"); got != "SECRET" {
		t.Errorf("a payment that another alert needs is %q", got)
	}
	if err := s.WriteAlerts(t.Context(), []caselog.AlertRow{{AlertID: "A1", Direction: "out", Party: "GB-FIU", Key: "out/GB-FIU/S", State: "closed", ErasedAt: 1, Version: 9}}); err != nil {
		t.Fatal(err)
	}
	// What an erased alert says of the payment no longer stands for anybody.
	if err := s.WritePayments(t.Context(), []caselog.PaymentRow{{PaymentKey: "P1", AlertID: "A1", Direction: "out", Party: "GB-FIU", ItemID: "P01", Version: 9}}); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, c, "SELECT any(uetr) FROM payments FINAL"); got != "SECRET" {
		t.Errorf("after it was written again it is %q", got)
	}
	must(2, caselog.ErasedRow{Key: "out/AE-FIU/S", Alerts: []string{"A2"}, Version: 9})
	if left := holding(t, c, "SECRET"); len(left) > 0 {
		t.Errorf("left in %v", left)
	}
	if err := s.Erase(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// TestRoles gives users what the statements grant to the roles and lets them read: the
// engine keeps no roles itself, so the grants stand in its file of users.
func TestRoles(t *testing.T) {
	dir := t.TempDir()
	server, address := enginetest.Server(t, dir)
	c := configured(t, address, "roles")
	s := open(t, c, event.Default())
	fillPersonal(t, s, "out/GB-FIU/S", "A1", "P1")
	statements, err := schema.Grants(t.Context(), dial(t, c), schema.Options{Database: c.Database, Columns: event.Default().Columns})
	if err != nil {
		t.Fatal(err)
	}
	writeUsers(t, dir, statements)
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Start(t.Context()); err != nil { // at the same address
		t.Fatal(err)
	}
	may := readers()
	examples, err := os.ReadFile(filepath.Join("testdata", "examples.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range strings.Split(string(examples), ";\n") {
		switch {
		case strings.TrimSpace(q) == "":
		case strings.Contains(q, "FROM reports"):
			may[q] = "auditor"
		case strings.Contains(q, "any(message)"):
			may[q] = "officer auditor"
		default:
			may[q] = "analyst officer auditor"
		}
	}
	for query, allowed := range may {
		for _, role := range []string{schema.Analyst, schema.Officer, schema.Auditor} {
			as := c
			as.User, as.PasswordFile = role, filepath.Join(dir, "word")
			err := dial(t, as).Exec(t.Context(), query)
			if strings.Contains(allowed, role) != (err == nil) || err != nil && !strings.Contains(err.Error(), "Not enough privileges") {
				t.Errorf("%s, %s: %v", role, query, err)
			}
		}
	}
}

// readers says who may do what.
func readers() map[string]string {
	return map[string]string{
		"SELECT count() FROM v_alerts":                                                                "analyst officer auditor",
		"SELECT count() FROM (SELECT alert_id, state, party FROM v_alerts)":                           "analyst officer auditor",
		"SELECT any(subject_name) FROM v_alerts":                                                      "officer auditor",
		"SELECT * FROM v_alerts":                                                                      "officer auditor",
		"SELECT any(account) FROM v_open_measures":                                                    "officer auditor",
		"SELECT any(amount), any(working_days_left), any(expires_at) FROM v_open_measures":            "analyst officer auditor",
		"SELECT any(account), any(sub_account), any(to_ref) FROM v_money_trail":                       "officer auditor",
		"SELECT any(from_item), any(country), any(amount) FROM v_money_trail":                         "analyst officer auditor",
		"SELECT uniqExactIf(party, whose = 'victim' AND kind = 'name'), max(path) FROM v_disclosures": "analyst officer auditor",
		"SELECT any(approved_by) FROM v_disclosures":                                                  "officer auditor",
		"SELECT any(officer) FROM v_approvals":                                                        "officer auditor",
		"SELECT any(act), any(voided_at) FROM v_approvals":                                            "analyst officer auditor",
		"SELECT any(done_by) FROM v_tasks":                                                            "officer auditor",
		"SELECT count(kind), max(open_s) FROM v_tasks":                                                "analyst officer auditor",
		"SELECT any(hop), any(balance), any(unaccounted) FROM v_funds_balance":                        "analyst officer auditor",
		"SELECT any(in_force_at), any(golden_left_s) FROM v_time_to_freeze":                           "analyst officer auditor",
		"SELECT any(party), any(overdue) FROM v_inbound_sla":                                          "analyst officer auditor",
		"SELECT any(body) FROM messages":                                                              "officer auditor",
		"SELECT count() FROM (SELECT alert_id FROM messages)":                                         "officer auditor",
		"SELECT any(subject_account) FROM alerts":                                                     "auditor",
		"SELECT any(data) FROM case_events":                                                           "auditor",
		"SELECT any(raw) FROM v_reports":                                                              "officer auditor",
		"INSERT INTO tasks (task_id) VALUES ('x')":                                                    "",
		"ALTER TABLE messages DELETE WHERE 1":                                                         "",
	}
}

// writeUsers lays a file of users beside that of the server, one a role.
func writeUsers(t *testing.T, dir string, statements []string) {
	t.Helper()
	var text strings.Builder
	text.WriteString("<clickhouse><users>")
	for _, role := range []string{schema.Analyst, schema.Officer, schema.Auditor} {
		fmt.Fprintf(&text, "<%s><password>word</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota><grants>", role)
		granted := 0
		for _, s := range statements {
			what, to, _ := strings.Cut(s, " TO ")
			if strings.HasPrefix(what, "GRANT ") && to == role {
				text.WriteString("<query>")
				if err := xml.EscapeText(&text, []byte(what)); err != nil {
					t.Fatal(err)
				}
				text.WriteString("</query>")
				granted++
			}
		}
		if granted == 0 {
			t.Fatalf("%s is granted nothing", role)
		}
		fmt.Fprintf(&text, "</grants></%s>", role)
	}
	text.WriteString("</users></clickhouse>")
	folder := filepath.Join(dir, "users.d")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{filepath.Join(folder, "roles.xml"): text.String(), filepath.Join(dir, "word"): "word"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
