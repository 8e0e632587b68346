package schema

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sort"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/haltwire/haltwire/sinks/clickhouse/block"
)

// Roles of the database.
const (
	// Analyst reads the views without the columns that name a person or an
	// account, or may hold such a name.
	Analyst = "analyst"
	// Officer reads all views and the messages.
	Officer = "officer"
	// Auditor reads every table and view.
	Auditor = "auditor"
)

// makeRoles makes the roles and gives them what they may read. A server that
// does not let our user manage access is warned about and left as it is.
func (a *applier) makeRoles(ctx context.Context) error {
	statements, err := a.grants(ctx)
	if err != nil {
		return err
	}
	for _, s := range statements {
		err := a.exec(ctx, s)
		var refused *clickhouse.Exception
		if errors.As(err, &refused) {
			level := slog.LevelWarn
			if refused.Code == codeNoAccessStorage { // an engine that nobody else has an account on
				level = slog.LevelInfo
			}
			a.Log.Log(ctx, level, "roles analyst, officer and auditor are not up to date: our user may not manage access on this server; grant it ACCESS MANAGEMENT or make the roles by hand", "statement", s, "error", refused.Message)
			return nil
		}
		if err != nil {
			return fmt.Errorf("make roles: %w", err)
		}
	}
	return nil
}

// Grants returns the statements that make the roles, for those who make them by
// hand on a server where our user may not. The views must exist.
func Grants(ctx context.Context, db driver.Conn, o Options) ([]string, error) {
	if o.Files == nil {
		o.Files = files
	}
	a := applier{Options: o, db: db}
	return a.grants(ctx)
}

// grants returns the statements that make the roles, in order.
func (a *applier) grants(ctx context.Context) ([]string, error) {
	db := block.Quote(a.Database)
	out := []string{"CREATE ROLE IF NOT EXISTS " + strings.Join([]string{Analyst, Officer, Auditor}, ", ")}
	views, err := a.views()
	if err != nil {
		return nil, err
	}
	for _, v := range views {
		columns, err := a.columns(ctx, v.name)
		if err != nil {
			return nil, err
		}
		on := db + "." + block.Quote(v.name)
		// A column that has become personal must not stay readable.
		out = append(out, fmt.Sprintf("REVOKE SELECT ON %s FROM %s", on, Analyst))
		out = append(out, fmt.Sprintf("GRANT SELECT(%s) ON %s TO %s", a.open(columns), on, Analyst))
		out = append(out, fmt.Sprintf("GRANT SELECT ON %s TO %s", on, Officer))
	}
	out = append(out, fmt.Sprintf("GRANT SELECT ON %s.messages TO %s", db, Officer))
	return append(out, fmt.Sprintf("GRANT SELECT ON %s.* TO %s", db, Auditor)), nil
}

// open returns the columns that an analyst may read, as a list of SQL.
func (a *applier) open(columns map[string]string) string {
	personal := map[string]bool{
		"raw": true, "message": true, // of dead letters: any part of a report
		"subjects": true, "facts": true, "values": true, "to_ref": true,
		"subject_account": true, "subject_sub_account": true, "subject_name": true,
		"account": true, "sub_account": true, "legal_basis": true, "complaint_ref": true, "body": true,
		// Our own people.
		"officer": true, "done_by": true, "approved_by": true, "answered_by": true,
	}
	for _, c := range a.Columns {
		if c.Personal {
			personal[block.ColumnName(c.Name)] = true
		}
	}
	var open []string
	for name, typ := range columns {
		if personal[name] {
			continue
		}
		open = append(open, block.Quote(name))
		for _, part := range subcolumns(typ) {
			open = append(open, block.Quote(name+"."+part))
		}
	}
	sort.Strings(open)
	return strings.Join(open, ", ")
}

// subcolumns returns the parts of a column that the server reads in its place, for
// "IS NULL", length and the like; a right to the column does not cover them.
func subcolumns(typ string) []string {
	switch {
	case strings.HasPrefix(typ, "Nullable("), strings.HasPrefix(typ, "LowCardinality(Nullable("):
		return []string{"null"}
	case strings.HasPrefix(typ, "Array("):
		return []string{"size0"}
	case strings.HasPrefix(typ, "Map("):
		return []string{"size0", "keys", "values"}
	case typ == "String":
		return []string{"size"}
	}
	return nil
}
