package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/haltwire/haltwire/sinks/desk"
	"github.com/haltwire/haltwire/sinks/desk/api"
)

// one is a desk with one alert.
type one struct{ last desk.Action }

func (o *one) List(f desk.Filter) []desk.View {
	if f.State != "" && f.State != "received" {
		return []desk.View{}
	}
	return []desk.View{{ID: "A1", State: "received"}}
}

func (o *one) Show(_ context.Context, id string) (*desk.Detail, error) {
	if id != "A1" {
		return nil, desk.ErrNoAlert
	}
	return &desk.Detail{View: desk.View{ID: "A1"}}, nil
}

func (o *one) Act(_ context.Context, _ string, a desk.Action) (desk.View, error) {
	o.last = a
	switch {
	case a.As != "O1":
		return desk.View{}, desk.ErrOfficer
	case a.Do == "release":
		return desk.View{}, desk.ErrRefused
	}
	return desk.View{ID: "A1", Confirmed: true}, nil
}

func serve(t *testing.T, change func(*api.Options)) (*one, *httptest.Server, *api.Client) {
	t.Helper()
	d := &one{}
	opt := api.Options{Desk: d, Token: "secret"}
	if change != nil {
		change(&opt)
	}
	h, err := api.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c := api.NewClient(strings.TrimPrefix(s.URL, "http://"), "secret")
	t.Cleanup(c.Close)
	return d, s, c
}

func TestTokenIsNeeded(t *testing.T) {
	_, s, _ := serve(t, nil)
	for _, path := range []string{"/api/v1/alerts", "/api/v1/alerts/A1"} {
		for _, header := range []string{"", "Bearer wrong", "secret", "Bearer "} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", header)
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s with %q: %d", path, header, resp.StatusCode)
			}
		}
	}
	if _, err := api.New(api.Options{Desk: &one{}}); err == nil {
		t.Error("an API without a token was made")
	}
}

func TestClientAndServerAgree(t *testing.T) {
	d, _, c := serve(t, nil)
	list, err := c.List(t.Context(), desk.Filter{State: "received", Limit: 3})
	if err != nil || len(list) != 1 {
		t.Errorf("list: %v %v", list, err)
	}
	if empty, err := c.List(t.Context(), desk.Filter{State: "closed"}); err != nil || len(empty) != 0 {
		t.Errorf("list of closed: %v %v", empty, err)
	}
	if v, err := c.Show(t.Context(), "A1"); err != nil || v.ID != "A1" {
		t.Errorf("show: %v %v", v, err)
	}
	v, err := c.Act(t.Context(), "A1", desk.Action{Do: "confirm", As: "O1", Reason: "seen"})
	if err != nil || !v.Confirmed || d.last.Do != "confirm" || d.last.Reason != "seen" {
		t.Errorf("act: %v %v %v", v, err, d.last)
	}
}

func TestErrorsHaveTheirStatus(t *testing.T) {
	_, _, c := serve(t, nil)
	_, missing := c.Show(t.Context(), "B1")
	_, officer := c.Act(t.Context(), "A1", desk.Action{Do: "confirm", As: "X"})
	_, state := c.Act(t.Context(), "A1", desk.Action{Do: "release", As: "O1"})
	for want, err := range map[int]error{404: missing, 400: officer, 409: state} {
		var refused *api.Refused
		if !errors.As(err, &refused) || refused.Status != want {
			t.Errorf("want %d: %v", want, err)
		}
	}
}

func TestProbesAndReload(t *testing.T) {
	reloaded := false
	_, s, _ := serve(t, func(o *api.Options) {
		o.Ready = func() error { return errors.New("the log is being read") }
		o.Reload = func(context.Context) error { reloaded = true; return nil }
	})
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503} {
		resp, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d %s", path, resp.StatusCode, text)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/-/reload", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer secret")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || !reloaded {
		t.Errorf("reload: %d, reloaded %v", resp.StatusCode, reloaded)
	}
}
