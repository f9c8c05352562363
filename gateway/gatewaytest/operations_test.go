package gatewaytest

import (
	"strings"
	"testing"

	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

const (
	floats    = `{"object":"list","model":"text-embedding-3-small","data":[{"object":"embedding","index":0,"embedding":[0.5,-0.25]}],"usage":{"prompt_tokens":3,"total_tokens":3}}`
	base64Of  = "AAAAPwAAgL4=" // the same two numbers
	embeds    = `{"embeddings":[{"values":[0.5,-0.25]}]}`
	coEmbeds  = `{"id":"e1","embeddings":{"float":[[0.5,-0.25]]},"texts":["hi"],"meta":{"billed_units":{"input_tokens":3}}}`
	reranked  = `{"id":"r1","results":[{"index":1,"relevance_score":0.9},{"index":0,"relevance_score":0.1}],"meta":{"billed_units":{"search_units":1}}}`
	rerankAsk = `"query":"q","documents":["a","b"],"top_n":2`
)

// call is one request to a wide gateway and what must come of it.
type call struct {
	name, method, path, body string
	header                   []string
	answer                   string
	status                   int
	contains                 []string
	url                      string   // of the only upstream call; "" = there is none
	sent                     []string // parts of its body
	unlogged                 bool
}

func play(t *testing.T, calls []call) {
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := Start(t, Options{Config: wide, Script: func(*transport.Request) fake.Reply { return answers(c.answer) }})
			method := c.method
			if method == "" {
				method = "POST"
			}
			a := g.Do(method, c.path, c.body, c.header...)
			if a.Status != c.status {
				t.Errorf("status %d, want %d: %s", a.Status, c.status, a.Body)
			}
			for _, want := range c.contains {
				if !strings.Contains(a.Body, want) {
					t.Errorf("the answer lacks %s: %s", want, a.Body)
				}
			}
			seen := g.Upstream.Seen()
			if c.url == "" && len(seen) > 0 || c.url != "" && (len(seen) != 1 || seen[0].URL != c.url || seen[0].Method != method && method != "POST") {
				t.Fatalf("upstream calls: %+v", seen)
			}
			for _, want := range c.sent {
				if !strings.Contains(seen[0].Body, want) {
					t.Errorf("the upstream's body lacks %s: %s", want, seen[0].Body)
				}
			}
			if rows := g.Rows(); (len(rows) == 0) != c.unlogged {
				t.Errorf("rows: %+v", rows)
			}
		})
	}
}

func TestEmbeddings(t *testing.T) {
	const (
		openai = "https://api.openai.com/v1/embeddings"
		google = "https://generativelanguage.googleapis.com/v1beta/models/gemini-embedding-001:batchEmbedContents"
		cohere = "https://api.cohere.com/v2/embed"
	)
	play(t, []call{
		{name: "unified", path: "/v1/embeddings", body: `{"model":"openai/text-embedding-3-small","input":"hi"}`, answer: floats, status: 200, url: openai,
			contains: []string{`"embedding":[0.5,-0.25]`, `"request_type":"embedding"`}, sent: []string{`"model":"text-embedding-3-small"`}},
		{name: "to another provider", path: "/openai/v1/embeddings", body: `{"model":"gemini/gemini-embedding-001","input":["hi"],"dimensions":2,"encoding_format":"float"}`, answer: embeds, status: 200, url: google,
			contains: []string{`[0.5,-0.25]`, `"object":"list"`}, sent: []string{`"hi"`, `"outputDimensionality":2`}},
		{name: "in base64, from one that has none", path: "/openai/embeddings", body: `{"model":"gemini/gemini-embedding-001","input":"hi","encoding_format":"base64"}`, answer: embeds, status: 200, url: google,
			contains: []string{base64Of}},
		{name: "to a third", path: "/v1/embeddings", body: `{"model":"cohere/embed-v4.0","input":"hi"}`, answer: coEmbeds, status: 200, url: cohere,
			contains: []string{`[0.5,-0.25]`, `"prompt_tokens":3`}, sent: []string{`"hi"`, `"input_type"`}},
		{name: "one text in Google's words", path: "/genai/v1beta/models/gemini-embedding-001:embedContent", body: `{"content":{"parts":[{"text":"hi"}]}}`, answer: `{"embedding":{"values":[0.5]}}`, status: 200,
			url: strings.Replace(google, "batchEmbedContents", "embedContent", 1), contains: []string{`"embedding":{"values":[0.5]}`}},
		{name: "many texts in Google's words, elsewhere", path: "/genai/v1beta/models/openai%2Ftext-embedding-3-small:batchEmbedContents", body: `{"requests":[{"model":"models/x","content":{"parts":[{"text":"hi"}]}}]}`, answer: floats, status: 200, url: openai,
			contains: []string{`"embeddings":[{"values":[0.5,-0.25]`}},
		{name: "in Cohere's words, elsewhere", path: "/cohere/v2/embed", body: `{"model":"openai/text-embedding-3-small","texts":["hi"],"input_type":"search_query","embedding_types":["float"]}`, answer: floats, status: 200, url: openai,
			contains: []string{`"float":[[0.5,-0.25]]`}},
		{name: "from one that has none", path: "/v1/embeddings", body: `{"model":"anthropic/claude-haiku-4-5","input":"hi"}`, status: 400,
			contains: []string{`embedding is not supported by anthropic provider`, `"code":"unsupported_operation"`}},
		{name: "without an input", path: "/v1/embeddings", body: `{"model":"gemini/gemini-embedding-001"}`, status: 400, contains: []string{`input`}},
	})
}

func TestRerank(t *testing.T) {
	const cohere = "https://api.cohere.com/v2/rerank"
	play(t, []call{
		{name: "unified", path: "/v1/rerank", body: `{"model":"cohere/rerank-v3.5",` + rerankAsk + `,"return_documents":true}`, answer: reranked, status: 200, url: cohere,
			contains: []string{`"index":1`, `"relevance_score":0.9`, `"request_type":"rerank"`}, sent: []string{`"query":"q"`, `"top_n":2`}},
		{name: "native", path: "/cohere/v2/rerank", body: `{"model":"rerank-v3.5",` + rerankAsk + `}`, answer: reranked, status: 200, url: cohere, contains: []string{reranked}},
		{name: "from one that has none", path: "/v1/rerank", body: `{"model":"openai/gpt-4o",` + rerankAsk + `}`, status: 400, contains: []string{"rerank is not supported by openai provider"}},
	})
}

func TestCountTokens(t *testing.T) {
	ask := `{"model":"MODEL","messages":[{"role":"user","content":"` + strings.Repeat("word ", 100) + `"}]}`
	to := func(model string) string { return strings.Replace(ask, "MODEL", model, 1) }
	play(t, []call{
		{name: "native", path: "/anthropic/v1/messages/count_tokens?beta=true", body: to("claude-haiku-4-5"), answer: `{"input_tokens":41,"x":1}`, status: 200,
			url: "https://api.anthropic.com/v1/messages/count_tokens?beta=true", contains: []string{`{"input_tokens":41,"x":1}`}},
		{name: "to another provider", path: "/anthropic/v1/messages/count_tokens", body: to("openai/gpt-5-mini"), answer: `{"object":"response.input_tokens","input_tokens":41}`, status: 200,
			url: "https://api.openai.com/v1/responses/input_tokens", contains: []string{`{"input_tokens":41}`}, sent: []string{`"input"`}},
		{name: "unified", path: "/v1/responses/input_tokens", body: `{"model":"anthropic/claude-haiku-4-5","input":"hi"}`, answer: `{"input_tokens":9}`, status: 200,
			url: "https://api.anthropic.com/v1/messages/count_tokens", contains: []string{`"object":"response.input_tokens"`, `"input_tokens":9`, `"extra_fields"`}},
		{name: "in Google's words", path: "/genai/v1beta/models/gemini-2.5-flash:countTokens", body: `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, answer: `{"totalTokens":7}`, status: 200,
			url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:countTokens", contains: []string{`{"totalTokens":7}`}},
		{name: "estimated where the provider cannot", path: "/anthropic/v1/messages/count_tokens", body: to("mistral/mistral-small-latest"), status: 200, contains: []string{`{"input_tokens":132}`}},
	})
}

// TestStored: an answer that a provider keeps is reached through the one that the client names.
func TestStored(t *testing.T) {
	const base = "https://api.openai.com/v1/responses/"
	kept := `{"id":"resp_1","object":"response","status":"completed","model":"gpt-5-mini","output":[],"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}`
	play(t, []call{
		{name: "get", method: "GET", path: "/openai/v1/responses/resp_1?include=reasoning.encrypted_content", answer: kept, status: 200, url: base + "resp_1?include=reasoning.encrypted_content", contains: []string{kept}},
		{name: "get, unified", method: "GET", path: "/v1/responses/resp_1?provider=openai", answer: kept, status: 200, url: base + "resp_1", contains: []string{`"extra_fields"`, `"request_type":"responses_retrieve"`}},
		{name: "get, by a header", method: "GET", path: "/v1/responses/resp_1", header: []string{"X-Model-Provider", "openai"}, answer: kept, status: 200, url: base + "resp_1"},
		{name: "get, from nobody", method: "GET", path: "/v1/responses/resp_1", status: 400, contains: []string{"provider is required"}},
		{name: "get, from one that keeps none", method: "GET", path: "/v1/responses/resp_1?provider=anthropic", status: 400, contains: []string{"responses_retrieve is not supported by anthropic provider"}},
		{name: "delete", method: "DELETE", path: "/openai/responses/resp_1", answer: `{"id":"resp_1","deleted":true}`, status: 200, url: base + "resp_1", contains: []string{`"deleted":true`}},
		{name: "cancel", path: "/openai/v1/responses/resp_1/cancel", answer: kept, status: 200, url: base + "resp_1/cancel"},
		{name: "input items", method: "GET", path: "/openai/v1/responses/resp_1/input_items?limit=2", answer: `{"object":"list","data":[]}`, status: 200, url: base + "resp_1/input_items?limit=2"},
		{name: "compact", path: "/v1/responses/compact", body: `{"model":"openai/gpt-5-mini","input":"hi"}`, answer: `{"id":"cmp_1","object":"response.compaction","output":[]}`, status: 200, url: base + "compact", sent: []string{`"model":"gpt-5-mini"`}},
		{name: "an id with a slash stays one", method: "GET", path: "/openai/v1/responses/a%2Fb", answer: kept, status: 200, url: base + "a%2Fb"},
	})
}

// TestClientsAtTheDoor: what clients try first, and what this version lacks, get an answer that they understand.
func TestClientsAtTheDoor(t *testing.T) {
	websocket := []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}
	play(t, []call{
		{name: "a websocket", method: "GET", path: "/openai/v1/responses", header: websocket, status: 426, contains: []string{"websockets are not served here"}, unlogged: true},
		{name: "a websocket, unified", method: "GET", path: "/v1/responses", header: websocket, status: 426, unlogged: true},
		{name: "no websocket", method: "GET", path: "/openai/responses", status: 405, unlogged: true},
		{name: "is anybody there", method: "HEAD", path: "/anthropic/", status: 200, unlogged: true},
		{name: "speech", path: "/v1/audio/speech", body: `{}`, status: 404, contains: []string{"POST /v1/audio/speech is a route of this API", `{"error":{`}, unlogged: true},
		{name: "files", method: "GET", path: "/openai/v1/files", status: 404, contains: []string{"GET /openai/v1/files"}, unlogged: true},
		{name: "message batches", path: "/anthropic/v1/messages/batches", body: `{}`, status: 404, contains: []string{`"type":"error"`, "POST /anthropic/v1/messages/batches"}, unlogged: true},
		{name: "video", path: "/genai/v1beta/models/veo:predictLongRunning", body: `{}`, status: 404, contains: []string{`"status":"NOT_FOUND"`, "predictLongRunning"}, unlogged: true},
	})
}
