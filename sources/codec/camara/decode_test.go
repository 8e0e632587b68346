package camara_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/haltwire/haltwire/pipeline"
	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
	"github.com/haltwire/haltwire/sources/codec/camara"
)

var _ pipeline.Decoder = (*camara.Decoder)(nil)

// recordTime is 2026-03-02T04:10:00Z.
const recordTime = 1772424600000

func records(docs ...string) *event.Records {
	r := &event.Records{Topic: "telecom.camara", Partition: 3, Codec: camara.Name}
	for i, d := range docs {
		r.Offsets = append(r.Offsets, int64(100+i))
		r.Times = append(r.Times, recordTime)
		r.Values = append(r.Values, []byte(d))
	}
	return r
}

func options(change func(*camara.Options)) camara.Options {
	o := camara.Options{Options: codec.Options{Schema: event.Default(), ReporterCountry: "IN"}}
	if change != nil {
		change(&o)
	}
	o.Project = o.Schema.Whole()
	return o
}

// swap returns a SIM swap event with another data.
func swap(data string) string {
	return `{"id":"E1","source":"https://operator.example/events","specversion":"1.0","type":"org.camaraproject.sim-swap-subscriptions.v0.swapped",` +
		`"datacontenttype":"application/json","time":"2026-03-02T03:52:00Z","data":` + data + `}`
}

const whole = `{"phoneNumber":"+910000000001","subscriptionId":"S-1"}`

// row returns the values of a row as "column=value", those of the topic left out.
func row(b *event.Batch, r int) string {
	var out []string
	for i := range b.Columns {
		v := &b.Columns[i]
		if !v.Has(r) {
			continue
		}
		name := b.Schema.Columns[i].Name
		switch v.Type {
		case event.Time:
			out = append(out, name+"="+event.FormatTime(v.I64[r]))
		case event.Symbol, event.Text:
			out = append(out, name+"="+v.String(r))
		case event.Map:
			for at := int(v.Off[r]); at < int(v.Off[r+1]); at++ {
				out = append(out, fmt.Sprintf("extra.%s=%s", v.Keys.Text(at), v.Vals.Text(at)))
			}
		case event.Uint:
			out = append(out, fmt.Sprintf("%s=%d", name, v.U32[r]))
		}
	}
	return strings.Join(out, " ")
}

func TestEventBecomesReport(t *testing.T) {
	subs, err := camara.ReadSubscriptions([]byte("subscription_id,phone,from,until\nS-1,+910000000001,2026-01-01T00:00:00Z,2026-03-02T03:52:00Z\nS-1,+910000000002,2026-03-02T03:52:00Z,\n"))
	if err != nil {
		t.Fatal(err)
	}
	const head = "report_id=E1 reporter=https://operator.example/events reporter_country=IN "
	for name, c := range map[string]struct {
		doc, want string
		change    func(*camara.Options)
	}{
		"SIM swap": {swap(whole), head + "kind=telecom.sim_swap occurred_at=2026-03-02T03:52:00.000Z subscriber.phone=+910000000001 subscriber.subscription_id=S-1", nil},
		"without a number": {
			swap(`{"subscriptionId":"S-1"}`), head + "kind=telecom.sim_swap occurred_at=2026-03-02T03:52:00.000Z subscriber.phone=+910000000002 subscriber.subscription_id=S-1",
			func(o *camara.Options) { o.Subscriptions = subs },
		},
		"number of a device": {
			swap(`{"device":{"phoneNumber":"+910000000001","ipv4Address":{"publicAddress":"192.0.2.1"}},"subscriptionId":"S-1"}`),
			head + `kind=telecom.sim_swap occurred_at=2026-03-02T03:52:00.000Z subscriber.phone=+910000000001 subscriber.subscription_id=S-1 extra.data.device.ipv4Address={"publicAddress":"192.0.2.1"}`, nil,
		},
		"reporter by the config": {
			swap(whole), "report_id=E1 reporter=OPERATOR-1 reporter_country=IN kind=telecom.sim_swap occurred_at=2026-03-02T03:52:00.000Z subscriber.phone=+910000000001 subscriber.subscription_id=S-1 extra.source=https://operator.example/events",
			func(o *camara.Options) { o.Reporter = "OPERATOR-1" },
		},
		"device swap": {
			strings.Replace(swap(whole), "sim-swap-subscriptions.v0", "device-swap-subscriptions.v1", 1),
			head + "kind=telecom.device_change occurred_at=2026-03-02T03:52:00.000Z subscriber.phone=+910000000001 subscriber.subscription_id=S-1", nil,
		},
		"call forwarding": {
			strings.Replace(swap(whole), "sim-swap-subscriptions.v0.swapped", "call-forwarding-signal-subscriptions.v0.unconditional-call-forwarding-activated", 1),
			head + "kind=telecom.call_forwarding occurred_at=2026-03-02T03:52:00.000Z subscriber.phone=+910000000001 subscriber.subscription_id=S-1 forward_kind=unconditional", nil,
		},
		"extensions": {
			strings.Replace(swap(whole), `"id":"E1"`, `"id":"E1","traceparent":"00-1","xcount":7,"xnone":null`, 1),
			head + "kind=telecom.sim_swap occurred_at=2026-03-02T03:52:00.000Z subscriber.phone=+910000000001 subscriber.subscription_id=S-1 extra.traceparent=00-1 extra.xcount=7", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, dead := camara.New(options(c.change)).Decode(records(c.doc))
			if len(dead) > 0 {
				t.Fatalf("dead: %+v", dead[0])
			}
			if got := row(b, 0); !same(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			b.Release()
		})
	}
}

// same compares rows without the order of columns.
func same(got, want string) bool {
	a, b := map[string]bool{}, map[string]bool{}
	for _, x := range strings.Fields(got) {
		if !strings.HasPrefix(x, "revision=") {
			a[x] = true
		}
	}
	for _, x := range strings.Fields(want) {
		b[x] = true
	}
	if len(a) != len(b) {
		return false
	}
	for x := range a {
		if !b[x] {
			return false
		}
	}
	return true
}

func TestBadEventHarmsItselfOnly(t *testing.T) {
	for name, c := range map[string]struct {
		doc    string
		reason event.Reason
		field  string
	}{
		"empty":                 {"", event.Syntax, ""},
		"no JSON":               {"{", event.Syntax, ""},
		"array":                 {"[]", event.Syntax, ""},
		"bytes behind it":       {swap(whole) + "x", event.Syntax, ""},
		"second event":          {swap(whole) + swap(whole), event.Syntax, ""},
		"UTF-8":                 {swap("{\"phoneNumber\":\"\xff\"}"), event.UTF8, ""},
		"no CloudEvent":         {strings.Replace(swap(whole), `"specversion":"1.0",`, "", 1), event.Syntax, "specversion"},
		"member twice":          {strings.Replace(swap(whole), `"id":"E1"`, `"id":"E1","id":"E2"`, 1), event.DuplicateMember, "id"},
		"member of data twice":  {swap(`{"phoneNumber":"+910000000001","phoneNumber":"+910000000002"}`), event.DuplicateMember, "data.phoneNumber"},
		"no id":                 {strings.Replace(swap(whole), `"id":"E1",`, "", 1), event.MissingField, "report_id"},
		"id is a number":        {strings.Replace(swap(whole), `"id":"E1"`, `"id":1`, 1), event.BadType, "id"},
		"no time":               {strings.Replace(swap(whole), `"time":"2026-03-02T03:52:00Z",`, "", 1), event.MissingField, "occurred_at"},
		"time without a zone":   {strings.Replace(swap(whole), "03:52:00Z", "03:52:00", 1), event.BadTime, "occurred_at"},
		"time ahead":            {strings.Replace(swap(whole), "2026-03-02", "2026-03-03", 1), event.Future, "occurred_at"},
		"another API":           {strings.Replace(swap(whole), "sim-swap-subscriptions", "roaming", 1), event.BadCode, "type"},
		"end of a subscription": {strings.Replace(swap(whole), "v0.swapped", "v0.subscription-ended", 1), event.BadCode, "type"},
		"no number":             {swap(`{"subscriptionId":"S-2"}`), event.MissingPhone, "data.phoneNumber"},
		"no data":               {strings.Replace(swap(whole), `,"data":`+whole, "", 1), event.MissingPhone, "data.phoneNumber"},
		"data is a list":        {swap("[]"), event.Syntax, "data."},
		"number is none":        {swap(`{"phoneNumber":"12"}`), event.BadType, "subscriber.phone"},
		"binary data":           {strings.Replace(swap(whole), `"data":`+whole, `"data_base64":"AAE="`, 1), event.Syntax, "data"},
		"too large":             {swap(`{"x":"` + strings.Repeat("x", event.MaxRecord) + `"}`), event.TooLarge, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b, dead := camara.New(options(nil)).Decode(records(swap(whole), c.doc, strings.Replace(swap(whole), "E1", "E3", 1)))
			defer b.Release()
			if b.Rows != 2 || len(dead) != 1 {
				t.Fatalf("%d rows and %d dead letters, want 2 and 1: %+v", b.Rows, len(dead), dead)
			}
			if d := dead[0]; d.Reason != c.reason || d.Field != c.field || d.Offset != 101 || d.Codec != "camara" || string(d.Raw) != c.doc || d.Message == "" {
				t.Errorf("got %s %q at %d by %s: %s", d.Reason, d.Field, d.Offset, d.Codec, d.Message)
			}
		})
	}
}

// TestAcceptanceDoesNotDependOnTheProjection decodes mutated events with all columns
// and with the fewest.
func TestAcceptanceDoesNotDependOnTheProjection(t *testing.T) {
	wide := options(nil)
	narrow := wide
	narrow.Project = make([]bool, len(wide.Schema.Columns))
	a, b := camara.New(wide), camara.New(narrow)
	rapid.Check(t, func(rt *rapid.T) {
		doc := []byte(swap(whole))
		for range rapid.IntRange(0, 3).Draw(rt, "mutations") {
			at := rapid.IntRange(0, len(doc)-1).Draw(rt, "at")
			doc[at] = rapid.SampledFrom([]byte(`{}[]",:0a+Z`)).Draw(rt, "byte")
		}
		x, deadX := a.Decode(records(string(doc)))
		y, deadY := b.Decode(records(string(doc)))
		defer x.Release()
		defer y.Release()
		if x.Rows != y.Rows || len(deadX) != len(deadY) || x.Rows+len(deadX) != 1 {
			rt.Fatalf("%s: %d rows, %d dead with all columns; %d, %d with the fewest", doc, x.Rows, len(deadX), y.Rows, len(deadY))
		}
	})
}

func TestColumnOfTheConfig(t *testing.T) {
	schema, err := event.NewSchema(event.Column{Name: "cause", Type: event.Text, Path: "data.cause"}, event.Column{Name: "swaps", Type: event.Uint, Path: "extra.data.swaps"})
	if err != nil {
		t.Fatal(err)
	}
	b, dead := camara.New(options(func(o *camara.Options) { o.Schema = schema })).Decode(records(swap(`{"phoneNumber":"+910000000001","cause":"lost","swaps":3}`)))
	if len(dead) > 0 {
		t.Fatalf("dead: %+v", dead[0])
	}
	defer b.Release()
	if got := row(b, 0); !strings.Contains(got, "cause=lost") || !strings.Contains(got, "swaps=3") || strings.Contains(got, "extra.") {
		t.Errorf("row %s", got)
	}
}

// FuzzDecode wants a row or a dead letter of everything, and a row of valid JSON
// alone.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(swap(whole)))
	f.Add([]byte(swap(`{"device":{"phoneNumber":"+910000000001"}}`)))
	f.Fuzz(func(t *testing.T, doc []byte) {
		b, dead := camara.New(options(nil)).Decode(records(string(doc)))
		defer b.Release()
		if b.Rows+len(dead) != 1 || b.Rows == 1 && !json.Valid(doc) {
			t.Errorf("%d rows, %d dead letters", b.Rows, len(dead))
		}
	})
}
