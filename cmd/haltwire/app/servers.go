package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/freeze/signature"
	"github.com/haltwire/haltwire/sinks/party/inbound"
)

const (
	// 10 s for the headers of a request, 30 s for all of it; the partner endpoint
	// has a tighter bound of its own.
	headerTimeout, requestTimeout = 10 * time.Second, 30 * time.Second
	// 2 min until an answer is written and read. Streams set a bound of their own on
	// every event.
	answerTimeout = 2 * time.Minute
	// 32 KiB of headers: a signature takes less than 1 KiB.
	maxHeader = 32 << 10
)

// startServers listens for our people and for partners.
func (a *App) startServers(ctx context.Context) error {
	opt, err := a.doorkeeper()
	if err != nil {
		return err
	}
	door, err := a.door()
	if err != nil {
		return err
	}
	if err := a.startReceivers(ctx, door); err != nil {
		return err
	}
	if err := a.startPartner(ctx, door); err != nil {
		return err
	}
	return a.startDeskServer(ctx, opt)
}

func (a *App) startPartner(ctx context.Context, door *inbound.Door) error {
	mux := http.NewServeMux()
	mux.Handle(inbound.Path, inbound.NewHandler(door, &signature.Verifier{
		Ring: a.border.ring, Nonces: signature.NewNonces(signature.NonceShare), Now: a.opt.Now, Since: a.opt.Now(), Authorities: a.config.Listen.Partner.Names,
	}))
	err := a.serveCollections(mux)
	if err != nil {
		return err
	}
	if a.opt.PartnerListener, err = listen(a.opt.PartnerListener, a.config.Listen.Partner.Address); err != nil {
		return fmt.Errorf("listen.partner.address: %w", err)
	}
	l, err := overTLS(newDoorman(a.opt.PartnerListener, maxConns, maxOfAddress), a.config.Listen.Partner.TLS)
	if err != nil {
		return fmt.Errorf("listen.partner.tls: %w", err)
	}
	a.serve(ctx, "partner endpoint", l, mux)
	return nil
}

func (a *App) startDeskServer(ctx context.Context, opt api.Options) error {
	opt.Desk, opt.Ready, opt.Reload = a.desk, a.unready, a.Reload
	h, err := api.New(opt)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.HandleFunc("GET /readyz", a.serveReady) // with the detail that only we know
	if a.opt.DeskListener, err = listen(a.opt.DeskListener, a.config.Listen.Desk.Address); err != nil {
		return fmt.Errorf("listen.desk.address: %w", err)
	}
	l, err := overTLS(newDoorman(a.opt.DeskListener, maxConns, maxOfAddress), a.config.Listen.Desk.TLS)
	if err != nil {
		return fmt.Errorf("listen.desk.tls: %w", err)
	}
	a.serve(ctx, "desk endpoint", l, mux, h.EndStreams)
	return nil
}

func listen(given net.Listener, address string) (net.Listener, error) {
	if given != nil {
		return given, nil
	}
	return net.Listen("tcp", address)
}

// newServer returns a server within the bounds above.
func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: unambiguous(h), ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: answerTimeout, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: maxHeader,
	}
}

// unambiguous ends a connection after a request whose end a proxy in front of us may see
// elsewhere: one with Transfer-Encoding, beside which net/http drops a Content-Length
// without a word (RFC 9112, 6.1 and 6.3), and one of HTTP/1.0, of which it drops the
// Transfer-Encoding. What follows it on the connection is not read.
func unambiguous(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// serve runs an HTTP server on l as a part; ends are called when it shuts down.
func (a *App) serve(ctx context.Context, name string, l net.Listener, h http.Handler, ends ...func()) {
	s := newServer(h)
	for _, end := range ends {
		s.RegisterOnShutdown(end)
	}
	a.parts.start(ctx, &part{name: name, run: func(ctx context.Context) error {
		failed := make(chan error, 1)
		go func() { failed <- s.Serve(l) }()
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
		}
		// 5 s for answers under way; what is cut off is asked again by its sender.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err := s.Shutdown(ctx)
		if err != nil {
			err = s.Close()
		}
		if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}})
}

// Readiness is the answer of /readyz.
type Readiness struct {
	Ready      bool              `json:"ready"`
	Desk       bool              `json:"desk"`
	ClickHouse bool              `json:"clickhouse"`           // tables made; false does not make us unready
	Rules      string            `json:"rules"`                // digest in force
	RulesAt    time.Time         `json:"rules_at"`             // since when
	Lists      string            `json:"lists"`                // digest in force of all lists and tables
	Rates      string            `json:"rates"`                // digest in force
	Refused    string            `json:"refused,omitempty"`    // why the last reload was refused: the first errors
	RefusedAt  *time.Time        `json:"refused_at,omitempty"` //
	Windows    *WindowState      `json:"windows,omitempty"`    // nil = no rule in force has any
	Stopped    map[string]string `json:"stopped,omitempty"`    // partitions that cannot go on
}

// WindowState is how much of the past windows have seen.
type WindowState struct {
	Replaying bool     `json:"replaying"`         // what came before the start is being read again
	Replayed  float64  `json:"replayed"`          // share of it
	Warming   *Warming `json:"warming,omitempty"` // of new windows; nil = nothing is read
}

// Readiness says whether haltwire does its work. ClickHouse being away is no
// reason not to be: alerts never wait for it.
func (a *App) Readiness() Readiness {
	r := Readiness{Desk: a.desk.Ready(), ClickHouse: a.gate.ready()}
	set, edition, refused := a.force.get()
	if set != nil {
		r.Rules, r.RulesAt, r.Lists, r.Rates = set.Rules.Digest, edition.At, set.Digests.Lists, set.Digests.Rates
	}
	if refused != nil {
		r.Refused, r.RefusedAt = refused.Why, &refused.At
	}
	if a.remembering.Load() != nil {
		p := a.pipe.Progress()
		r.Windows = &WindowState{Replaying: p.CatchingUp(), Replayed: p.Share(), Warming: a.warmUp.get()}
	}
	for p, err := range a.detect.Stopped() {
		if r.Stopped == nil {
			r.Stopped = map[string]string{}
		}
		r.Stopped[fmt.Sprintf("%s/%d", p.Topic, p.ID)] = err.Error()
	}
	r.Ready = r.Desk && r.Rules != "" && len(r.Stopped) == 0
	return r
}

func (a *App) serveReady(w http.ResponseWriter, _ *http.Request) {
	r := a.Readiness()
	w.Header().Set("Content-Type", "application/json")
	if !r.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(r) // the client is gone otherwise
}

// unready says why haltwire does not do its work, nil when it does.
func (a *App) unready() error {
	if r := a.Readiness(); !r.Ready {
		return fmt.Errorf("desk %t, rules %q, stopped partitions %d", r.Desk, r.Rules, len(r.Stopped))
	}
	return nil
}

// DeskAddress returns where our people reach us.
func (a *App) DeskAddress() string { return a.opt.DeskListener.Addr().String() }

// PartnerAddress returns where partners reach us.
func (a *App) PartnerAddress() string { return a.opt.PartnerListener.Addr().String() }
