package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
	"golang.org/x/net/proxy"
)

// Options says how upstreams are reached. The zero value is the usual way: straight, with the defaults.
type Options struct {
	MaxConns  int           // to each host at most; 0 = 5000
	KeepAlive time.Duration // how long a connection is kept that nobody uses; 0 = 50 s
	Proxy     Proxy
	CA        string // PEM of authorities that are trusted besides the system's
	Insecure  bool   // certificates are not checked
}

// Proxy says through whom upstreams are reached; the zero value is nobody. HTTP and HTTPS are the URLs of the proxies
// for http:// and https:// addresses (http, https or socks5), "" where there is none. Through an HTTP proxy every
// address is reached by CONNECT. A loopback address is always reached straight.
type Proxy struct {
	HTTP     string
	HTTPS    string
	Except   string // hosts that are reached straight, as NO_PROXY lists them
	Username string
	Password string
	CA       string // PEM of authorities that are trusted besides the system's for an https proxy
}

// Environment is the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name; their lower-case spellings come first.
func Environment(env func(name string) string) Proxy {
	first := func(name string) string {
		if v := env(strings.ToLower(name)); v != "" {
			return v
		}
		return env(name)
	}
	return Proxy{HTTP: first("HTTP_PROXY"), HTTPS: first("HTTPS_PROXY"), Except: first("NO_PROXY")}
}

// dialer makes connections to upstreams.
type dialer struct {
	tls      *tls.Config                      // of the upstream
	proxyTLS *tls.Config                      // of a proxy that is reached over TLS
	through  func(*url.URL) (*url.URL, error) // nil = everything is reached straight
	user     *url.Userinfo                    // for the proxy, unless its URL has one
}

func newDialer(o Options) (*dialer, error) {
	trust, err := roots(o.CA)
	if err != nil {
		return nil, err
	}
	d := &dialer{tls: &tls.Config{RootCAs: trust, InsecureSkipVerify: o.Insecure}}
	p := o.Proxy
	if p.HTTP == "" && p.HTTPS == "" {
		return d, nil
	}
	for _, address := range []string{p.HTTP, p.HTTPS} {
		if err := checkProxy(address); err != nil {
			return nil, err
		}
	}
	if trust, err = roots(p.CA); err != nil {
		return nil, fmt.Errorf("of the proxy: %w", err)
	}
	d.proxyTLS = &tls.Config{RootCAs: trust}
	if p.Username != "" {
		d.user = url.UserPassword(p.Username, p.Password)
	}
	d.through = (&httpproxy.Config{HTTPProxy: p.HTTP, HTTPSProxy: p.HTTPS, NoProxy: p.Except}).ProxyFunc()
	return d, nil
}

// roots are the system's authorities and those of a PEM text; nil, the system's alone, where there is none.
func roots(pem string) (*x509.CertPool, error) {
	if pem == "" {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM([]byte(pem)) {
		return nil, errors.New("the CA certificate holds no PEM certificate")
	}
	return pool, nil
}

// checkProxy refuses an address that httpproxy would pass over, which would mean no proxy at all.
func checkProxy(address string) error {
	if address == "" {
		return nil
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return errors.New("the proxy's address cannot be read; it looks like http://proxy.example.com:3128")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return nil
	}
	return fmt.Errorf("proxies of the kind %q are not known; use http, https or socks5", u.Scheme)
}

// dial connects to an upstream: with TLS for the scheme https. protocols are what TLS offers; none = HTTP/1.1.
func (d *dialer) dial(ctx context.Context, scheme, addr string, protocols ...string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	begun := time.Now()
	conn, err := d.reach(ctx, scheme, addr)
	if err != nil {
		return nil, err
	}
	reached := time.Now()
	took := &measuredOf(conn).took
	took.Connect = reached.Sub(begun) - took.DNS
	if scheme != "https" {
		return conn, nil
	}
	config := d.tls
	if len(protocols) > 0 {
		config = config.Clone()
		config.NextProtos = protocols
	}
	conn, err = secure(ctx, conn, addr, config)
	took.TLS = time.Since(reached)
	return conn, err
}

// reach gives a plain connection to an upstream, itself or by way of its proxy.
func (d *dialer) reach(ctx context.Context, scheme, addr string) (net.Conn, error) {
	if d.through == nil || local(addr) {
		return connect(ctx, addr)
	}
	via, err := d.through(&url.URL{Scheme: scheme, Host: addr})
	if err != nil {
		return nil, err
	}
	if via == nil {
		return connect(ctx, addr)
	}
	user := via.User
	if user == nil {
		user = d.user
	}
	conn, err := connect(ctx, withPort(via))
	if err != nil {
		return nil, fmt.Errorf("the proxy does not answer: %w", err)
	}
	if via.Scheme == "https" {
		if conn, err = secure(ctx, conn, withPort(via), d.proxyTLS); err != nil {
			return nil, err
		}
	}
	if strings.HasPrefix(via.Scheme, "socks5") {
		err = socks(ctx, conn, addr, user)
	} else {
		err = tunnel(ctx, conn, addr, user)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

func secure(ctx context.Context, conn net.Conn, addr string, config *tls.Config) (net.Conn, error) {
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
		config = config.Clone()
		config.ServerName = host
	}
	c := tls.Client(conn, config)
	if err := c.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return c, nil
}

// tunnel asks an HTTP proxy to connect to addr.
func tunnel(ctx context.Context, conn net.Conn, addr string, user *url.Userinfo) error {
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	req := &http.Request{Method: "CONNECT", URL: &url.URL{Opaque: addr}, Host: addr, Header: http.Header{"User-Agent": nil}}
	if user != nil {
		password, _ := user.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	if err := req.Write(conn); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, req)
	switch {
	case err != nil:
		return fmt.Errorf("the proxy gave no answer: %w", err)
	case resp.StatusCode != http.StatusOK:
		return errors.New("the proxy refused the connection: " + resp.Status)
	case in.Buffered() > 0:
		return errors.New("the proxy said more than it was asked")
	}
	return conn.SetDeadline(time.Time{})
}

// socks asks a SOCKS5 proxy to connect to addr, whose name the proxy resolves.
func socks(ctx context.Context, conn net.Conn, addr string, user *url.Userinfo) error {
	var auth *proxy.Auth
	if user != nil {
		password, _ := user.Password()
		auth = &proxy.Auth{User: user.Username(), Password: password}
	}
	d, err := proxy.SOCKS5("tcp", conn.RemoteAddr().String(), auth, nil)
	if err != nil {
		return err
	}
	// On the bare connection, so that what looks at a connection at rest sees the socket.
	_, err = d.(interface {
		DialWithConn(ctx context.Context, c net.Conn, network, address string) (net.Addr, error)
	}).DialWithConn(ctx, conn, "tcp", addr)
	if err != nil {
		return fmt.Errorf("the proxy refused the connection: %w", err)
	}
	return nil
}

func withPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	port := map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// local reports whether an address is on this machine.
func local(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
