package camara

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/haltwire/haltwire/pipeline/event"
	"github.com/haltwire/haltwire/sources/codec"
)

// Name is the codec's name in the config and in dead letters.
const Name = "camara"

// Options are what a decoder needs beyond those of every codec.
type Options struct {
	codec.Options
	Reporter      string         // of every report; "" = the source of the event
	Subscriptions *Subscriptions // nil = none
}

// Decoder decodes runs of CAMARA events. One goroutine uses it; its batches may be
// released by any.
type Decoder struct {
	opt Options
	b   *codec.Builder
	at  columns
	// more are the columns that the config added, by their path.
	more map[string]int
	kept map[string]bool // paths in extra, of the record in hand
}

// columns are the places of what an event fills.
type columns struct{ id, reporter, kind, occurred, phone, subscription, forward int }

// New returns a decoder for o.
func New(o Options) *Decoder {
	s := o.Schema
	return &Decoder{opt: o, b: codec.NewBuilder(o.Options), at: columns{
		id: s.Must("report_id"), reporter: s.Must("reporter"), kind: s.Must("kind"), occurred: s.Must("occurred_at"),
		phone: s.Must("subscriber.phone"), subscription: s.Must("subscriber.subscription_id"), forward: s.Must("forward_kind"),
	}, more: added(s), kept: map[string]bool{}}
}

// added returns the columns that have a path of their own. A path extra.NAME is
// also NAME.
func added(s *event.Schema) map[string]int {
	out := map[string]int{}
	for i, c := range s.Columns {
		if c.Path != "" {
			out[strings.TrimPrefix(c.Path, "extra.")] = i
		}
	}
	return out
}

// Counters returns how many placeholders became missing, by column. Any goroutine
// may call it.
func (d *Decoder) Counters() map[string]uint64 { return d.b.Counters() }

// Decode returns one batch over recs, with the projected columns only, and the
// records that could not be used. The batch keeps recs until it is released; dead
// letters share the memory of recs' values.
func (d *Decoder) Decode(recs *event.Records) (*event.Batch, []event.Dead) {
	var dead []event.Dead
	d.b.Begin(recs)
	for i, raw := range recs.Values {
		d.b.Row()
		bad := d.record(raw)
		if bad == nil {
			bad = d.b.End(i)
		}
		if bad != nil {
			d.b.Drop()
			dead = append(dead, d.b.Dead(i, Name, bad))
		}
	}
	return d.b.Finish(), dead
}

// notice is one event, taken apart.
type notice struct {
	spec, id, source, kind, at, phone, subscription string
	forward                                         string
}

func (d *Decoder) record(raw []byte) *codec.Defect {
	switch {
	case len(raw) > event.MaxRecord:
		return codec.Refuse(event.TooLarge, "", "the record has more than %d bytes", event.MaxRecord)
	case len(raw) == 0:
		return codec.Refuse(event.Syntax, "", "the record is empty; every record is one event")
	case !utf8.Valid(raw):
		return codec.Refuse(event.UTF8, "", "the record is not UTF-8")
	}
	var n notice
	clear(d.kept)
	if bad := d.members("", raw, func(path string, value json.RawMessage) *codec.Defect { return d.top(&n, path, value) }); bad != nil {
		return bad
	}
	return d.report(&n)
}

// members walks the members of an object and reports what visit refuses, a member
// that stands twice, and bytes that are no object.
func (d *Decoder) members(prefix string, raw []byte, visit func(path string, value json.RawMessage) *codec.Defect) *codec.Defect {
	dec := json.NewDecoder(bytes.NewReader(raw))
	seen := map[string]bool{}
	first, err := dec.Token()
	if err != nil || first != json.Delim('{') {
		return codec.Refuse(event.Syntax, prefix, "not a JSON object; send CloudEvents 1.0, one a record")
	}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return syntax(err)
		}
		name, _ := token.(string) // the decoder has seen that it is one
		path := prefix + name
		if seen[name] {
			return codec.Refuse(event.DuplicateMember, path, "%s stands twice; readers would choose differently, send it once", path)
		}
		seen[name] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return syntax(err)
		}
		if bad := visit(path, value); bad != nil {
			return bad
		}
	}
	if _, err := dec.Token(); err != nil {
		return syntax(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return codec.Refuse(event.Syntax, "", "bytes follow the end of the event; send one event a record")
	}
	return nil
}

func syntax(err error) *codec.Defect {
	return codec.Refuse(event.Syntax, "", "not JSON: %s", err)
}

// top takes in a member of the CloudEvent.
func (d *Decoder) top(n *notice, path string, value json.RawMessage) *codec.Defect {
	switch path {
	case "specversion":
		return text(&n.spec, path, value)
	case "id":
		return text(&n.id, path, value)
	case "source":
		return text(&n.source, path, value)
	case "type":
		return text(&n.kind, path, value)
	case "time":
		return text(&n.at, path, value)
	case "datacontenttype":
		return nil
	case "data_base64":
		return codec.Refuse(event.Syntax, "data", "the data of the event is no JSON object")
	case "data":
		return d.members("data.", value, func(path string, value json.RawMessage) *codec.Defect { return d.data(n, path, value) })
	}
	return d.other(path, value)
}

// data takes in a member of the event's data.
func (d *Decoder) data(n *notice, path string, value json.RawMessage) *codec.Defect {
	switch path {
	case "data.phoneNumber":
		return text(&n.phone, path, value)
	case "data.subscriptionId":
		return text(&n.subscription, path, value)
	case "data.callForwardingType":
		return text(&n.forward, path, value)
	case "data.device":
		return d.members("data.device.", value, func(path string, value json.RawMessage) *codec.Defect {
			if path == "data.device.phoneNumber" && n.phone == "" {
				return text(&n.phone, path, value)
			}
			return d.other(path, value)
		})
	}
	return d.other(path, value)
}

// text reads a string; null is none.
func text(into *string, path string, value json.RawMessage) *codec.Defect {
	if json.Unmarshal(value, into) != nil {
		return codec.Refuse(event.BadType, path, "%s is no string", path)
	}
	return nil
}

// other keeps a member that means nothing here: in the column that the config has
// for it, else in extra. null is none.
func (d *Decoder) other(path string, value json.RawMessage) *codec.Defect {
	if string(value) == "null" {
		return nil
	}
	var text string
	isText := json.Unmarshal(value, &text) == nil
	if c, ok := d.more[path]; ok {
		return d.column(c, path, value, text, isText)
	}
	if d.kept[path] {
		return codec.Refuse(event.DuplicateMember, path, "%s stands twice; readers would choose differently, send it once", path)
	}
	d.kept[path] = true
	if !isText {
		text = string(value)
	}
	d.b.Extra([]byte(path), []byte(text))
	return nil
}

func (d *Decoder) column(c int, path string, value json.RawMessage, text string, isText bool) *codec.Defect {
	switch first := value[0]; {
	case isText:
		return d.b.Text(c, []byte(text))
	case first == '-' || first-'0' < 10:
		return d.b.Number(c, value)
	case first == 't' || first == 'f':
		return d.b.Flag(c, first == 't')
	}
	return codec.Refuse(event.BadType, path, "%s is an object or array; it has a single value", path)
}

// report fills the columns.
func (d *Decoder) report(n *notice) *codec.Defect {
	if n.spec != "1.0" {
		return codec.Refuse(event.Syntax, "specversion", "specversion is %q; want a CloudEvent 1.0", n.spec)
	}
	kind := Kind(n.kind)
	if kind == "" {
		return codec.Refuse(event.BadCode, "type", "type %q is no SIM swap, device swap or call forwarding; when it says that a subscription ended, subscribe again", n.kind)
	}
	if n.phone == "" {
		at, err := time.Parse(time.RFC3339, n.at)
		if err == nil {
			n.phone = d.opt.Subscriptions.Phone(n.subscription, at.UnixMilli())
		}
	}
	if n.phone == "" {
		return codec.Refuse(event.MissingPhone, "data.phoneNumber", "the event has no phone number and subscription %q is not in the table of subscriptions; add it there and replay", n.subscription)
	}
	reporter := n.source
	if d.opt.Reporter != "" {
		reporter = d.opt.Reporter
		if n.source != "" {
			d.b.Extra([]byte("source"), []byte(n.source))
		}
	}
	if kind == "telecom.call_forwarding" && n.forward == "" {
		n.forward = forwarding(n.kind)
	}
	for _, v := range []struct {
		column int
		text   string
	}{
		{d.at.id, n.id}, {d.at.reporter, reporter}, {d.at.kind, kind}, {d.at.occurred, n.at}, {d.at.phone, n.phone},
		{d.at.subscription, n.subscription}, {d.at.forward, n.forward},
	} {
		if v.text == "" {
			continue
		}
		if bad := d.b.Text(v.column, []byte(v.text)); bad != nil {
			return bad
		}
	}
	return nil
}
