package edge

import (
	"bytes"
	"net"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// Policy is what the guards need to know; it is asked at every request, so that a changed setting holds at once.
type Policy interface {
	// AllowedHosts are host names besides loopback under which the server answers.
	AllowedHosts() []string
	// AllowedOrigins are the web pages that may call inference routes.
	AllowedOrigins() []string
	// Admin reports whether the header proves the administrator.
	Admin(h exchange.Header) bool
	// Ticket reports whether a ticket for a websocket is good; it is not good again.
	Ticket(ticket string) bool
	// NeedsAdmin reports whether rows of this guard need that proof.
	NeedsAdmin(g exchange.Guard) bool
	// Refused hears of a web page that was turned away.
	Refused(origin, path string)
}

// admit checks a request against its row's guard. It returns the origin that the answer must name for the browser, ""
// for none.
func admit(ctx *fasthttp.RequestCtx, h *header, row *exchange.Row, p Policy) (origin string, err error) {
	if err := checkHosts(ctx, p); err != nil {
		return "", err
	}
	if row.Guard != exchange.GuardUI {
		if origin, err = checkOrigin(ctx, h, row.Guard, p); err != nil {
			return "", err
		}
	}
	if row.Guard == exchange.GuardPublic || !p.NeedsAdmin(row.Guard) {
		return origin, nil
	}
	if row.Guard == exchange.GuardSocket {
		if ticket := ctx.QueryArgs().Peek("ticket"); len(ticket) > 0 && p.Ticket(string(ticket)) {
			return origin, nil
		}
	}
	if !p.Admin(h) {
		return origin, &llm.Error{Kind: llm.KindAuthFailed, Status: 401, Type: "unauthorized",
			Message: "sign in first: send HTTP Basic with the administrator's name and password, or a session token as Bearer (POST /api/session/login gives one)"}
	}
	return origin, nil
}

// checkHosts checks the Host header, and the host of a request line that names one.
func checkHosts(ctx *fasthttp.RequestCtx, p Policy) error {
	said, meant := ctx.Request.Header.Host(), ctx.Host()
	if err := checkHost(said, p); err != nil || bytes.Equal(said, meant) {
		return err
	}
	return checkHost(meant, p)
}

// checkHost keeps pages from reaching us under a name of their own that they let point here.
func checkHost(raw []byte, p Policy) error {
	if i := bytes.LastIndexByte(raw, ':'); i > 0 && digits(raw[i+1:]) {
		switch string(raw[:i]) { // what nearly every request says, without an allocation
		case "localhost", "127.0.0.1":
			return nil
		}
	}
	name := hostname(string(raw))
	switch name {
	case "localhost", "127.0.0.1", "::1":
		return nil
	}
	if name != "" && slices.Contains(p.AllowedHosts(), name) {
		return nil
	}
	return &llm.Error{Kind: llm.KindAccessDenied, Status: 403, Type: "host_not_allowed",
		Message: "this server does not answer to the host name " + quote(name) + "; add it to client.allowed_hosts if it is yours"}
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// hostname is a Host header without its port, lower case; "" where it has no plain form.
func hostname(host string) string {
	if h, port, err := net.SplitHostPort(host); err == nil {
		if port == "" || strings.Trim(port, "0123456789") != "" {
			return ""
		}
		host = h
	} else if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	return strings.ToLower(host)
}

// checkOrigin turns away requests that a foreign web page makes a browser send.
func checkOrigin(ctx *fasthttp.RequestCtx, h *header, g exchange.Guard, p Policy) (string, error) {
	origin := h.Get("Origin")
	if origin == "" {
		if site := h.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
			return "", refused(ctx, "another site", p)
		}
		return "", nil
	}
	if origin == "http://"+string(ctx.Host()) {
		return "", nil
	}
	if (g == exchange.GuardInference || g == exchange.GuardHolder) && slices.Contains(p.AllowedOrigins(), origin) {
		return origin, nil
	}
	return "", refused(ctx, origin, p)
}

func refused(ctx *fasthttp.RequestCtx, origin string, p Policy) error {
	p.Refused(origin, string(ctx.Path()))
	return &llm.Error{Kind: llm.KindAccessDenied, Status: 403, Type: "origin_not_allowed",
		Message: "web pages from " + quote(origin) + " may not call this server; to let one call models, add its exact origin to client.allowed_origins"}
}

// quote shows a caller's text in a message, short and without control characters.
func quote(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return `"` + s + `"`
}
