package gateway

import (
	"context"
	"strings"

	"heimdall/gateway/compat"
	"heimdall/gateway/exchange"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// inferenceRows are the routes that clients call. The paths, and the provider that each means, are Bifrost's.
func (g *Gateway) inferenceRows() []exchange.Row {
	var t table
	t.unified(g.listing("unified", ""))
	for _, base := range []string{"/openai", "/openai/v1", "/litellm", "/litellm/v1", "/langchain", "/langchain/v1", "/pydanticai", "/pydanticai/v1"} {
		t.openai(base, "openai", g.listing("openai", "openai"))
	}
	t.openai("/openai/openai/v1", "azure", g.listing("openai", "azure"))
	t.deployments("/openai/deployments")
	t.deployments("/openai/openai/deployments")
	for _, base := range []string{"", "/litellm", "/langchain", "/pydanticai"} {
		t.anthropic(base+"/anthropic", g.listing("anthropic", "anthropic"))
		t.genai(base+"/genai", g.listing("genai", "gemini"))
		t.bedrock(base + "/bedrock")
		t.cohere(base+"/cohere", g.listing("cohere", "cohere"))
	}
	return append(t.rows, compat.Unserved()...)
}

// table grows route by route.
type table struct{ rows []exchange.Row }

// chain adds a route that runs through the chain.
func (t *table) chain(method, path string, op llm.Op, d, provider string, decorate exchange.Decoration) *exchange.Row {
	t.rows = append(t.rows, exchange.Row{Method: method, Path: path, Guard: exchange.GuardInference, Op: op, Dialect: d, Provider: provider, Decorate: decorate})
	return &t.rows[len(t.rows)-1]
}

// answer adds a route with a handler of its own.
func (t *table) answer(method, path, d string, decorate exchange.Decoration, h exchange.Handler) {
	t.rows = append(t.rows, exchange.Row{Method: method, Path: path, Guard: exchange.GuardInference, Dialect: d, Decorate: decorate, Handler: h})
}

// unified is the API of all providers, who are named in the model.
func (t *table) unified(models listing) {
	t.openaiSet("/v1", "", exchange.DecorateAlways, models)
	t.chain("POST", "/v1/rerank", llm.OpRerank, "rerank", "", exchange.DecorateAlways)
	t.chain("POST", "/v1/count_tokens", llm.OpCountTokens, "responses.count", "", exchange.DecorateAlways)
}

func (t *table) openai(base, provider string, models listing) {
	t.openaiSet(base, provider, exchange.DecorateOnDemand, models)
}

func (t *table) openaiSet(base, provider string, decorate exchange.Decoration, models listing) {
	post := func(path string, op llm.Op, d string) { t.chain("POST", base+path, op, d, provider, decorate) }
	post("/chat/completions", llm.OpChat, "chat")
	post("/completions", llm.OpChat, "completions")
	post("/responses", llm.OpChat, "responses")
	post("/responses/input_tokens", llm.OpCountTokens, "responses.count")
	post("/responses/compact", llm.OpCompact, "responses.stored")
	post("/responses/{id}/cancel", llm.OpStoredCancel, "responses.stored")
	t.chain("GET", base+"/responses/{id}", llm.OpStoredGet, "responses.stored", provider, decorate)
	t.chain("DELETE", base+"/responses/{id}", llm.OpStoredDelete, "responses.stored", provider, decorate)
	t.chain("GET", base+"/responses/{id}/input_items", llm.OpStoredInput, "responses.stored", provider, decorate)
	post("/embeddings", llm.OpEmbedding, "embeddings")
	t.answer("GET", base+"/responses", "responses", decorate, upgrade)
	t.answer("GET", base+"/models", "chat", decorate, models.all)
	t.answer("GET", base+"/models/{model...}", "chat", decorate, models.one)
}

// deployments are the paths of Azure's clients, which name the model there.
func (t *table) deployments(base string) {
	for _, name := range []string{"/{model}", "/{provider}/{model}"} {
		t.chain("POST", base+name+"/chat/completions", llm.OpChat, "chat", "azure", exchange.DecorateOnDemand)
		t.chain("POST", base+name+"/completions", llm.OpChat, "completions", "azure", exchange.DecorateOnDemand)
		t.chain("POST", base+name+"/responses", llm.OpChat, "responses", "azure", exchange.DecorateOnDemand)
		t.chain("POST", base+name+"/embeddings", llm.OpEmbedding, "embeddings", "azure", exchange.DecorateOnDemand)
	}
}

func (t *table) anthropic(base string, models listing) {
	t.chain("POST", base+"/v1/messages", llm.OpChat, "messages", "anthropic", exchange.DecorateNever)
	t.chain("POST", base+"/v1/messages/count_tokens", llm.OpCountTokens, "messages.count", "anthropic", exchange.DecorateNever)
	t.answer("GET", base+"/v1/models", "messages", exchange.DecorateNever, models.all)
	t.answer("GET", base+"/v1/models/{model...}", "messages", exchange.DecorateNever, models.one)
	for _, path := range []string{base, base + "/"} { // clients look whether somebody is there
		t.answer("HEAD", path, "messages", exchange.DecorateNever, present)
	}
}

func (t *table) genai(base string, models listing) {
	for _, version := range []string{"/v1beta", "/v1", "/v1beta1"} {
		t.generate(base+version+"/models/{model...}", "gemini")
		t.answer("GET", base+version+"/models", "generate", exchange.DecorateNever, models.all)
		t.answer("GET", base+version+"/models/{model...}", "generate", exchange.DecorateNever, models.one)
		t.generate(base+version+"/projects/{project}/locations/{location}/publishers/google/models/{model...}", "vertex")
		t.generate(base+version+"/{model...}", "gemini") // how some clients write models with a slash
	}
}

func (t *table) generate(model, provider string) {
	t.chain("POST", model+":generateContent", llm.OpChat, "generate", provider, exchange.DecorateNever)
	streamed := t.chain("POST", model+":streamGenerateContent", llm.OpChat, "generate", provider, exchange.DecorateNever)
	streamed.Stream, streamed.Plain = true, "generate.array"
	t.chain("POST", model+":countTokens", llm.OpCountTokens, "generate.count", provider, exchange.DecorateNever)
	t.chain("POST", model+":embedContent", llm.OpEmbedding, "generate.embed", provider, exchange.DecorateNever)
	t.chain("POST", model+":batchEmbedContents", llm.OpEmbedding, "generate.embeds", provider, exchange.DecorateNever)
}

func (t *table) bedrock(base string) {
	post := func(verb string, op llm.Op, d string) *exchange.Row {
		return t.chain("POST", base+"/model/{model}/"+verb, op, d, "bedrock", exchange.DecorateNever)
	}
	post("converse", llm.OpChat, "converse")
	post("converse-stream", llm.OpChat, "converse").Stream = true
	post("invoke", llm.OpChat, "invoke")
	post("invoke-with-response-stream", llm.OpChat, "invoke").Stream = true
	post("count-tokens", llm.OpCountTokens, "converse.count")
}

func (t *table) cohere(base string, models listing) {
	t.chain("POST", base+"/v2/chat", llm.OpChat, "coherechat", "cohere", exchange.DecorateNever)
	t.chain("POST", base+"/v2/embed", llm.OpEmbedding, "embed", "cohere", exchange.DecorateNever)
	t.chain("POST", base+"/v2/rerank", llm.OpRerank, "rerank.v2", "cohere", exchange.DecorateNever)
	t.chain("POST", base+"/v1/tokenize", llm.OpCountTokens, "tokenize", "cohere", exchange.DecorateNever)
	t.answer("GET", base+"/v1/models", "coherechat", exchange.DecorateNever, models.all)
}

// upgrade answers who wants to speak over a websocket that this is not served; clients then use POST at once.
func upgrade(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	if x.Header.Get("Upgrade") == "" {
		return nil, &llm.Error{Kind: llm.KindInvalidRequest, Status: 405, Type: "method_not_allowed", Message: x.Path + " takes POST, not GET"}
	}
	return nil, &llm.Error{Kind: llm.KindInvalidRequest, Status: 426, Type: "upgrade_required", Message: "websockets are not served here; send the request with POST"}
}

func present(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	return &exchange.Reply{Status: 200}, nil
}

// spoken are the dialects of the routes' first words.
var spoken = map[string]string{
	"anthropic": "messages", "genai": "generate", "bedrock": "converse", "cohere": "coherechat",
	"v1": "chat", "openai": "chat", "litellm": "chat", "langchain": "chat", "pydanticai": "chat",
}

// dialectOf guesses from a path which dialect its client speaks; "" for the management API.
func dialectOf(path string) string {
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "litellm", "langchain", "pydanticai":
		if second, _, _ := strings.Cut(rest, "/"); second != "v1" && spoken[second] != "" {
			return spoken[second]
		}
	}
	return spoken[first]
}

// errorReply renders an error in its row's dialect, or where that has none in the one that the path suggests.
func errorReply(find func(string) (dialect.Dialect, bool), row *exchange.Row, path string, x *exchange.Exchange, err error) *exchange.Reply {
	name := dialectOf(path)
	if row != nil && row.Dialect != "" {
		name = row.Dialect
	}
	if d, ok := find(name); ok {
		return compat.ErrorReply(row, d, x, err)
	}
	return compat.ManagementError(err)
}

// health answers that the gateway serves, and whether it can write its log.
func health(logging func() error) exchange.Row {
	return exchange.Row{Method: "GET", Path: "/health", Guard: exchange.GuardPublic,
		Handler: func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
			body := `{"status":"ok","components":{"log":"ok"}}`
			if logging() != nil {
				body = `{"status":"ok","components":{"log":"failing"}}`
			}
			return &exchange.Reply{Status: 200, ContentType: "application/json", Body: []byte(body)}, nil
		}}
}
