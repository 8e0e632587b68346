package taxii_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/party/taxii"
)

// FuzzRequest feeds any path, query and headers to a handler: it must answer
// with JSON in one of its statuses, and never with another party's objects.
func FuzzRequest(f *testing.F) {
	w := newWorld(f, nil)
	w.publish(f, message(f, "status_request", 1))
	theirs := message(f, "status_request", 2)
	theirs.Head().Recipient.PartyID, theirs.Head().Recipient.Name = "AE-FIU", "not for GB"
	w.publish(f, theirs)
	next := w.page(f, inTest("objects/?limit=1")).Next
	for _, path := range []string{"/taxii2/", root, inTest("objects/"), inTest("manifest/"), inTest("objects/x/versions/"), root + "collections/AE-FIU-test/objects/", "/taxii2/freeze/../x"} {
		for _, query := range []string{"", "limit=1&next=" + next, "match[version]=all,first,2026-03-02T04:00:00Z&match[id]=a,b&added_after=2026-01-01T00:00:00.1Z", "%"} {
			f.Add("GET", path, query, taxii.MediaType)
		}
	}
	f.Add("POST", inTest("objects/"), "", "*/*")
	f.Add("DELETE", inTest("objects/x/"), "", "application/taxii+json;version=2.1;q=1")
	f.Fuzz(func(t *testing.T, method, path, query, accept string) {
		r, err := http.NewRequest("GET", "/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
		r.SetBasicAuth("gb", gbSecret)
		r.Header.Set("Accept", accept)
		out := &answer{header: http.Header{}}
		w.handler.ServeHTTP(out, r)
		if !strings.Contains(" 0 200 400 403 404 405 406 ", fmt.Sprintf(" %d ", out.status)) || !json.Valid([]byte(out.body.String())) {
			t.Fatalf("%d %s", out.status, out.body.String())
		}
		if strings.Contains(out.body.String(), "not for GB") {
			t.Fatal("another party's object")
		}
	})
}

// answer is a writer of which the status is 0 until it is set.
type answer struct {
	header http.Header
	status int
	body   strings.Builder
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
