package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/haltwire/haltwire/pipeline/conn"
	"github.com/haltwire/haltwire/sinks/desk"
)

// Client talks to the API of a running haltwire. Safe for concurrent use.
type Client struct {
	base  string
	token conn.Secret
	http  *http.Client
}

// clientTimeout outlasts a decision's way to the log and back.
const clientTimeout = 15 * time.Second

// NewClient returns a client of the API at address, host:port.
func NewClient(address string, token conn.Secret) *Client {
	return &Client{base: "http://" + address, token: token, http: &http.Client{Timeout: clientTimeout}}
}

// List returns the alerts that the filter lets through, newest first.
func (c *Client) List(ctx context.Context, f desk.Filter) ([]desk.View, error) {
	q := url.Values{}
	for name, value := range map[string]string{"direction": f.Direction, "state": f.State, "party": f.Party} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	var out struct {
		Alerts []desk.View `json:"alerts"`
	}
	err := c.call(ctx, http.MethodGet, "/api/v1/alerts?"+q.Encode(), nil, &out)
	return out.Alerts, err
}

// Show returns one alert.
func (c *Client) Show(ctx context.Context, id string) (*desk.Detail, error) {
	out := &desk.Detail{}
	return out, c.call(ctx, http.MethodGet, "/api/v1/alerts/"+url.PathEscape(id), nil, out)
}

// Act does what an officer decided and returns the alert after it.
func (c *Client) Act(ctx context.Context, id string, a desk.Action) (desk.View, error) {
	do := a.Do
	a.Do = ""
	var out desk.View
	err := c.call(ctx, http.MethodPost, "/api/v1/alerts/"+url.PathEscape(id)+"/"+url.PathEscape(do), a, &out)
	return out, err
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (c *Client) call(ctx context.Context, method, path string, body, into any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return fmt.Errorf("call desk: %w", err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("call desk: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("call desk: is haltwire running? %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("call desk: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return refusal(resp.StatusCode, answer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read answer of desk: %w", err)
	}
	return nil
}

// Refused is an error that the API answered with.
type Refused struct {
	Status int
	Text   string
}

// Error returns the text of the API.
func (e *Refused) Error() string { return e.Text }

func refusal(status int, answer []byte) error {
	var v struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(answer, &v) != nil || v.Error == "" {
		v.Error = http.StatusText(status)
	}
	return &Refused{status, v.Error}
}
