package json_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
	"github.com/haltwire/haltwire/sources/codec/json"
)

var _ pipeline.Decoder = (*json.Decoder)(nil)

// recordTime is 2026-03-02T04:10:00Z.
const recordTime = 1772424600000

func records(docs ...string) *event.Records {
	r := &event.Records{Topic: "bank.reports", Partition: 3, Codec: "json"}
	for i, d := range docs {
		r.Offsets = append(r.Offsets, int64(100+i))
		r.Times = append(r.Times, recordTime)
		r.Values = append(r.Values, []byte(d))
	}
	return r
}

func whole(o codec.Options) codec.Options {
	if o.Schema == nil {
		o.Schema = event.Default()
	}
	if o.Project == nil {
		o.Project = o.Schema.Whole()
	}
	return o
}

// report returns a good report with more members, without the closing brace of a
// bad one: "" or `"amount":"1"`.
func report(members string) string {
	s := `{"report_id":"R1","reporter":"HWBIINBB","kind":"bank.transfer","occurred_at":"2026-03-02T04:10:00.000Z"`
	if members != "" {
		s += "," + members
	}
	return s + "}"
}

// cell returns a value as text, "-" when it is missing.
func cell(b *event.Batch, name string, row int) string {
	v := &b.Columns[b.Schema.Must(name)]
	if !v.Has(row) {
		return "-"
	}
	switch v.Type {
	case event.Decimal:
		return v.Dec[row].String()
	case event.Time:
		return event.FormatTime(v.I64[row])
	case event.Date:
		return fmt.Sprint(v.I32[row])
	case event.Uint:
		return fmt.Sprint(v.U32[row])
	case event.Float:
		return fmt.Sprint(v.F64[row])
	case event.Bool:
		return fmt.Sprint(v.True.Has(row))
	case event.Map:
		var parts []string
		for i := v.Off[row]; i < v.Off[row+1]; i++ {
			parts = append(parts, string(v.Keys.Text(int(i)))+"="+string(v.Vals.Text(int(i))))
		}
		return strings.Join(parts, ";")
	}
	return v.String(row)
}

func TestReasons(t *testing.T) {
	long := strings.Repeat("x", event.MaxRecord)
	for _, c := range []struct {
		name, doc string
		reason    event.Reason
		field     string
	}{
		{"empty", ``, event.Syntax, ""},
		{"cut", `{"report_id":"R1"`, event.Syntax, ""},
		{"cut in a text", `{"report_id":"R`, event.Syntax, ""},
		{"cut in an escape", `{"report_id":"\u00`, event.Syntax, ""},
		{"trailing bytes", report("") + `{}`, event.Syntax, ""},
		{"trailing comma", report(`"layer":1,`), event.Syntax, ""},
		{"comma in array", report(`"x":[1,]`), event.Syntax, ""},
		{"no colon", report(`"layer" 1`), event.Syntax, ""},
		{"single quotes", report(`'layer':1`), event.Syntax, ""},
		{"control character", report("\"category\":\"a\nb\""), event.Syntax, ""},
		{"bad escape", report(`"category":"\x41"`), event.Syntax, ""},
		{"leading zero", report(`"amount":012`), event.Syntax, ""},
		{"bare point", report(`"amount":1.`), event.Syntax, ""},
		{"plus sign", report(`"amount":+1`), event.Syntax, ""},
		{"NaN", report(`"amount":NaN`), event.Syntax, ""},
		{"bad literal", report(`"amount":nul`), event.Syntax, ""},
		{"BOM", "\ufeff" + report(""), event.Syntax, ""},
		{"too deep", report(`"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40)), event.Syntax, ""},
		{"comment", report(`/* x */"layer":1`), event.Syntax, ""},
		{"broken UTF-8", report("\"category\":\"\xff\""), event.UTF8, ""},
		{"half a pair", report(`"category":"\ud83d"`), event.UTF8, ""},
		{"halves swapped", report(`"category":"\udd25\ud83d"`), event.UTF8, ""},
		{"half a pair in a name", report(`"a\ud83d":1`), event.UTF8, ""},
		{"twice", report(`"amount":"1","amount":"2"`), event.DuplicateMember, "amount"},
		{"twice with an escape", report(`"amount":"1","am\u006funt":"2"`), event.DuplicateMember, "amount"},
		{"twice with null", report(`"amount":null,"amount":"2"`), event.DuplicateMember, "amount"},
		{"object twice", report(`"debtor":{"name":"A"},"debtor":{"bic":"HWBIINBB"}`), event.DuplicateMember, "debtor"},
		{"inner twice", report(`"debtor":{"name":"A","name":"B"}`), event.DuplicateMember, "debtor.name"},
		{"unknown twice", report(`"x":1,"x":2`), event.DuplicateMember, "x"},
		{"unknown object twice", report(`"x":{"a":1},"x":{"b":2}`), event.DuplicateMember, "x"},
		{"unknown twice as null", report(`"x":null,"x":null`), event.DuplicateMember, "x"},
		{"same path", report(`"x":{"a":1},"x.a":2`), event.DuplicateMember, "x.a"},
		{"twice in an array", report(`"x":[0,{"a":1,"a":2}]`), event.DuplicateMember, "x[1].a"},
		{"many unknown", report(many(40) + `,"m7":1`), event.DuplicateMember, "m7"},
		{"no id", `{"reporter":"A","kind":"bank.hold","occurred_at":"2026-03-02T04:10:00Z"}`, event.MissingField, "report_id"},
		{"null id", `{"report_id":null,"reporter":"A","kind":"bank.hold","occurred_at":"2026-03-02T04:10:00Z"}`, event.MissingField, "report_id"},
		{"placeholder id", `{"report_id":"unknown","reporter":"A","kind":"bank.hold","occurred_at":"2026-03-02T04:10:00Z"}`, event.MissingField, "report_id"},
		{"no kind", `{"report_id":"1","reporter":"A","occurred_at":"2026-03-02T04:10:00Z"}`, event.MissingField, "kind"},
		{"empty object", `{}`, event.MissingField, "report_id"},
		{"array", `[]`, event.BadType, ""},
		{"number", `5`, event.BadType, ""},
		{"number as text", report(`"category":5`), event.BadType, "category"},
		{"boolean as text", report(`"category":true`), event.BadType, "category"},
		{"object as text", report(`"category":{}`), event.BadType, "category"},
		{"array as amount", report(`"amount":["1"]`), event.BadType, "amount"},
		{"text as object", report(`"debtor":"A"`), event.BadType, "debtor"},
		{"text as number", report(`"layer":"1"`), event.BadType, "layer"},
		{"fraction as number", report(`"layer":1.0`), event.BadType, "layer"},
		{"exponent", report(`"amount":1e3`), event.BadType, "amount"},
		{"exponent in text", report(`"amount":"1e3"`), event.BadType, "amount"},
		{"comma", report(`"amount":"12,5"`), event.BadType, "amount"},
		{"phone", report(`"debtor":{"phone":"0123"}`), event.BadType, "debtor.phone"},
		{"phone too long", report(`"debtor":{"phone":"+9198765432101234"}`), event.BadType, "debtor.phone"},
		{"layer", report(`"layer":256`), event.Range, "layer"},
		{"revision", report(`"revision":4294967296`), event.Range, "revision"},
		{"revision huge", report(`"revision":99999999999999999999999999`), event.Range, "revision"},
		{"amount", report(`"amount":"100000000000000000000"`), event.Range, "amount"},
		{"latitude", report(`"debtor":{"lat":90.1}`), event.Range, "debtor.lat"},
		{"longitude", report(`"debtor":{"lon":1e999}`), event.Range, "debtor.lon"},
		{"precision", report(`"amount":"0.0000000000000000001"`), event.Precision, "amount"},
		{"negative", report(`"amount":-1`), event.Negative, "amount"},
		{"negative text", report(`"disputed_amount":"-0.01"`), event.Negative, "disputed_amount"},
		{"negative count", report(`"duration_s":-1`), event.Negative, "duration_s"},
		{"country", report(`"reporter_country":"UK"`), event.BadCode, "reporter_country"},
		{"currency", report(`"currency":"usd"`), event.BadCode, "currency"},
		{"rail", report(`"rail":"telegraph"`), event.BadCode, "rail"},
		{"status", report(`"status":"done"`), event.BadCode, "status"},
		{"kind", strings.Replace(report(""), "bank.transfer", "bank.gift", 1), event.BadCode, "kind"},
		{"time", report(`"reported_at":"yesterday"`), event.BadTime, "reported_at"},
		{"time without zone", report(`"reported_at":"2026-03-02T04:10:00"`), event.BadTime, "reported_at"},
		{"time as number", report(`"reported_at":1772424600`), event.BadType, "reported_at"},
		{"day", report(`"payment":{"settlement_date":"2026-02-29"}`), event.BadTime, "payment.settlement_date"},
		{"ancient", strings.Replace(report(""), "2026-", "1969-", 1), event.BadTime, "occurred_at"},
		{"far", strings.Replace(report(""), "2026-", "2201-", 1), event.BadTime, "occurred_at"},
		{"future", strings.Replace(report(""), "04:10:00.000", "04:15:00.001", 1), event.Future, "occurred_at"},
		{"too large", report(`"narrative":"` + long + `"`), event.TooLarge, ""},
		{"paths too large", report(`"` + long[:5000] + `":{` + many(1000) + `}`), event.TooLarge, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := json.New(whole(codec.Options{}))
			batch, dead := d.Decode(records(report(""), c.doc, report("")))
			defer batch.Release()
			if batch.Rows != 2 || len(dead) != 1 {
				t.Fatalf("%d rows, dead %+v; want 2 rows and one dead letter", batch.Rows, dead)
			}
			l := dead[0]
			if l.Reason != c.reason || l.Field != c.field || l.Message == "" {
				t.Errorf("reason %s field %q message %q; want %s, %q", l.Reason, l.Field, l.Message, c.reason, c.field)
			}
			if l.Topic != "bank.reports" || l.Partition != 3 || l.Offset != 101 || l.Codec != "json" || string(l.Raw) != c.doc || l.Time != recordTime {
				t.Errorf("the letter does not say where it came from: %+v", l.Position)
			}
			if batch.Index[0] != 0 || batch.Index[1] != 2 || batch.Offset(1) != 102 {
				t.Errorf("rows came from %v", batch.Index)
			}
		})
	}
}

// many returns n members m0 to m(n-1).
func many(n int) string {
	var parts []string
	for i := range n {
		parts = append(parts, fmt.Sprintf(`"m%d":%d`, i, i))
	}
	return strings.Join(parts, ",")
}

func TestStrict(t *testing.T) {
	d := json.New(whole(codec.Options{Strict: true}))
	for doc, field := range map[string]string{
		report(`"colour":1`):                       "colour",
		report(`"debtor.account":"1"`):             "debtor.account",
		report(`"debtor":{"uid":"1"}`):             "debtor.uid",
		report(`"debtor":{"account_country":"x"}`): "debtor.account_country",
		report(`"payment":{"key":"1"}`):            "payment.key",
		report(`"base_amount":"1"`):                "base_amount",
		report(`"payment":{"a":null}`):             "payment.a",
	} {
		b, dead := d.Decode(records(doc))
		if len(dead) != 1 || dead[0].Reason != event.UnknownMember || dead[0].Field != field {
			t.Errorf("%s: %+v, want unknown_member %s", doc, dead, field)
		}
		b.Release()
	}
	b, dead := d.Decode(records(report(`"extra":{"colour":"red"}`)))
	if len(dead) != 0 || cell(b, "extra", 0) != "colour=red" {
		t.Errorf("members of extra are refused: %+v", dead)
	}
}

func TestValues(t *testing.T) {
	d := json.New(whole(codec.Options{ReporterCountry: "IN"}))
	for _, c := range []struct{ doc, column, want string }{
		{`"amount":"5300.00"`, "amount", "5300"},
		{`"amount":5300.25`, "amount", "5300.25"},
		{`"amount":99999999999999999999.999999999999999999`, "amount", "99999999999999999999.999999999999999999"},
		{`"amount":12345678901234567.89`, "amount", "12345678901234567.89"},
		{`"amount":null`, "amount", "-"},
		{`"amount":""`, "amount", "-"},
		{`"amount":"0000"`, "amount", "0"},
		{`"debtor":{"balance":"-12.5"}`, "debtor.balance", "-12.5"},
		{`"debtor":null`, "debtor.name", "-"},
		{`"debtor":{}`, "debtor.name", "-"},
		{`"layer":255`, "layer", "255"},
		{`"revision":4294967295`, "revision", "4294967295"},
		{`"debtor":{"lat":-89.5e0}`, "debtor.lat", "-89.5"},
		{`"category":"a\"\\\/\b\f\n\r\t\u00e9\ud83d\udd25z"`, "category", "a\"\\/\b\f\n\r\té🔥z"},
		{`"narrative":"é🔥"`, "narrative", "é🔥"},
		{`"c\u0061tegory":"x"`, "category", "x"},
		{`"category":"N/A"`, "category", "-"},
		{`"category":" n/a "`, "category", "-"},
		{`"category":"unknown"`, "category", "-"},
		{`"authorisation":"unknown"`, "authorisation", "unknown"},
		{`"reporter_country":""`, "reporter_country", "IN"},
		{`"reporter_country":"GB"`, "reporter_country", "GB"},
		{`"payment":{"end_to_end_id":"NOTPROVIDED"}`, "payment.end_to_end_id", "-"},
		{`"debtor":{"account":"0000-0000"}`, "debtor.account", "-"},
		{`"debtor":{"account":" -- "}`, "debtor.account", "-"},
		{`"debtor":{"phone":"+000000000"}`, "debtor.phone", "-"},
		{`"debtor":{"account":"000000000042"}`, "debtor.account", "000000000042"},
		{`"debtor":{"account":"gb52 hwba 0000 0000 0001 01","scheme":"iban"}`, "debtor.account", "GB52HWBA00000000000101"},
		{`"debtor":{"scheme":"iban","account":"gb52hwba0000-0000000101"}`, "debtor.account", "GB52HWBA00000000000101"},
		{`"debtor":{"account":"gb52hwba00000000000101"}`, "debtor.account", "GB52HWBA00000000000101"},
		{`"debtor":{"account":"12-34 56","scheme":"bban"}`, "debtor.account", "123456"},
		{`"debtor":{"account":"Asha-1@Bank","scheme":"upi"}`, "debtor.account", "asha-1@bank"},
		{`"debtor":{"account":"tok-1a","scheme":"card"}`, "debtor.account", "tok-1a"},
		{`"debtor":{"phone":"+91 (98765) 432-10"}`, "debtor.phone", "+919876543210"},
		{`"debtor":{"email":" Asha@Example.IN"}`, "debtor.email", "asha@example.in"},
		{`"reported_at":"2026-03-02T09:40:00.1239+05:30"`, "reported_at", "2026-03-02T04:10:00.123Z"},
		{`"reported_at":"2026-03-02t04:10:00z"`, "reported_at", "2026-03-02T04:10:00.000Z"},
		{`"debtor":{"opened_at":"1955-01-01T00:00:00Z"}`, "debtor.opened_at", "1955-01-01T00:00:00.000Z"},
		{`"payment":{"settlement_date":"1970-03-01"}`, "payment.settlement_date", "59"},
		{`"x":"a","y":1.50,"z":true,"n":null,"o":{"p":{"q":"r"}},"l":[1, {"a":[]}],"e":{}`, "extra", `x=a;y=1.50;z=true;o.p.q=r;l=[1, {"a":[]}]`},
		{`"debtor.account":"1","debtor":{"uid":"u","account_country":"GB","shoe":7},"payment":{"key":"k"},"base_amount":"3"`, "extra",
			"debtor.account=1;debtor.uid=u;debtor.account_country=GB;debtor.shoe=7;payment.key=k;base_amount=3"},
		{`"debtor.account":"1"`, "debtor.account", "-"},
		{`"extra":{"a":"b"},"c":"d"`, "extra", "a=b;c=d"},
		{" \"layer\" :\t3\r\n", "layer", "3"},
	} {
		b, dead := d.Decode(records(report(c.doc)))
		if len(dead) != 0 {
			t.Errorf("%s: %+v", c.doc, dead)
		} else if got := cell(b, c.column, 0); got != c.want {
			t.Errorf("%s: %s = %q, want %q", c.doc, c.column, got, c.want)
		}
		b.Release()
	}
	if n := d.Counters()["category"]; n != 3 {
		t.Errorf("%d placeholders in category, want 3", n)
	}
}

func TestConfigColumns(t *testing.T) {
	s, err := event.NewSchema(
		event.Column{Name: "branch", Type: event.Text, Path: "extra.branch"},
		event.Column{Name: "vip", Type: event.Bool},
		event.Column{Name: "score.risk", Type: event.Decimal, Path: "risk.score"},
		event.Column{Name: "debtor.shoe", Type: event.Uint})
	if err != nil {
		t.Fatal(err)
	}
	d := json.New(whole(codec.Options{Schema: s, Strict: true}))
	for _, doc := range []string{`"branch":"B1"`, `"extra":{"branch":"B1"}`} {
		b, dead := d.Decode(records(report(doc + `,"vip":true,"risk":{"score":0.5},"debtor":{"shoe":44}`)))
		if len(dead) != 0 {
			t.Fatalf("%s: %+v", doc, dead)
		}
		got := cell(b, "branch", 0) + cell(b, "vip", 0) + cell(b, "score.risk", 0) + cell(b, "debtor.shoe", 0)
		if got != "B1true0.544" {
			t.Errorf("%s: %s", doc, got)
		}
		b.Release()
	}
	_, dead := d.Decode(records(report(`"branch":"B1","extra":{"branch":"B2"}`), report(`"vip":1`), report(`"vip":"yes"`)))
	if len(dead) != 3 || dead[0].Reason != event.DuplicateMember || dead[1].Reason != event.BadType || dead[2].Reason != event.BadType {
		t.Errorf("%+v", dead)
	}
}
