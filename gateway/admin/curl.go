package admin

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"heimdall/gateway/exchange"
)

// curl is a command that sends a request of the log again, byte by byte. The key is $HEIMDALL_KEY in it.
func (a *Admin) curl(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	shell := choice(&p, "shell", "sh", "powershell")
	if err := p.done(); err != nil {
		return nil, err
	}
	r, err := a.ended(ctx, x.Params["id"])
	if err != nil {
		return nil, err
	}
	if len(r.Request.Data) == 0 && r.Request.Size > 0 {
		return nil, refuseWith(http.StatusConflict, "the log does not have the body of this request any more, so no command can repeat it")
	}
	if r.Request.Cut() {
		return nil, refuseWith(http.StatusConflict, "the log kept only the first %d of %d bytes of this request, so no command can repeat it", len(r.Request.Data), r.Request.Size)
	}
	c := a.command(r)
	text := c.sh()
	if shell == "powershell" {
		text = c.powershell()
	}
	return &exchange.Reply{
		Status: http.StatusOK, ContentType: "text/plain; charset=utf-8", Body: []byte(text),
		Header: []exchange.Field{{Name: "Cache-Control", Value: "no-store"}},
	}, nil
}

// command is a request as a command line sends it. keyField is the header field that takes the key, "" = none is needed.
type command struct {
	method, url string
	header      []HeaderField
	keyField    string
	body        []byte
}

// ofConnection are header fields that belong to the program that called or to its connection, not to what it asked.
var ofConnection = []string{
	"host", "connection", "keep-alive", "content-length", "transfer-encoding", "accept-encoding", "te", "trailer", "upgrade", "expect",
	"user-agent", "origin", "referer", "x-request-id", "traceparent", "tracestate", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded",
}

func (a *Admin) command(r *exchange.Record) command {
	c := command{method: r.Method, url: a.address() + r.Path, body: r.Request.Data}
	now, masked := a.Config.Snapshot(), ""
	for _, f := range headerFields(r.Header) {
		name := strings.ToLower(f.Name)
		switch {
		case slices.Contains(ofConnection, name) || strings.HasPrefix(name, "sec-") || name == "cookie":
		case f.Masked && simple(name) && (masked == "" || strings.Contains(name, "auth")):
			masked = f.Name
		case !f.Masked:
			c.header = append(c.header, f)
		}
	}
	if len(c.body) > 0 && !slices.ContainsFunc(c.header, func(f HeaderField) bool { return strings.EqualFold(f.Name, "Content-Type") }) {
		c.header = append(c.header, HeaderField{Name: "Content-Type", Value: "application/json"})
	}
	if r.Identity.VirtualKeyID != "" || now.Client.EnforceKey || inferenceClosed(now) {
		if c.keyField = masked; masked == "" {
			c.keyField = "Authorization"
		}
	}
	return c
}

// simple reports whether a name means nothing to a shell, also without quotes.
func simple(name string) bool {
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// sh is the command for the shells of Unix. Quoted text may hold every byte but zero.
func (c *command) sh() string {
	var b strings.Builder
	switch {
	case len(c.body) == 0:
	case utf8.Valid(c.body) && bytes.IndexByte(c.body, 0) < 0:
		b.WriteString("printf '%s' " + shQuoted(string(c.body)) + " |\n")
	default:
		b.WriteString("printf '%s' '" + base64.StdEncoding.EncodeToString(c.body) + "' | base64 -d |\n")
	}
	b.WriteString("curl -sS -N -X " + c.method + " " + shQuoted(c.url))
	if c.keyField != "" {
		b.WriteString(" \\\n  -H \"" + c.keyField + ": " + c.scheme() + "$HEIMDALL_KEY\"")
	}
	for _, f := range c.header {
		b.WriteString(" \\\n  -H " + shQuoted(f.Name+": "+f.Value))
	}
	if len(c.body) > 0 {
		b.WriteString(" \\\n  --data-binary @-")
	}
	return b.String() + "\n"
}

// scheme stands before the key in its field.
func (c *command) scheme() string {
	if strings.EqualFold(c.keyField, "Authorization") {
		return "Bearer "
	}
	return ""
}

func shQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// powershell is the command for PowerShell. The body is in base64: text would be written in another encoding.
func (c *command) powershell() string {
	var b strings.Builder
	kind := "application/json"
	b.WriteString("$headers = @{\n")
	if c.keyField != "" {
		b.WriteString("  '" + c.keyField + "' = \"" + c.scheme() + "$env:HEIMDALL_KEY\"\n")
	}
	for _, f := range c.header {
		if strings.EqualFold(f.Name, "Content-Type") {
			kind = f.Value
			continue
		}
		b.WriteString("  " + psQuoted(f.Name) + " = " + psQuoted(f.Value) + "\n")
	}
	b.WriteString("}\n")
	end := ""
	if len(c.body) > 0 {
		b.WriteString("$body = [Convert]::FromBase64String('" + base64.StdEncoding.EncodeToString(c.body) + "')\n")
		end = " -ContentType " + psQuoted(kind) + " -Body $body"
	}
	b.WriteString("(Invoke-WebRequest -UseBasicParsing -Method " + c.method + " -Uri " + psQuoted(c.url) + " -Headers $headers" + end + ").Content\n")
	return b.String()
}

// psQuoted quotes text for PowerShell, which takes the curly quotes of typography for quotes, too.
func psQuoted(text string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range text {
		if strings.ContainsRune("'‘’‚‛", r) {
			b.WriteRune(r)
		}
		b.WriteRune(r)
	}
	b.WriteByte('\'')
	return b.String()
}
