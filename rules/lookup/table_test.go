package lookup_test

import (
	"strings"
	"testing"

	"github.com/haltwire/haltwire/rules/lookup"
)

var spec = lookup.TableSpec{Name: "t", File: "t.csv", Key: "reporter", Columns: map[string]lookup.Kind{
	"floor": lookup.Decimal, "limit": lookup.Int, "name": lookup.Text, "since": lookup.Time, "open": lookup.Bool}}

const head = "reporter,floor,limit,name,since,open,from,until\n"

func TestTable(t *testing.T) {
	table, err := lookup.ReadTable(spec, strings.NewReader(head+
		"A,-5300.01,7,Bank A,2026-01-01,true,,2026-02-01\n"+
		"A,1,8,,,false,2026-02-01,\n"+
		"B,,,,,,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	cell := func(key, column, at string) any {
		col, kind, ok := table.Column(column)
		if !ok || table.Columns()[column] != kind {
			t.Fatalf("no column %s", column)
		}
		v, ok := table.Cell([]byte(key), col, ms(at))
		if !ok {
			return nil
		}
		switch v.Kind {
		case lookup.Text:
			return v.Text
		case lookup.Time:
			return v.Ms
		case lookup.Bool:
			return v.Bool
		}
		return v.Num.String()
	}
	january, february := "2026-01-31T23:59:59.999Z", "2026-02-01T00:00:00Z"
	for _, c := range []struct {
		key, column, at string
		want            any
	}{
		{"A", "floor", january, "-5300.01"}, {"A", "floor", february, "1"},
		{"A", "limit", january, "7"}, {"A", "name", january, "Bank A"}, {"A", "name", february, nil},
		{"A", "since", january, ms("2026-01-01T00:00:00Z")}, {"A", "since", february, nil},
		{"A", "open", january, true}, {"A", "open", february, false},
		{"B", "floor", january, nil}, {"B", "open", january, nil}, {"C", "floor", january, nil},
	} {
		if got := cell(c.key, c.column, c.at); got != c.want {
			t.Errorf("%s.%s as of %s: %v, want %v", c.key, c.column, c.at, got, c.want)
		}
	}
	if _, _, ok := table.Column("reporter"); ok {
		t.Error("the key column can be read")
	}
}

func TestTableErrors(t *testing.T) {
	for rows, want := range map[string]string{
		"A,x,7,,,,,\n":       `t.csv:2: floor: "x": not a decimal`,
		"A,1,7.0,,,,,\n":     `t.csv:2: limit: "7.0" is no whole number`,
		"A,1,7,,1/2/26,,,\n": `t.csv:2: since: "1/2/26" is no time`,
		"A,1,7,,,yes,,\n":    `t.csv:2: open: "yes": write true or false`,
		",1,7,,,,,\n":        "t.csv:2: reporter is empty",
		"A,1,7,,,,,2026-02-01\nA,1,7,,,,2026-01-31,\n": `t.csv:3: "A" has a row already that holds at the same time`,
	} {
		_, err := lookup.ReadTable(spec, strings.NewReader(head+rows))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", rows, err, want)
		}
	}
	bad := spec
	bad.Columns = map[string]lookup.Kind{"x": "float"}
	if _, err := lookup.ReadTable(bad, strings.NewReader(head)); err == nil {
		t.Error("a column of kind float is accepted")
	}
}

func TestTableDigest(t *testing.T) {
	read := func(rows string) string {
		table, err := lookup.ReadTable(spec, strings.NewReader(head+rows))
		if err != nil {
			t.Fatal(err)
		}
		return table.Digest()
	}
	a := read("A,1,7,,,,,\nB,1.5,,,,,,\n")
	if a != read("B,1.50,,,,,,\nA,1.0,7,,,,,\n") {
		t.Error("order or zeros change the digest")
	}
	if a == read("A,1,7,,,,,\nB,1.5,0,,,,,\n") {
		t.Error("a cell does not change the digest")
	}
}

func BenchmarkCell(b *testing.B) {
	var csv strings.Builder
	csv.WriteString("value,floor\n")
	for _, line := range strings.Split(bigCSV(func(i int) string {
		return "K" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + itoa(i) + ",5300.00"
	}), "\n")[1:] {
		csv.WriteString(line + "\n")
	}
	table, err := lookup.ReadTable(lookup.TableSpec{File: "t.csv", Key: "value", Columns: map[string]lookup.Kind{"floor": lookup.Decimal}}, strings.NewReader(csv.String()))
	if err != nil {
		b.Fatal(err)
	}
	var asked [1024][]byte
	for i := range asked {
		j := i * entries / len(asked)
		asked[i] = []byte("K" + strings.Repeat("x", j%7) + string(rune('a'+j%26)) + itoa(j))
	}
	for i := 0; b.Loop(); i++ {
		if _, ok := table.Cell(asked[i&1023], 0, 0); !ok {
			b.Fatal("no cell")
		}
	}
}

func itoa(i int) string {
	var b [20]byte
	n := len(b)
	for {
		n--
		b[n] = byte('0' + i%10)
		if i /= 10; i == 0 {
			return string(b[n:])
		}
	}
}
