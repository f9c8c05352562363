package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// TestGolden writes again what was read: nothing is lost, and the form is the one that is meant.
func TestGolden(t *testing.T) {
	req, err := New().Server.DecodeRequest(dialect.Path{}, dialecttest.Input(t, "request.json"))
	if err != nil {
		t.Fatal(err)
	}
	out, warnings, err := New().Client.EncodeRequest(req)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v", warnings, err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, out, "", "  "); err != nil {
		t.Fatal(err)
	}
	dialecttest.Golden(t, "request.golden", pretty.Bytes())
	stream, warnings := dialecttest.Encode(New(), req, dialecttest.Decode(New(), dialecttest.Input(t, "stream.sse")))
	if len(warnings) > 0 {
		t.Error(warnings)
	}
	dialecttest.Golden(t, "stream.golden", stream)
}

func TestPeek(t *testing.T) {
	for _, c := range []struct {
		in   string
		want dialect.Peek
		err  string
	}{
		{`{"messages":[{"content":"\"model\":\"x\""}],"model":"a/b","stream":true,"stream_options":{"include_usage":true}}`,
			dialect.Peek{Model: "a/b", Stream: true, IncludeUsage: true}, ""},
		{`{"max_tokens":17,"messages":[{"max_tokens":99}]}`, dialect.Peek{MaxOutput: 17}, ""},
		{`{"max_completion_tokens":18,"max_tokens":"x"}`, dialect.Peek{MaxOutput: 18}, ""},
		{`{"max_output_tokens":19}`, dialect.Peek{MaxOutput: 19}, ""},
		{`{"model":null,"stream":null,"stream_options":null}`, dialect.Peek{}, ""},
		{`{"model":"a","model":"b"}`, dialect.Peek{Model: "b"}, ""},
		{`{}`, dialect.Peek{}, ""},
		{`{"model":7}`, dialect.Peek{}, "model: must be a string"},
		{`{"stream":"yes"}`, dialect.Peek{}, "stream: must be true or false"},
		{`[]`, dialect.Peek{}, "the body must be a JSON object"},
		{``, dialect.Peek{}, "the body must be a JSON object"},
		{`{"model":"a"`, dialect.Peek{}, "invalid JSON at offset 12: want a comma or a closing bracket"},
	} {
		got, err := New().Server.Peek(dialect.Path{}, []byte(c.in))
		var e *llm.Error
		if c.err != "" {
			if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Status != 400 || e.Message != c.err {
				t.Errorf("%s: %v, want %s", c.in, err, c.err)
			}
		} else if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.in, got, err)
		}
	}
}

func TestBadRequests(t *testing.T) {
	message := func(m string) string { return `{"messages":[{"role":"user","content":"a"},` + m + `]}` }
	for in, want := range map[string]string{
		`{"model":"m"}`:                            "messages: is missing; it must be a list of messages",
		`{"messages":{}}`:                          "messages: must be a list of messages",
		`{"messages":[],"stop":1}`:                 "stop: must be a string or a list of strings",
		`{"messages":[],"stop":["a",1]}`:           "stop[1]: must be a string",
		`{"messages":[],"max_tokens":"a"}`:         "max_tokens: must be a whole number",
		`{"messages":[],"temperature":true}`:       "temperature: must be a number",
		`{"messages":[],"tool_choice":"maybe"}`:    "tool_choice: must be auto, none, required or the name of a function in an object",
		`{"messages":[],"tools":[{"function":1}]}`: "tools[0].function: must be an object with a name",
		message(`{"role":"user","content":5}`):     "messages[1].content: must be a string or a list of parts",
		message(`{"role":"user","content":[5]}`):   "messages[1].content[0]: must be an object with a type",
		message(`{"role":"user","content":[{"type":"image_url","image_url":{"url":1}}]}`): "messages[1].content[0].image_url.url: must be a string",
		message(`{"role":"assistant","tool_calls":[{"id":"a","function":{"name":1}}]}`):   "messages[1].tool_calls[0].function.name: must be a string",
		message(`{"role":"king"}`):               `messages[1].role: must be system, developer, user, assistant or tool, not "king"`,
		message(`{"role":"tool","content":"x"}`): "messages[1].tool_call_id: is missing; it names the call that this answers",
		`{"messages":[}`:                         "the body is invalid JSON at offset 13: want a value",
	} {
		_, err := New().Server.DecodeRequest(dialect.Path{}, []byte(in))
		var e *llm.Error
		if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != want {
			t.Errorf("%s:\n%v, want\n%s", in, err, want)
		}
	}
}

func TestReasoning(t *testing.T) {
	for in, want := range map[string]string{
		`"reasoning_effort":"low"`:                       `"reasoning_effort":"low"`,
		`"reasoning":{"effort":"low","exclude":true}`:    `"reasoning":{"effort":"low","exclude":true}`,
		`"reasoning":{"enabled":true}`:                   `"reasoning":{"enabled":true}`,
		`"reasoning":{"max_tokens":2000}`:                `"reasoning":{"max_tokens":2000}`,
		`"reasoning_effort":null,"reasoning":null,"n":1`: `"n":1`,
	} {
		req, err := decodeRequest([]byte(`{"model":"m","messages":[],` + in + `}`))
		if err != nil {
			t.Fatal(err)
		}
		out, _, _ := encodeRequest(req)
		if got := strings.TrimPrefix(string(out), `{"model":"m","messages":[],`); got != want+"}" {
			t.Errorf("%s became %s", in, got)
		}
	}
	for budget, want := range map[int64]string{1024: "low", 4096: "medium", 16384: "high"} {
		out, _, _ := encodeRequest(&llm.Request{Params: llm.Params{Reasoning: &llm.Reasoning{Budget: &budget}}})
		if v, _, _ := rawjson.Get(out, "reasoning_effort"); !rawjson.EqualString(v, want) {
			t.Errorf("a budget of %d became %s", budget, v)
		}
	}
}

func fold(t *testing.T, stream string) (*llm.Response, *llm.Error) {
	t.Helper()
	r, err := llm.Fold(slices.Values(dialecttest.Decode(New(), []byte(stream), 5)))
	var e *llm.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	return r, e
}

func chunk(choice string) string {
	return `data: {"id":"i","model":"m","choices":[` + choice + `]}` + "\n\n"
}

func TestStreamEnds(t *testing.T) {
	text := chunk(`{"delta":{"content":"hi"}}`)
	finish := chunk(`{"delta":{},"finish_reason":"stop"}`)
	for _, c := range []struct {
		name, in string
		kind     llm.ErrorKind
	}{
		{"whole", text + finish + "data: [DONE]\n\n", ""},
		{"no end marker", text + finish, ""},
		{"end marker twice", text + finish + "data: [DONE]\n\ndata: [DONE]\n\n", ""},
		{"end marker without finish", text + "data: [DONE]\n\n", ""},
		{"no blank line at the end", text + strings.TrimRight(finish, "\n"), ""},
		{"nothing", "", llm.KindTruncated},
		{"only the end marker", "data: [DONE]\n\n", llm.KindTruncated},
		{"no finish", text, llm.KindTruncated},
		{"half a frame", text + finish[:len(finish)-8], llm.KindTruncated},
		{"one choice of two", text + chunk(`{"index":1,"delta":{"content":"x"},"finish_reason":"stop"}`), llm.KindTruncated},
		{"an error", text + `data: {"error":{"message":"busy","code":503}}` + "\n\n" + finish, llm.KindOverloaded},
		{"an error of words", `data: {"error":{"message":"x","type":"rate_limit_error"}}` + "\n\n", llm.KindProviderLimited},
		{"no JSON", text + "data: {oops}\n\n", llm.KindServerError},
	} {
		r, e := fold(t, c.in)
		switch {
		case c.kind == "" && (e != nil || dialecttest.Text(r) != `thought "" said "hi" called ""`):
			t.Errorf("%s: %v, %+v", c.name, e, r)
		case c.kind != "" && (e == nil || e.Kind != c.kind):
			t.Errorf("%s: %v, want %s", c.name, e, c.kind)
		}
	}
}

func TestStreamShapes(t *testing.T) {
	finish := chunk(`{"delta":{},"finish_reason":"stop"}`)
	call := func(index, id, name, args string) string {
		return chunk(`{"delta":{"tool_calls":[{` + index + `"id":"` + id + `","function":{"name":"` + name + `","arguments":"` + args + `"}}]}}`)
	}
	for _, c := range []struct{ name, in, want string }{
		{"both spellings of reasoning", chunk(`{"delta":{"reasoning":"a","reasoning_content":"a"}}`), `thought "a" said "" called ""`},
		{"details say it again", chunk(`{"delta":{"reasoning":"a","reasoning_details":[{"type":"reasoning.text","index":0,"text":"a"}]}}`),
			`thought "a" said "" called ""`},
		{"calls in turns", call(`"index":0,`, "a", "f", "1") + call(`"index":1,`, "b", "g", "[") + call(`"index":0,`, "", "", "2") +
			call(`"index":1,`, "", "", "]"), `thought "" said "" called "f(12) g([]) "`},
		{"all calls numbered 0", call(`"index":0,`, "a", "f", "1") + call(`"index":0,`, "b", "g", "2"), `thought "" said "" called "f(1) g(2) "`},
		{"calls without a number", call("", "a", "f", "1") + call("", "", "", "2") + call("", "b", "g", "3"), `thought "" said "" called "f(12) g(3) "`},
		{"refusal", chunk(`{"delta":{"refusal":"no"}}`), `thought "" said "no" called ""`},
		{"content in parts", chunk(`{"delta":{"content":[{"type":"text","text":"a"}]}}`), `thought "" said "a" called ""`},
	} {
		r, e := fold(t, c.in+finish)
		if e != nil || dialecttest.Text(r) != c.want {
			t.Errorf("%s: %v, %s", c.name, e, dialecttest.Text(r))
		}
	}
}

// TestChunkMembers: what every chunk repeats is kept once, and padding not at all.
func TestChunkMembers(t *testing.T) {
	chunk := func(padding, choice string) string {
		return `data: {"id":"i","model":"m","system_fingerprint":"f","obfuscation":"` + padding + `","choices":[` + choice + `]}` + "\n\n"
	}
	r, e := fold(t, chunk("x", `{"delta":{"content":"a"},"logprobs":{"content":[1]}}`)+chunk("yy", `{"delta":{"content":"b"},"logprobs":{"content":[2]}}`)+
		chunk("", `{"delta":{},"finish_reason":"stop"}`))
	if e != nil {
		t.Fatal(e)
	}
	want := &llm.Response{ID: "i", Model: "m", Extra: llm.Extra{"chat": json.RawMessage(`{"system_fingerprint":"f"}`)}, Choices: []llm.Choice{{
		Parts:  []llm.Part{{Kind: llm.PartText, Text: "ab"}},
		Finish: llm.Finish{Reason: llm.FinishStop, Raw: "stop"},
		Extra:  llm.Extra{"chat": json.RawMessage(`{"logprobs":{"content":[1,2]}}`)},
	}}}
	if diff := cmp.Diff(want, r, dialecttest.Same); diff != "" {
		t.Error(diff)
	}
}

func TestUsageOnlyOnDemand(t *testing.T) {
	events := []llm.Event{
		{Type: llm.EventStart, Meta: &llm.Meta{ID: "i"}},
		{Type: llm.EventUsage, Usage: &llm.Usage{Input: 1}},
		{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishStop}},
		{Type: llm.EventUsage, Usage: &llm.Usage{Input: 3, Output: 4}},
	}
	for _, asked := range []bool{true, false} {
		out, _ := dialecttest.Encode(New(), &llm.Request{Params: llm.Params{IncludeUsage: asked}}, events)
		if got := strings.Count(string(out), `"choices":[],"usage":{"prompt_tokens":3,`); (got == 1) != asked {
			t.Errorf("usage asked for: %v; %s", asked, out)
		}
		if !strings.HasSuffix(string(out), "data: [DONE]\n\n") {
			t.Errorf("no end marker: %s", out)
		}
	}
}

func TestUsage(t *testing.T) {
	for in, want := range map[string]llm.Usage{
		`{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},"completion_tokens_details":{"reasoning_tokens":3}}`: {
			Input: 10, CacheRead: 4, CacheWrite: 2, Output: 5, Reasoning: 3},
		`{"prompt_tokens":10,"completion_tokens":5,"total_tokens":22,"completion_tokens_details":{"reasoning_tokens":7}}`: {Input: 10, Output: 12, Reasoning: 7},
		`{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"completion_tokens_details":{"reasoning_tokens":7}}`: {Input: 10, Output: 12, Reasoning: 7},
		`{"prompt_tokens":10,"completion_tokens":7,"total_tokens":17,"completion_tokens_details":{"reasoning_tokens":7}}`: {Input: 10, Output: 7, Reasoning: 7},
		`{"prompt_tokens":10,"completion_tokens":9,"prompt_tokens_details":{"audio_tokens":4,"image_tokens":2},"completion_tokens_details":{"image_tokens":3,"audio_tokens":5}}`: {
			Input: 10, InputAudio: 4, InputImage: 2, Output: 9, OutputAudio: 5, OutputImage: 3},
		`{"prompt_tokens":10,"prompt_cache_hit_tokens":8,"prompt_tokens_details":null}`:           {Input: 10, CacheRead: 8},
		`{"prompt_tokens":10,"prompt_tokens_details":{"cached_tokens":9,"cache_write_tokens":9}}`: {Input: 10, CacheRead: 9, CacheWrite: 1},
	} {
		if diff := cmp.Diff(want, readUsage([]byte(in))); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

func TestDecodeError(t *testing.T) {
	header := func(name string) string { return map[string]string{"Retry-After": "7"}[name] }
	for _, c := range []struct {
		status int
		body   string
		kind   llm.ErrorKind
		text   string
		raw    bool
	}{
		{400, `{"error":{"message":"bad","type":"invalid_request_error","param":"x","code":null}}`, llm.KindInvalidRequest, "bad", true},
		{400, `{"error":{"message":"context length limit exceeded","type":"invalid_request_error"}}`, llm.KindInvalidRequest, "context length limit exceeded", true},
		{401, `{"error":{"message":"key","code":"invalid_api_key"}}`, llm.KindAuthFailed, "key", true},
		{402, `{"error":{"message":"pay"}}`, llm.KindBilling, "pay", true},
		{403, `{"error":{"message":"no"}}`, llm.KindAuthFailed, "no", true},
		{404, `{"error":{"message":"The model x does not exist","code":"model_not_found"}}`, llm.KindModelUnavailable, "The model x does not exist", true},
		{404, `{"detail":"Not Found"}`, llm.KindOther, "Not Found", false},
		{429, `{"error":{"message":"slow down"}}`, llm.KindProviderLimited, "slow down", true},
		{429, `{"error":{"message":"quota","code":"insufficient_quota"}}`, llm.KindBilling, "quota", true},
		{500, `{"error":{"message":"Too many requests, wait"}}`, llm.KindProviderLimited, "Too many requests, wait", true},
		{500, `{"error":"boom"}`, llm.KindServerError, "boom", false},
		{503, `Service Unavailable`, llm.KindOverloaded, "Service Unavailable", false},
		{504, ``, llm.KindTimeout, "the provider answered with status 504 and no message", false},
		{529, `{"type":"error","error":{"type":"overloaded_error","message":"busy"}}`, llm.KindOverloaded, "busy", false},
		{502, "<html><head><title>502 Bad\n Gateway</title>", llm.KindServerError, "HTML response received from provider: 502 Bad Gateway", false},
		{404, "<!DOCTYPE html>x", llm.KindServerError, "HTML response received from provider (status 404; check the base URL)", false},
		{400, `[{"error":{"code":400,"message":"listed","status":"INVALID"}}]`, llm.KindInvalidRequest, "listed", false},
		{400, `{"error":{"code":400,"message":"typed","status":"INVALID_ARGUMENT"}}`, llm.KindInvalidRequest, "typed", false},
	} {
		e := New().Client.DecodeError(c.status, header, []byte(c.body))
		if e.Kind != c.kind || e.Message != c.text || (e.Raw != nil) != c.raw || e.RetryAfter != 7*time.Second {
			t.Errorf("%d %s: %+v", c.status, c.body, *e)
		}
	}
}

func TestEncodeError(t *testing.T) {
	server := New().Server
	raw := []byte(`{ "error": {"message":"m","extra":1}}`)
	if status, body := server.EncodeError(&llm.Error{Status: 418, Raw: raw}); status != 418 || string(body) != string(raw) {
		t.Errorf("its own body became %d %s", status, body)
	}
	foreign := &llm.Error{Status: 529, Kind: llm.KindOverloaded, Message: "busy", Raw: []byte(`{"type":"error","error":{"type":"a","message":"b"}}`)}
	for want, e := range map[string]*llm.Error{
		`429 {"error":{"message":"slow \"down\"","type":"rate_limit_error","param":null,"code":null}}`: llm.Errorf(llm.KindProviderLimited, `slow "down"`),
		`404 {"error":{"message":"m","type":"not_found_error","param":null,"code":"model_not_found"}}`: llm.Errorf(llm.KindModelUnavailable, "m"),
		`400 {"error":{"message":"m","type":"t","param":"p","code":"c"}}`:                              {Status: 400, Message: "m", Type: "t", Param: "p", Code: "c"},
		`529 {"error":{"message":"busy","type":"overloaded_error","param":null,"code":null}}`:          foreign,
	} {
		status, body := server.EncodeError(e)
		if code, text, _ := strings.Cut(want, " "); text != string(body) || code != jsonInt(status) {
			t.Errorf("%d %s, want %s", status, body, want)
		}
	}
	if got := string(server.ErrorFrame(llm.Errorf(llm.KindInternal, "x"))); !strings.HasPrefix(got, `data: {"error":{"message":"x"`) || !strings.HasSuffix(got, "\n\n") {
		t.Errorf("frame %q", got)
	}
}

func jsonInt(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}

func TestAllocations(t *testing.T) {
	body := []byte(`{"messages":[{"role":"user","content":"` + strings.Repeat("hi ", 1000) + `"}],"model":"gpt","stream":true,"stream_options":{"include_usage":true}}`)
	if n := testing.AllocsPerRun(100, func() { _, _ = dialect.PeekBody(body) }); n > 1 {
		t.Errorf("peek allocates %v times", n)
	}
	var tee tee
	frames := []byte(chunk(`{"index":0,"delta":{"content":"hi"},"finish_reason":null}`) + chunk(`{"index":0,"delta":{},"finish_reason":"stop"}`) +
		`data: {"id":"i","model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens_details":{"reasoning_tokens":2}}}` + "\n\n")
	feed := func() {
		tee.Feed(frames[:50])
		tee.Feed(frames[50:])
	}
	if feed(); testing.AllocsPerRun(100, feed) != 0 {
		t.Error("a warm tee allocates")
	}
	if s := tee.Result(); !s.Done || s.Usage.Input != 1 || s.Usage.Reasoning != 2 || s.Finish.Reason != llm.FinishStop {
		t.Errorf("%+v", s)
	}
}

// TestHiddenThoughts: a thought that nobody may read and that cannot go back either is missed aloud.
func TestHiddenThoughts(t *testing.T) {
	hidden := llm.Part{Kind: llm.PartReasoning, Redacted: true}
	text := llm.Part{Kind: llm.PartText, Text: "a"}
	signed := llm.Part{Kind: llm.PartReasoning, Redacted: true, Signature: "s"}
	stream := func(pieces ...llm.Part) (events []llm.Event) {
		for i, p := range append(pieces, text) {
			start := p
			start.Text, start.Signature = "", ""
			events = append(events, llm.Event{Type: llm.EventBlockStart, Block: i, Part: start},
				llm.Event{Type: llm.EventDelta, Block: i, Part: p}, llm.Event{Type: llm.EventBlockEnd, Block: i})
		}
		return append(events, llm.Event{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishStop}})
	}
	for _, c := range []struct {
		part llm.Part
		want int
	}{{hidden, 1}, {signed, 0}} {
		r := &llm.Response{Choices: []llm.Choice{{Parts: []llm.Part{c.part, text}}}}
		if body, warnings := encodeResponse(r); len(warnings) != c.want || bytes.Contains(body, []byte(`"data":""`)) {
			t.Errorf("%+v whole: %v, %s", c.part, warnings, body)
		}
		if _, warnings := dialecttest.Encode(New(), nil, stream(c.part)); len(warnings) != c.want {
			t.Errorf("%+v streamed: %v", c.part, warnings)
		}
	}
	r := &llm.Request{Messages: []llm.Message{{Role: llm.RoleAssistant, Parts: []llm.Part{hidden, text}}}}
	if _, warnings, err := encodeRequest(r); err != nil || len(warnings) != 1 {
		t.Errorf("sent back: %v, %v", warnings, err)
	}
}
