package schema

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sinks/clickhouse/block"
)

// reserved are the columns of reports that are not of the report.
func reserved(name string) bool {
	switch name {
	case "topic", "partition", "offset", "kafka_time", "codec", "content_hash", "raw", "inserted_at":
		return true
	}
	return false
}

// Type returns the type in which ClickHouse keeps a column of a report. Missing
// texts are empty, everything else that may miss is NULL.
func Type(c event.Column) string {
	switch c.Type {
	case event.Text:
		return "String"
	case event.Symbol:
		return "LowCardinality(String)"
	case event.Decimal:
		return "Nullable(Decimal(38, 18))"
	case event.Time:
		if c.Required {
			return "DateTime64(3, 'UTC')"
		}
		return "Nullable(DateTime64(3, 'UTC'))"
	case event.Date:
		return "Nullable(Date32)"
	case event.Float:
		return "Nullable(Float64)"
	case event.Bool:
		return "Nullable(Bool)"
	case event.Map:
		return "Map(String, String)"
	}
	if c.Name == "revision" {
		return "UInt32"
	}
	return "Nullable(UInt32)"
}

// addColumns gives the table of reports the columns that the schema has and it
// lacks: those of the configuration.
func (a *applier) addColumns(ctx context.Context) error {
	have, err := a.columns(ctx, "reports")
	if err != nil {
		return err
	}
	for _, c := range a.Columns {
		name := block.ColumnName(c.Name)
		if reserved(name) {
			return fault.As(fault.Permanent, fmt.Errorf("field %q: the name is taken by a column of ClickHouse; choose another", c.Name))
		}
		want := Type(c)
		got, ok := have[name]
		switch {
		case !ok:
			statement := fmt.Sprintf("ALTER TABLE reports ADD COLUMN IF NOT EXISTS %s %s COMMENT %s", block.Quote(name), want, text("Configured field "+c.Name+origin(c)))
			if err := a.exec(ctx, statement); err != nil {
				return fmt.Errorf("add column %s: %w", name, err)
			}
			a.Log.Info("added column", "column", name, "type", want)
		case got != want:
			return fault.As(fault.Permanent, fmt.Errorf("field %q: the column %s of reports is %s, the configuration needs %s: choose another name for the field", c.Name, name, got, want))
		}
	}
	return nil
}

func origin(c event.Column) string {
	if c.Path == "" {
		return ""
	}
	return ", from " + c.Path
}

// columns returns the types of the columns of a table by name.
func (a *applier) columns(ctx context.Context, table string) (map[string]string, error) {
	rows, err := a.db.Query(ctx, "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = ?", table)
	if err != nil {
		return nil, fmt.Errorf("read columns of %s: %w", table, err)
	}
	defer rows.Close()
	have := map[string]string{}
	for rows.Next() {
		var name, typ string
		if err := rows.Scan(&name, &typ); err != nil {
			return nil, fmt.Errorf("read columns of %s: %w", table, err)
		}
		have[name] = typ
	}
	return have, rows.Err()
}

// retain sets how long rows are kept, where that differs from what the tables
// say: a change of the TTL rewrites parts.
func (a *applier) retain(ctx context.Context) error {
	for table, keep := range map[string]time.Duration{"reports": a.KeepReports, "dead_letters": a.KeepDeadLetter} {
		var engine string
		err := a.db.QueryRow(ctx, "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = ?", table).Scan(&engine)
		if err != nil {
			return fmt.Errorf("read ttl of %s: %w", table, err)
		}
		ttl := fmt.Sprintf("TTL inserted_at + toIntervalSecond(%d)", int64(keep/time.Second))
		statement := "ALTER TABLE " + table + " MODIFY " + ttl
		if keep == 0 {
			statement = "ALTER TABLE " + table + " REMOVE TTL"
		}
		if has := strings.Contains(engine, " TTL "); keep == 0 && !has || keep > 0 && strings.Contains(engine, ttl+" ") {
			continue
		}
		if err := a.exec(ctx, statement); err != nil {
			return fmt.Errorf("set ttl of %s: %w", table, err)
		}
	}
	return nil
}

// text returns s as a literal of SQL.
func text(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
