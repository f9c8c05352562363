package providertest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"heimdall/providers"
	"heimdall/providers/all"
	"heimdall/providers/dialect"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/transport"
)

// recording is one exchange that somebody recorded against a real provider.
type recording struct {
	ID, Provider, Endpoint, Path, Framing, Model string
	Status                                       int
	Stream                                       bool
	Tags                                         []string

	request  []byte
	header   map[string]string
	response []byte
}

// spoken maps the recorded endpoints to the dialects that are spoken there.
var spoken = map[string]string{"chat.completions": "chat", "messages": "messages"}

// recordings loads all exchanges of the endpoints above. They live beside the checkout; where they do not, the test is
// skipped.
func recordings(t *testing.T) []*recording {
	t.Helper()
	metas, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "corpus", "open", "*", "meta.json"))
	if err != nil || len(metas) == 0 {
		t.Skip("no recorded exchanges beside the checkout")
	}
	var out []*recording
	for _, path := range metas {
		r := &recording{}
		read(t, path, r)
		if spoken[r.Endpoint] == "" {
			continue
		}
		r.load(t, filepath.Dir(path))
		out = append(out, r)
	}
	return out
}

func read(t *testing.T, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func (r *recording) load(t *testing.T, dir string) {
	t.Helper()
	var request struct{ Body json.RawMessage }
	var response struct{ Headers map[string]string }
	read(t, filepath.Join(dir, "request.json"), &request)
	read(t, filepath.Join(dir, "response.json"), &response)
	r.request, r.header = request.Body, map[string]string{}
	for name, value := range response.Headers {
		if !strings.EqualFold(name, "content-encoding") && !strings.EqualFold(name, "content-length") {
			r.header[name] = value
		}
	}
	var err error
	if r.response, err = os.ReadFile(filepath.Join(dir, "response.body")); err != nil {
		t.Fatal(err)
	}
	if r.Model == "" {
		r.Model = "some-model"
	}
}

func (r *recording) failed() bool { return r.Status >= 400 }

// broken reports whether an error came in the middle of the stream.
func (r *recording) broken() bool {
	return slices.Contains(r.Tags, "stream_error") || r.stream() && bytes.Contains(r.response, []byte(`"error":{"`))
}

// kind is the built-in provider whose copies speak the recording's dialect.
func (r *recording) kind(t *testing.T) providers.Provider {
	t.Helper()
	for _, p := range all.List() {
		offers := p.Endpoints(llm.OpChat, r.Model)
		if p.Info().Compatible != "" && len(offers) > 0 && offers[0].Dialect == spoken[r.Endpoint] {
			return p
		}
	}
	t.Fatalf("no provider can be the base of one that speaks %s", r.Endpoint)
	return nil
}

// target is the recorded provider as a user would set it up, and the URL that was recorded.
func (r *recording) target(t *testing.T, doer transport.Doer) (target *providers.Target, url string) {
	t.Helper()
	p := providers.NewCustom(r.Provider, r.kind(t), false)
	host := "https://" + r.Provider + ".invalid"
	base := host + strings.TrimSuffix(r.Path, p.Endpoints(llm.OpChat, r.Model)[0].Path)
	return &providers.Target{Name: r.Provider, Provider: p, Features: providers.Probe(p), BaseURL: base, Doer: doer}, host + r.Path
}

// pieces cuts what was recorded into uneven pieces, the way it could come from a network.
func pieces(body []byte) (out []fake.Piece) {
	for n := 1; len(body) > 0; n = n*7%211 + 1 {
		k := min(n*5, len(body))
		out = append(out, fake.Piece{Data: string(body[:k])})
		body = body[k:]
	}
	return out
}

// upstream answers with what was recorded.
func (r *recording) upstream() *fake.Doer {
	return &fake.Doer{Remember: true, Script: func(*transport.Request) fake.Reply {
		return fake.Reply{Status: r.Status, Header: r.header, Pieces: pieces(r.response)}
	}}
}

// stream reports whether the recorded answer came in pieces, which the client must have asked for.
func (r *recording) stream() bool { return r.Framing == "sse" }

// own is what the recorded client sent, complete where the stand-in is not.
func (r *recording) own(t *testing.T) []byte {
	t.Helper()
	body := r.request
	if !rawjson.IsObject(body) {
		body = []byte(`{}`)
	}
	if model, ok, _ := rawjson.Get(body, "model"); !ok || !rawjson.IsString(model) {
		body = must(rawjson.Set(nil, body, "model", rawjson.AppendString(nil, r.Model)))
	}
	if _, ok, _ := rawjson.Get(body, "messages"); !ok {
		body = must(rawjson.Set(nil, body, "messages", []byte(`[{"role":"user","content":"hi"}]`)))
	}
	if v, _, _ := rawjson.Get(body, "stream"); r.stream() && string(v) != "true" {
		body = must(rawjson.Set(nil, body, "stream", []byte("true")))
	}
	return body
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// call sends a client's body for model to the recorded provider.
func (r *recording) call(t *testing.T, client dialect.Dialect, body []byte, model string, doer transport.Doer) (*providers.Call, string) {
	t.Helper()
	dialects := all.Dialects()
	peek, err := client.Server.Peek(dialect.Path{}, body)
	if err != nil {
		t.Fatal(err)
	}
	target, url := r.target(t, doer)
	return &providers.Call{
		Target: target, Credential: providers.Credential{Value: "sk-test"}, Op: llm.OpChat, Model: model,
		Client: client, Dialect: func(name string) (dialect.Dialect, bool) { d, ok := dialects[name]; return d, ok },
		Raw: body, Peek: peek,
		Request: func(string) (*llm.Request, error) { return client.Server.DecodeRequest(dialect.Path{}, body) },
		Header:  func(string) string { return "" },
		Keep:    1 << 20,
	}, url
}
