package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
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

// NewTLSClient returns a client of the API at address, which must show the first
// certificate of chain (PEM), whatever name it is reached under: whoever has the
// config has the certificate, too.
func NewTLSClient(address string, token conn.Secret, chain []byte) (*Client, error) {
	block, _ := pem.Decode(chain)
	if block == nil {
		return nil, errors.New("read certificate: no PEM")
	}
	c := NewClient(address, token)
	c.base = "https://" + address
	c.http.Transport = &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // the one certificate is compared instead of a name
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 || !bytes.Equal(s.PeerCertificates[0].Raw, block.Bytes) {
				return errors.New("the desk shows another certificate than listen.desk.tls.cert")
			}
			return nil
		},
	}}
	return c, nil
}

// List returns the alerts that the filter lets through, newest first; as many pages
// as it takes.
func (c *Client) List(ctx context.Context, f desk.Filter) ([]desk.View, error) {
	out, left := []desk.View{}, f.Limit
	for {
		if f.Limit = maxPage; left > 0 {
			f.Limit = min(left, maxPage)
		}
		p, err := c.Browse(ctx, f)
		if err != nil {
			return nil, err
		}
		out = append(out, p.Alerts...)
		if left -= len(p.Alerts); p.Next == "" || left == 0 {
			return out, nil
		}
		f.After = p.Next
	}
}

// Browse returns one page of a list.
func (c *Client) Browse(ctx context.Context, f desk.Filter) (desk.Page, error) {
	q := url.Values{}
	for name, value := range map[string]string{
		"direction": f.Direction, "state": f.State, "party": f.Party, "severity": f.Severity, "task": f.Task, "after": f.After,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, n := range map[string]int64{"limit": int64(f.Limit), "since": f.Since} {
		if n > 0 {
			q.Set(name, strconv.FormatInt(n, 10))
		}
	}
	var out desk.Page
	err := c.call(ctx, http.MethodGet, "/api/v1/alerts?"+q.Encode(), nil, &out)
	return out, err
}

// Tasks returns at most limit open tasks, those of the oldest alert first.
func (c *Client) Tasks(ctx context.Context, limit int) ([]desk.TaskView, error) {
	var out Tasks
	err := c.call(ctx, http.MethodGet, "/api/v1/tasks?limit="+strconv.Itoa(min(limit, maxPage)), nil, &out)
	return out.Tasks, err
}

// Parties returns the parties.
func (c *Client) Parties(ctx context.Context) ([]desk.PartyView, error) {
	var out Parties
	err := c.call(ctx, http.MethodGet, "/api/v1/parties", nil, &out)
	return out.Parties, err
}

// Me returns who the client is.
func (c *Client) Me(ctx context.Context) (Me, error) {
	var out Me
	err := c.call(ctx, http.MethodGet, "/api/v1/me", nil, &out)
	return out, err
}

// Events returns all events of an alert, oldest first.
func (c *Client) Events(ctx context.Context, id string) ([]desk.EventView, error) {
	var out []desk.EventView
	after := int64(-1)
	for {
		var page Events
		path := fmt.Sprintf("/api/v1/alerts/%s/events?limit=%d&after=%d", url.PathEscape(id), maxPage, after)
		if err := c.call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return nil, err
		}
		out = append(out, page.Events...)
		if len(page.Events) < maxPage {
			return out, nil
		}
		after = out[len(out)-1].Offset
	}
}

// Preview returns the request of an alert as it would go out now.
func (c *Client) Preview(ctx context.Context, id string) (desk.Preview, error) {
	var out desk.Preview
	err := c.call(ctx, http.MethodGet, "/api/v1/alerts/"+url.PathEscape(id)+"/preview", nil, &out)
	return out, err
}

// Show returns one alert.
func (c *Client) Show(ctx context.Context, id string) (*desk.Detail, error) {
	out := &desk.Detail{}
	return out, c.call(ctx, http.MethodGet, "/api/v1/alerts/"+url.PathEscape(id), nil, out)
}

// Act does what an officer decided and returns the alert after it.
func (c *Client) Act(ctx context.Context, id string, a desk.Action) (desk.View, error) {
	body := struct {
		desk.Action
		Do string `json:"do,omitempty"` // the path says it
	}{Action: a}
	var out desk.View
	err := c.call(ctx, http.MethodPost, "/api/v1/alerts/"+url.PathEscape(id)+"/"+url.PathEscape(a.Do), body, &out)
	return out, err
}

// Receive hands over what a partner asks on paper and returns the alert.
func (c *Client) Receive(ctx context.Context, p desk.Paper) (desk.View, error) {
	var out desk.View
	err := c.call(ctx, http.MethodPost, "/api/v1/alerts", p, &out)
	return out, err
}

func (c *Client) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("call desk: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	if body != nil {
		r.Header.Set("Content-Type", mediaJSON)
	}
	return r, nil
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
	r, err := c.request(ctx, method, path, text)
	if err != nil {
		return err
	}
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
type Refused struct{ Problem }

// Error returns the text of the API.
func (e *Refused) Error() string { return e.Detail }

func refusal(status int, answer []byte) error {
	e := &Refused{}
	if json.Unmarshal(answer, &e.Problem) != nil || e.Detail == "" {
		e.Detail = http.StatusText(status)
	}
	e.Status = status
	return e
}
