package inbound_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/freeze"
	"github.com/haltwire/haltwire/sinks/party/inbound"
)

// TestSlowBodiesOfOnePartyAreItsOwnTrouble lets a partner with a good key begin a
// hundred messages and send no body: it is refused more of them, the others are heard.
func TestSlowBodiesOfOnePartyAreItsOwnTrouble(t *testing.T) {
	w := newWorld(t, func(o *inbound.Options) { o.PerSecond, o.Burst = 1000, 1000 })
	body := sample(t, "request")
	refused := make(chan int, 100)
	for i := range 100 {
		c := w.begin(w.request(w.in, fmt.Sprintf("U3A5VHP66CSQRGMDHUPYCP5QKM-Q%03d", i+1), "application/json", body))
		go func() {
			if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
				return
			}
			status := make([]byte, len("HTTP/1.1 429"))
			if _, err := io.ReadFull(c, status); err == nil {
				var n int
				_, _ = fmt.Sscanf(string(status), "HTTP/1.1 %d", &n)
				refused <- n
			}
		}()
	}
	deadline := time.After(9 * time.Second) // before the bodies are given up
	for range 100 - 16 {
		select {
		case n := <-refused:
			if n != http.StatusTooManyRequests {
				t.Fatalf("a slow body is answered %d", n)
			}
		case <-deadline:
			t.Fatal("one party may hold all bodies")
		}
	}
	other := edited(t, "request", "sender", freeze.Party{PartyID: "AE-FIU", Kind: "fiu", Country: "AE"})
	if a := w.post(w.ae, messageID, other); a.status != http.StatusOK {
		t.Errorf("another party meanwhile: %d", a.status)
	}
	w.wantTaken(1)
}

// begin sends the head of a request and one byte of its body.
func (w *world) begin(r *http.Request) net.Conn {
	w.t.Helper()
	c, err := net.Dial("tcp", r.URL.Host)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	var head bytes.Buffer
	fmt.Fprintf(&head, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", inbound.Path, r.URL.Host, r.ContentLength)
	if err := r.Header.Write(&head); err != nil {
		w.t.Fatal(err)
	}
	head.WriteString("\r\n{")
	if _, err := c.Write(head.Bytes()); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// TestPartnersWriteNoLinesOfOurLog posts what would begin a line, end a text or move a
// cursor, in every place that a partner or a stranger fills: the log has one line a
// refusal, in both of its forms.
func TestPartnersWriteNoLinesOfOurLog(t *testing.T) {
	for form, handler := range map[string]func(io.Writer) slog.Handler{
		"time=": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"{":     func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		var log bytes.Buffer
		w := newWorld(t, func(o *inbound.Options) { o.Log = slog.New(handler(&log)) })
		n := 0
		for _, evil := range []string{"x\ntime=2026-01-01 level=ERROR msg=forged", "x\r\n{\"msg\":\"forged\"}", "\x1b[2Jx", "x\" level=ERROR msg=\"forged", "x\u2028y\u0085z", "\u009b2J"} {
			party := freeze.Party{PartyID: evil, Name: evil, Kind: "fiu", Country: "IN"}
			for _, body := range [][]byte{
				edited(t, "request", "sender", party), edited(t, "request", "message_id", evil), edited(t, "request", evil, evil),
				edited(t, "request", "alert_id", evil), edited(t, "request", "type", evil), edited(t, "request", "environment", evil), []byte(evil),
			} {
				if a := w.post(w.in, messageID, body); a.status < 400 {
					t.Errorf("%q: %d", evil, a.status)
				}
				n++
			}
			if line := strings.NewReplacer("\n", "", "\r", "", "\x1b", "").Replace(evil); !strings.ContainsAny(line, "\"\u0085\u2028\u009b") {
				w.post(w.in, line, sample(t, "request"))
				r := w.request(w.in, messageID, "application/json", sample(t, "request"))
				r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), `keyid="in-1"`, `keyid="`+line+`"`, 1))
				w.do(r)
				n += 2
			}
		}
		text := log.String()
		if lines := strings.Count(text, "\n"); lines != n || lines != strings.Count("\n"+text, "\n"+form) {
			t.Errorf("%d lines of %d refusals:\n%s", lines, n, text)
		}
		for _, c := range []string{"\x1b", "\r", "\u0085", "\u2028", "\u009b"} {
			if strings.Contains(text, c) && form == "time=" {
				t.Errorf("the log has %q", c)
			}
		}
		w.wantTaken(0)
	}
}

// TestAnswersRepeatNothing holds that no header of an answer is made of what came.
func TestAnswersRepeatNothing(t *testing.T) {
	w := newWorld(t, nil)
	for _, evil := range []string{"evil-1", "A\tSet-Cookie: evil-1", messageID + "; evil-1"} {
		r := w.request(w.in, evil, "application/json; x=evil-1", sample(t, "request"))
		r.Header.Set("X-Request-Id", "evil-1")
		r.Header.Set("Origin", "https://evil-1.example")
		a := w.do(r)
		for name, values := range a.header {
			if strings.Contains(name+strings.Join(values, " "), "evil-1") {
				t.Errorf("%q: header %s: %q", evil, name, values)
			}
		}
		if a.status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d %s", evil, a.status, a.body)
		}
	}
	w.wantTaken(0)
}
