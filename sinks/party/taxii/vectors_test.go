//go:build vectors

package taxii_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/party/taxii"
	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
	"github.com/haltwire/haltwire/sinks/party/taxii/stix"
)

// TestVectorClient lets taxii2-client read everything that there is.
func TestVectorClient(t *testing.T) {
	w := newWorld(t, nil)
	for n, name := range []string{"request", "amendment", "confirmation", "status_request", "extension_request", "lift_request", "consent_request",
		"info_response", "outcome", "outcome-refused", "consent_response", "feedback", "withdrawal"} {
		w.publish(t, message(t, name, uint32(n+1)))
	}
	server := httptest.NewServer(w.handler)
	defer server.Close()
	run := exec.Command(os.Getenv("HALTWIRE_PYTHON"), "testdata/read.py", server.URL+taxii.Path, "gb", gbSecret, "10")
	run.Stderr = os.Stderr
	out, err := run.Output()
	if err != nil {
		t.Fatalf("set HALTWIRE_PYTHON to a Python with taxii2-client (make vectors does): %v\n%s", err, out)
	}
	var found struct {
		Title, Default string
		Collections    []struct {
			ID                                          string
			Pages                                       int
			Objects, Records, Dates, Recorded, Filtered []string
			Versions                                    map[string][]string
		}
	}
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if found.Title != "Freeze desk of IN" || found.Default != found.Title || len(found.Collections) != 2 || len(found.Collections[0].Objects) > 0 {
		t.Fatalf("%+v", found)
	}
	c := found.Collections[1]
	all := w.page(t, inTest("objects/?match[version]=all"))
	var want []string
	for _, o := range all.Objects {
		want = append(want, o.ID)
	}
	if c.ID != taxii.CollectionID("GB-FIU", "test") || c.Pages != (len(want)+9)/10 {
		t.Errorf("%s in %d pages", c.ID, c.Pages)
	}
	same(t, c.Objects, want...)
	same(t, c.Records, want...)
	if !slices.IsSorted(c.Dates) || len(slices.Compact(c.Dates)) != len(want) {
		t.Error("dates of addition do not grow")
	}
	same(t, c.Filtered, stix.ReportID("test", alert, 0))
	if n := len(c.Versions[c.Filtered[0]]); n != 4 {
		t.Errorf("%d versions of the report", n)
	}
}

// medallion is a collection of the reference server's test data on our shelf.
func medallion(t *testing.T) *world {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(os.Getenv("HALTWIRE_VECTORS"), "taxii", "medallion", "default_data.json"))
	if err != nil {
		t.Fatal("set HALTWIRE_VECTORS to the folder of vectors: ", err)
	}
	var tree map[string]json.RawMessage
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	var group struct {
		Collections []struct {
			ID       string
			Objects  []json.RawMessage
			Manifest []record
		}
	}
	if err := json.Unmarshal(tree["trustgroup1"], &group); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, nil)
	for _, c := range group.Collections {
		if c.ID == "91a7b528-80eb-42ed-a74d-c6fbd5a26116" {
			w.fill(t, c.Objects, c.Manifest)
			return w
		}
	}
	t.Fatal("the collection is not there")
	return nil
}

// record says when a version was added.
type record struct {
	ID        string
	Version   time.Time
	DateAdded time.Time `json:"date_added"`
}

// fill puts objects on the shelf in the order of a manifest.
func (w *world) fill(t *testing.T, objects []json.RawMessage, manifest []record) {
	t.Helper()
	var entries []shelf.Entry
	for _, raw := range objects {
		var m struct {
			Type, ID          string
			SpecVersion       string `json:"spec_version"`
			Created, Modified time.Time
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		e := shelf.Entry{ID: m.ID, Type: m.Type, Spec: m.SpecVersion, Version: m.Modified, Created: m.Created, Body: raw}
		if e.Spec == "" {
			e.Spec = "2.0"
		}
		if e.Version.IsZero() {
			e.Version = e.Created
		}
		at := slices.IndexFunc(manifest, func(r record) bool { return r.ID == e.ID && r.Version.Equal(e.Version) })
		if at < 0 {
			t.Fatalf("%s is not in the manifest", e.ID)
		}
		e.Added = manifest[at].DateAdded
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b shelf.Entry) int {
		return cmp.Or(a.Added.Compare(b.Added), a.Version.Compare(b.Version))
	})
	for _, e := range entries {
		if err := w.store.Append(context.Background(), taxii.CollectionID("GB-FIU", "test"), e.Added, []shelf.Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	malware   = "malware--c0931cc6-c75e-47e5-9036-78fabc95d4ec"
	indicator = "indicator--6770298f-0fd8-471a-ab8c-1c658a46574e"
	relation  = "relationship--2f9a9aa9-108a-4333-83e2-4fb25add0463"
)

// TestVectorMedallion asks what medallion's tests of reading ask, and expects
// what they expect.
func TestVectorMedallion(t *testing.T) {
	w := medallion(t)
	for _, c := range []struct {
		path  string
		n     int
		has   string
		first string
	}{
		{"objects/", 5, relation, "2014-05-08T09:00:00.000000Z"},
		{"objects/?added_after=2016-11-03T12:30:59Z", 3, "", ""},
		{"objects/?match[id]=" + malware, 1, malware, ""},
		{"objects/?match[type]=indicator", 2, indicator, ""},
		{"objects/?match[version]=2016-12-25T12:30:59.444Z", 1, indicator, ""},
		{"objects/?match[version]=first", 5, `"modified": "2016-11-03T12:30:59.000Z"`, ""},
		{"objects/?match[version]=last", 5, `"modified": "2017-01-27T13:49:53.935Z"`, ""},
		{"objects/?match[version]=all", 7, "", ""},
		{"objects/?match[spec_version]=2.0", 1, malware, ""},
		{"objects/?match[spec_version]=2.0,2.1", 5, "2018-02-23T18:30:00.000Z", ""},
		{"objects/?match[spec_version]=2.1", 5, "", ""},
		{"objects/?match[type]=indicator&match[version]=2017-01-27T13:49:53.935Z", 1, indicator, ""},
		{"objects/" + malware + "/", 1, malware, "2017-01-27T13:49:59.997000Z"},
		{"objects/" + malware + "?added_after=2018-01-27T13:49:59.997000Z", 0, "{}", ""},
		{"objects/" + malware + "?added_after=2017-01-27T13:49:59Z", 1, malware, ""},
		{"objects/" + malware + "?match[spec_version]=2.0", 1, "2018-02-23T18:30:00.000Z", ""},
		{"objects/" + malware + "?match[spec_version]=2.0,2.1", 1, "2018-02-23T18:30:00.000Z", ""},
		{"objects/" + indicator + "?limit=1", 1, "", "2017-12-31T13:49:53.935000Z"},
		{"objects/" + indicator + "?match[version]=all", 3, "", ""},
		{"objects/" + indicator + "?match[version]=first", 1, `"modified": "2016-11-03T12:30:59.000Z"`, ""},
		{"manifest/", 5, "", "2014-05-08T09:00:00.000000Z"},
		{"manifest/?added_after=2017-01-20T00:00:00.000Z", 2, "", ""},
		{"manifest/?match[id]=" + malware, 1, malware, ""},
		{"manifest/?match[type]=indicator", 2, indicator, ""},
		{"manifest/?match[version]=2016-12-25T12:30:59.444Z", 1, `"version":"2016-12-25T12:30:59.444Z"`, ""},
		{"manifest/?match[version]=first", 5, `"version":"2016-11-03T12:30:59.000Z"`, ""},
		{"manifest/?match[version]=last", 5, `"version":"2017-01-27T13:49:53.935Z"`, ""},
		{"manifest/?match[version]=all", 7, "", ""},
		{"manifest/?match[spec_version]=2.0", 1, `"media_type":"application/stix+json;version=2.0"`, ""},
		{"manifest/?match[spec_version]=2.0,2.1", 5, `"version":"2018-02-23T18:30:00.000Z"`, ""},
		{"objects/" + relation + "/versions", 1, "", "2014-05-08T09:00:00.000000Z"},
		{"objects/" + relation + "/versions?added_after=2014-05-08T09:00:00Z", 0, "{}", ""},
		{"objects/" + relation + "/versions?added_after=2014-05-08T08:00:00Z", 1, "", ""},
		{"objects/" + malware + "/versions?match[spec_version]=2.0", 1, "2018-02-23T18:30:00.000Z", ""},
		{"objects/" + malware + "/versions?match[spec_version]=2.1", 1, "2017-01-27T13:49:53.997Z", ""},
		{"objects/" + malware + "/versions?match[spec_version]=2.0,2.1", 2, "", ""},
	} {
		r := w.get(inTest(c.path))
		e := decode(t, r)
		if n := len(e.Objects) + len(e.Versions); n != c.n || e.More || !strings.Contains(e.raw, c.has) {
			t.Errorf("%s: %d, more %v\n%s", c.path, n, e.More, e.raw)
		}
		if got := r.Header().Get("X-TAXII-Date-Added-First"); c.first != "" && got != c.first {
			t.Errorf("%s: first added %s, want %s", c.path, got, c.first)
		}
	}
}

// TestVectorMedallionPages walks as its tests of limits do.
func TestVectorMedallionPages(t *testing.T) {
	w := medallion(t)
	for path, want := range map[string][]int{
		"objects/?limit=3":  {3, 2},
		"manifest/?limit=2": {2, 2, 1},
		"objects/" + indicator + "?match[version]=all&limit=2": {2, 1},
		"objects/" + indicator + "/versions?limit=1":           {1, 1, 1},
	} {
		var got []int
		next := ""
		for len(got) < 9 {
			e := w.page(t, inTest(path+next))
			got = append(got, len(e.Objects)+len(e.Versions))
			if !e.More {
				break
			}
			next = "&next=" + e.Next
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: pages of %v, want %v", path, got, want)
		}
	}
}
