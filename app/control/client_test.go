package control

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"heimdall/gateway/admin"
)

func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return New(strings.TrimPrefix(s.URL, "http://"), "secret")
}

func TestCalls(t *testing.T) {
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		fmt.Fprint(w, `{"state":"running","address":"http://127.0.0.1:8080","settings":{"theme":"dark"}}`)
	})
	ctx := t.Context()
	for _, call := range []func(context.Context) error{c.StartGateway, c.StopGateway, c.Show, c.Quit} {
		if err := call(ctx); err != nil {
			t.Error(err)
		}
	}
	if g, err := c.Gateway(ctx); err != nil || g.State != "running" {
		t.Errorf("state %q, error %v", g.State, err)
	}
	if theme, err := c.Theme(ctx); err != nil || theme != "dark" {
		t.Errorf("theme %q, error %v", theme, err)
	}
	want := "POST /api/gateway/start, POST /api/gateway/stop, POST /api/shell/show, POST /api/shell/quit, GET /api/gateway, GET /api/config"
	if got := strings.Join(asked, ", "); got != want {
		t.Errorf("asked %s", got)
	}
}

func TestRefusalSpeaksTheGatewaysWords(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, `{"error":{"message":"port 8080 is taken"}}`)
	})
	if err := c.StartGateway(t.Context()); err == nil || err.Error() != "port 8080 is taken" {
		t.Errorf("error %v", err)
	}
}

// transport answers requests without a network, so that time can be faked.
type transport func(*http.Request) *http.Response

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

func TestWatchOpensALostStreamAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		streams := 0
		c := New("127.0.0.1:1", "secret")
		c.http.Transport = transport(func(r *http.Request) *http.Response {
			streams++
			rec := httptest.NewRecorder()
			if streams == 2 { // as while the app restarts its listener
				rec.WriteHeader(http.StatusServiceUnavailable)
				return rec.Result()
			}
			fmt.Fprintf(rec, ": heartbeat\n\nevent: gateway\ndata: {\"type\":\"gateway\",\"gateway\":{\"state\":\"s%d\"}}\n\n", streams)
			return rec.Result()
		})
		ctx, cancel := context.WithCancel(t.Context())
		var states []string
		lost := 0
		c.Watch(ctx, func(f admin.Frame) {
			states = append(states, f.Gateway.State)
			if len(states) == 3 {
				cancel()
			}
		}, func(error) { lost++ })
		if got := strings.Join(states, " "); got != "s1 s3 s4" || lost != 3 {
			t.Errorf("states %q, lost %d times", got, lost)
		}
	})
}
