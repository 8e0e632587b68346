package taxii

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
)

const (
	// maxQuery bounds the text of a query, 16 KiB.
	maxQuery = 16 << 10
	// maxValues bounds the values of one filter.
	maxValues = 100
	// cursorSize is eight bytes of microseconds and eight of the filters' digest.
	cursorSize = 16
)

// asked is a query and what of it a cursor must agree with.
type asked struct {
	shelf.Query
	filters [8]byte
}

// parseQuery reads the filters of TAXII 2.1 (3.4); route says which of them
// count. Members of the query that it does not know are ignored.
func parseQuery(raw string, r route, page int) (asked, error) {
	out := asked{Query: shelf.Query{Limit: page, Bytes: maxPageBytes}}
	if len(raw) > maxQuery {
		return out, errors.New("the query is too long")
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return out, errors.New("the query is malformed")
	}
	p := &params{values: values}
	switch r.kind {
	case objectKind, versionsKind:
		out.IDs = []string{r.object}
	default:
		out.IDs, out.Types = p.list("match[id]"), p.list("match[type]")
	}
	out.Specs = p.list("match[spec_version]")
	versions := p.list("match[version]")
	if r.kind == versionsKind {
		versions = []string{"all"}
	}
	out.Versions = p.versions(versions)
	out.filters = digestOf(r.kind, out.IDs, out.Types, out.Specs, versions)
	out.After = p.time("added_after")
	out.Limit = p.limit(page)
	if after := p.cursor(out.filters); after.After(out.After) {
		out.After = after
	}
	return out, p.err
}

// params reads values and keeps the first error.
type params struct {
	values url.Values
	err    error
}

func (p *params) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// one returns the only value of a parameter, "" where there is none.
func (p *params) one(name string) string {
	v := p.values[name]
	if len(v) > 1 {
		p.fail("%s is there more than once", name)
	}
	if len(v) == 0 {
		return ""
	}
	if v[0] == "" {
		p.fail("%s is empty", name)
	}
	return v[0]
}

func (p *params) list(name string) []string {
	v := p.one(name)
	if v == "" {
		return nil
	}
	list := strings.Split(v, ",")
	if len(list) > maxValues {
		p.fail("%s has more than %d values", name, maxValues)
		return nil
	}
	return list
}

func (p *params) versions(list []string) shelf.Versions {
	var out shelf.Versions
	for _, v := range list {
		switch v {
		case "all":
			out.All = true
		case "first":
			out.First = true
		case "last":
			out.Last = true
		default:
			t, err := time.Parse(time.RFC3339Nano, v)
			if err != nil {
				p.fail("match[version]: want first, last, all or timestamps")
				return out
			}
			out.At = append(out.At, t)
		}
	}
	return out
}

func (p *params) time(name string) time.Time {
	v := p.one(name)
	if v == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		p.fail("%s: want a timestamp", name)
	}
	return t
}

// limit returns the page length that is asked for, as far as we give it.
func (p *params) limit(most int) int {
	v := p.one("limit")
	if v == "" {
		return most
	}
	n, err := strconv.ParseUint(v, 10, 63)
	if err != nil || n == 0 {
		p.fail("limit: want a whole number from 1")
		return most
	}
	return int(min(n, uint64(most)))
}

// cursor returns the moment in next.
func (p *params) cursor(filters [8]byte) time.Time {
	v := p.one("next")
	if v == "" {
		return time.Time{}
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(v)
	if err != nil || len(b) != cursorSize {
		p.fail("next: is none of ours")
		return time.Time{}
	}
	if [8]byte(b[8:]) != filters {
		p.fail("next: belongs to other filters")
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()
}

// nextOf returns the cursor behind an entry that was added at that moment.
func nextOf(added time.Time, filters [8]byte) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(added.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, filters[:]...))
}

func digestOf(kind string, lists ...[]string) [8]byte {
	h := sha256.New()
	_, _ = h.Write([]byte(kind)) // a hash takes everything
	for _, l := range lists {
		_, _ = fmt.Fprintf(h, "%q", l)
	}
	return [8]byte(h.Sum(nil))
}
