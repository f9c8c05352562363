package control

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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

func TestWatchOpensALostStreamAgain(t *testing.T) {
	streams := 0
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		streams++
		fmt.Fprintf(w, ": heartbeat\n\nevent: gateway\ndata: {\"type\":\"gateway\",\"gateway\":{\"state\":\"s%d\"}}\n\n", streams)
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
	if got := strings.Join(states, " "); got != "s1 s2 s3" || lost != 2 {
		t.Errorf("states %q, lost %d times", got, lost)
	}
}
