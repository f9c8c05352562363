package edge

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fasthttp"

	"heimdall/gateway/exchange"
)

func handler(context.Context, *exchange.Exchange) (*exchange.Reply, error) { return nil, nil }

// rowsOf makes rows of lines like "GET /path".
func rowsOf(lines ...string) (rows []exchange.Row) {
	for _, l := range lines {
		method, path, _ := strings.Cut(l, " ")
		rows = append(rows, exchange.Row{Method: method, Path: path, Guard: exchange.GuardPublic, Handler: handler})
	}
	return rows
}

func TestFind(t *testing.T) {
	routes, err := newRoutes(rowsOf(
		"GET /{file...}",
		"GET /v1/models",
		"POST /v1/chat",
		"GET /v1/responses/{id}",
		"POST /v1/responses/{id}/cancel",
		"POST /v1/responses/compact",
		"POST /bedrock/model/{model}/converse",
		"POST /bedrock/model/{model}/invoke",
		"GET /genai/models/{model...}",
		"POST /genai/models/{model...}:generateContent",
		"POST /genai/models/{model...}:countTokens",
		"POST /genai/models/{model}:countTokens",
		"PUT /{any}/chat",
	))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ask, row string
		params   map[string]string
		allowed  []string
	}{
		{ask: "GET /v1/models", row: "/v1/models"},
		{ask: "GET //v1/./models", row: "/v1/models"},
		{ask: "GET /v1%2Fmodels", row: "/v1/models"},
		{ask: "GET /v1/chat", allowed: []string{"POST", "PUT"}},
		{ask: "PUT /v1/chat", row: "/{any}/chat", params: map[string]string{"any": "v1"}},
		{ask: "GET /v1/responses/compact", row: "/v1/responses/{id}", params: map[string]string{"id": "compact"}},
		{ask: "DELETE /v1/responses/r1", allowed: []string{"GET"}},
		{ask: "POST /v1/responses//cancel", allowed: []string{"GET"}},
		{ask: "POST /v1/responses/r1/cancel/"},
		{ask: "POST //v1/responses//r1/cancel", row: "/v1/responses/{id}/cancel", params: map[string]string{"id": "r1"}},

		{ask: "POST /bedrock/model/us.anthropic.x%2Fy%3A0/converse", row: "/bedrock/model/{model}/converse", params: map[string]string{"model": "us.anthropic.x/y:0"}},
		{ask: "POST /bedrock//model/arn%3Aaws%2Fp/invoke?a=%2F", row: "/bedrock/model/{model}/invoke", params: map[string]string{"model": "arn:aws/p"}},
		{ask: "POST /bed%72ock/model/a%20b+c/converse", row: "/bedrock/model/{model}/converse", params: map[string]string{"model": "a b+c"}},
		{ask: "POST /bedrock/model/100%/converse", row: "/bedrock/model/{model}/converse", params: map[string]string{"model": "100%"}},
		{ask: "POST /bedrock/model/x%2Fconverse"},
		{ask: "POST /bedrock/model/x/y/converse"},
		{ask: "POST /bedrock/model/%2E%2E/converse"},
		{ask: "POST /bedrock/model/a%2F..%2Fb/converse"},
		{ask: "POST /bedrock/model/%252E%252E/converse", row: "/bedrock/model/{model}/converse", params: map[string]string{"model": "%2E%2E"}},

		{ask: "POST /genai/models/gemini-2.5:generateContent", row: "/genai/models/{model...}:generateContent", params: map[string]string{"model": "gemini-2.5"}},
		{ask: "POST /genai/models/a:b:generateContent", row: "/genai/models/{model...}:generateContent", params: map[string]string{"model": "a:b"}},
		{ask: "POST /genai/models/a%3AgenerateContent", row: "/genai/models/{model...}:generateContent", params: map[string]string{"model": "a"}},
		{ask: "POST /genai/models/publishers/g/models/m%2F1:generateContent", row: "/genai/models/{model...}:generateContent", params: map[string]string{"model": "publishers/g/models/m/1"}},
		{ask: "POST /genai/models/m:countTokens", row: "/genai/models/{model}:countTokens", params: map[string]string{"model": "m"}},
		{ask: "POST /genai/models/p/m:countTokens", row: "/genai/models/{model...}:countTokens", params: map[string]string{"model": "p/m"}},
		{ask: "POST /genai/models/:generateContent"},
		{ask: "POST /genai/models/m:generateContents"},
		{ask: "POST /genai/models/%2e%2E/x:generateContent"},
		{ask: "GET /genai/models/a/b:c", row: "/genai/models/{model...}", params: map[string]string{"model": "a/b:c"}},
		{ask: "DELETE /genai/models/m:countTokens", allowed: []string{"POST"}},

		{ask: "GET /", row: "/{file...}", params: map[string]string{"file": ""}},
		{ask: "GET /assets/a%20b.js", row: "/{file...}", params: map[string]string{"file": "assets/a b.js"}},
		{ask: "GET /assets/%2e%2e/%2e%2e/etc"},
		{ask: "GET /x/..%2f..%2fv1/models", row: "/v1/models"},
	} {
		method, path, _ := strings.Cut(c.ask, " ")
		var u fasthttp.URI
		if err := u.Parse([]byte("localhost"), []byte(path)); err != nil {
			t.Fatalf("%s: %v", c.ask, err)
		}
		row, params, allowed := routes.find([]byte(method), &u)
		got := ""
		if row != nil {
			got = row.Path
		}
		if got != c.row || !cmp.Equal(params, c.params) || !cmp.Equal(allowed, c.allowed) {
			t.Errorf("%s: row %q %v, allowed %v; want %q %v, %v", c.ask, got, params, allowed, c.row, c.params, c.allowed)
		}
	}
}

func TestRowsThatMayNotStart(t *testing.T) {
	for want, rows := range map[string][]exchange.Row{
		"declares no guard":                         {{Method: "GET", Path: "/a", Handler: handler}},
		"needs an operation":                        {{Method: "GET", Path: "/a", Guard: exchange.GuardPublic}},
		"/a is declared twice":                      rowsOf("GET /a", "GET /a"),
		"/a/{y} takes the same paths as":            rowsOf("GET /a/b", "GET /a/{x}", "POST /a/{z}", "GET /a/{y}"),
		"/a/{y...}:v takes the same paths as":       rowsOf("GET /a/{x...}:v", "GET /a/{x}:v", "GET /a/{y...}:v"),
		"/{x...} takes the same paths as /{a...}":   rowsOf("GET /{a...}", "GET /{x...}"),
		"/{x...}/a: a segment is text or a {name};": rowsOf("GET /{x...}/a"),
		"/{x}:v/a: a segment is":                    rowsOf("GET /{x}:v/a"),
		"/{x}/{x}: a segment is":                    rowsOf("GET /{x}/{x}"),
		"/a{x}: a segment is":                       rowsOf("GET /a{x}"),
		"/{x: a segment is":                         rowsOf("GET /{x"),
		"/{x}{y}: a segment is":                     rowsOf("GET /{x}{y}"),
		"/{}: a segment is":                         rowsOf("GET /{}"),
	} {
		if _, err := New(Options{Rows: rows}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
