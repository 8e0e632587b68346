package taxii

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
)

// MediaType is the only form in which we answer.
const MediaType = "application/taxii+json;version=2.1"

const (
	addedFirst = "X-TAXII-Date-Added-First"
	addedLast  = "X-TAXII-Date-Added-Last"
)

// discovery is the discovery resource (TAXII 2.1, 4.1.1).
type discovery struct {
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Contact     string   `json:"contact,omitempty"`
	Default     string   `json:"default"`
	APIRoots    []string `json:"api_roots"`
}

// apiRoot is the API root resource (4.2.1).
type apiRoot struct {
	Title            string   `json:"title"`
	Description      string   `json:"description,omitempty"`
	Versions         []string `json:"versions"`
	MaxContentLength int      `json:"max_content_length"`
}

// collection is the collection resource (5.2.1).
type collection struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Alias       string   `json:"alias,omitempty"`
	CanRead     bool     `json:"can_read"`
	CanWrite    bool     `json:"can_write"`
	MediaTypes  []string `json:"media_types"`

	environment string
}

type collections struct {
	Collections []*collection `json:"collections"`
}

// failure is the error message (3.6.1) and what goes with it.
type failure struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	HTTPStatus  string `json:"http_status"`

	status int
	header map[string]string
}

func fail(status int, description string, header ...string) *failure {
	f := &failure{Title: http.StatusText(status), Description: description, HTTPStatus: strconv.Itoa(status), status: status, header: map[string]string{}}
	for i := 0; i+1 < len(header); i += 2 {
		f.header[header[i]] = header[i+1]
	}
	return f
}

// waitFor returns a failure after which a party should wait.
func waitFor(status int, d time.Duration, description string) *failure {
	return fail(status, description, "Retry-After", strconv.Itoa(int((d+time.Second-1)/time.Second)))
}

func (f *failure) write(w http.ResponseWriter) {
	for name, v := range f.header {
		w.Header().Set(name, v)
	}
	writeJSON(w, f.status, f)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil { // our own structs of texts
		panic("taxii: answer cannot be written as JSON: " + err.Error())
	}
	h := w.Header()
	h.Set("Content-Type", MediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the party asks again when it missed it
}

// writePage writes a page as an envelope, a manifest or a list of versions: a
// list of that name with one element an entry. An empty page is an empty object.
func writePage(w http.ResponseWriter, p shelf.Page, name string, filters [8]byte, element func([]byte, *shelf.Entry) []byte) error {
	h := w.Header()
	h.Set("Content-Type", MediaType)
	if len(p.Entries) == 0 {
		_, err := io.WriteString(w, "{}")
		return err
	}
	last := p.Entries[len(p.Entries)-1].Added
	h.Set(addedFirst, p.Entries[0].Added.Format(micro))
	h.Set(addedLast, last.Format(micro))
	head := `{"more":` + strconv.FormatBool(p.More)
	if p.More {
		head += `,"next":"` + nextOf(last, filters) + `"`
	}
	out := bufio.NewWriterSize(w, 64<<10)
	_, err := out.WriteString(head + `,"` + name + `":[`)
	var scratch []byte
	for i := range p.Entries {
		scratch = scratch[:0]
		if i > 0 {
			scratch = append(scratch, ',')
		}
		scratch = element(scratch, &p.Entries[i])
		_, err = out.Write(scratch) // a bufio.Writer keeps its first error
	}
	if err == nil {
		_, err = out.WriteString("]}")
	}
	if e := out.Flush(); err == nil {
		err = e
	}
	return err
}

func objectOf(b []byte, e *shelf.Entry) []byte { return append(b, e.Body...) }

// recordOf writes a manifest record (5.3.1).
func recordOf(b []byte, e *shelf.Entry) []byte {
	b = append(b, `{"id":"`...) // ids and stamps need no escapes
	b = append(b, e.ID...)
	b = append(b, `","date_added":"`...)
	b = e.Added.AppendFormat(b, micro)
	b = append(b, `","version":"`...)
	b = appendVersion(b, e)
	b = append(b, `","media_type":"application/stix+json;version=`...)
	b = append(b, e.Spec...)
	return append(b, `"}`...)
}

func quotedVersion(b []byte, e *shelf.Entry) []byte {
	b = append(b, '"')
	b = appendVersion(b, e)
	return append(b, '"')
}

const (
	milli = "2006-01-02T15:04:05.000Z"
	micro = "2006-01-02T15:04:05.000000Z"
)

// appendVersion writes a version as the object has it: in milliseconds, unless
// it is the moment of the addition.
func appendVersion(b []byte, e *shelf.Entry) []byte {
	form := micro
	if e.Version.Equal(freeze.At(e.Version).Time) {
		form = milli
	}
	return e.Version.UTC().AppendFormat(b, form)
}
