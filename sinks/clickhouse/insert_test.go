package clickhouse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/pipeline/fault"
	"github.com/haltwire/haltwire/sinks/clickhouse"
	"github.com/haltwire/haltwire/sinks/embedded/enginetest"
)

func TestInsert(t *testing.T) {
	address := enginetest.Start(t)
	for name, test := range map[string]func(*testing.T, clickhouse.Config){
		"every column comes back exactly":           everyColumn,
		"decimals and times at their bounds":        bounds,
		"dictionaries of every width":               dictionaries,
		"one token once, other content too":         tokens,
		"a block of many months":                    months,
		"raw bytes by option":                       raw,
		"a refused row harms only itself":           refused,
		"a missing column is no fault of the rows":  missingColumn,
		"a block without a token is refused":        noToken,
		"all rows refused":                          allRefused,
		"an inserted block is one part a partition": onePart,
	} {
		t.Run(name, func(t *testing.T) {
			test(t, configured(t, address, "t_"+strings.NewReplacer(" ", "_", ",", "").Replace(name)))
		})
	}
}

// sample returns a value for column c and how ClickHouse prints it.
func sample(c event.Column) (value any, text string) {
	switch c.Type {
	case event.Decimal:
		return "0.000000000000000001", "0.000000000000000001"
	case event.Time:
		return at("2031-05-06T07:08:09Z") + 123, "2031-05-06 07:08:09.123"
	case event.Date:
		return int32(20454), "2026-01-01"
	case event.Uint:
		return uint32(4294967295), "4294967295"
	case event.Float:
		return -71.25, "-71.25"
	case event.Bool:
		return true, "true"
	case event.Map:
		return [][2]string{{"a.b", "1"}, {"ü'\\", ""}}, `{'a.b':'1','ü\'\\':''}`
	}
	return "ß " + c.Name, "ß " + c.Name
}

func everyColumn(t *testing.T, c clickhouse.Config) {
	schema, err := event.NewSchema(
		event.Column{Name: "branch", Type: event.Text, Path: "extra.branch"},
		event.Column{Name: "vip", Type: event.Bool, Path: "extra.vip"},
	)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, c, schema)
	full, want := row{}, map[string]string{}
	for _, col := range schema.Columns {
		full[col.Name], want[strings.ReplaceAll(col.Name, ".", "_")] = sample(col)
	}
	w := newWriter(schema)
	insert(t, s, w.batch(report("first", 0), full, report("last", 1)), "t/3/0-2")

	var names []string
	for name := range want {
		names = append(names, name)
	}
	for _, name := range names {
		got := ask(t, c, "SELECT "+name+" FROM reports WHERE offset = 1")
		if got != want[name] {
			t.Errorf("%s = %q, want %q", name, got, want[name])
		}
	}
	for query, want := range map[string]string{
		"SELECT count() FROM reports": "3",
		"SELECT (topic, partition, offset, codec, toString(kafka_time)) FROM reports WHERE report_id = 'last'":                "('bank.reports',3,2,'json','2026-03-02 04:10:01.002')",
		"SELECT (amount, occurred_from, layer, debtor_lat, payment_settlement_date, vip) FROM reports WHERE report_id='last'": "(NULL,NULL,NULL,NULL,NULL,NULL)",
		"SELECT (currency, debtor_account, extra, revision) FROM reports WHERE report_id='last'":                              "('','',{},1)",
		"SELECT count() FROM reports WHERE inserted_at > now() - 600":                                                         "3",
	} {
		if got := ask(t, c, query); got != want {
			t.Errorf("%s = %s, want %s", query, got, want)
		}
	}
	hash := w.batch(full)
	if got, want := ask(t, c, "SELECT lower(hex(content_hash)) FROM reports WHERE offset = 1"), fmt.Sprintf("%x", hash.Hash(0)); got != want {
		t.Errorf("content_hash = %s, want %s", got, want)
	}
}

func bounds(t *testing.T, c clickhouse.Config) {
	s, w := open(t, c, event.Default()), newWriter(event.Default())
	amounts := []string{"99999999999999999999.999999999999999999", "0", "-99999999999999999999.999999999999999999", "18446744073709551616.5"}
	times := []string{"1970-01-01T00:00:00Z", "2199-12-31T23:59:59Z", "2000-02-29T12:00:00Z", "2105-01-01T00:00:00Z"}
	var rows []row
	for i := range amounts {
		rows = append(rows, report(fmt.Sprint(i), 0, "amount", amounts[i], "occurred_at", at(times[i]), "reported_at", at(times[i])))
	}
	insert(t, s, w.batch(rows...), "t/0/0-3")
	for i := range amounts {
		id := fmt.Sprintf(" FROM v_reports WHERE report_id = '%d'", i)
		if got := ask(t, c, "SELECT amount"+id); got != amounts[i] {
			t.Errorf("amount %s came back as %s", amounts[i], got)
		}
		want := strings.NewReplacer("T", " ", "Z", ".000").Replace(times[i])
		if got := ask(t, c, "SELECT (toString(occurred_at), toString(reported_at))"+id); got != "('"+want+"','"+want+"')" {
			t.Errorf("time %s came back as %s", want, got)
		}
	}
}

func dictionaries(t *testing.T, c clickhouse.Config) {
	s, w := open(t, c, event.Default()), newWriter(event.Default())
	for i, distinct := range []int{70_000, 3, 300, 256, 257} { // the largest first: what it leaves behind must not show
		rows := make([]row, distinct)
		for r := range rows {
			rows[r] = report(fmt.Sprintf("%d-%d", i, r), 0, "category", fmt.Sprintf("c%d", r))
			if r%7 == 3 {
				delete(rows[r], "category")
			}
		}
		insert(t, s, w.batch(rows...), fmt.Sprintf("t/0/%d", i))
		bad := fmt.Sprintf("SELECT count() FROM reports WHERE startsWith(report_id, '%d-') AND category != if(toUInt32(splitByChar('-', report_id)[2]) %% 7 = 3, '', concat('c', splitByChar('-', report_id)[2]))", i)
		if got := ask(t, c, bad); got != "0" {
			t.Errorf("%d values: %s rows have another category", distinct, got)
		}
	}
	if got := ask(t, c, "SELECT count() FROM reports"); got != "70816" {
		t.Errorf("%s rows", got)
	}
}

func tokens(t *testing.T, c clickhouse.Config) {
	s, w := open(t, c, event.Default()), newWriter(event.Default())
	execute(t, c, "SYSTEM STOP MERGES reports")
	first := w.batch(report("A", 0), report("B", 0, "occurred_at", at("2026-05-01T00:00:00Z")))
	for range 3 {
		insert(t, s, first, "t/0/0-1")
	}
	other, err := clickhouse.New(c, clickhouse.Options{Schema: event.Default()}) // another process: no memory of the first
	if err != nil {
		t.Fatal(err)
	}
	insert(t, other, first, "t/0/0-1")
	if err := other.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if got := ask(t, c, "SELECT count() FROM reports"); got != "2" {
		t.Errorf("one token four times gave %s rows, want 2", got)
	}
	// The decoder was mended: the same range now has three rows, in other months.
	insert(t, s, w.batch(report("A", 0), report("B", 0, "occurred_at", at("2026-06-01T00:00:00Z")), report("C", 0)), "t/0/0-1")
	if got := askAll(t, c, "SELECT DISTINCT report_id FROM reports ORDER BY 1"); strings.Join(got, "") != "ABC" {
		t.Errorf("rows of other content under the same token: %v", got)
	}
	// Equal rows under another token are another block (ENGINE A3, trap 2).
	insert(t, s, first, "t/0/2-3")
	if got := ask(t, c, "SELECT count() FROM reports WHERE report_id = 'A'"); got != "3" {
		t.Errorf("%s rows of A, want 3", got)
	}
	if got := ask(t, c, "SELECT count() FROM v_reports"); got != "3" {
		t.Errorf("v_reports has %s rows, want 3", got)
	}
}

func months(t *testing.T, c clickhouse.Config) {
	s, w := open(t, c, event.Default()), newWriter(event.Default())
	var rows []row
	for m := range 150 { // the server's default limit is 100 partitions a block
		rows = append(rows, report(fmt.Sprint(m), 0, "occurred_at", at("1990-01-15T00:00:00Z")+int64(m)*31*86400_000))
	}
	insert(t, s, w.batch(rows...), "t/0/0-149")
	if got := ask(t, c, "SELECT (count(), uniqExact(toYYYYMM(occurred_at))) FROM v_reports"); got != "(150,150)" {
		t.Errorf("rows and months = %s", got)
	}
}

func raw(t *testing.T, c clickhouse.Config) {
	w := newWriter(event.Default())
	b := w.batch(report("A", 0, "raw", "{\"a\":\"\xff\"}"), report("B", 0, "raw", strings.Repeat("x", 300)))
	c.Raw = clickhouse.RawDeadOnly
	insert(t, open(t, c, event.Default()), b, "t/0/0-1")
	if got := ask(t, c, "SELECT sum(length(raw)) FROM reports"); got != "0" {
		t.Errorf("dead_only kept %s bytes", got)
	}
	c.Raw = clickhouse.RawAll
	insert(t, open(t, c, event.Default()), b, "t/0/2-3")
	if got := ask(t, c, "SELECT groupArray((report_id, hex(raw))) FROM (SELECT * FROM reports WHERE raw != '' AND report_id='A')"); got != "[('A','7B2261223A22FF227D')]" {
		t.Errorf("raw = %s", got)
	}
	if got := ask(t, c, "SELECT max(length(raw)) FROM reports"); got != "300" {
		t.Errorf("longest raw = %s", got)
	}
}

func refused(t *testing.T, c clickhouse.Config) {
	s, w := open(t, c, event.Default()), newWriter(event.Default())
	execute(t, c, "ALTER TABLE reports ADD CONSTRAINT sane CHECK reporter != 'EVIL'")
	execute(t, c, "SYSTEM STOP MERGES reports")
	var rows []row
	for i := range 1000 {
		r := report(fmt.Sprint(i), 0, "amount", fmt.Sprint(i))
		if i == 0 || i == 499 || i == 500 || i == 999 {
			r["reporter"] = "EVIL"
		}
		rows = append(rows, r)
	}
	b := w.batch(rows...)
	for range 2 { // a crash before the commit: the same again
		dead, err := s.Insert(t.Context(), b, "t/0/0-999")
		if err != nil || len(dead) != 4 {
			t.Fatalf("refused %d, %v", len(dead), err)
		}
		for i, want := range []int64{0, 499, 500, 999} {
			d := dead[i]
			if d.Offset != want || d.Topic != "bank.reports" || d.Partition != 3 || d.Reason != event.RowRefused || d.Codec != "json" || d.Time == 0 {
				t.Errorf("dead letter %+v, want offset %d", d, want)
			}
			if !strings.Contains(d.Message, "sane") || string(d.Raw) != string(b.Raw(int(want))) {
				t.Errorf("dead letter says %q, raw %q", d.Message, d.Raw)
			}
		}
	}
	if got := ask(t, c, "SELECT (count(), sum(amount)) FROM reports"); got != "(996,497502)" {
		t.Errorf("rows and sum = %s", got)
	}
}

func allRefused(t *testing.T, c clickhouse.Config) {
	s, w := open(t, c, event.Default()), newWriter(event.Default())
	execute(t, c, "ALTER TABLE reports ADD CONSTRAINT none CHECK reporter = ''")
	dead, err := s.Insert(t.Context(), w.batch(report("A", 0), report("B", 0), report("C", 0)), "t/0/0-2")
	if err != nil || len(dead) != 3 {
		t.Errorf("refused %d, %v", len(dead), err)
	}
}

func missingColumn(t *testing.T, c clickhouse.Config) {
	s, w := open(t, c, event.Default()), newWriter(event.Default())
	execute(t, c, "ALTER TABLE reports DROP COLUMN amount")
	dead, err := s.Insert(t.Context(), w.batch(report("A", 0, "amount", "1")), "t/0/0-0")
	if err == nil || fault.Of(err) != fault.Retry || len(dead) > 0 {
		t.Errorf("a missing column gave %v, %v; want a retryable error", dead, err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	insert(t, s, w.batch(report("A", 0, "amount", "1")), "t/0/0-0")
}

func noToken(t *testing.T, c clickhouse.Config) {
	s, w := open(t, c, event.Default()), newWriter(event.Default())
	if _, err := s.Insert(t.Context(), w.batch(report("A", 0)), ""); fault.Of(err) != fault.Permanent {
		t.Errorf("no token gave %v", err)
	}
	if dead, err := s.Insert(t.Context(), w.batch(), "t/0/0-0"); err != nil || dead != nil {
		t.Errorf("an empty batch gave %v, %v", dead, err)
	}
}

func onePart(t *testing.T, c clickhouse.Config) {
	s, w := open(t, c, event.Default()), newWriter(event.Default())
	execute(t, c, "SYSTEM STOP MERGES reports")
	rows := make([]row, 20_000)
	for i := range rows {
		rows[i] = report(fmt.Sprint(i), 0)
	}
	insert(t, s, w.batch(rows...), "t/0/0")
	if got := ask(t, c, "SELECT (count(), any(part_type), sum(rows)) FROM system.parts WHERE active AND database = currentDatabase() AND table = 'reports'"); got != "(1,'Compact',20000)" {
		t.Errorf("parts, type and rows = %s", got)
	}
}
