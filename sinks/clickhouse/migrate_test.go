package clickhouse_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/clickhouse/schema"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

func TestMigrate(t *testing.T) {
	address := enginetest.Start(t)
	for name, test := range map[string]func(*testing.T, clickhouse.Config){
		"twice":            migrateTwice,
		"eight_at_once":    migrateAtOnce,
		"newer":            migrateNewer,
		"changed":          migrateChanged,
		"died_half_way":    migrateHalf,
		"upgraded":         migrateUpgraded,
		"numbering":        migrateNumbering,
		"configured_field": configuredField,
		"retention":        retention,
		"comments":         comments,
		"roles":            roles,
	} {
		t.Run(name, func(t *testing.T) { test(t, configured(t, address, "m_"+name)) })
	}
}

func options() clickhouse.Options {
	return clickhouse.Options{Schema: event.Default(), Log: slog.New(slog.DiscardHandler)}
}

// shape returns everything that migrations make, as text.
func shape(t *testing.T, c clickhouse.Config) string {
	t.Helper()
	return strings.Join(askAll(t, c, "SELECT create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name"), "\n")
}

func migrateTwice(t *testing.T, c clickhouse.Config) {
	open(t, c, event.Default())
	first := shape(t, c)
	open(t, c, event.Default())
	if second := shape(t, c); second != first {
		t.Errorf("the second migration changed\n%s\nto\n%s", first, second)
	}
	if got := ask(t, c, "SELECT (count(), uniqExact(version)) FROM schema_migrations"); got != "(6,6)" {
		t.Errorf("schema_migrations holds %s", got)
	}
}

func migrateAtOnce(t *testing.T, c clickhouse.Config) {
	var wait sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wait.Go(func() { errs[i] = clickhouse.Migrate(t.Context(), c, options()) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	together := shape(t, c)
	c.Database += "_alone"
	open(t, c, event.Default())
	if alone := strings.ReplaceAll(shape(t, c), "_alone", ""); alone != together {
		t.Errorf("eight at once made\n%s\none alone\n%s", together, alone)
	}
}

// apply runs schema.Apply with other files than those in the binary.
func apply(t *testing.T, c clickhouse.Config, files fs.FS) error {
	t.Helper()
	return schema.Apply(t.Context(), dial(t, c), schema.Options{Database: c.Database, Columns: event.Default().Columns, Log: options().Log, Files: files})
}

// shipped returns the files of the binary, to be changed by a test.
func shipped(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS("schema"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".sql") {
			return err
		}
		text, err := os.ReadFile("schema/" + path)
		files[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// migrateUpgraded upgrades a database with rows of before hit_overturns: hits that
// stood stand, and those that were overturned do not.
func migrateUpgraded(t *testing.T, c clickhouse.Config) {
	files := fstest.MapFS{}
	for name, file := range shipped(t) {
		if strings.HasPrefix(name, "migrations/") && name < "migrations/0004" {
			files[name] = file
		}
	}
	elsewhere := c
	elsewhere.Database = "default"
	execute(t, elsewhere, "CREATE DATABASE IF NOT EXISTS "+c.Database)
	if err := apply(t, c, files); err != nil {
		t.Fatal(err)
	}
	execute(t, c, "INSERT INTO hits (hit_id, evidence_key, key, rule, title, reporter, report_id, standing, version) VALUES ('h1', 'e1', 'out/GB/a', 'r', 't', 'B', 'R1', true, 3), ('h2', 'e2', 'out/GB/a', 'r', '', 'B', 'R2', false, 4)")
	execute(t, c, "INSERT INTO alerts (alert_id, direction, party, state, version) VALUES ('A', 'out', 'GB-FIU', 'sent', 3)")
	open(t, c, event.Default())
	if got := ask(t, c, "SELECT (groupArray((evidence_key, title, changed, late)), (SELECT any(ending) FROM v_alerts)) FROM v_hits"); got != "([('e1','t','',false)],'')" {
		t.Errorf("after the upgrade %s", got)
	}
}

func migrateNewer(t *testing.T, c clickhouse.Config) {
	open(t, c, event.Default())
	execute(t, c, "INSERT INTO schema_migrations (version, name, checksum) VALUES (99, '0099_later.sql', 'x')")
	err := clickhouse.Migrate(t.Context(), c, options())
	if !errors.Is(err, schema.ErrNewer) || fault.Of(err) != fault.Permanent || !strings.Contains(err.Error(), "upgrade") {
		t.Errorf("a newer database gave %v", err)
	}
}

func migrateChanged(t *testing.T, c clickhouse.Config) {
	open(t, c, event.Default())
	files := shipped(t)
	if err := apply(t, c, files); err != nil {
		t.Fatalf("the same files gave %v", err)
	}
	files["migrations/0002_ledger.sql"].Data = append(files["migrations/0002_ledger.sql"].Data, "-- a thought\n"...)
	if err := apply(t, c, files); fault.Of(err) != fault.Permanent || !strings.Contains(err.Error(), "0002_ledger.sql was changed") {
		t.Errorf("a changed migration gave %v", err)
	}
}

func migrateHalf(t *testing.T, c clickhouse.Config) {
	open(t, c, event.Default())
	files := shipped(t)
	files["migrations/0007_next.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE IF NOT EXISTS one (a UInt8) ENGINE = MergeTree ORDER BY a;\n\nSELECT nonsense;\n")}
	if err := apply(t, c, files); err == nil || !strings.Contains(err.Error(), "0007_next.sql") {
		t.Fatalf("a broken migration gave %v", err)
	}
	files["migrations/0007_next.sql"].Data = []byte("CREATE TABLE IF NOT EXISTS one (a UInt8) ENGINE = MergeTree ORDER BY a;\n\nSELECT 1;\n")
	if err := apply(t, c, files); err != nil {
		t.Fatalf("the mended migration gave %v", err)
	}
	if got := ask(t, c, "SELECT max(version) FROM schema_migrations"); got != "7" {
		t.Errorf("version is %s", got)
	}
}

func migrateNumbering(t *testing.T, c clickhouse.Config) {
	open(t, c, event.Default())
	files := shipped(t)
	files["migrations/0008_gap.sql"] = &fstest.MapFile{Data: []byte("SELECT 1;\n")}
	if err := apply(t, c, files); err == nil || !strings.Contains(err.Error(), "must be 0007") {
		t.Errorf("a gap gave %v", err)
	}
}

func configuredField(t *testing.T, c clickhouse.Config) {
	add := func(columns ...event.Column) error {
		s, err := event.NewSchema(columns...)
		if err != nil {
			t.Fatal(err)
		}
		o := options()
		o.Schema = s
		return clickhouse.Migrate(t.Context(), c, o)
	}
	if err := add(event.Column{Name: "branch.code", Type: event.Decimal, Path: "extra.branch"}); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, c, "SELECT (type, comment) FROM system.columns WHERE database = currentDatabase() AND table = 'v_reports' AND name = 'branch_code'"); !strings.Contains(got, "Nullable(Decimal(38, 18))") {
		t.Errorf("the view has the column as %s", got)
	}
	err := add(event.Column{Name: "branch.code", Type: event.Text})
	if fault.Of(err) != fault.Permanent || !strings.Contains(err.Error(), "branch.code") {
		t.Errorf("another type gave %v", err)
	}
	if err := add(event.Column{Name: "offset", Type: event.Text}); fault.Of(err) != fault.Permanent {
		t.Errorf("a reserved name gave %v", err)
	}
}

func retention(t *testing.T, c clickhouse.Config) {
	ttl := func() string {
		return strings.Join(askAll(t, c, "SELECT extract(engine_full, 'TTL [^)]*\\\\)') FROM system.tables WHERE database = currentDatabase() AND name IN ('reports', 'dead_letters') ORDER BY name"), "|")
	}
	for _, step := range []struct {
		reports, dead time.Duration
		want          string
	}{
		{730 * 24 * time.Hour, 90 * 24 * time.Hour, "TTL inserted_at + toIntervalSecond(7776000)|TTL inserted_at + toIntervalSecond(63072000)"},
		{24 * time.Hour, 0, "|TTL inserted_at + toIntervalSecond(86400)"},
		{0, 0, "|"},
		{0, time.Hour, "TTL inserted_at + toIntervalSecond(3600)|"},
	} {
		c.TTL = clickhouse.TTL{Reports: conn.Duration(step.reports), DeadLetters: conn.Duration(step.dead)}
		open(t, c, event.Default())
		if got := ttl(); got != step.want {
			t.Errorf("ttl %v, %v is %s, want %s", step.reports, step.dead, got, step.want)
		}
	}
}

func comments(t *testing.T, c clickhouse.Config) {
	open(t, c, event.Default())
	for what, query := range map[string]string{
		"tables":  "SELECT name FROM system.tables WHERE database = currentDatabase() AND comment = ''",
		"columns": "SELECT concat(table, '.', name) FROM system.columns WHERE database = currentDatabase() AND comment = '' AND NOT startsWith(table, 'v_')",
		"views":   "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View' AND (NOT startsWith(name, 'v_') OR position(comment, 'Cost: ') = 0)",
	} {
		if got := askAll(t, c, query); len(got) > 0 {
			t.Errorf("%s without a comment: %v", what, got)
		}
	}
	if got := ask(t, c, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND engine = 'View'"); got != "18" {
		t.Errorf("%s views", got)
	}
	for _, col := range event.Default().Columns {
		name := strings.ReplaceAll(col.Name, ".", "_")
		if got := ask(t, c, fmt.Sprintf("SELECT max(type) FROM system.columns WHERE database = currentDatabase() AND table = 'reports' AND name = '%s'", name)); got != schema.Type(col) {
			t.Errorf("%s is %s, want %s", name, got, schema.Type(col))
		}
	}
}

// roles proves that the engine understands every statement; this engine keeps
// roles in its configuration only and cannot make them.
func roles(t *testing.T, c clickhouse.Config) {
	open(t, c, event.Default())
	var warned strings.Builder
	o := options()
	o.Log = slog.New(slog.NewTextHandler(&warned, nil))
	if err := clickhouse.Migrate(t.Context(), c, o); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(warned.String(), "may not manage access") {
		t.Errorf("a server without access management is told of as %s", warned.String())
	}
	statements, err := schema.Grants(t.Context(), dial(t, c), schema.Options{Database: c.Database, Columns: event.Default().Columns})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		var formatted string
		if err := dial(t, c).QueryRow(t.Context(), "SELECT formatQuery(?)", s).Scan(&formatted); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	all := strings.Join(statements, "\n")
	for _, personal := range []string{"debtor_account", "narrative", "raw", "subject_name", "extra", "subjects", "subscriber_imsi", "facts"} {
		if strings.Contains(all, "`"+personal+"`") {
			t.Errorf("analysts may read %s", personal)
		}
	}
	for _, open := range []string{"`amount`", "`reporter`", "`creditor_account_country`", "`state`", "GRANT SELECT ON `" + c.Database + "`.`v_alerts` TO officer", ".* TO auditor"} {
		if !strings.Contains(all, open) {
			t.Errorf("no grant has %s", open)
		}
	}
}
