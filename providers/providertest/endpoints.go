package providertest

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"heimdall/providers"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

var version = regexp.MustCompile(`^((/[a-z]+)?/v[0-9][a-z0-9]*)?$`)

// ops are all operations there are.
var ops = []llm.Op{llm.OpChat, llm.OpModels, llm.OpEmbedding, llm.OpRerank, llm.OpCountTokens, llm.OpStoredGet, llm.OpStoredDelete,
	llm.OpStoredCancel, llm.OpStoredInput, llm.OpCompact}

func (s *suite) endpoints(t *testing.T) {
	served := 0
	for _, op := range ops {
		seen := map[string]bool{}
		for _, e := range s.Endpoints(op, s.model()) {
			served++
			if _, known := s.dialects[e.Dialect]; !known && (op != llm.OpModels || e.Dialect != "") {
				t.Errorf("%s: nobody speaks the dialect %q", op, e.Dialect)
			}
			if seen[e.Dialect] {
				t.Errorf("%s: the dialect %q is there twice", op, e.Dialect)
			}
			seen[e.Dialect] = true
			if e.Method != "GET" && e.Method != "POST" && e.Method != "DELETE" {
				t.Errorf("%s: method %q", op, e.Method)
			}
			s.url(t, e)
		}
	}
	if served == 0 {
		t.Error("it serves nothing")
	}
}

// url checks that a base means the same with and without the version segment and a slash at the end.
func (s *suite) url(t *testing.T, e providers.Endpoint) {
	t.Helper()
	if !strings.HasPrefix(e.Path, "/") || !version.MatchString(e.Version) {
		t.Errorf("version %q and path %q: want /v and a digit or nothing, and a path that starts with a slash", e.Version, e.Path)
	}
	want := e.URL(s.base(), e.Path)
	if u, err := url.Parse(want); err != nil || strings.Contains(u.Path, "//") {
		t.Errorf("%s is no URL", want)
	}
	plain := strings.TrimSuffix(s.base(), e.Version)
	for _, base := range []string{plain, plain + "/", plain + e.Version, plain + e.Version + "/"} {
		if got := e.URL(base, e.Path); got != want {
			t.Errorf("with the base %s the URL is %s, want %s", base, got, want)
		}
	}
}

// secrets checks that the credential is where Sign puts it and nowhere else.
func (s *suite) secrets(t *testing.T) {
	for _, op := range ops {
		for _, e := range s.Endpoints(op, s.model()) {
			out := &providers.Outbound{}
			out.URL = e.URL(s.base(), e.Path)
			if err := s.Sign(t.Context(), out, s.credential()); err != nil {
				t.Fatal(err)
			}
			s.signed(t, out)
		}
	}
	own := s.upstreams(t)[0]
	upstream := answering(200, header(own, false), answer(own, false))
	do(t, s.call(t, own, s.request(t, own, false), false, upstream))
	got := upstream.Seen()[0]
	out := &providers.Outbound{Request: transport.Request{URL: got.URL, Body: []byte(got.Body)}}
	for name, value := range got.Header {
		out.Set(name, value)
	}
	s.signed(t, out)
	for _, name := range s.features.Forward {
		switch strings.ToLower(name) {
		case "authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "proxy-authorization":
			t.Errorf("the client's %s is passed on, and with it a key of the gateway", name)
		}
	}
	s.quiet(t)
}

// signed checks that a request has the credential in one header field and nowhere else.
func (s *suite) signed(t *testing.T, out *providers.Outbound) {
	t.Helper()
	if strings.Contains(out.URL, secret) || strings.Contains(string(out.Body), secret) {
		t.Error("the credential is in the URL or in the body")
	}
	fields := 0
	for _, f := range out.Header {
		if strings.Contains(f.Value, secret) {
			fields++
		}
	}
	want := 1
	takesKey := slices.ContainsFunc(s.Info().Options, func(o providers.Option) bool { return o.Name == "value" })
	if s.Info().Keyless && !s.Info().Custom && !takesKey {
		want = 0
	}
	if fields != want {
		t.Errorf("the credential is in %d header fields, want %d", fields, want)
	}
}

// quiet checks that no failure tells the credential.
func (s *suite) quiet(t *testing.T) {
	own := s.upstreams(t)[0]
	body := s.request(t, own, false)
	failures := map[string]transport.Doer{
		"no connection":                 failing{transport.ErrConnect},
		"no answer":                     failing{transport.ErrTimeout},
		"a web page":                    answering(200, map[string]string{"Content-Type": "text/html"}, []byte("<html><title>hello</title></html>")),
		"an odd answer":                 answering(500, nil, []byte("boom")),
		"an error that repeats the key": answering(401, nil, []byte(`{"error":{"message":"bad key `+secret+`","type":"x"}}`)),
		"cut off": &fake.Doer{Script: func(*transport.Request) fake.Reply {
			return fake.Reply{Status: 200, Body: `{"id":`, Cut: true}
		}},
	}
	for what, doer := range failures {
		_, err := s.call(t, own, body, false, doer).Do(t.Context())
		if err == nil {
			t.Errorf("%s: no error", what)
			continue
		}
		e := llm.AsError(err)
		if told := fmt.Sprintf("%+v %s %v", *e, e.Raw, e.Cause); strings.Contains(told, secret) {
			t.Errorf("%s: the error tells the credential: %s", what, told)
		}
	}
}

type failing struct{ err error }

func (f failing) Do(context.Context, *transport.Request) (*transport.Response, error) {
	return nil, f.err
}
