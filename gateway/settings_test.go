package gateway_test

import (
	"bufio"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/gatewaytest"
	"heimdall/providers"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// cloud is a made-up provider whose keys have options. It signs with all of them.
type cloud struct{ *providers.Table }

func (c cloud) Sign(_ context.Context, out *providers.Outbound, key providers.Credential) error {
	out.Set("X-Secret", key.Options["secret_key"])
	out.Set("X-Api-Key", key.Options["credentials"])
	out.Set("X-Region", key.Options["region"])
	if key.Value != "" {
		out.Set("Authorization", "Bearer "+key.Value)
	}
	return nil
}

func cloudy(doer transport.Doer) []providers.Provider {
	return []providers.Provider{cloud{&providers.Table{
		About: providers.Info{
			Name: "cloudy", Title: "Cloudy", BaseURL: "https://cloudy.invalid", Compatible: "Cloudy-compatible", Doer: doer,
			Options: []providers.Option{
				{Name: "value", Type: "secret", Scope: "key"},
				{Name: "region", Type: "text", Scope: "key", Required: true},
				{Name: "secret_key", Type: "secret", Scope: "key"},
				{Name: "credentials", Type: "secret", Scope: "key"},
			},
		},
		Routes: map[llm.Op][]providers.Endpoint{
			llm.OpChat:   {{Dialect: "chat", Method: "POST", Version: "/v1", Path: "/chat/completions"}},
			llm.OpModels: {{Method: "GET", Version: "/v1", Path: "/models"}},
		},
	}}}
}

const (
	hello     = `{"model":"%s/m","messages":[{"role":"user","content":"hi"}]}`
	helloBack = `{"id":"1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]}`
)

// TestOptionsReachTheProvider gives a key its options in each way in which they can be written.
func TestOptionsReachTheProvider(t *testing.T) {
	t.Parallel()
	reply := func(*transport.Request) fake.Reply {
		return fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "application/json"}, Body: helloBack}
	}
	g := gatewaytest.Start(t, gatewaytest.Options{More: cloudy, Script: reply, Env: map[string]string{"REGION": "eu-1", "CREDENTIALS": "from-the-environment"},
		Config: `{"providers":{
			"cloudy":{"keys":[{"name":"a","models":["*"],"cloudy_key_config":{"region":"env.REGION","secret_key":"first-secret","credentials":"env.CREDENTIALS"}}]},
			"mine":{"custom_provider_config":{"base_provider_type":"cloudy","request_path_overrides":{"chat_completion":"/own/chat"},"allowed_requests":{"chat_completion":true}},
				"network_config":{"base_url":"http://mine.invalid/v2"},"keys":[{"name":"b","models":["*"],"value":"v","cloudy_key_config":{"region":"us"}}]}}}`})
	for _, name := range []string{"cloudy", "mine"} {
		if a := g.Do("POST", "/v1/chat/completions", fmt.Sprintf(hello, name)); a.Status != 200 {
			t.Fatalf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	seen := g.Upstream.Seen()
	got := []string{}
	for _, s := range seen {
		got = append(got, strings.Join([]string{s.URL, s.Header["X-Region"], s.Header["X-Secret"], s.Header["X-Api-Key"], s.Header["Authorization"]}, " "))
	}
	want := []string{"https://cloudy.invalid/v1/chat/completions eu-1 first-secret from-the-environment ", "http://mine.invalid/v2/own/chat us   Bearer v"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if a := g.Do("POST", "/v1/embeddings", `{"model":"mine/m","input":"x"}`); a.Status != 400 || !strings.Contains(a.Body, "embedding is not supported by mine provider") {
		t.Errorf("what is not allowed: %d %s", a.Status, a.Body)
	}
	if a := g.Do("POST", "/api/providers/cloudy/keys", `{"name":"c","cloudy_key_config":{"secret_key":"x"}}`); a.Status != 400 || !strings.Contains(a.Body, "region") {
		t.Errorf("a key without its region: %d %s", a.Status, a.Body)
	}
}

// gate is an HTTP proxy in front of one server, whatever address is asked for.
type gate struct {
	addr string
	mu   sync.Mutex
	auth []string
}

func openGate(t *testing.T, target string) *gate {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	g := &gate{addr: ln.Addr().String()}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go g.serve(c, target)
		}
	}()
	return g
}

func (g *gate) serve(c net.Conn, target string) {
	defer c.Close()
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	g.mu.Lock()
	g.auth = append(g.auth, req.Method+" "+req.RequestURI+" "+req.Header.Get("Proxy-Authorization"))
	g.mu.Unlock()
	up, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer up.Close()
	fmt.Fprint(c, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { _, _ = io.Copy(up, c) }()
	_, _ = io.Copy(c, up)
}

// TestTheWayToAProvider changes how a provider is reached while the gateway runs.
func TestTheWayToAProvider(t *testing.T) {
	t.Parallel()
	var protocols []string
	var mu sync.Mutex
	upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		protocols = append(protocols, r.Proto)
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, helloBack)
	}))
	upstream.EnableHTTP2 = true
	upstream.StartTLS()
	t.Cleanup(upstream.Close)
	authority := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: upstream.Certificate().Raw}))
	through := openGate(t, upstream.Listener.Addr().String())
	g := gatewaytest.Start(t, gatewaytest.Options{Network: true, Env: map[string]string{"PROXY_PASSWORD": "pass"}, Config: `{"providers":{"openai":{
		"network_config":{"base_url":"https://example.com"},"proxy_config":{"type":"http","url":"http://` + through.addr + `","username":"me","password":"env.PROXY_PASSWORD"},
		"keys":[{"name":"main","value":"k","models":["*"],"weight":1}]}}}`})
	set := func(network string) {
		t.Helper()
		g.JSON("PUT", "/api/providers/openai", `{"network_config":{"base_url":"https://example.com"`+network+`}}`, nil)
	}
	call := func() gatewaytest.Answer { return g.Do("POST", "/v1/chat/completions", fmt.Sprintf(hello, "openai")) }

	if a := call(); a.Status != 502 || !strings.Contains(a.Body, "certificate") {
		t.Errorf("an unknown authority: %d %s", a.Status, a.Body)
	}
	set(`,"ca_cert_pem":` + fmt.Sprintf("%q", authority))
	if a := call(); a.Status != 200 {
		t.Errorf("an authority of one's own: %d %s", a.Status, a.Body)
	}
	set(`,"insecure_skip_verify":true,"enforce_http2":true`)
	if a := call(); a.Status != 200 {
		t.Errorf("HTTP/2: %d %s", a.Status, a.Body)
	}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff([]string{"HTTP/1.1", "HTTP/2.0"}, protocols); diff != "" {
		t.Error(diff)
	}
	through.mu.Lock()
	defer through.mu.Unlock()
	for _, said := range through.auth {
		if said != "CONNECT example.com:443 Basic bWU6cGFzcw==" {
			t.Errorf("the proxy heard %q", said)
		}
	}
	if len(through.auth) != 3 {
		t.Errorf("the proxy was asked %d times, want once for each way", len(through.auth))
	}
}
