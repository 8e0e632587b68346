package app

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// guarded serves h as the desk's and the partners' listeners are served.
func guarded(t *testing.T, h http.Handler) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &App{parts: newParts(slog.New(slog.DiscardHandler))}
	a.serve(t.Context(), "endpoint", newDoorman(l, maxConns, maxOfAddress), h)
	t.Cleanup(func() { a.parts.list[0].cancel(); <-a.parts.list[0].done })
	return l.Addr().String()
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(headerTimeout + 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestOneAddressKeepsNobodyOut opens more connections than an address may have and
// says nothing on them: the rest are hung up on, and a place that gets free is used.
func TestOneAddressKeepsNobodyOut(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := newDoorman(l, 8, 6)
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	served := make(chan error, 1)
	go func() { served <- s.Serve(d) }()
	t.Cleanup(func() { _ = s.Close(); <-served })
	from := func(address string) net.Conn {
		t.Helper()
		c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}).Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		return c
	}
	answered := func(c net.Conn) bool {
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") // a reset shows below
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}
	var held []net.Conn
	for range 6 {
		held = append(held, from("127.0.0.2"))
	}
	for range 3 {
		if answered(from("127.0.0.2")) {
			t.Fatal("an address has more connections than its share")
		}
	}
	others := []net.Conn{from("127.0.0.3"), from("127.0.0.3")}
	for _, c := range append(others, held...) {
		if !answered(c) {
			t.Fatal("a connection within the bounds is not served")
		}
	}
	if answered(from("127.0.0.4")) {
		t.Fatal("there are more connections than the bound")
	}
	if err := held[0].Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); !answered(from("127.0.0.4")); {
		if time.Now().After(deadline) {
			t.Fatal("a place that got free is not used")
		}
	}
}

// TestNetworksCountAsOne holds that who has an IPv6 network is one address.
func TestNetworksCountAsOne(t *testing.T) {
	for given, want := range map[string]string{"9.9.9.9": "9.9.9.9", "::ffff:9.9.9.9": "9.9.9.9", "2001:db8:1:2:3::4": "2001:db8:1:2::", "fe80::1%eth0": "fe80::"} {
		ip, err := net.ResolveIPAddr("ip", given)
		if err != nil {
			t.Fatal(err)
		}
		if got := origin(peer{&net.TCPAddr{IP: ip.IP, Zone: ip.Zone, Port: 1}}); got.String() != want {
			t.Errorf("%s counts as %s, want %s", given, got, want)
		}
	}
}

// peer is a connection that knows its peer alone.
type peer struct{ from net.Addr }

func (p peer) RemoteAddr() net.Addr { return p.from }

// TestHeadersAreBounded sends headers that are large, and ones that never end.
func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	asked := false
	address := guarded(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	slow := dial(t, address)
	if _, err := io.WriteString(slow, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
		t.Fatal(err)
	}
	large := dial(t, address)
	go func() { // the server hangs up while we write
		_, _ = fmt.Fprintf(large, "GET / HTTP/1.1\r\nHost: x\r\nX-Large: %s\r\n\r\n", strings.Repeat("x", 2*maxHeader))
	}()
	resp, err := http.ReadResponse(bufio.NewReader(large), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("large headers: %d", resp.StatusCode)
	}
	began := time.Now()
	if _, err := io.ReadAll(slow); err != nil {
		t.Errorf("headers that never end: %v", err)
	}
	if took := time.Since(began); took > headerTimeout+5*time.Second {
		t.Errorf("headers that never end are waited for %s", took)
	}
	if asked {
		t.Error("a request without an end was handled")
	}
}

// TestAnswersThatNobodyReadsEnd asks for more than a connection holds and reads none of
// it, with the bound in milliseconds that is in minutes otherwise.
func TestAnswersThatNobodyReadsEnd(t *testing.T) {
	ended := make(chan error, 1)
	s := newServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		block := make([]byte, 1<<20)
		for {
			if _, err := w.Write(block); err != nil {
				ended <- err
				return
			}
		}
	}))
	s.WriteTimeout = s.WriteTimeout / time.Minute * 100 * time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-served })
	c := dial(t, l.Addr().String())
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("an answer that nobody reads is written for ever")
	}
}

// TestHeadersOfHTTPCannotBeSplit sends what proxies and servers have understood in two
// ways: each is refused before it reaches a handler.
func TestHeadersOfHTTPCannotBeSplit(t *testing.T) {
	asked := ""
	address := guarded(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.URL.Path }))
	for name, text := range map[string]string{
		"two lengths":           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"length as text":        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na",
		"unknown encoding":      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"two encodings":         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"space before colon":    "GET / HTTP/1.1\r\nHost: x\r\nX-Evil : y\r\n\r\n",
		"carriage return alone": "GET / HTTP/1.1\r\nHost: x\r\nX-Evil: a\rSet-Cookie: b\r\n\r\n",
		"zero byte":             "GET / HTTP/1.1\r\nHost: x\r\nX-Evil: a\x00b\r\n\r\n",
		"no host":               "GET / HTTP/1.1\r\n\r\n",
		"two hosts":             "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
		"host with a path":      "GET / HTTP/1.1\r\nHost: x/../y\r\n\r\n",
	} {
		c := dial(t, address)
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest && resp.StatusCode != http.StatusNotImplemented || asked != "" {
			t.Errorf("%s: %d, handled %q", name, resp.StatusCode, asked)
		}
	}
}

// TestTwoLengthsAreOneRequest sends requests that end at one place by Content-Length and
// at another by Transfer-Encoding, with what one who takes the wrong one would read as a
// second request behind: the right one counts, and the connection ends with the answer.
func TestTwoLengthsAreOneRequest(t *testing.T) {
	var asked []string
	address := guarded(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		asked = append(asked, fmt.Sprintf("%s %q %v", r.URL.Path, body, err))
	}))
	const second = "GET /second HTTP/1.1\r\nHost: x\r\n\r\n"
	both := func(proto, length, body string) string {
		return "POST /first " + proto + "\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: " + length + "\r\nTransfer-Encoding: chunked\r\n\r\n" + body + second
	}
	for name, c := range map[string]struct{ text, asked string }{
		"the length ends later":   {both("HTTP/1.1", "42", "0\r\n\r\n"), `/first "" <nil>`},
		"the length ends earlier": {both("HTTP/1.1", "1", "1\r\na\r\n0\r\n\r\n"), `/first "a" <nil>`},
		"chunks of HTTP/1.0":      {both("HTTP/1.0", "5", "0\r\n\r\n"), `/first "0\r\n\r\n" <nil>`},
		"chunks alone":            {"POST /first HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second, `/first "" <nil>`},
	} {
		asked = nil
		conn := dial(t, address)
		if _, err := io.WriteString(conn, c.text); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(conn) // to the end of the connection
		if n := strings.Count(string(text), "HTTP/1."); err != nil && !errors.Is(err, syscall.ECONNRESET) || n != 1 || len(asked) != 1 || asked[0] != c.asked {
			t.Errorf("%s: %d answers, handled %v, %v\n%s", name, n, asked, err, text)
		}
	}
	conn := dial(t, address) // what ends at one place alone does not end the connection
	if _, err := io.WriteString(conn, "POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"+second); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	for range 2 {
		resp, err := http.ReadResponse(in, nil)
		if err != nil || resp.Close {
			t.Fatalf("a request with a length ends its connection: %v", err)
		}
		_ = resp.Body.Close()
	}
}
