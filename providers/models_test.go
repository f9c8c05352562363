package providers_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"heimdall/providers"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

func listModels(t *testing.T, p providers.Provider, doer transport.Doer) ([]string, error) {
	t.Helper()
	target := &providers.Target{Name: "acme", Provider: p, Features: providers.Probe(p), BaseURL: "https://box.test/v1",
		Headers: map[string]string{"X-Org": "us"}, Doer: doer}
	return providers.ListModels(t.Context(), target, providers.Credential{Value: "sk-1"}, dialects["chat"].Client.DecodeError)
}

func TestListModels(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"two", `{"object":"list","data":[{"id":"a","x":1},{"id":"b"}]}`, []string{"a", "b"}},
		{"none", `{"data":[]}`, nil},
		{"odd ones", `{"data":[{"id":"a"},{"id":""},{"name":"b"},{"id":null}]}`, []string{"a"}},
		{"no list", `{"data":null}`, nil},
	} {
		upstream := says(c.body)
		got, err := listModels(t, table("chat"), upstream)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		r := upstream.Seen()[0]
		if r.Method != "GET" || r.URL != "https://box.test/v1/models" || r.Header["Authorization"] != "Bearer sk-1" ||
			r.Header["X-Org"] != "us" || r.Header["Acme-Version"] != "1" || r.Body != "" {
			t.Errorf("%s: asked with %+v", c.name, r)
		}
	}
	none := table("chat")
	delete(none.Routes, llm.OpModels)
	if got, err := listModels(t, none, failsWith(io.EOF)); got != nil || err != nil {
		t.Errorf("without an endpoint: %v, %v", got, err)
	}
}

func TestListModelsFails(t *testing.T) {
	refuses := &fake.Doer{Script: func(*transport.Request) fake.Reply {
		return fake.Reply{Status: 401, Body: `{"error":{"message":"bad key","type":"invalid_request_error"}}`}
	}}
	for _, c := range []struct {
		name string
		p    providers.Provider
		doer transport.Doer
		kind llm.ErrorKind
		says string
	}{
		{"a bad key", table("chat"), refuses, llm.KindAuthFailed, "bad key"},
		{"no connection", table("chat"), failsWith(transport.ErrConnect), llm.KindConnection, "cannot connect to acme"},
		{"no JSON", table("chat"), says(`<html>`), llm.KindServerError, "the model list of acme cannot be read"},
		{"no signature", unsigned{table("chat")}, says(""), llm.KindAuthFailed, "expired"},
	} {
		_, err := listModels(t, c.p, c.doer)
		var e *llm.Error
		if !errors.As(err, &e) || e.Kind != c.kind || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
