package responses_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/dialect/responses"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

var others = []dialect.Dialect{chat.New(), messages.New()}

func request(t *testing.T, d dialect.Dialect, body []byte) *llm.Request {
	t.Helper()
	req, err := d.Server.DecodeRequest(dialect.Path{}, body)
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return req
}

func responsesTurn(answer []byte) string {
	items, _, _ := rawjson.Get(answer, "output")
	return `{"model":"m","input":[{"role":"user","content":"hi"},` + strings.TrimPrefix(string(items), "[") + `}`
}

// TestToolsOfOtherProviders: a provider of another dialect calls tools by flat names and with JSON; the client hears of
// them in the form that it gave them in.
func TestToolsOfOtherProviders(t *testing.T) {
	own := responses.New()
	req := request(t, own, dialecttest.Input(t, "request.json"))
	call := func(index, name, arguments string) string {
		return `data: {"id":"i","model":"m","choices":[{"delta":{"tool_calls":[{"index":` + index + `,"id":"c` + index +
			`","function":{"name":"` + name + `","arguments":` + arguments + `}}]}}]}` + "\n\n"
	}
	stream := call("0", "mcp__maps__find", `"{\"a\":1}"`) + call("1", "patch", `"{\"input\":"`) +
		`data: {"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"arguments":"\"a\\nb\"}"}}]},"finish_reason":"tool_calls"}]}` + "\n\n"
	out, _ := dialecttest.Encode(own, req, dialecttest.Decode(chat.New(), []byte(stream)))
	for _, want := range []string{
		`"item":{"type":"function_call","id":"fc_i_0","status":"completed","call_id":"c0","namespace":"mcp__maps","name":"find","arguments":"{\"a\":1}"}`,
		`"delta":"a\nb"`, `"input":"a\nb","sequence_number"`,
		`"item":{"type":"custom_tool_call","id":"ctc_i_1","status":"completed","call_id":"c1","name":"patch","input":"a\nb"}`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%s is not in %s", want, out)
		}
	}
	// An answer that comes whole says the same as the end of the stream, and repeats the same settings.
	answered, err := llm.Fold(slices.Values(dialecttest.Decode(chat.New(), []byte(stream))))
	if err != nil {
		t.Fatal(err)
	}
	unary, warnings := own.Server.(dialect.Answerer).EncodeAnswer(req, answered)
	if diff := cmp.Diff(lastResponse(out), json.RawMessage(unary), dialecttest.Same); diff != "" || len(warnings) > 0 {
		t.Errorf("%v, %s", warnings, diff)
	}
	// The client answers, and the provider sees the names that it knows.
	answer, err := llm.Fold(slices.Values(dialecttest.Decode(own, out)))
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := own.Server.EncodeResponse(answer)
	for _, other := range others {
		body, _, err := other.Client.EncodeRequest(request(t, own, []byte(responsesTurn(whole))))
		if err != nil || !bytes.Contains(body, []byte(`"name":"mcp__maps__find"`)) || !bytes.Contains(body, []byte(`a\`)) {
			t.Errorf("%s: %v, %s", other.Name, err, body)
		}
	}
}
