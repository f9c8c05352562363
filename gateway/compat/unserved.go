package compat

import (
	"context"
	"strings"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// unserved are the routes of the API that this version does not have, by what they are for. Clients that call one get an
// answer that says so, not one that looks like a wrong address.
var unserved = []struct {
	what, dialect string
	bases         []string
	paths         []string // METHOD path
}{
	{"audio", "chat", openaiBases, []string{"POST /audio/speech", "POST /audio/transcriptions", "POST /audio/translations"}},
	{"images", "chat", openaiBases, []string{"POST /images/generations", "POST /images/edits", "POST /images/variations"}},
	{"videos", "chat", openaiBases, []string{"POST /videos", "GET /videos", "GET /videos/{id}", "DELETE /videos/{id}", "GET /videos/{id}/content", "POST /videos/{id}/remix"}},
	{"batches", "chat", openaiBases, []string{"POST /batches", "GET /batches", "GET /batches/{id}", "POST /batches/{id}/cancel", "GET /batches/{id}/results"}},
	{"files", "chat", openaiBases, []string{"POST /files", "GET /files", "GET /files/{id}", "DELETE /files/{id}", "GET /files/{id}/content"}},
	{"containers", "chat", openaiBases, []string{"POST /containers", "GET /containers", "GET /containers/{id}", "DELETE /containers/{id}"}},
	{"realtime", "chat", openaiBases, []string{"GET /realtime", "POST /realtime/client_secrets", "POST /realtime/sessions", "POST /realtime/calls"}},
	{"OCR", "chat", []string{"/v1"}, []string{"POST /ocr"}},
	{"cached contents", "chat", []string{"/v1"}, []string{"POST /cached_contents", "GET /cached_contents", "GET /cached_contents/{id}", "DELETE /cached_contents/{id}"}},
	{"asynchronous jobs", "chat", []string{"/v1/async"}, []string{"POST /{operation...}", "GET /{operation...}"}},
	{"tool execution", "chat", []string{"/v1"}, []string{"POST /mcp/tool/execute"}},
	{"text completions of this kind", "messages", []string{"/anthropic/v1"}, []string{"POST /complete"}},
	{"message batches", "messages", []string{"/anthropic/v1/messages"}, []string{"POST /batches", "GET /batches", "GET /batches/{id}", "DELETE /batches/{id}", "POST /batches/{id}/cancel", "GET /batches/{id}/results"}},
	{"files", "messages", []string{"/anthropic/v1"}, []string{"POST /files", "GET /files", "GET /files/{id}", "DELETE /files/{id}", "GET /files/{id}/content"}},
	{"files", "generate", []string{"/genai/v1beta", "/genai/upload/v1beta"}, []string{"POST /files", "GET /files", "GET /files/{id}", "DELETE /files/{id}"}},
	{"cached contents", "generate", []string{"/genai/v1beta"}, []string{"POST /cachedContents", "GET /cachedContents", "GET /cachedContents/{id}", "PATCH /cachedContents/{id}", "DELETE /cachedContents/{id}"}},
	{"batches", "generate", []string{"/genai/v1beta"}, []string{"GET /batches", "GET /batches/{id}", "POST /models/{model...}:batchGenerateContent"}},
	{"images and videos", "generate", []string{"/genai/v1beta"}, []string{"POST /models/{model...}:predict", "POST /models/{model...}:predictLongRunning"}},
	{"batch jobs", "converse", []string{"/bedrock"}, []string{"POST /model-invocation-job", "GET /model-invocation-jobs", "GET /model-invocation-job/{id}", "POST /model-invocation-job/{id}/stop"}},
	{"rerank", "converse", []string{"/bedrock"}, []string{"POST /rerank"}},
}

var openaiBases = []string{"/v1", "/openai", "/openai/v1", "/litellm/v1", "/langchain/v1", "/pydanticai/v1"}

// Unserved makes the rows of the routes that the API has and this version has not.
func Unserved() []exchange.Row {
	var rows []exchange.Row
	for _, group := range unserved {
		for _, base := range group.bases {
			for _, path := range group.paths {
				method, path, _ := strings.Cut(path, " ")
				rows = append(rows, exchange.Row{Method: method, Path: base + path, Guard: exchange.GuardInference, Dialect: group.dialect, Handler: notServed(method+" "+base+path, group.what)})
			}
		}
	}
	return rows
}

func notServed(route, what string) exchange.Handler {
	return func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
		return nil, &llm.Error{Kind: llm.KindInvalidRequest, Status: 404, Type: "not_served",
			Message: route + " is a route of this API, but this version of Heimdall does not serve it (" + what + ")"}
	}
}
