package schema

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
)

//go:embed migrations/*.sql views/*.sql
var files embed.FS

// Options say what the schema is to be.
type Options struct {
	Database       string         // that the connection is in
	Columns        []event.Column // of a report
	KeepReports    time.Duration  // 0 = for ever
	KeepDeadLetter time.Duration  // 0 = for ever
	Log            *slog.Logger
	Files          fs.FS // nil = those in the binary
}

// ErrNewer is the error of a database that a newer binary has migrated.
var ErrNewer = errors.New("the database was migrated by a newer haltwire: upgrade this one, or give it another database")

// migration is one numbered file.
type migration struct {
	version  uint32
	name     string
	text     string
	checksum string
}

// Apply makes or upgrades the schema of the database that db is connected to.
// Several instances may call it at once.
func Apply(ctx context.Context, db driver.Conn, o Options) error {
	a := applier{Options: o, db: db}
	if a.Files == nil {
		a.Files = files
	}
	for _, step := range []func(context.Context) error{a.migrate, a.addColumns, a.retain, a.makeViews, a.makeRoles} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

type applier struct {
	Options
	db driver.Conn
}

const bookkeeping = `
CREATE TABLE IF NOT EXISTS schema_migrations
(
    version UInt32 COMMENT 'Number of the migration',
    name String COMMENT 'File name of the migration',
    checksum String COMMENT 'SHA-256 of its text',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When it was applied'
)
ENGINE = ReplacingMergeTree
ORDER BY (version, checksum)
COMMENT 'Migrations that were applied to this database'`

// migrate runs the migrations that the database has not seen.
func (a *applier) migrate(ctx context.Context) error {
	all, err := load(a.Files)
	if err != nil {
		return err
	}
	if err := a.exec(ctx, bookkeeping); err != nil {
		return fmt.Errorf("create schema_migrations: %w", err)
	}
	done, err := a.applied(ctx)
	if err != nil {
		return err
	}
	for version := range done {
		if version > uint32(len(all)) {
			return fmt.Errorf("migration %d is unknown: %w", version, fault.As(fault.Permanent, ErrNewer))
		}
	}
	for _, m := range all {
		if sums, ok := done[m.version]; ok {
			if len(sums) != 1 || sums[0] != m.checksum {
				return fault.As(fault.Permanent, fmt.Errorf("migration %s was changed after it had been applied: restore its text and write a new migration", m.name))
			}
			continue
		}
		if err := a.run(ctx, m); err != nil {
			return fmt.Errorf("apply migration %s: %w", m.name, err)
		}
	}
	return nil
}

func (a *applier) run(ctx context.Context, m migration) error {
	for _, statement := range statements(m.text) {
		if err := a.exec(ctx, statement); err != nil {
			return err
		}
	}
	a.Log.Info("applied migration", "migration", m.name)
	return a.exec(ctx, "INSERT INTO schema_migrations (version, name, checksum) VALUES (?, ?, ?)", m.version, m.name, m.checksum)
}

// applied returns the checksums under which each version was applied.
func (a *applier) applied(ctx context.Context) (map[uint32][]string, error) {
	rows, err := a.db.Query(ctx, "SELECT version, groupUniqArray(checksum) FROM schema_migrations GROUP BY version")
	if err != nil {
		return nil, fmt.Errorf("read schema_migrations: %w", err)
	}
	defer rows.Close()
	done := map[uint32][]string{}
	for rows.Next() {
		var version uint32
		var sums []string
		if err := rows.Scan(&version, &sums); err != nil {
			return nil, fmt.Errorf("read schema_migrations: %w", err)
		}
		done[version] = sums
	}
	return done, rows.Err()
}

// load returns the migrations of f, which are numbered from 1 without a gap.
func load(f fs.FS) ([]migration, error) {
	names, err := fs.Glob(f, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var all []migration
	for i, name := range names {
		text, err := fs.ReadFile(f, name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		base := path.Base(name)
		number, _, _ := strings.Cut(base, "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %s: the number must be %04d", base, i+1)
		}
		sum := sha256.Sum256(text)
		all = append(all, migration{uint32(i + 1), base, string(text), hex.EncodeToString(sum[:])})
	}
	return all, nil
}

// statements splits text at semicolons that end a line.
func statements(text string) []string {
	var out []string
	for _, s := range strings.Split(text, ";\n") {
		if s = strings.TrimSuffix(strings.TrimSpace(s), ";"); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Exceptions that instances which migrate at once give one another, and those of
// rights.
const (
	codeTableExists    = 57
	codeUnknownTable   = 60
	codeAccessDenied   = 497
	codeCannotAssign   = 517
	codeDeadlock       = 473
	codeTimeout        = 159
	codeAlreadyDropped = 218
	// codeNoAccessStorage is that of a server that keeps users in files only.
	codeNoAccessStorage = 514
)

// exec runs one statement, again when another instance was at the same object.
func (a *applier) exec(ctx context.Context, statement string, args ...any) error {
	wait := fault.Backoff{Min: 50 * time.Millisecond, Max: time.Second}
	for try := 1; ; try++ {
		err := a.db.Exec(ctx, statement, args...)
		if err == nil || try == 6 || !isCode(err, codeTableExists, codeUnknownTable, codeCannotAssign, codeDeadlock, codeTimeout, codeAlreadyDropped) {
			return err
		}
		if err := fault.Sleep(ctx, wait.Next(0)); err != nil {
			return err
		}
	}
}

// isCode reports whether err is an exception of the server with one of codes.
func isCode(err error, codes ...int32) bool {
	var e *clickhouse.Exception
	if !errors.As(err, &e) {
		return false
	}
	for _, c := range codes {
		if e.Code == c {
			return true
		}
	}
	return false
}
