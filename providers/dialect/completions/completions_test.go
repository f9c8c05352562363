package completions

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

// TestGolden writes again what was read: nothing is lost, and the form is the one that is meant.
func TestGolden(t *testing.T) {
	in := dialecttest.Input(t, "request.json")
	if err := dialecttest.RequestIdentity(New(), dialect.Path{}, in); err != nil {
		t.Error(err)
	}
	req, err := decodeRequest(in)
	if err != nil {
		t.Fatal(err)
	}
	out, warnings, err := encodeRequest(req)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v", warnings, err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, out, "", "  "); err != nil {
		t.Fatal(err)
	}
	dialecttest.Golden(t, "request.golden", pretty.Bytes())
	events := dialecttest.Decode(New(), dialecttest.Input(t, "stream.sse"))
	stream, warnings := dialecttest.Encode(New(), req, events)
	dialecttest.Golden(t, "stream.golden", stream)
	r, err := llm.Fold(slices.Values(events))
	if err != nil {
		t.Fatal(err)
	}
	whole, more := encodeResponse(r)
	dialecttest.Golden(t, "response.golden", append(whole, '\n'))
	if len(warnings)+len(more) > 0 {
		t.Error(warnings, more)
	}
}

func TestLaws(t *testing.T) {
	in := dialecttest.Input(t, "stream.sse")
	rng := rand.New(rand.NewPCG(1, 2))
	for name, err := range map[string]error{
		"identity": dialecttest.StreamIdentity(New(), in),
		"chop":     dialecttest.Chop(New(), in, rng),
		"cut":      dialecttest.Cut(New(), in, rng),
		"usage":    dialecttest.Usage(New(), in),
		"response": dialecttest.ResponseIdentity(New(), dialecttest.Input(t, "response.golden")),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPeek(t *testing.T) {
	for _, c := range []struct {
		in   string
		want dialect.Peek
		err  string
	}{
		{`{"prompt":"\"model\":\"x\"","model":"a/b","stream":true,"stream_options":{"include_usage":true}}`,
			dialect.Peek{Model: "a/b", Stream: true, IncludeUsage: true}, ""},
		{`{"prompt":[1,2],"model":"m","fallbacks":["x/y"]}`, dialect.Peek{Model: "m", Fallbacks: true}, ""},
		{`{"model":7}`, dialect.Peek{}, "model: must be a string"},
		{`{"stream":"yes"}`, dialect.Peek{}, "stream: must be true or false"},
		{`[]`, dialect.Peek{}, "the body must be a JSON object"},
	} {
		got, err := dialect.PeekBody([]byte(c.in))
		var e *llm.Error
		if c.err != "" {
			if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != c.err {
				t.Errorf("%s: %v, want %s", c.in, err, c.err)
			}
		} else if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.in, got, err)
		}
	}
}

func TestPrompts(t *testing.T) {
	for in, want := range map[string]string{
		`{"prompt":"a"}`:                 `{"model":"","prompt":"a"}`,
		`{"prompt":["a"]}`:               `{"model":"","prompt":"a"}`,
		`{"prompt":""}`:                  `{"model":"","prompt":""}`,
		`{"model":"m"}`:                  "prompt: is missing; it must be the text to go on with",
		`{"prompt":null}`:                "prompt: is missing; it must be the text to go on with",
		`{"prompt":[]}`:                  "prompt: is empty; it must be the text to go on with",
		`{"prompt":["a",""]}`:            "prompt: must be one text; only a provider of this endpoint takes several, so send each in its own request",
		`{"prompt":[1,2]}`:               "prompt: must be text; only a provider of this endpoint can read token numbers",
		`{"prompt":[[1],[2]]}`:           "prompt: must be text; only a provider of this endpoint can read token numbers",
		`{"prompt":{}}`:                  "prompt: must be a string, or a list with one",
		`{"prompt":"a","stop":1}`:        "stop: must be a string or a list of strings",
		`{"prompt":"a","logprobs":"x"}`:  "logprobs: must be a whole number",
		`{"prompt":"a","logprobs":0}`:    `{"model":"","prompt":"a","logprobs":0}`,
		`{"prompt":"a","logprobs":true}`: `{"model":"","prompt":"a","logprobs":true}`,
		`{"prompt":"a"`:                  "the body is invalid JSON at offset 13: want a comma or a closing bracket",
	} {
		r, err := New().Server.DecodeRequest(dialect.Path{}, []byte(in))
		if err != nil {
			var e *llm.Error
			if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != want {
				t.Errorf("%s: %v, want %s", in, err, want)
			}
			continue
		}
		if out, _, _ := encodeRequest(r); string(out) != want {
			t.Errorf("%s became %s, want %s", in, out, want)
		}
	}
}

// TestConversation: more turns than one become one prompt, and what is no text is warned of.
func TestConversation(t *testing.T) {
	text := func(s string) []llm.Part { return []llm.Part{{Kind: llm.PartText, Text: s}} }
	r := &llm.Request{Model: "m", Tools: []llm.Tool{{Name: "f"}}, Messages: []llm.Message{
		{Role: llm.RoleSystem, Parts: text("Be brief.")},
		{Role: llm.RoleUser, Parts: append(text("Hi"), llm.Part{Kind: llm.PartMedia, Media: &llm.Media{URL: "https://example.org/a.png"}})},
		{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartReasoning, Text: "hm"}, {Kind: llm.PartCall, Call: &llm.ToolCall{Name: "f"}}}},
		{Role: llm.RoleTool, Parts: []llm.Part{{Kind: llm.PartResult, Result: &llm.ToolResult{ID: "1", Parts: text("sunny")}}}},
	}}
	out, warnings, err := encodeRequest(r)
	if want := `{"model":"m","prompt":"Be brief.\n\nHi\n\nsunny"}`; err != nil || string(out) != want {
		t.Errorf("%s, %v", out, err)
	}
	var fields []string
	for _, w := range warnings {
		fields = append(fields, w.Field)
	}
	if diff := cmp.Diff([]string{"messages", "messages[1].content", "messages[2].reasoning", "messages[2].tool_calls", "tools"}, fields); diff != "" {
		t.Error(diff)
	}
}

// TestChatAnswer: a chat's answer is its text; thoughts and calls are warned of, once.
func TestChatAnswer(t *testing.T) {
	events := []llm.Event{
		{Type: llm.EventStart, Meta: &llm.Meta{ID: "i", Model: "m", Created: 5}},
		{Type: llm.EventBlockStart, Part: llm.Part{Kind: llm.PartReasoning}},
		{Type: llm.EventDelta, Part: llm.Part{Kind: llm.PartReasoning, Text: "a"}},
		{Type: llm.EventDelta, Part: llm.Part{Kind: llm.PartReasoning, Text: "b"}},
		{Type: llm.EventBlockEnd},
		{Type: llm.EventBlockStart, Block: 1, Part: llm.Part{Kind: llm.PartText}},
		{Type: llm.EventDelta, Block: 1, Part: llm.Part{Kind: llm.PartText, Text: "hi"}},
		{Type: llm.EventBlockEnd, Block: 1},
		{Type: llm.EventBlockStart, Block: 2, Part: llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{ID: "c", Name: "f"}}},
		{Type: llm.EventBlockEnd, Block: 2},
		{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishTools, Raw: "tool_calls"}},
		{Type: llm.EventUsage, Usage: &llm.Usage{Input: 3, Output: 4, Reasoning: 1}},
	}
	for _, asked := range []bool{true, false} {
		out, warnings := dialecttest.Encode(New(), &llm.Request{Params: llm.Params{IncludeUsage: asked}}, events)
		head := `data: {"id":"i","object":"text_completion","created":5,"model":"m","choices":[`
		want := head + `{"text":"hi","index":0,"logprobs":null,"finish_reason":null}]}` + "\n\n" +
			head + `{"text":"","index":0,"logprobs":null,"finish_reason":"stop"}]}` + "\n\n"
		if asked {
			want += head + `],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"completion_tokens_details":{"reasoning_tokens":1}}}` + "\n\n"
		}
		if diff := cmp.Diff(want+"data: [DONE]\n\n", string(out)); diff != "" || len(warnings) != 2 {
			t.Errorf("%s %v", diff, warnings)
		}
	}
	r, err := llm.Fold(slices.Values(events))
	if err != nil {
		t.Fatal(err)
	}
	out, warnings := encodeResponse(r)
	if !bytes.Contains(out, []byte(`[{"text":"hi","index":0,"logprobs":null,"finish_reason":"stop"}]`)) || len(warnings) != 2 {
		t.Errorf("%s %v", out, warnings)
	}
}

func chunk(choice string) string {
	return `data: {"id":"i","model":"m","choices":[` + choice + `]}` + "\n\n"
}

func TestStreamEnds(t *testing.T) {
	text := chunk(`{"text":"hi"}`)
	finish := chunk(`{"text":"","finish_reason":"stop"}`)
	for _, c := range []struct {
		name, in string
		kind     llm.ErrorKind
	}{
		{"whole", text + finish + "data: [DONE]\n\n", ""},
		{"finish with the last text", chunk(`{"text":"h"}`) + chunk(`{"text":"i","finish_reason":"length"}`), ""},
		{"no end marker", text + finish, ""},
		{"end marker twice", text + finish + "data: [DONE]\n\ndata: [DONE]\n\n", ""},
		{"end marker without finish", text + "data: [DONE]\n\n", ""},
		{"no blank line at the end", text + strings.TrimRight(finish, "\n"), ""},
		{"nothing", "", llm.KindTruncated},
		{"only the end marker", "data: [DONE]\n\n", llm.KindTruncated},
		{"no finish", text, llm.KindTruncated},
		{"one choice of two", text + chunk(`{"index":1,"text":"x","finish_reason":"stop"}`), llm.KindTruncated},
		{"an error", text + `data: {"error":{"message":"busy","code":503}}` + "\n\n" + finish, llm.KindOverloaded},
		{"no JSON", text + "data: {oops}\n\n", llm.KindServerError},
	} {
		r, err := llm.Fold(slices.Values(dialecttest.Decode(New(), []byte(c.in), 5)))
		var e *llm.Error
		errors.As(err, &e)
		switch {
		case c.kind == "" && (e != nil || dialecttest.Text(r) != `thought "" said "hi" called ""`):
			t.Errorf("%s: %v, %+v", c.name, e, r)
		case c.kind != "" && (e == nil || e.Kind != c.kind):
			t.Errorf("%s: %v, want %s", c.name, e, c.kind)
		}
	}
}

func TestErrors(t *testing.T) {
	header := func(name string) string { return map[string]string{"Retry-After": "7"}[name] }
	for _, c := range []struct {
		status int
		body   string
		kind   llm.ErrorKind
		raw    bool
	}{
		{400, `{"error":{"message":"bad","type":"invalid_request_error","param":"x","code":null}}`, llm.KindInvalidRequest, true},
		{404, `{"error":{"message":"no such model","code":"model_not_found"}}`, llm.KindModelUnavailable, true},
		{429, `{"error":{"message":"slow down"}}`, llm.KindProviderLimited, true},
		{500, `{"error":"boom"}`, llm.KindServerError, false},
		{502, "<html><head><title>Bad Gateway</title>", llm.KindServerError, false},
	} {
		e := New().Client.DecodeError(c.status, header, []byte(c.body))
		if e.Kind != c.kind || (e.Raw != nil) != c.raw || e.RetryAfter != 7*time.Second {
			t.Errorf("%d %s: %+v", c.status, c.body, *e)
		}
		if status, body := New().Server.EncodeError(e); status != c.status || c.raw && string(body) != c.body || !dialect.IsErrorObject(body) {
			t.Errorf("%d %s became %d %s", c.status, c.body, status, body)
		}
	}
	for status, want := range map[int]string{401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error",
		408: "timeout_error", 429: "rate_limit_error", 503: "overloaded_error", 500: "server_error", 422: "invalid_request_error"} {
		_, body := New().Server.EncodeError(&llm.Error{Status: status, Message: "m"})
		if !strings.Contains(string(body), `"type":`+strconv.Quote(want)) {
			t.Errorf("%d became %s", status, body)
		}
	}
	if got := string(New().Server.ErrorFrame(llm.Errorf(llm.KindInternal, "x"))); !strings.HasPrefix(got, `data: {"error":{"message":"x"`) || !strings.HasSuffix(got, "\n\n") {
		t.Errorf("frame %q", got)
	}
}

func TestAllocations(t *testing.T) {
	body := []byte(`{"prompt":"` + strings.Repeat("hi ", 1000) + `","model":"m","stream":true,"stream_options":{"include_usage":true}}`)
	if n := testing.AllocsPerRun(100, func() { _, _ = dialect.PeekBody(body) }); n > 1 {
		t.Errorf("peek allocates %v times", n)
	}
	var tee tee
	frames := []byte(chunk(`{"text":"hi","index":0,"finish_reason":null}`) + chunk(`{"text":"","index":0,"finish_reason":"stop"}`) +
		`data: {"id":"i","model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}` + "\n\n")
	feed := func() {
		tee.Feed(frames[:50])
		tee.Feed(frames[50:])
	}
	if feed(); testing.AllocsPerRun(100, feed) != 0 {
		t.Error("a warm tee allocates")
	}
	if s := tee.Result(); !s.Done || s.Usage.Input != 1 || s.Usage.Output != 2 || s.Finish.Reason != llm.FinishStop {
		t.Errorf("%+v", s)
	}
}
