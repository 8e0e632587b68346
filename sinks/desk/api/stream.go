package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/haltwire/haltwire/sinks/desk/live"
)

// writeTimeout is how long a client of a stream may take to read one event.
const writeTimeout = 5 * time.Second

// stream sends what changes until the client goes, is too slow, or the server ends.
//
//	id: k3v9x2mq7a-17
//	event: alert
//	data: {"alert_id":"…","direction":"out","party":"GB-FIU","state":"sent","version":42}
//
// "reset" says that the client must list everything anew: it was away for longer
// than the feed remembers, or listened to another process. It is also the first
// event of a client that knows nothing, with the id from which it can go on.
func (s *server) stream(w http.ResponseWriter, r *http.Request, _ call) {
	last := r.Header.Get("Last-Event-ID")
	now := s.opt.Desk.Latest() // before listening: better twice than never
	c, err := s.opt.Desk.Listen(last)
	if err != nil {
		fail(w, err)
		return
	}
	defer c.Leave()
	out := &pipe{w: w, rc: http.NewResponseController(w)}
	// The server's bound on requests ends reading, which would end the stream.
	_ = out.rc.SetReadDeadline(time.Time{})
	w.Header().Set("Content-Type", mediaEvents)
	w.Header().Set("X-Accel-Buffering", "no") // for proxies
	if c.Reset || last == "" {
		out.send("id: %s\nevent: reset\ndata: {}\n\n", now)
	}
	for _, x := range c.Missed {
		s.tell(out, x)
	}
	beat := time.NewTicker(s.opt.Heartbeat)
	defer beat.Stop()
	for out.err == nil {
		select {
		case x, open := <-c.C:
			if !open {
				return
			}
			s.tell(out, x)
		case <-beat.C:
			out.send(": still here\n\n")
		case <-r.Context().Done():
			return
		case <-s.ended:
			return
		}
	}
}

func (s *server) tell(out *pipe, x live.Change) {
	text, err := encode(x)
	if err != nil {
		out.err = err
		return
	}
	out.send("id: %s\nevent: alert\ndata: %s\n", s.opt.Desk.NameOf(x), text) // the text ends its line
}

// pipe is the way to one client of a stream.
type pipe struct {
	w   http.ResponseWriter
	rc  *http.ResponseController
	err error
}

func (p *pipe) send(format string, args ...any) {
	if p.err != nil {
		return
	}
	_ = p.rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, p.err = fmt.Fprintf(p.w, format, args...); p.err == nil {
		p.err = p.rc.Flush()
	}
}
