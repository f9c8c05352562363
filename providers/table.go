package providers

import (
	"context"
	"strings"

	"heimdall/providers/auth"
	"heimdall/providers/llm"
)

// Table is a Provider made of data. Most vendors are one.
type Table struct {
	About  Info
	Auth   auth.Scheme
	Routes map[llm.Op][]Endpoint
	// Headers are sent with every request unless the client sent its own.
	Headers map[string]string
	// Forward names the client's header fields that are passed on to this upstream.
	Forward []string
}

func (t *Table) Info() *Info { return &t.About }

func (t *Table) Endpoints(op llm.Op, _ string) []Endpoint { return t.Routes[op] }

func (t *Table) Sign(_ context.Context, out *Outbound, c Credential) error {
	t.Auth(out.Set, c.Value)
	return nil
}

// Forwarded names the client's header fields to pass on.
func (t *Table) Forwarded() []string { return t.Forward }

// Defaults gives the header fields that every request carries.
func (t *Table) Defaults() map[string]string { return t.Headers }

// URL joins a base URL and an endpoint. A base whose path already has a version segment (/v1, /v1beta, /v4 …) keeps it
// and the endpoint's own is left out, so that both spellings work.
func (e Endpoint) URL(base string) string {
	base = strings.TrimRight(base, "/")
	if versioned(base) {
		return base + e.Path
	}
	return base + e.Version + e.Path
}

// versioned reports whether a segment of a URL's path looks like "v" and a digit.
func versioned(base string) bool {
	_, rest, _ := strings.Cut(base, "://")
	_, path, _ := strings.Cut(rest, "/")
	for segment := range strings.SplitSeq(path, "/") {
		if len(segment) >= 2 && segment[0] == 'v' && segment[1] >= '0' && segment[1] <= '9' {
			return true
		}
	}
	return false
}

var _ Provider = (*Table)(nil)
