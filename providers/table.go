package providers

import (
	"cmp"
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
	// Forward names the client's header fields that are passed on to this upstream; a last * stands for any ending.
	Forward []string
	// Own names the header fields in which a client may bring a credential of its own for this upstream.
	Own []string
	// Address is the key option that holds the upstream's address; "" where keys have none.
	Address string
	// Limits are what it refuses of requests that were made for others.
	Limits Limits
	// List says where the names stand in the answer of OpModels; the zero value is {"data":[{"id":…}]}.
	List ModelList
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

// OwnCredentials names the header fields in which a client may bring its own credential.
func (t *Table) OwnCredentials() []string { return t.Own }

// Base is the address that the user set, else the one that the credential names, else the provider's own.
func (t *Table) Base(configured string, c Credential) (string, error) {
	return cmp.Or(configured, c.Options[t.Address], t.About.BaseURL), nil
}

// Refuses gives the limits.
func (t *Table) Refuses() Limits { return t.Limits }

// Listing says how to read the list of models.
func (t *Table) Listing() ModelList { return t.List }

// URL joins a base URL and a path of the endpoint. A base whose path already has a version segment (/v1, /v1beta, /v4 …)
// keeps it and the endpoint's own is left out, so that both spellings work.
func (e Endpoint) URL(base, path string) string {
	base = strings.TrimRight(base, "/")
	if versioned(base) {
		return base + path
	}
	return base + e.Version + path
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
