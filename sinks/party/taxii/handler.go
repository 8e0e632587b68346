package taxii

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/taxii/shelf"
)

const (
	// Path is where the handler is mounted; discovery is here.
	Path = "/taxii2/"
	// rootPath is the only API root.
	rootPath = Path + "freeze/"

	// writeTimeout bounds the writing of one page.
	writeTimeout = time.Minute
	// comeAgain is what a party is asked to wait when it cannot be served yet.
	comeAgain = 5 * time.Second
)

// Reading is what a party fetched.
type Reading struct {
	Party, Environment, Collection string
	// Objects is the number of versions, and From and To are the moments at which
	// the first and the last one were added.
	Objects  int
	From, To time.Time
}

// Options is what code passes to New.
type Options struct {
	Config Config
	// Feed holds the store that is read.
	Feed     *Feed
	Accounts []Account
	// Ready reports whether all that was published before the start is in the
	// feed; parties are told to come again until then. Nil is always.
	Ready func() bool
	// Read is called when a page of objects was written, and again when it was
	// fetched again; nil discards. It should not block.
	Read func(context.Context, Reading)
	// Log gets what a store cannot do; nil discards.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Handler serves TAXII 2.1 under Path. It is safe for concurrent use.
type Handler struct {
	opt      Options
	config   Config
	accounts []*account
}

// New validates; it opens nothing.
func New(opt Options) (*Handler, error) {
	if err := opt.Config.Validate(); err != nil {
		return nil, err
	}
	if opt.Feed == nil {
		return nil, errors.New("taxii: a feed is needed")
	}
	h := &Handler{opt: opt, config: opt.Config.withDefaults()}
	var err error
	if h.accounts, err = newAccounts(opt.Accounts, h.config); err != nil {
		return nil, err
	}
	if h.opt.Now == nil {
		h.opt.Now = time.Now
	}
	if h.opt.Ready == nil {
		h.opt.Ready = func() bool { return true }
	}
	if h.opt.Read == nil {
		h.opt.Read = func(context.Context, Reading) {}
	}
	if h.opt.Log == nil {
		h.opt.Log = slog.New(slog.DiscardHandler)
	}
	return h, nil
}

// ServeHTTP answers 200, 400, 401, 403, 404, 405, 406, 429 and 503. It reads no
// body.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	who := identify(h.accounts, r)
	if who == nil {
		fail(http.StatusUnauthorized, "", "WWW-Authenticate", `Basic realm="haltwire", charset="UTF-8", Bearer`).write(w)
		return
	}
	if d := who.wait(h.opt.Now()); d > 0 {
		waitFor(http.StatusTooManyRequests, d, "too many requests").write(w)
		return
	}
	to, f := h.route(who, r)
	if f == nil {
		f = h.serve(w, r, who, to)
	}
	if f != nil {
		f.write(w)
	}
}

// The kinds of resources.
const (
	discoveryKind   = "discovery"
	rootKind        = "api-root"
	collectionsKind = "collections"
	collectionKind  = "collection"
	manifestKind    = "manifest"
	objectsKind     = "objects"
	objectKind      = "object"
	versionsKind    = "versions"
)

// route is what a request is about.
type route struct {
	kind       string
	collection *collection
	object     string
}

// route reads path, method and headers of a request. What a party may not see
// does not exist for it.
func (h *Handler) route(who *account, r *http.Request) (route, *failure) {
	to, found := h.resource(who, r.URL.Path)
	if !found {
		return to, fail(http.StatusNotFound, "no such resource")
	}
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
	case r.Method == http.MethodPost && to.kind == objectsKind, r.Method == http.MethodDelete && to.kind == objectKind:
		return to, fail(http.StatusForbidden, "the collection can be read only")
	default:
		return to, fail(http.StatusMethodNotAllowed, "", "Allow", "GET, HEAD")
	}
	if !acceptable(r.Header.Values("Accept")) {
		return to, fail(http.StatusNotAcceptable, "answers are "+MediaType)
	}
	return to, nil
}

func (h *Handler) resource(who *account, path string) (route, bool) {
	if path == Path || path+"/" == Path {
		return route{kind: discoveryKind}, true
	}
	rest, ok := strings.CutPrefix(strings.TrimSuffix(path, "/")+"/", rootPath)
	if !ok {
		return route{}, false
	}
	if rest == "" {
		return route{kind: rootKind}, true
	}
	parts := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	if parts[0] != "collections" || slices.Contains(parts, "") {
		return route{}, false
	}
	if len(parts) == 1 {
		return route{kind: collectionsKind}, true
	}
	for _, c := range h.collections(who.party) {
		if parts[1] == c.ID || parts[1] == c.Alias {
			return inCollection(c, parts[2:])
		}
	}
	return route{}, false
}

// inCollection reads what stands behind a collection in a path.
func inCollection(c *collection, parts []string) (route, bool) {
	to := route{collection: c}
	switch len(parts) {
	case 0:
		to.kind = collectionKind
	case 1:
		to.kind = parts[0]
		return to, to.kind == manifestKind || to.kind == objectsKind
	case 2, 3:
		to.kind, to.object = objectKind, parts[1]
		if len(parts) == 3 {
			to.kind = versionsKind
		}
		return to, parts[0] == "objects" && (len(parts) == 2 || parts[2] == "versions")
	default:
		return to, false
	}
	return to, true
}

// collections lists those of a party.
func (h *Handler) collections(party string) []*collection {
	var out []*collection
	for _, environment := range environments() {
		out = append(out, &collection{
			ID: CollectionID(party, environment), Alias: party + "-" + environment, environment: environment,
			Title:       "Freeze messages for " + party + " (" + environment + ")",
			Description: "Requests to hold money and what followed them, as STIX 2.1 with the extension " + freeze.Schema1 + ".",
			CanRead:     true, MediaTypes: []string{"application/stix+json;version=2.1"},
		})
	}
	return out
}

// acceptable reports whether a reader takes our media type. One that does not
// say what it takes does.
func acceptable(accept []string) bool {
	if len(accept) == 0 {
		return true
	}
	for _, part := range strings.Split(strings.Join(accept, ","), ",") {
		kind, parameters, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(part, " ", "")), ";")
		if kind != "application/taxii+json" && kind != "application/*" && kind != "*/*" {
			continue
		}
		ours := true
		for _, p := range strings.Split(parameters, ";") {
			name, value, _ := strings.Cut(p, "=")
			switch name {
			case "version":
				ours = ours && strings.Trim(value, `"`) == "2.1"
			case "q":
				ours = ours && strings.Trim(value, "0.") != ""
			}
		}
		if ours {
			return true
		}
	}
	return false
}

// serve answers a request that is allowed.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, who *account, to route) *failure {
	switch to.kind {
	case discoveryKind:
		root := strings.TrimSuffix(h.config.URL, "/") + rootPath
		writeJSON(w, http.StatusOK, discovery{
			Title: h.config.Title, Description: h.config.Description, Contact: h.config.Contact, Default: root, APIRoots: []string{root},
		})
	case rootKind:
		writeJSON(w, http.StatusOK, apiRoot{
			Title: h.config.Title, Description: h.config.Description, Versions: []string{MediaType}, MaxContentLength: freeze.MaxSize,
		})
	case collectionsKind:
		writeJSON(w, http.StatusOK, collections{h.collections(who.party)})
	case collectionKind:
		writeJSON(w, http.StatusOK, to.collection)
	default:
		return h.page(w, r, who, to)
	}
	return nil
}

// page answers with objects, or with what is known about them.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, who *account, to route) *failure {
	q, err := parseQuery(r.URL.RawQuery, to, h.config.Page)
	if err != nil {
		return fail(http.StatusBadRequest, err.Error())
	}
	if !h.opt.Ready() {
		return waitFor(http.StatusServiceUnavailable, comeAgain, "starting")
	}
	select {
	case who.reads <- struct{}{}:
		defer func() { <-who.reads }()
	default:
		return waitFor(http.StatusTooManyRequests, time.Second, "too many pages at a time")
	}
	p, f := h.find(r.Context(), to, q)
	if f != nil {
		return f
	}
	// A writer that knows no deadlines says so; then the server's hold.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	switch to.kind {
	case manifestKind:
		err = writePage(w, p, "objects", q.filters, recordOf)
	case versionsKind:
		err = writePage(w, p, "versions", q.filters, quotedVersion)
	default:
		err = writePage(w, p, "objects", q.filters, objectOf)
		h.read(r, who, to, p, err)
	}
	if err != nil {
		h.opt.Log.Debug("a page was not read to its end", "party", who.party, "error", err)
	}
	return nil
}

func (h *Handler) find(ctx context.Context, to route, q asked) (shelf.Page, *failure) {
	store := h.opt.Feed.opt.Store
	_ = h.opt.Feed.Advance(ctx, to.collection.ID, h.opt.Now()) // it says itself what is wrong; what is there can be read
	p, err := store.Page(ctx, to.collection.ID, q.Query)
	found := to.object == "" || len(p.Entries) > 0
	if err == nil && !found {
		_, found, err = store.Last(ctx, to.collection.ID, to.object)
	}
	if err != nil {
		h.opt.Log.Error("read TAXII collection", "collection", to.collection.ID, "error", err)
		return p, waitFor(http.StatusServiceUnavailable, comeAgain, "")
	}
	if !found {
		return p, fail(http.StatusNotFound, "no such object")
	}
	return p, nil
}

// read tells who fetched what.
func (h *Handler) read(r *http.Request, who *account, to route, p shelf.Page, err error) {
	n := len(p.Entries)
	if err != nil || n == 0 || r.Method == http.MethodHead {
		return
	}
	h.opt.Read(r.Context(), Reading{
		Party: who.party, Environment: to.collection.environment, Collection: to.collection.ID,
		Objects: n, From: p.Entries[0].Added, To: p.Entries[n-1].Added,
	})
}
