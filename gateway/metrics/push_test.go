package metrics

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/common/expfmt"
)

// gate is a push gateway, and the log of who pushes to it.
type gate struct {
	mu   sync.Mutex
	down bool
	got  []*http.Request
	body string
	log  bytes.Buffer
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.got = append(g.got, r)
	if g.down {
		return nil, errors.New("connection refused")
	}
	body, _ := io.ReadAll(r.Body)
	g.body = string(body)
	return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
}

func (g *gate) Write(line []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.log.Write(line)
}

func (g *gate) switchOff(down bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = down
}

// seen is what came, and what was logged.
func (g *gate) seen() (requests []*http.Request, log string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.got), g.log.String()
}

func pushing(interval time.Duration) Config {
	return Config{Push: Push{Enabled: true, URL: "http://push.example:9091", Job: "bifrost", Instance: "here", Interval: interval, Username: "me", Password: "env.PASSWORD"}}
}

// actor runs m's actor within f, on a clock of its own.
func actor(t *testing.T, o Options, f func(m *Metrics, g *gate)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g := &gate{}
		o.Log = slog.New(slog.NewTextHandler(g, nil))
		m := open(t, o)
		m.client = &http.Client{Transport: g}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { m.Run(ctx); close(done) }()
		synctest.Wait()
		f(m, g)
		cancel()
		<-done
	})
}

// pass lets time go by.
func pass(d time.Duration) {
	time.Sleep(d) // of the bubble's clock
	synctest.Wait()
}

func resolve(text string) (string, error) {
	if text == "env.PASSWORD" {
		return "hidden", nil
	}
	return text, nil
}

func TestPush(t *testing.T) {
	actor(t, Options{Config: pushing(20 * time.Second), Resolve: resolve}, func(m *Metrics, g *gate) {
		m.End(record())
		pass(19 * time.Second)
		if got, _ := g.seen(); len(got) != 0 {
			t.Fatal("pushed too early")
		}
		pass(42 * time.Second)
		got, _ := g.seen()
		if len(got) != 3 {
			t.Fatalf("%d pushes in a minute", len(got))
		}
		r := got[0]
		user, password, _ := r.BasicAuth()
		if r.Method != "PUT" || r.URL.String() != "http://push.example:9091/metrics/job/bifrost/instance/here" || user != "me" || password != "hidden" {
			t.Error(r.Method, r.URL, user, password)
		}
		names := familyNames(t, expfmt.NewDecoder(strings.NewReader(g.body), expfmt.ResponseFormat(r.Header)))
		if !names["bifrost_success_requests_total"] || !names["bifrost_active_requests"] {
			t.Error("metrics are missing")
		}
		if names["go_goroutines"] || names["process_start_time_seconds"] {
			t.Error("the process's own metrics are pushed, which the push gateway has as well")
		}
	})
}

// A dead gateway is told of once, and again when it lives.
func TestPushFails(t *testing.T) {
	actor(t, Options{Config: pushing(10 * time.Second), Resolve: resolve}, func(m *Metrics, g *gate) {
		g.switchOff(true)
		pass(time.Minute)
		if got, log := g.seen(); len(got) != 6 || strings.Count(log, "level=WARN") != 1 {
			t.Errorf("%d pushes, %s", len(got), log)
		}
		g.switchOff(false)
		pass(time.Minute)
		got, log := g.seen()
		if len(got) != 12 || strings.Count(log, "level=INFO") != 1 || strings.Contains(log, "hidden") {
			t.Errorf("%d pushes, %s", len(got), log)
		}
	})
}

// A new configuration counts at once: pushing begins and ends with it.
func TestPushIsSwitched(t *testing.T) {
	actor(t, Options{Config: Config{Enabled: true}, Resolve: resolve}, func(m *Metrics, g *gate) {
		pass(time.Hour)
		use := func(c Config) {
			t.Helper()
			commit, err := m.Prepare(c)
			if err != nil {
				t.Fatal(err)
			}
			commit()
			synctest.Wait()
		}
		c := pushing(5 * time.Second)
		c.Push.Instance = ""
		use(c)
		pass(12 * time.Second)
		host, _ := os.Hostname()
		if got, _ := g.seen(); len(got) != 2 || !strings.HasSuffix(got[0].URL.Path, "/instance/"+host) {
			t.Fatalf("%d pushes", len(got))
		}
		use(Config{Enabled: true})
		pass(time.Hour)
		if got, _ := g.seen(); len(got) != 2 {
			t.Errorf("%d pushes", len(got))
		}
	})
}

// References are looked up for each push; what they lack is told, and their values are judged like those that stand in the
// configuration itself.
func TestPushReferences(t *testing.T) {
	for _, test := range []struct{ name, url, password, want string }{
		{"a password that is not there", "http://push.example", "", "PASSWORD is not set"},
		{"a login in the address", "http://me:hidden@push.example", "x", "push_gateway_url must have no name and password"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := pushing(time.Second)
			c.Push.URL = "env.URL"
			o := Options{Config: c, Resolve: func(text string) (string, error) {
				switch {
				case text == "env.URL":
					return test.url, nil
				case text == "env.PASSWORD" && test.password == "":
					return "", errors.New("the environment variable PASSWORD is not set")
				}
				return text, nil
			}}
			actor(t, o, func(m *Metrics, g *gate) {
				pass(3 * time.Second)
				got, log := g.seen()
				if len(got) != 0 || !strings.Contains(log, test.want) || strings.Contains(log, "hidden") {
					t.Errorf("%d pushes, %s", len(got), log)
				}
			})
		})
	}
}
