package providers

import (
	"context"

	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// Provider is one upstream: where, in which dialects, and with whose key.
type Provider interface {
	Info() *Info
	// Endpoints lists the endpoints that serve op for a model, best first. None = it cannot.
	Endpoints(op llm.Op, model string) []Endpoint
	// Sign puts the credential on an outgoing request.
	Sign(ctx context.Context, out *Outbound, c Credential) error
}

// Info is what a provider says of itself; forms, lists and documents are renderings of it.
type Info struct {
	Name    string   // the folder's name, and that of the provider unless it is a user's own
	Title   string   // as people write it
	About   string   // one sentence
	Icon    string   // an SVG document
	DocsURL string   // where keys are made
	BaseURL string   // without the version segment
	EnvKey  string   // the environment variable that holds a key by custom
	Keyless bool     // needs no key
	Free    bool     // its calls cost nothing
	Custom  bool     // a template: the user names it and says where it is
	Models  []string // a few models that a test call can use, best first
	Options []Option // what a user can set, the key included

	// Compatible is what others' copies of this API are called ("OpenAI-compatible"): a user's own provider may be based
	// on it. Empty = it may not.
	Compatible string

	// Prices is what the catalogue of prices calls the provider; "" = by its name.
	Prices string

	// Semconv is what OpenTelemetry's conventions for generative AI call the provider; "" = by its name.
	Semconv string

	// Doer carries the calls of a provider that is not reached over the network; nil = the default transport.
	Doer transport.Doer
}

// Option is one setting of a provider. Type is text, textarea, secret, url, select or bool; Scope is key, network or custom.
type Option struct {
	Name        string
	Label       string
	Type        string
	Scope       string
	Required    bool
	Placeholder string
	Help        string
	Choices     []Choice
}

// Choice is one value of a select.
type Choice struct{ Value, Label string }

// Endpoint is one URL of a provider and the dialect spoken there ("" where the operation has none). Version is the
// path's version segment, kept apart because users write base URLs with and without it. Host is where the endpoint is
// apart from the provider's others; a base URL that the user sets counts for it too. Host and paths may hold {model},
// names of what a route's own path holds ({id}) and names of a key's options ({region}).
type Endpoint struct {
	Dialect    string
	Method     string
	Host       string // "https://models.example.com"; "" = with the others
	Version    string // "/v1"
	Path       string // "/chat/completions"
	StreamPath string // where a streamed answer is asked for; "" = Path
	Edits      []Edit // what this endpoint wants changed in every body
}

// Outbound is a request on its way to the upstream.
type Outbound struct {
	transport.Request
}

// Set sets one header field, replacing an earlier one of the same spelling.
func (o *Outbound) Set(name, value string) {
	for i := range o.Header {
		if o.Header[i].Name == name {
			o.Header[i].Value = value
			return
		}
	}
	o.Header = append(o.Header, transport.Field{Name: name, Value: value})
}

// Credential is one key of a provider, ready to sign with. Options are the key's further settings by their names, as
// Info.Options lists them. Own is a credential that the client brought along: its header fields are passed on as they
// are and nothing is signed. Away is true where the client also said where the provider is: what is configured to be
// sent to the provider does not go there.
type Credential struct {
	KeyID   string
	KeyName string
	Value   string
	Options map[string]string
	Own     []transport.Field
	Away    bool
}

// Brought is what a client's request says of a credential of its own. Value is the key in one of the usual header
// fields, "" = none; Header and Query give the rest of the request, but for what is the gateway's own.
type Brought struct {
	Value  string
	Header func(name string) string
	Query  func(name string) string
}
