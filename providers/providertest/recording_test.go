package providertest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"heimdall/providers"
	"heimdall/providers/all"
	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/transport"
)

// recording is one exchange that somebody recorded against a real provider.
type recording struct {
	ID, Provider, Endpoint, Method, Path, Framing, Model string
	Status                                               int
	Stream                                               bool
	Tags                                                 []string

	op       llm.Op
	dialect  string
	request  []byte
	header   map[string]string
	response []byte
}

// spoken maps the recorded endpoints to the operation and the dialect that is spoken there; what is not in it is not
// served. A provider in front of the endpoint has words of its own there.
var spoken = map[string]struct {
	op      llm.Op
	dialect string
}{
	"chat.completions":       {llm.OpChat, "chat"},
	"completions":            {llm.OpChat, "completions"},
	"responses":              {llm.OpChat, "responses"},
	"responses.compact":      {llm.OpCompact, "responses.stored"},
	"responses.get":          {llm.OpStoredGet, "responses.stored"},
	"responses.input_tokens": {llm.OpCountTokens, "responses.count"},
	"messages":               {llm.OpChat, "messages"},
	"messages.vertex":        {llm.OpChat, "messages"},
	"messages.count_tokens":  {llm.OpCountTokens, "messages.count"},
	"generateContent":        {llm.OpChat, "generate"},
	"streamGenerateContent":  {llm.OpChat, "generate"},
	"countTokens":            {llm.OpCountTokens, "generate.count"},
	"embedContent":           {llm.OpEmbedding, "generate.embeds"},
	"vertex embedContent":    {llm.OpEmbedding, "generate.embed"},
	"predict":                {llm.OpEmbedding, "generate.predict"},
	"converse":               {llm.OpChat, "converse"},
	"converse-stream":        {llm.OpChat, "converse"},
	"bedrock.count_tokens":   {llm.OpCountTokens, "converse.count"},
	"invoke":                 {llm.OpChat, "invoke"},
	"invoke-stream":          {llm.OpChat, "invoke"},
	"cohere.chat":            {llm.OpChat, "coherechat"},
	"embeddings":             {llm.OpEmbedding, "embeddings"},
	"cohere embeddings":      {llm.OpEmbedding, "embed"},
	"rerank":                 {llm.OpRerank, "rerank.v2"},
	"tokenize":               {llm.OpCountTokens, "tokenize"},
}

// unserved are recordings of endpoints that look like ours and are not, by provider and path; with the reason.
var unserved = map[string]string{
	"cohere /v1/chat":        "version 1 of the API has other bodies",
	"writer /v1/chat":        "version 1 of that API has other bodies",
	"writer /v1/completions": "a prompt service of its own",
}

// recordings loads all exchanges of the endpoints above, and counts the others by provider and endpoint. They live beside the checkout; where they do not, the test is
// skipped.
func recordings(t *testing.T) (out []*recording, skipped map[string]int) {
	t.Helper()
	metas, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "corpus", "open", "*", "meta.json"))
	if err != nil || len(metas) == 0 {
		t.Skip("no recorded exchanges beside the checkout")
	}
	skipped = map[string]int{}
	for _, path := range metas {
		r := &recording{}
		read(t, path, r)
		r.load(t, filepath.Dir(path))
		served, ok := spoken[r.Provider+" "+r.Endpoint]
		if !ok {
			served, ok = spoken[r.Endpoint]
		}
		if !ok || unserved[r.Provider+" "+r.Path] != "" || strings.HasPrefix(r.Path, "/v1/prompts/") {
			skipped[r.Provider+" `"+r.Endpoint+"`"]++
			continue
		}
		r.op, r.dialect = served.op, served.dialect
		out = append(out, r)
	}
	return out, skipped
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
	var request struct {
		Path string
		Body json.RawMessage
	}
	var response struct{ Headers map[string]string }
	read(t, filepath.Join(dir, "request.json"), &request)
	read(t, filepath.Join(dir, "response.json"), &response)
	r.request, r.header = request.Body, map[string]string{}
	r.Path, _, _ = strings.Cut(request.Path, "?")
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

// only is a provider that is asked in one dialect: the one of a recording.
type only struct {
	providers.Provider
	dialect string
}

func (o only) Endpoints(op llm.Op, model string) (out []providers.Endpoint) {
	for _, e := range o.Provider.Endpoints(op, model) {
		if e.Dialect == o.dialect {
			out = append(out, e)
		}
	}
	return out
}

// kind is the recorded provider where it is built in, else a user's own one that is based on one of the same dialect.
func (r *recording) kind(t *testing.T) providers.Provider {
	t.Helper()
	var base providers.Provider
	for _, p := range all.List() {
		if len((only{p, r.dialect}).Endpoints(r.op, r.name())) == 0 {
			continue
		}
		if p.Info().Name == r.Provider {
			return p
		}
		if p.Info().Compatible != "" || base == nil {
			base = p
		}
	}
	if base == nil {
		t.Fatalf("no provider can be the base of one that speaks %s", r.dialect)
	}
	return providers.NewCustom(r.Provider, base, false)
}

// name is the recorded model: that of the path where it names one.
func (r *recording) name() string {
	if p := dialecttest.PathOf(r.Path); p.Model != "" && !strings.Contains(r.Path, "/deployments/") {
		return p.Model
	}
	return r.Model
}

var located = regexp.MustCompile(`^(.*)/projects/([^/]+)/locations/([^/]+)/`)

// credential is a key with what the recorded path says of it.
func (r *recording) credential() providers.Credential {
	c := providers.Credential{Value: "sk-test", Options: map[string]string{}}
	if m := located.FindStringSubmatch(r.Path); m != nil {
		c.Options["project_id"], c.Options["region"] = m[2], m[3]
	}
	if strings.Contains(r.Path, "/openai/deployments/") {
		c.Options["api_version"] = "2024-10-21"
	}
	return c
}

// target is the recorded provider as a user would set it up, and the URL that was recorded.
func (r *recording) target(t *testing.T, doer transport.Doer) (target *providers.Target, url string) {
	t.Helper()
	p := only{r.kind(t), r.dialect}
	features := providers.Probe(p.Provider)
	host := "https://" + r.Provider + ".invalid"
	base := host
	for _, e := range p.Endpoints(r.op, r.name()) {
		if before, ok := strings.CutSuffix(r.Path, e.Path); ok && !strings.Contains(r.Path, "deployments") {
			base = host + strings.TrimSuffix(before, e.Version)
		}
	}
	return &providers.Target{Name: r.Provider, Provider: p, Features: features, BaseURL: base, Doer: doer}, host + r.Path
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
func (r *recording) stream() bool { return r.Framing == "sse" || r.Framing == "eventstream" }

// named is what the recorded path says, as a client says it that names the provider too.
func (r *recording) named(d dialect.Dialect, model string) dialect.Path {
	p := dialect.Path{Stream: r.stream() && (d.ModelInPath || r.Method == "GET")}
	if d.ModelInPath {
		p.Model = model
	}
	return p
}

// own is what the recorded client sent, complete where the stand-in is not.
func (r *recording) own(t *testing.T, d dialect.Dialect) []byte {
	t.Helper()
	if r.Method == "GET" || r.Method == "get" {
		return nil
	}
	body := r.request
	if !rawjson.IsObject(body) {
		body = []byte(`{}`)
	}
	if r.op != llm.OpChat || d.ModelInPath || r.dialect == "messages" && r.Provider == "vertex" {
		return r.complete(t, d, body)
	}
	if model, ok, _ := rawjson.Get(body, "model"); !ok || !rawjson.IsString(model) {
		body = must(rawjson.Set(nil, body, "model", rawjson.AppendString(nil, r.Model)))
	}
	if v, _, _ := rawjson.Get(body, "stream"); r.stream() && string(v) != "true" {
		body = must(rawjson.Set(nil, body, "stream", []byte("true")))
	}
	return r.complete(t, d, body)
}

// complete puts words into a stand-in that has none.
func (r *recording) complete(t *testing.T, d dialect.Dialect, body []byte) []byte {
	t.Helper()
	if r.op != llm.OpChat || d.Name == "invoke" {
		return body
	}
	if _, err := d.Server.DecodeRequest(r.named(d, r.name()), body); err == nil {
		return body
	}
	limit := int64(64)
	full, _, err := d.Client.EncodeRequest(&llm.Request{Model: r.name(), Params: llm.Params{MaxTokens: &limit},
		Messages: []llm.Message{{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartText, Text: "hi"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	for it := rawjson.Object(full); it.Next(); {
		if _, ok, _ := rawjson.Get(body, string(it.Key())); !ok {
			body = must(rawjson.Set(nil, body, string(it.Key()), it.Value()))
		}
	}
	return body
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// call sends a client's body for model to the recorded provider; asked is how the client names the model.
func (r *recording) call(t *testing.T, client dialect.Dialect, op llm.Op, body []byte, asked, model string, doer transport.Doer) (*providers.Call, string) {
	t.Helper()
	dialects := all.Dialects()
	path := r.named(client, asked)
	peek, err := client.Server.Peek(path, body)
	if err != nil {
		t.Fatal(err)
	}
	target, url := r.target(t, doer)
	return &providers.Call{
		Target: target, Credential: r.credential(), Op: op, Model: model,
		Client: client, Dialect: func(name string) (dialect.Dialect, bool) { d, ok := dialects[name]; return d, ok },
		Raw: body, Peek: peek, Params: map[string]string{"id": r.Path[strings.LastIndexByte(r.Path, '/')+1:]},
		Request: func(string) (*llm.Request, error) { return client.Server.DecodeRequest(path, body) },
		Header:  func(string) string { return "" },
		Keep:    1 << 20,
	}, url
}
