package clickhouse_test

import (
	"context"
	"testing"

	ch "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sinks/clickhouse"
)

// ask returns the only value of a query as text.
func ask(t testing.TB, c clickhouse.Config, query string) string {
	t.Helper()
	rows := askAll(t, c, "SELECT ifNull(toString(tupleElement(q, 1)), 'NULL') FROM (SELECT tuple(*) AS q FROM ("+query+"))")
	if len(rows) != 1 {
		t.Fatalf("%s gave %d rows", query, len(rows))
	}
	return rows[0]
}

// askAll returns the only, textual column of a query.
func askAll(t testing.TB, c clickhouse.Config, query string) []string {
	t.Helper()
	rows, err := dial(t, c).Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return out
}

// dial returns a connection that ends with the test.
func dial(t testing.TB, c clickhouse.Config) ch.Conn {
	t.Helper()
	db, err := clickhouse.Dial(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execute(t testing.TB, c clickhouse.Config, statement string) {
	t.Helper()
	if err := dial(t, c).Exec(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func insert(t testing.TB, s *clickhouse.Store, b *event.Batch, token string) {
	t.Helper()
	dead, err := s.Insert(t.Context(), b, token)
	if err != nil || len(dead) > 0 {
		t.Fatalf("insert %s: %v, refused %v", token, err, dead)
	}
}
