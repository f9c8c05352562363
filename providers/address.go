package providers

import (
	"context"
	"net/url"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// outbound addresses, labels and signs the request.
func (c *Call) outbound(ctx context.Context, one *try, e Endpoint, upstream dialect.Dialect, body []byte) error {
	t, out := c.Target, &one.out
	out.Header = one.header[:0]
	if err := c.address(out, e, upstream); err != nil {
		return err
	}
	out.Body, out.Stream = body, c.Peek.Stream
	if len(body) > 0 {
		out.Header = append(out.Header, transport.Field{Name: "Content-Type", Value: "application/json"})
	}
	for name, value := range t.Features.Headers {
		out.Set(name, value)
	}
	c.forward(out)
	if !c.Credential.Away {
		for name, value := range t.Headers {
			out.Set(name, value)
		}
	}
	return t.sign(ctx, out, c.Credential)
}

// forward passes on the fields of the client's header that are meant for the upstream.
func (c *Call) forward(out *Outbound) {
	for _, name := range c.Target.Features.Forward {
		if prefix, group := strings.CutSuffix(name, "*"); group {
			if c.Each != nil {
				c.Each(prefix, out.Set)
			}
		} else if v := c.Header(name); v != "" {
			out.Set(name, v)
		}
	}
	for _, f := range c.Add {
		out.Set(f.Name, f.Value)
	}
}

// sign puts the credential on a request: the client's own where it brought one.
func (t *Target) sign(ctx context.Context, out *Outbound, c Credential) error {
	for _, f := range c.Own {
		out.Set(f.Name, f.Value)
	}
	if len(c.Own) > 0 {
		return nil
	}
	if err := t.Provider.Sign(ctx, out, c); err != nil {
		return llm.Errorf(llm.KindAuthFailed, "cannot sign the request for %s: %w", t.Name, err)
	}
	return nil
}

// address points a request at an endpoint.
func (c *Call) address(out *Outbound, e Endpoint, upstream dialect.Dialect) error {
	t := c.Target
	path := e.Path
	if c.Peek.Stream && e.StreamPath != "" {
		path = e.StreamPath
	}
	if own := t.path(c.Op, e.Dialect, c.Peek.Stream); own != "" {
		path, e.Version = own, "" // the user says all of it
	}
	address, err := t.locate(e, path, c.Credential, func(name string) string {
		if name == "model" {
			return c.Model
		}
		return c.Params[name]
	})
	if err != nil {
		return err
	}
	if len(c.Query) > 0 && c.native(upstream) {
		address = withQuery(address, c.Query)
	}
	t.label(out, e, address)
	return nil
}

// label says how to call an address. What watches the answer can only read what is not compressed.
func (t *Target) label(out *Outbound, e Endpoint, address string) {
	out.Method, out.URL = e.Method, address
	out.Timeout, out.Idle = t.Timeout, t.Idle
	out.Header = append(out.Header, transport.Field{Name: "Accept-Encoding", Value: "identity"})
}

// locate gives the URL of a path. Where it is the same for all calls the last one is remembered: most targets have one
// that nearly all calls go to.
func (t *Target) locate(e Endpoint, path string, c Credential, param func(name string) string) (string, error) {
	if strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://") {
		return fill(path, c, param)
	}
	fixed := len(c.Options) == 0 && e.Host == "" && strings.IndexByte(path, '{') < 0
	if l := t.last.Load(); fixed && l != nil && l.path == path && l.version == e.Version {
		return l.url, nil
	}
	base, err := t.base(e, c)
	if err != nil {
		return "", err
	}
	address, err := fill(e.URL(base, path), c, param)
	if err == nil && fixed {
		t.last.Store(&located{e.Version, path, address})
	}
	return address, err
}

type located struct{ version, path, url string }

// base is where an endpoint is: as it is configured, else as the provider says.
func (t *Target) base(e Endpoint, c Credential) (base string, err error) {
	base = t.BaseURL
	switch {
	case base == "" && e.Host != "":
		return e.Host, nil
	case t.Features.Base != nil:
		base, err = t.Features.Base(base, c)
	case base == "":
		base = t.Provider.Info().BaseURL
	}
	if base == "" && err == nil {
		err = llm.Errorf(llm.KindNoCredentials, "nobody said where %s is: set its network_config.base_url, or the address in its key", t.Name)
	}
	return base, err
}

// fill puts values into the {names} of a URL: those of the call, else the key's options.
func fill(address string, c Credential, param func(name string) string) (string, error) {
	if strings.IndexByte(address, '{') < 0 {
		return address, nil
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(address, "{")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, after, _ := strings.Cut(rest, "}")
		value := param(name)
		if value == "" {
			value = c.Options[name]
		}
		if value == "" {
			return "", llm.Errorf(llm.KindInvalidRequest, "the call needs a %s, and neither the request nor the key names one", name)
		}
		b.WriteString(strings.ReplaceAll(url.PathEscape(value), ":", "%3A"))
		address = after
	}
}

// ours are the parts of a client's query that are for the gateway, or that say what the endpoint and its key say.
var ours = map[string]bool{"provider": true, "key": true, "alt": true, "api-version": true}

// withQuery adds the client's own query, which may ask for what only the upstream knows.
func withQuery(address string, query url.Values) string {
	mine := url.Values{}
	for name, values := range query {
		if !ours[name] {
			mine[name] = values
		}
	}
	if len(mine) == 0 {
		return address
	}
	glue := "?"
	if strings.Contains(address, "?") {
		glue = "&"
	}
	return address + glue + mine.Encode()
}
