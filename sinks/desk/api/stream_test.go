package api_test

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/haltwire/haltwire/sinks/desk/api"
	"github.com/haltwire/haltwire/sinks/desk/live"
)

// lines opens a stream and returns its lines.
func lines(t *testing.T, s *httptest.Server, last string) *bufio.Scanner {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer secret")
	r.Header.Set("Last-Event-ID", last)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("stream: %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	return bufio.NewScanner(resp.Body)
}

// next returns the next event, without comments.
func next(t *testing.T, s *bufio.Scanner) string {
	t.Helper()
	var out []string
	for s.Scan() {
		switch line := s.Text(); {
		case line == "" && len(out) > 0:
			return strings.Join(out, "|")
		case line != "" && !strings.HasPrefix(line, ":"):
			out = append(out, line)
		}
	}
	t.Fatalf("the stream ended after %q: %v", out, s.Err())
	return ""
}

func TestStreamTellsWhatChanges(t *testing.T) {
	d, s, _ := serve(t, nil)
	start := d.feed.Now()
	stream := lines(t, s, "")
	if got := next(t, stream); got != "id: "+start+"|event: reset|data: {}" {
		t.Errorf("first %q", got)
	}
	d.feed.Tell(live.Change{ID: alert, Direction: "out", Party: "GB-FIU", State: "sent", Version: 7})
	name := strings.TrimSuffix(start, "0") + "1"
	want := "id: " + name + `|event: alert|data: {"alert_id":"` + alert + `","direction":"out","party":"GB-FIU","state":"sent","version":7}`
	if got := next(t, stream); got != want {
		t.Errorf("change %q\nwant   %q", got, want)
	}
	if got := next(t, lines(t, s, start)); got != want {
		t.Errorf("missed %q", got)
	}
}

func TestStreamIsResetAfterTooLong(t *testing.T) {
	d, s, _ := serve(t, nil)
	if got := next(t, lines(t, s, "another-5")); got != "id: "+d.feed.Now()+"|event: reset|data: {}" {
		t.Errorf("got %q", got)
	}
}

func TestStreamBeatsAndOutlivesTheBoundOnRequests(t *testing.T) {
	d := &one{feed: live.New(2)}
	h, err := api.New(api.Options{Desk: d, Token: "secret", Heartbeat: 30 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.Config.ReadTimeout, s.Config.WriteTimeout = 60*time.Millisecond, 60*time.Millisecond
	s.Start()
	defer s.Close()
	defer h.EndStreams()
	stream := lines(t, s, "")
	beats := 0
	for beats < 6 && stream.Scan() {
		if stream.Text() == ": still here" {
			beats++
		}
	}
	if beats < 6 {
		t.Errorf("the stream ended after %d beats: %v", beats, stream.Err())
	}
}

func TestStreamsAreBoundedAndEnd(t *testing.T) {
	d := &one{feed: live.New(2)}
	h, err := api.New(api.Options{Desk: d, Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	defer s.Close()
	first, second := lines(t, s, ""), lines(t, s, "")
	next(t, first)
	next(t, second)
	resp, text := ask(t, s, "GET", "/api/v1/stream", "")
	problem(t, resp, text, 503, "busy")
	h.EndStreams()
	h.EndStreams()
	if first.Scan() || second.Scan() || first.Err() != nil {
		t.Error("a stream goes on after the end")
	}
}

func TestSlowClientIsDropped(t *testing.T) {
	d, s, _ := serve(t, nil)
	stream := lines(t, s, "")
	next(t, stream)
	gone := make(chan struct{})
	go func() { // nobody reads: the way fills up, then the backlog
		defer close(gone)
		for d.feed.Listeners() > 0 {
			d.feed.Tell(live.Change{ID: strings.Repeat("A", 1<<10)})
		}
	}()
	select {
	case <-gone:
	case <-time.After(20 * time.Second):
		t.Error("a client that does not read is still there")
	}
}

func TestClientFollows(t *testing.T) {
	d, _, c := serve(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var ids []string
	resets := 0
	err := c.Watch(ctx, "", func(id string, x live.Change) {
		ids = append(ids, id+" "+x.ID)
		cancel()
	}, func(string) {
		resets++
		d.feed.Tell(live.Change{ID: "AB"})
	})
	if !errors.Is(err, context.Canceled) || resets != 1 || len(ids) != 1 || !strings.HasSuffix(ids[0], "-1 AB") {
		t.Errorf("%v, %d resets, %v", err, resets, ids)
	}
	wrong := api.NewClient("127.0.0.1:1", "secret")
	defer wrong.Close()
	if err := wrong.Watch(t.Context(), "", nil, nil); err == nil {
		t.Error("somebody who is not there was followed")
	}
}
