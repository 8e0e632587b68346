package schema

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/haltwire/haltwire/sinks/clickhouse/block"
)

// view is one view that analysts read.
type view struct {
	name    string
	comment string // the lines that start with --, as one text
	query   string
}

// makeViews replaces all views: their columns follow from the tables and the
// configuration, and replacing one is atomic. They run with the rights of their
// maker, so that whoever may read a view need not be able to read the tables.
func (a *applier) makeViews(ctx context.Context) error {
	views, err := a.views()
	if err != nil {
		return err
	}
	for _, v := range views {
		const form = "CREATE OR REPLACE VIEW %s %s AS %s COMMENT %s"
		err := a.exec(ctx, fmt.Sprintf(form, v.name, "DEFINER = CURRENT_USER SQL SECURITY DEFINER", v.query, text(v.comment)))
		if isCode(err, codeAccessDenied) {
			a.Log.Warn("views run with the rights of their readers, who need rights on the tables: our user may not be a definer", "view", v.name, "error", err)
			err = a.exec(ctx, fmt.Sprintf(form, v.name, "SQL SECURITY INVOKER", v.query, text(v.comment)))
		}
		if err != nil {
			return fmt.Errorf("make view %s: %w", v.name, err)
		}
	}
	return nil
}

// views returns the views with the columns of reports filled in.
func (a *applier) views() ([]view, error) {
	var columns []string
	for _, c := range a.Columns {
		columns = append(columns, block.Quote(block.ColumnName(c.Name)))
	}
	columns = append(columns, "topic", "partition", "offset", "kafka_time", "codec", "content_hash", "raw", "inserted_at")
	names, err := fs.Glob(a.Files, "views/*.sql")
	if err != nil {
		return nil, err
	}
	var out []view
	for _, name := range names {
		body, err := fs.ReadFile(a.Files, name)
		if err != nil {
			return nil, fmt.Errorf("read view: %w", err)
		}
		v := split(strings.TrimSuffix(path.Base(name), ".sql"), string(body))
		v.query = strings.ReplaceAll(v.query, "{columns}", strings.Join(columns, ", "))
		out = append(out, v)
	}
	return out, nil
}

// split parts a file into the comment at its head and the query.
func split(name, body string) view {
	v := view{name: name}
	lines := strings.Split(strings.TrimSpace(body), "\n")
	var words []string
	for len(lines) > 0 && strings.HasPrefix(lines[0], "--") {
		words = append(words, strings.TrimSpace(lines[0][2:]))
		lines = lines[1:]
	}
	v.comment, v.query = strings.Join(words, " "), strings.Join(lines, "\n")
	return v
}
