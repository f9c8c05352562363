package gatewaytest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"heimdall/gateway"
	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/keychain"
	"heimdall/providers"
	"heimdall/providers/all"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// Patience bounds everything that a test waits for; only a failing test waits so long.
const Patience = 10 * time.Second

// Keys are the credentials of the two providers that Config configures.
const (
	OpenAIKey    = "sk-openai-test-key-0001"
	AnthropicKey = "sk-ant-test-key-0002"
)

// Config is a config.json with a key for each of the two scripted providers.
const Config = `{"providers":{
	"openai":{"keys":[{"name":"main","value":"` + OpenAIKey + `","models":["*"],"weight":1}]},
	"anthropic":{"keys":[{"name":"main","value":"` + AnthropicKey + `","models":["*"],"weight":1}]}}}`

// Options says how the gateway under test differs from the usual one.
type Options struct {
	Config  string                                    // config.json; "" = Config
	Script  func(*transport.Request) fake.Reply       // what the upstreams answer; nil = nothing may be asked
	Doer    transport.Doer                            // in place of Script
	Network bool                                      // providers are reached over the network, by the base URLs in Config
	More    func(transport.Doer) []providers.Provider // further kinds of providers; the Doer is nil with Network
	Env     map[string]string                         // the environment
	Secrets config.Secrets                            // nil = memory
	Desktop bool                                      // opens the control listener too
	Host    string                                    // "" = 127.0.0.1
	Port    int                                       // 0 = a free one
	Dir     string                                    // the app folder; "" = a temporary one
	Shell   []exchange.Row                            // the desktop's own rows

	Cassette gateway.Cassette // answers in place of the upstreams
}

// Gateway is a running gateway.
type Gateway struct {
	*gateway.Gateway
	URL      string // of the gateway's port
	Control  string // of the control listener, with Token
	Token    string
	Dir      string
	Upstream *fake.Doer // nil with Options.Doer or Options.Network
	Log      *Log
	t        testing.TB
	closed   bool
}

// Log collects what the gateway logs.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Start makes a gateway, starts it, and closes it when the test ends.
func Start(t testing.TB, o Options) *Gateway {
	t.Helper()
	g, err := Open(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Open is Start for gateways that may refuse to start.
func Open(t testing.TB, o Options) (*Gateway, error) {
	t.Helper()
	for try := 0; ; try++ {
		g, err := begin(t, o)
		if err != nil && o.Port == 0 && try < 5 && strings.Contains(err.Error(), "in use") {
			continue // somebody was quicker to take the free port
		}
		return g, err
	}
}

func begin(t testing.TB, o Options) (*Gateway, error) {
	t.Helper()
	g := &Gateway{Dir: o.Dir, Log: &Log{}, t: t}
	if g.Dir == "" {
		g.Dir = t.TempDir()
	}
	port := o.Port
	if port == 0 {
		port = FreePort(t)
	}
	if o.Config == "" {
		o.Config = Config
	}
	if o.Secrets == nil {
		o.Secrets = keychain.NewMem()
	}
	inner, err := gateway.New(gateway.Options{
		AppDir: g.Dir, ConfigFile: writeConfig(t, o.Config), Version: "test",
		UI:      fstest.MapFS{"index.html": {Data: []byte("<!doctype html><title>Heimdall</title>")}, "assets/app.js": {Data: []byte("app()")}},
		Log:     slog.New(slog.NewJSONHandler(g.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Secrets: o.Secrets, Keychain: "file", KeychainDetail: "in memory",
		Fixed: gateway.Fixed{Host: o.Host, Port: port}, Desktop: o.Desktop, Shell: o.Shell, Cassette: o.Cassette,
		Env:       func(name string) string { return o.Env[name] },
		Providers: g.providers(o),
	})
	if err != nil {
		return nil, err
	}
	g.Gateway = inner
	t.Cleanup(func() { g.Close() })
	if err := inner.Start(t.Context()); err != nil {
		return g, err
	}
	g.URL = fmt.Sprintf("http://127.0.0.1:%d", port)
	if o.Desktop {
		address, token := inner.Control()
		g.Control, g.Token = "http://"+address, token
	}
	return g, nil
}

// providers are the built-in ones that need a key, with scripted upstreams.
func (g *Gateway) providers(o Options) []providers.Provider {
	doer := o.Doer
	if doer == nil {
		g.Upstream = &fake.Doer{Script: o.Script, Remember: true}
		if o.Script == nil {
			g.Upstream.Script = func(*transport.Request) fake.Reply { return fake.Reply{Status: 500, Body: "no call was expected"} }
		}
		doer = g.Upstream
	}
	var out []providers.Provider
	for _, p := range all.List() {
		if p.Info().Keyless { // those that are there without being configured
			continue
		}
		if !o.Network {
			p.Info().Doer = doer
		}
		out = append(out, p)
	}
	if o.Network {
		doer = nil
	}
	if o.More != nil {
		out = append(out, o.More(doer)...)
	}
	return out
}

// Close stops the gateway; a failure fails the test.
func (g *Gateway) Close() {
	if g.closed {
		return
	}
	g.closed = true
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if err := g.Gateway.Close(ctx); err != nil {
		g.t.Errorf("close: %v", err)
	}
}

// Answer is an HTTP response that was read to its end. Broken is set where the connection broke before.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Broken error
}

// client keeps no connection, so that tests do not meet each other's.
var client = &http.Client{
	Timeout:       2 * Patience,
	Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Do sends a request to a path of the gateway's port, or to a whole URL, and reads the answer. header is name, value, …
func (g *Gateway) Do(method, path, body string, header ...string) Answer {
	g.t.Helper()
	a, err := g.Try(g.t.Context(), method, path, body, header...)
	if err != nil {
		g.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// Try is Do with a context and an error.
func (g *Gateway) Try(ctx context.Context, method, path, body string, header ...string) (Answer, error) {
	if strings.HasPrefix(path, "/") {
		path = g.URL + path
	}
	req, err := http.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
			continue
		}
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(text), Broken: err}, nil
}

// FreePort finds a port that nobody listens on now.
func FreePort(t testing.TB) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// Eventually waits for something that happens in the background.
func Eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	if err := await(done); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func await(done func() bool) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for over := time.Now().Add(Patience); ; <-tick.C {
		if done() {
			return nil
		}
		if time.Now().After(over) {
			return errors.New("it did not happen in time")
		}
	}
}
