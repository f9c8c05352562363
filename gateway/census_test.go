package gateway_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/gatewaytest"
)

const password = "correct horse"

// mode is one way to lock the gateway. locked says whether a guard of the gateway's port needs proof in it.
type mode struct {
	name, config, host string
	locked             map[exchange.Guard]bool
}

var modes = []mode{
	{"open", gatewaytest.Config, "", map[exchange.Guard]bool{exchange.GuardControl: true}},
	{"password", withAuth(`"is_enabled":true`), "", map[exchange.Guard]bool{exchange.GuardControl: true, exchange.GuardManage: true, exchange.GuardInference: true}},
	{"password, open inference", withAuth(`"is_enabled":true,"disable_auth_on_inference":true`), "", map[exchange.Guard]bool{exchange.GuardControl: true, exchange.GuardManage: true}},
	{"off loopback", withAuth(`"is_enabled":true,"disable_auth_on_inference":true`), "0.0.0.0", map[exchange.Guard]bool{exchange.GuardControl: true, exchange.GuardManage: true, exchange.GuardInference: true, exchange.GuardUI: true}},
}

// as is the guard whose proofs a guard takes, whatever else it takes.
func as(g exchange.Guard) exchange.Guard {
	if g == exchange.GuardSocket {
		return exchange.GuardManage
	}
	return g
}

func withAuth(fields string) string {
	return strings.TrimSuffix(gatewaytest.Config, "}") + `,"auth_config":{"admin_username":"root","admin_password":"` + password + `",` + fields + `}}`
}

// ask sends a request as it is written, which http.Client would tidy up, and reads the status.
func ask(t *testing.T, base, raw string) (int, http.Header, string) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(gatewaytest.Patience))
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, nil, err.Error() // closed without an answer
	}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return resp.StatusCode, resp.Header, "" // its body has no end
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(body)
}

// plain is a request without a body that no handler can mistake for a valid one.
func plain(method, path, host string, header ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, path, host)
	for _, h := range header {
		b.WriteString(h + "\r\n")
	}
	if method != "GET" && method != "HEAD" {
		b.WriteString("Content-Length: 1\r\n\r\n{")
		return b.String()
	}
	return b.String() + "\r\n"
}

// concrete fills a row's {names}.
func concrete(row exchange.Row) string {
	path := row.Path
	for _, name := range []string{"{provider}", "{key_id}", "{id}", "{profile}", "{file...}"} {
		path = strings.ReplaceAll(path, name, "nothing")
	}
	return path
}

// harmless leaves out the rows that would stop what is being tested, or end its session.
func harmless(rows []exchange.Row) []exchange.Row {
	var out []exchange.Row
	for _, r := range rows {
		if !strings.HasPrefix(r.Path, "/api/gateway/st") && r.Path != "/api/session/logout" {
			out = append(out, r)
		}
	}
	return out
}

func login(t *testing.T, g *gatewaytest.Gateway) string {
	t.Helper()
	a := g.Do("POST", "/api/session/login", `{"username":"root","password":"`+password+`"}`)
	var s struct{ Token string }
	if err := json.Unmarshal([]byte(a.Body), &s); err != nil || s.Token == "" {
		t.Fatalf("login: %d %s", a.Status, a.Body)
	}
	return s.Token
}

func TestGuardCensus(t *testing.T) {
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Options{Config: m.config, Host: m.host, Desktop: true})
			right := map[string]string{"control token": "Authorization: Bearer " + g.Token}
			if m.name != "open" {
				right["session"] = "Authorization: Bearer " + login(t, g)
				right["cookie"] = "Cookie: token=" + strings.TrimPrefix(right["session"], "Authorization: Bearer ")
				right["basic"] = "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("root:"+password))
			}
			wrong := map[string]string{
				"nothing": "X-Nothing: 1", "wrong token": "Authorization: Bearer nonsense", "wrong cookie": "Cookie: token=nonsense", "empty": "Authorization: Bearer ",
				"wrong basic": "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("root:wrong")), "broken basic": "Authorization: Basic !!!", "provider key": "X-Api-Key: " + gatewaytest.OpenAIKey,
			}
			port, control := g.ListenerRows()
			proofs := slices.Sorted(maps.Keys(right))
			check := func(n int, base string, row exchange.Row, locked bool) {
				host := strings.TrimPrefix(base, "http://")
				for name, h := range wrong {
					if !locked && row.Guard != exchange.GuardHolder && name != "nothing" && name != "wrong token" {
						continue // no proof is looked at: two show it
					}
					status, _, body := ask(t, base, plain(row.Method, concrete(row), host, h))
					if (status == 401) != (locked || row.Guard == exchange.GuardHolder) {
						t.Errorf("%s: %s %s (%s) with %s: %d %s", base, row.Method, row.Path, row.Guard, name, status, body)
					}
				}
				if row.Guard == exchange.GuardHolder { // the administrator holds no virtual key
					return
				}
				// What is right opens all rows that are guarded alike, so each row is tried with one.
				name := proofs[n%len(proofs)]
				if status, _, body := ask(t, base, plain(row.Method, concrete(row), host, right[name])); status == 401 || status == 0 {
					t.Errorf("%s: %s %s (%s) with %s: %d %s", base, row.Method, row.Path, row.Guard, name, status, body)
				}
			}
			for n, row := range harmless(port) {
				check(n, g.URL, row, m.locked[as(row.Guard)])
			}
			for n, row := range harmless(control) {
				check(n, g.Control, row, row.Guard == exchange.GuardControl || as(row.Guard) == exchange.GuardManage)
			}
		})
	}
}

// However a path is spelt: what a locked row would answer is not reached without proof.
func TestPathSpellings(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Config: withAuth(`"is_enabled":true`), Desktop: true})
	port, _ := g.ListenerRows()
	host := strings.TrimPrefix(g.URL, "http://")
	for _, row := range harmless(port) {
		if as(row.Guard) != exchange.GuardManage && row.Guard != exchange.GuardInference && row.Guard != exchange.GuardControl {
			continue
		}
		p := concrete(row)
		for _, spelt := range []string{
			"/" + p, p + "/", p + "//", strings.Replace(p, "/", "/./", 2), "/x/.." + p, "/%2e" + p, "/assets/.." + p, strings.Replace(p, "a", "%61", 1), strings.ToUpper(p),
			strings.ReplaceAll(p, "/", "%2f"), strings.ReplaceAll(p, "/", "//"), p + "%00", p + ";x", p + "?x", p + "%20", "/health/.." + p, "/api/session/login/../../.." + p, "\\" + p, p + "#x", "http://" + host + p,
		} {
			status, _, body := ask(t, g.URL, plain(row.Method, spelt, host))
			if status >= 200 && status < 400 && !strings.Contains(body, "<title>Heimdall</title>") {
				t.Errorf("%s %s: %d %s", row.Method, spelt, status, body)
			}
		}
	}
	if n := len(g.Upstream.Seen()); n != 0 {
		t.Errorf("%d upstream calls", n)
	}
}

// Hosts under which a server on loopback answers or does not. PORT is its port.
var (
	ourHosts = []string{"localhost:PORT", "127.0.0.1:PORT", "[::1]:PORT", "LOCALHOST:PORT", "LocalHost:PORT", "localhost", "127.0.0.1", "[::1]", "added.test:PORT", "ADDED.test", "added.test"}

	foreignHosts = []string{
		"", "evil.test", "evil.test:PORT", "localhost.evil.test:PORT", "127.0.0.1.evil.test:PORT", "evil.test.:PORT", "localhost.:PORT", "localhost..", "127.0.0.1.:PORT", ".localhost", "a.localhost:PORT",
		"user@localhost:PORT", "localhost@evil.test:PORT", "localhost:PORT@evil.test", "user:pass@127.0.0.1:PORT", "evil.test/localhost", "localhost/evil.test", "localhost?evil.test", "evil.test?localhost", "localhost#evil.test", "evil.test#localhost",
		"localhost,evil.test", "localhost evil.test", "evil.test localhost", "localhost:", "localhost:abc", "localhost:80:80", "localhost:-1", "localhost:+80", "localhost:PORT:evil.test",
		"0.0.0.0", "0.0.0.0:PORT", "[::]:PORT", "[::]", "0:PORT", "0", "127.1:PORT", "127.0.1", "2130706433:PORT", "0x7f000001:PORT", "0x7f.1", "017700000001:PORT", "0177.0.0.1", "127.0.0.2:PORT",
		"[::ffff:127.0.0.1]:PORT", "[::ffff:7f00:1]:PORT", "[0:0:0:0:0:0:0:1]:PORT", "[::1%25lo]:PORT", "::1", "::1:PORT", "[::1", "::1]", "[localhost]:PORT", "[127.0.0.1]:PORT", "[[::1]]:PORT",
		"printer.local:PORT", "gateway.internal:PORT", "host.docker.internal:PORT", "1ocalhost:PORT", "Iocalhost:PORT", "localhosт:PORT", "xn--localhos-x2e:PORT", "ｌocalhost:PORT", "localhost%00:PORT", "%6cocalhost:PORT", "localhost\t.evil.test",
		"added.test.evil.test", "xadded.test", "sub.added.test:PORT", "added.test.:PORT", "192.168.1.7:PORT", "10.0.0.1", "169.254.169.254",
	}
)

func TestHostMatrix(t *testing.T) {
	t.Parallel()
	config := strings.TrimSuffix(gatewaytest.Config, "}") + `,"client":{"allowed_hosts":["added.test"]}}`
	g := gatewaytest.Start(t, gatewaytest.Options{Config: config, Desktop: true})
	events := g.Listen()
	port, control := g.ListenerRows()
	for base, rows := range map[string][]exchange.Row{g.URL: port, g.Control: control} {
		at := base[strings.LastIndex(base, ":")+1:]
		for _, row := range append(onePerGuard(rows), exchange.Row{Method: "GET", Path: "/no/such/route", Guard: "none"}, exchange.Row{Method: "OPTIONS", Path: "/v1/models", Guard: "preflight"}) {
			for _, h := range ourHosts {
				status, _, body := ask(t, base, plain(row.Method, concrete(row), strings.ReplaceAll(h, "PORT", at)))
				if status == 403 || status == 0 {
					t.Errorf("%s %s (%s) at %q: %d %s", row.Method, row.Path, row.Guard, h, status, body)
				}
			}
			for _, h := range foreignHosts {
				h = strings.ReplaceAll(h, "PORT", at)
				status, _, body := ask(t, base, plain(row.Method, concrete(row), h))
				if status != 403 && status != 400 && status != 0 {
					t.Errorf("%s %s (%s) at %q: %d %s", row.Method, row.Path, row.Guard, h, status, body)
				}
				if status == 403 && !strings.Contains(body, "allowed_hosts") {
					t.Errorf("the refusal of %q does not name the setting: %s", h, body)
				}
			}
		}
	}
	path := "/api/version"
	at := strings.TrimPrefix(g.URL, "http://")
	for name, raw := range map[string]string{
		"none":                    "GET " + path + " HTTP/1.1\r\nConnection: close\r\n\r\n",
		"two, the first foreign":  "GET " + path + " HTTP/1.1\r\nHost: evil.test\r\nHost: " + at + "\r\nConnection: close\r\n\r\n",
		"two, the second foreign": "GET " + path + " HTTP/1.1\r\nHost: " + at + "\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
		"absolute form":           "GET http://evil.test" + path + " HTTP/1.1\r\nHost: " + at + "\r\nConnection: close\r\n\r\n",
		"absolute form, ours":     "GET http://" + at + path + " HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n",
		"folded":                  "GET " + path + " HTTP/1.1\r\nHost: " + at + "\r\n .evil.test\r\nConnection: close\r\n\r\n",
		"HTTP/1.0 without":        "GET " + path + " HTTP/1.0\r\n\r\n",
	} {
		if status, _, body := ask(t, g.URL, raw); status != 403 && status != 400 && status != 0 {
			t.Errorf("Host %s: %d %s", name, status, body)
		}
	}
	if n := len(g.Upstream.Seen()); n != 0 {
		t.Errorf("%d upstream calls", n)
	}
	for _, f := range events.Settled() {
		if f.Type == "config" {
			t.Errorf("something was stored: %+v", f)
		}
	}
}

func onePerGuard(rows []exchange.Row) []exchange.Row {
	seen := map[exchange.Guard]bool{}
	var out []exchange.Row
	for _, r := range harmless(rows) {
		if !seen[r.Guard] {
			seen[r.Guard] = true
			out = append(out, r)
		}
	}
	return out
}

const allowedOrigin = "https://app.allowed.test:8443"

// Ways to look like something that is allowed.
func origins(at string, random *rand.Rand) string {
	seeds := []string{allowedOrigin, "http://" + at, "http://localhost:3000", "null", "https://evil.test", "http://127.0.0.1", "file://", "chrome-extension://abc", "http://[::1]:1"}
	s := seeds[random.IntN(len(seeds))]
	parts := []string{".", "/", "@", ":", "evil", "test", "*", "%", " ", "http://", "https://", "8443", "a", "\t", "#", "?", "..", "null", "É", ","}
	for range random.IntN(4) {
		i := random.IntN(len(s) + 1)
		switch random.IntN(4) {
		case 0:
			s = s[:i] + parts[random.IntN(len(parts))] + s[i:]
		case 1:
			s = s[:i]
		case 2:
			s = s[:i] + strings.ToUpper(s[i:])
		default:
			s += parts[random.IntN(len(parts))]
		}
	}
	return s
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	config := strings.TrimSuffix(gatewaytest.Config, "}") + `,"client":{"allowed_origins":["` + allowedOrigin + `"]}}`
	g := gatewaytest.Start(t, gatewaytest.Options{Config: config})
	at := strings.TrimPrefix(g.URL, "http://")
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 10_000 {
		origin := origins(at, random)
		method, path := "POST", "/v1/chat/completions"
		extra := ""
		switch i % 4 {
		case 1:
			method, path = "GET", "/api/config"
		case 2:
			method, extra = "OPTIONS", "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Private-Network: true\r\n"
		case 3:
			method, path, extra = "OPTIONS", "/api/config", "Access-Control-Request-Method: PUT\r\n"
		}
		fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\n%sContent-Length: 0\r\n\r\n", method, path, at, origin, extra)
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("origin %q: %v", origin, err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		sent := strings.Trim(origin, " \t")
		inference := path == "/v1/chat/completions"
		exact := sent == allowedOrigin && inference
		if got := resp.Header.Values("Access-Control-Allow-Origin"); exact != (len(got) == 1 && got[0] == allowedOrigin) || !exact && len(got) > 0 {
			t.Errorf("%s %s with origin %q: allowed %q", method, path, origin, got)
		}
		if may := exact || sent == "http://"+at || sent == ""; may == (resp.StatusCode == 403) {
			t.Errorf("%s %s with origin %q: %d", method, path, origin, resp.StatusCode)
		}
		for _, name := range []string{"Access-Control-Allow-Credentials", "Access-Control-Allow-Private-Network"} {
			if v := resp.Header.Get(name); v != "" {
				t.Errorf("origin %q: %s: %s", origin, name, v)
			}
		}
	}
}

func TestCrossSite(t *testing.T) {
	t.Parallel()
	config := strings.TrimSuffix(gatewaytest.Config, "}") + `,"client":{"allowed_origins":["` + allowedOrigin + `"]}}`
	g := gatewaytest.Start(t, gatewaytest.Options{Config: config})
	for _, c := range []struct {
		name, method, path string
		header             []string
		refused            bool
	}{
		{"a page's image of an API answer", "GET", "/api/config", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, true},
		{"a link to an API answer", "GET", "/api/logs", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, true},
		{"a page on another port", "GET", "/api/config", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors"}, true},
		{"our own page", "GET", "/api/config", []string{"Sec-Fetch-Site", "same-origin"}, false},
		{"typed into the address bar", "GET", "/api/config", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, false},
		{"a link to our page", "GET", "/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, false},
		{"a form on another page", "POST", "/api/providers", []string{"Origin", "http://localhost:3000", "Content-Type", "text/plain"}, true},
		{"a sandboxed page", "POST", "/v1/chat/completions", []string{"Origin", "null"}, true},
		{"an allowed page on the API", "GET", "/api/config", []string{"Origin", allowedOrigin}, true},
		{"an image of a model call", "GET", "/v1/models", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, true},
		{"an allowed page on inference", "GET", "/v1/models", []string{"Origin", allowedOrigin, "Sec-Fetch-Site", "cross-site"}, false},
	} {
		if a := g.Do(c.method, c.path, "", c.header...); (a.Status == 403) != c.refused {
			t.Errorf("%s: %d %s", c.name, a.Status, a.Body)
		}
	}
	a := g.Do("OPTIONS", "/v1/chat/completions", "", "Origin", allowedOrigin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,authorization")
	if h := a.Header; a.Status != 204 || h.Get("Access-Control-Allow-Methods") != "POST" || h.Get("Access-Control-Allow-Headers") != "content-type,authorization" || !strings.Contains(h.Get("Vary"), "Origin") {
		t.Errorf("preflight of an allowed page: %d %v", a.Status, a.Header)
	}
	a = g.Do("POST", "/v1/chat/completions", `{`, "Origin", allowedOrigin)
	if a.Status != 400 || a.Header.Get("Access-Control-Allow-Origin") != allowedOrigin {
		t.Errorf("an allowed page must be able to read errors: %d %v", a.Status, a.Header)
	}
}

func TestRefusedPagesAreShown(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	events := g.Listen()
	g.Do("POST", "/v1/chat/completions", "{}", "Origin", "http://localhost:3000")
	g.Do("OPTIONS", "/openai/chat/completions", "", "Origin", "http://localhost:3001", "Access-Control-Request-Method", "POST")
	var got []string
	for _, f := range events.Settled() {
		if f.Type == "refused" {
			got = append(got, f.Refused.Origin+f.Refused.Path)
		}
	}
	if want := "http://localhost:3000/v1/chat/completions http://localhost:3001/openai/chat/completions"; strings.Join(got, " ") != want {
		t.Errorf("refused: %v", got)
	}
}

func TestStarIsRefused(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{})
	for _, bad := range []string{"*", "http://*", "localhost:3000", "http://a.test/path"} {
		a := g.Do("PUT", "/api/config", `{"client_config":{"allowed_origins":["`+url.PathEscape(bad)+`"]}}`)
		if bad == "*" {
			a = g.Do("PUT", "/api/config", `{"client_config":{"allowed_origins":["*"]}}`)
		}
		if a.Status != 400 || !strings.Contains(a.Body, "allowed_origins") {
			t.Errorf("%s: %d %s", bad, a.Status, a.Body)
		}
	}
	if !bytes.Contains([]byte(g.Do("GET", "/api/config", "").Body), []byte(`"allowed_origins":[]`)) {
		t.Error("a refused setting was stored")
	}
}
