package transport_test

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/transport"
)

// proxy is a server that connects everybody to one upstream, whatever address they ask for.
type proxy struct {
	addr   string
	target string // host:port
	mu     sync.Mutex
	asked  []string // the addresses
	auth   []string // the credentials that came along
}

func (p *proxy) note(addr, auth string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked, p.auth = append(p.asked, addr), append(p.auth, auth)
}

func (p *proxy) seen() (asked, auth []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked, p.auth
}

// listen starts a proxy; greet speaks its protocol and reports whether the connection is to be joined with the target.
func listen(t *testing.T, target string, config *tls.Config, greet func(*proxy, net.Conn) bool) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	p := &proxy{addr: ln.Addr().String(), target: target}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			if config != nil {
				c = tls.Server(c, config)
			}
			go p.serve(c, greet)
		}
	}()
	return p
}

func (p *proxy) serve(c net.Conn, greet func(*proxy, net.Conn) bool) {
	defer c.Close()
	if !greet(p, c) {
		return
	}
	up, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer up.Close()
	go func() { _, _ = io.Copy(up, c) }()
	_, _ = io.Copy(c, up)
}

// connectGreeting is that of an HTTP proxy.
func connectGreeting(p *proxy, c net.Conn) bool {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil || req.Method != "CONNECT" {
		fmt.Fprint(c, "HTTP/1.1 405 Only CONNECT\r\n\r\n")
		return false
	}
	auth := req.Header.Get("Proxy-Authorization")
	p.note(req.RequestURI, auth)
	if auth == "Basic bWU6d3Jvbmc=" { // me:wrong
		fmt.Fprint(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
		return false
	}
	fmt.Fprint(c, "HTTP/1.1 200 Connection established\r\n\r\n")
	return true
}

// socksGreeting is that of a SOCKS5 proxy with user name and password, RFC 1928 and 1929.
func socksGreeting(p *proxy, c net.Conn) bool {
	read := func(n int) []byte {
		b := make([]byte, n)
		_, _ = io.ReadFull(c, b)
		return b
	}
	methods := read(int(read(2)[1]))
	if !strings.Contains(string(methods), "\x02") {
		return false
	}
	_, _ = c.Write([]byte{5, 2})
	user := string(read(int(read(2)[1])))
	password := string(read(int(read(1)[0])))
	_, _ = c.Write([]byte{1, 0})
	if read(4)[3] != 3 { // a name, not an address
		return false
	}
	name := string(read(int(read(1)[0])))
	port := read(2)
	p.note(fmt.Sprintf("%s:%d", name, int(port[0])<<8|int(port[1])), user+":"+password)
	_, _ = c.Write([]byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 0})
	return true
}

// ca is the PEM of a test server's certificate, which is its own authority and good for example.com.
func ca(s *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

// upstreams are a plain server and one with TLS; both answer with the host that they were asked for.
func upstreams(t *testing.T) (plain, secure *httptest.Server) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Method+" "+r.Host) })
	plain, secure = httptest.NewServer(answer), httptest.NewUnstartedServer(answer)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	return plain, secure
}

// doers makes a client of each sort. The second speaks HTTP/2 only.
func doers(t *testing.T, o transport.Options) map[string]transport.Doer {
	t.Helper()
	c, err := transport.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	h, err := transport.NewHTTP2(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	t.Cleanup(h.Close)
	return map[string]transport.Doer{"http/1.1": c, "http/2": h}
}

func get(t *testing.T, d transport.Doer, url string) (string, error) {
	t.Helper()
	resp, err := d.Do(t.Context(), &transport.Request{Method: "GET", URL: url, Timeout: patience})
	if err != nil {
		return "", err
	}
	defer resp.Release()
	return string(resp.Body), nil
}

func TestProxies(t *testing.T) {
	plain, secure := upstreams(t)
	cases := []struct {
		name, scheme, auth string
		greet              func(*proxy, net.Conn) bool
	}{
		{"http", "http://", "Basic bWU6cGFzcw==", connectGreeting},
		{"http over TLS", "https://", "Basic bWU6cGFzcw==", connectGreeting},
		{"socks5", "socks5://", "me:pass", socksGreeting},
	}
	for _, c := range cases {
		for _, url := range []string{"http://example.com", "https://example.com"} {
			target, config := plain.Listener.Addr().String(), (*tls.Config)(nil)
			addr := "example.com:80"
			if strings.HasPrefix(url, "https") {
				target, addr = secure.Listener.Addr().String(), "example.com:443"
			}
			if c.scheme == "https://" {
				config = &tls.Config{Certificates: secure.TLS.Certificates}
			}
			p := listen(t, target, config, c.greet)
			via := c.scheme + p.addr
			o := transport.Options{CA: ca(secure), Proxy: transport.Proxy{HTTP: via, HTTPS: via, Username: "me", Password: "pass", CA: ca(secure)}}
			for kind, d := range doers(t, o) {
				if kind == "http/2" && addr == "example.com:80" {
					continue // the plain server speaks HTTP/1.1
				}
				before, _ := p.seen()
				for range 2 {
					if got, err := get(t, d, url); got != "GET example.com" || err != nil {
						t.Errorf("%s, %s, %s: %q %v", c.name, url, kind, got, err)
					}
				}
				asked, auth := p.seen()
				if diff := cmp.Diff([]string{addr}, asked[len(before):]); diff != "" || auth[len(auth)-1] != c.auth {
					t.Errorf("%s, %s, %s: the proxy heard %q: %s", c.name, url, kind, auth, diff)
				}
			}
		}
	}
}

func TestAProxyThatRefuses(t *testing.T) {
	p := listen(t, "127.0.0.1:1", nil, connectGreeting)
	via := "http://" + p.addr
	for kind, d := range doers(t, transport.Options{Proxy: transport.Proxy{HTTP: via, HTTPS: via, Username: "me", Password: "wrong"}}) {
		_, err := get(t, d, "https://example.com")
		if !errors.Is(err, transport.ErrConnect) || !strings.Contains(err.Error(), "407") || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestWhatIsReachedStraight(t *testing.T) {
	plain, _ := upstreams(t)
	_, port, _ := net.SplitHostPort(plain.Listener.Addr().String())
	p := listen(t, plain.Listener.Addr().String(), nil, connectGreeting)
	vars := map[string]string{"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": p.addr, "NO_PROXY": "no.invalid,.corp.invalid"}
	o := transport.Options{Proxy: transport.Environment(func(name string) string { return vars[name] })}
	d := doers(t, o)["http/1.1"]
	for host, proxied := range map[string]bool{
		"example.com:80": true, "127.0.0.1:" + port: false, "localhost:" + port: false, "app.localhost:" + port: false, "no.invalid": false, "a.corp.invalid": false,
	} {
		before, _ := p.seen()
		_, _ = get(t, d, "http://"+host)
		if after, _ := p.seen(); (len(after) > len(before)) != proxied {
			t.Errorf("%s: through the proxy %v, want %v", host, !proxied, proxied)
		}
	}
}

func TestCertificates(t *testing.T) {
	_, secure := upstreams(t)
	cases := []struct {
		name string
		o    transport.Options
		ok   bool
	}{
		{"an unknown authority", transport.Options{}, false},
		{"an authority of one's own", transport.Options{CA: ca(secure)}, true},
		{"unchecked", transport.Options{Insecure: true}, true},
	}
	for _, c := range cases {
		for kind, d := range doers(t, c.o) {
			_, err := get(t, d, secure.URL)
			if (err == nil) != c.ok || err != nil && (!errors.Is(err, transport.ErrConnect) || !strings.Contains(err.Error(), "certificate")) {
				t.Errorf("%s, %s: %v", c.name, kind, err)
			}
		}
	}
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	gone := make(chan time.Time, 1)
	u := serve(t, func(c *turn) bool {
		c.ok("{}")
		gone <- c.gone()
		return false
	})
	d := doers(t, transport.Options{KeepAlive: 20 * time.Millisecond})["http/1.1"]
	if _, err := get(t, d, u.url); err != nil {
		t.Fatal(err)
	}
	if at := <-gone; time.Since(at) > patience/2 {
		t.Error("the connection was kept")
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	for _, o := range []transport.Options{
		{CA: "no pem"}, {Proxy: transport.Proxy{HTTPS: "ftp://x"}}, {Proxy: transport.Proxy{HTTP: "http://"}},
		{Proxy: transport.Proxy{HTTP: "http://x", CA: "no pem"}},
	} {
		if _, err := transport.NewClient(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
		if _, err := transport.NewHTTP2(o); err == nil {
			t.Errorf("%+v is taken for HTTP/2", o)
		}
	}
}
