package providertest

import (
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"heimdall/providers"
	"heimdall/providers/all"
	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// Run checks that p keeps the laws.
func Run(t *testing.T, p providers.Provider) {
	s := &suite{Provider: p, features: providers.Probe(p), dialects: all.Dialects(), chats: chats()}
	for _, law := range []struct {
		name  string
		check func(*testing.T)
	}{
		{"info", s.info}, {"icon", s.icon}, {"options", s.options}, {"endpoints", s.endpoints}, {"secrets", s.secrets},
		{"raw", s.raw}, {"prefix", s.prefix}, {"usage", s.usage}, {"loss is loud", s.loss}, {"errors", s.errors},
		{"cancel", s.cancel},
	} {
		t.Run(law.name, law.check)
	}
}

type suite struct {
	providers.Provider
	features providers.Features
	dialects map[string]dialect.Dialect
	chats    map[string]bool // names of the dialects that conversations are held in
}

// chats are the dialects that some provider is asked for conversations in.
func chats() map[string]bool {
	out := map[string]bool{}
	for _, p := range all.List() {
		for _, model := range append(p.Info().Models, "some-model") {
			for _, e := range p.Endpoints(llm.OpChat, model) {
				out[e.Dialect] = true
			}
		}
	}
	return out
}

// textOnly reports whether a dialect has no words for tools.
func textOnly(d dialect.Dialect) bool {
	r, err := d.Client.DecodeResponse(answer(d, false))
	return err != nil || !strings.Contains(dialecttest.Text(r), "weather")
}

// credential is a key with everything that the provider asks for.
func (s *suite) credential() providers.Credential {
	c := providers.Credential{KeyID: "id", KeyName: "name", Value: secret, Options: map[string]string{}}
	for _, o := range s.Info().Options {
		switch {
		case o.Scope != "key" || !o.Required || o.Name == "value":
		case o.Type == "url":
			c.Options[o.Name] = "https://upstream.invalid"
		default:
			c.Options[o.Name] = "eu-west-1"
		}
	}
	return c
}

// secret is a credential that must be nowhere but where Sign puts it.
const secret = "sk-topsecret-0123456789"

// model is the model of every call of the laws.
func (s *suite) model() string {
	if m := s.Info().Models; len(m) > 0 {
		return m[0]
	}
	return "some-model"
}

// base is the provider's own address, or one for a provider that the user has to place.
func (s *suite) base() string {
	if b := s.Info().BaseURL; b != "" {
		return b
	}
	return "https://upstream.invalid"
}

// upstreams are the dialects that the provider speaks, best first. A provider without any skips the law.
func (s *suite) upstreams(t *testing.T) []dialect.Dialect {
	t.Helper()
	var out []dialect.Dialect
	for _, e := range s.Endpoints(llm.OpChat, s.model()) {
		if d, ok := s.dialects[e.Dialect]; ok {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		t.Skip("it serves no chat")
	}
	return out
}

// others are the clients' dialects that have to be translated for this provider.
func (s *suite) others(t *testing.T) []dialect.Dialect {
	t.Helper()
	own := s.upstreams(t)
	var out []dialect.Dialect
	for _, name := range slices.Sorted(maps.Keys(s.dialects)) {
		d := s.dialects[name]
		if s.chats[name] && !textOnly(d) && !slices.ContainsFunc(own, func(o dialect.Dialect) bool { return o.Name == d.Name }) {
			out = append(out, d)
		}
	}
	return out
}

// call is the attempt to send a client's body to the provider.
func (s *suite) call(t *testing.T, client dialect.Dialect, body []byte, stream bool, doer transport.Doer) *providers.Call {
	t.Helper()
	path := dialect.Path{Model: s.model(), Stream: stream && client.ModelInPath}
	peek, err := client.Server.Peek(path, body)
	if err != nil {
		t.Fatal(err)
	}
	return &providers.Call{
		Target:     &providers.Target{Name: s.Info().Name, Provider: s.Provider, Features: s.features, BaseURL: s.base(), Doer: doer},
		Credential: s.credential(),
		Op:         llm.OpChat,
		Model:      s.model(),
		Client:     client,
		Dialect:    func(name string) (dialect.Dialect, bool) { d, ok := s.dialects[name]; return d, ok },
		Raw:        body, Peek: peek,
		Request: func(string) (*llm.Request, error) {
			return client.Server.DecodeRequest(path, body)
		},
		Header: func(string) string { return "" },
		Keep:   1 << 20,
	}
}

// do makes the call and reads all of the answer.
func do(t *testing.T, c *providers.Call) ([]byte, *providers.Seen) {
	t.Helper()
	a, err := c.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	body := a.Body
	if a.Stream != nil {
		if body, err = io.ReadAll(a.Stream); err != nil {
			t.Fatal(err)
		}
		if err := a.Stream.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return body, a.Seen
}

// answering is an upstream that gives the same answer to everything: unary whole, streams in small pieces.
func answering(status int, header map[string]string, body []byte) *fake.Doer {
	return &fake.Doer{Remember: true, Script: func(r *transport.Request) fake.Reply {
		reply := fake.Reply{Status: status, Header: header}
		for b := body; len(b) > 0; {
			n := min(len(b), 61)
			reply.Pieces = append(reply.Pieces, fake.Piece{Data: string(b[:n])})
			b = b[n:]
		}
		return reply
	}}
}

// sent is the body of the only request that reached the upstream.
func sent(t *testing.T, d *fake.Doer) string {
	t.Helper()
	seen := d.Seen()
	if len(seen) != 1 {
		t.Fatalf("the upstream got %d requests, want 1", len(seen))
	}
	if _, err := url.Parse(seen[0].URL); err != nil {
		t.Error(err)
	}
	return seen[0].Body
}
