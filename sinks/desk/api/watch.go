package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/haltwire/haltwire/sinks/desk/live"
)

// Watch follows the stream behind last, "" = from now on, until the context ends or
// the stream does. changed gets every change with the id to go on from; reset is
// called where what was known before is worth nothing. It returns nil when the
// server ended the stream: whoever wants to go on calls it again.
func (c *Client) Watch(ctx context.Context, last string, changed func(id string, x live.Change), reset func(id string)) error {
	r, err := c.request(ctx, http.MethodGet, "/api/v1/stream", nil)
	if err != nil {
		return err
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	endless := &http.Client{Transport: c.http.Transport} // a stream has no time-out
	resp, err := endless.Do(r)
	if err != nil {
		return fmt.Errorf("call desk: is haltwire running? %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody)) // what came of it is told
		return refusal(resp.StatusCode, answer)
	}
	return follow(ctx, resp.Body, changed, reset)
}

// follow reads server-sent events as this API writes them.
func follow(ctx context.Context, r io.Reader, changed func(string, live.Change), reset func(string)) error {
	var id, event, data string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			id = value
		case "event":
			event = value
		case "data":
			data = value
		case "":
			var x live.Change
			switch {
			case event == "reset":
				reset(id)
			case event == "alert" && json.Unmarshal([]byte(data), &x) == nil:
				changed(id, x)
			}
			event, data = "", ""
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("follow desk: %w", ctx.Err())
	}
	return nil // cut off or ended: the same to whoever goes on
}
