package messages

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

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
	got, err := New().Server.Peek(dialect.Path{}, []byte(`{"max_tokens":1,"model":"a\/b","stream":true}`))
	if want := (dialect.Peek{Model: "a/b", Stream: true, IncludeUsage: true, MaxOutput: 1}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for in, want := range map[string]string{
		`{"model":{}}`: "model: must be a string",
		`"x"`:          "the body must be a JSON object",
		`{"model":"x`:  "invalid JSON at offset 11: want the end of a string",
	} {
		_, err := New().Server.Peek(dialect.Path{}, []byte(in))
		var e *llm.Error
		if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

func TestBadRequests(t *testing.T) {
	message := func(m string) string { return `{"messages":[{"role":"user","content":"a"},` + m + `]}` }
	for in, want := range map[string]string{
		`{}`:                                         "messages: is missing; it must be a list of messages",
		`{"messages":"x"}`:                           "messages: must be a list of messages",
		`{"messages":[],"max_tokens":1.5}`:           "max_tokens: must be a whole number",
		`{"messages":[],"system":5}`:                 "system: must be a string or a list of content blocks",
		`{"messages":[],"tool_choice":"auto"}`:       "tool_choice: must be an object with a type",
		`{"messages":[],"tool_choice":{"type":"x"}}`: "tool_choice.type: must be auto, any, tool or none",
		`{"messages":[],"tools":[{}]}`:               "tools[0].name: is missing",
		`{"messages":[],"thinking":{"type":"enabled","budget_tokens":"a"}}`:                                "thinking.budget_tokens: must be a whole number",
		message(`{"role":"user","content":{}}`):                                                            "messages[1].content: must be a string or a list of content blocks",
		message(`{"role":"user","content":[{}]}`):                                                          "messages[1].content[0].type: is missing",
		message(`{"role":"tool","content":"x"}`):                                                           `messages[1].role: must be user or assistant, not "tool"`,
		message(`{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":1}]}]}`): "messages[1].content[0].content[0].text: must be a string",
		message(`{"role":"user","content":[{"type":"image","source":{"type":"base64","data":1}}]}`):        "messages[1].content[0].source.data: must be a string",
	} {
		_, err := New().Server.DecodeRequest(dialect.Path{}, []byte(in))
		var e *llm.Error
		if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != want {
			t.Errorf("%s:\n%v, want\n%s", in, err, want)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// TestThinking fits the reasoning of other dialects to the rules of the endpoint.
func TestThinking(t *testing.T) {
	call := llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartCall, Call: &llm.ToolCall{ID: "a", Name: "f"}}}}
	result := llm.Message{Role: llm.RoleTool, Parts: []llm.Part{{Kind: llm.PartResult, Result: &llm.ToolResult{ID: "a"}}}}
	thought := func(signature string) llm.Message {
		p := llm.Part{Kind: llm.PartReasoning, Text: "t", Signature: signature}
		return llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{p, call.Parts[0]}}
	}
	signed, foreign := thought("s"), thought(dialect.SignedResponses+"rs_1:s")
	for _, c := range []struct {
		name string
		in   llm.Request
		want string // thinking, and behind the bar max_tokens
		lost string
	}{
		{"nothing", llm.Request{}, "|4096", ""},
		{"effort", llm.Request{Params: llm.Params{Reasoning: &llm.Reasoning{Effort: "low"}}}, `{"type":"enabled","budget_tokens":2048}|6144`, ""},
		{"none", llm.Request{Params: llm.Params{Reasoning: &llm.Reasoning{Effort: "none"}}}, "|4096", ""},
		{"on", llm.Request{Params: llm.Params{Reasoning: &llm.Reasoning{Enabled: ptr(true)}}}, `{"type":"enabled","budget_tokens":8192}|12288`, ""},
		{"off", llm.Request{Params: llm.Params{Reasoning: &llm.Reasoning{Enabled: ptr(false)}}}, `{"type":"disabled"}|4096`, ""},
		{"small budget", llm.Request{Params: llm.Params{Reasoning: &llm.Reasoning{Budget: ptr(int64(10))}}}, `{"type":"enabled","budget_tokens":1024}|5120`, ""},
		{"no room", llm.Request{Params: llm.Params{MaxTokens: ptr(int64(500)), Reasoning: &llm.Reasoning{Effort: "high"}}}, "|500", "reasoning"},
		{"little room", llm.Request{Params: llm.Params{MaxTokens: ptr(int64(4000)), Reasoning: &llm.Reasoning{Effort: "high"}}},
			`{"type":"enabled","budget_tokens":2000}|4000`, ""},
		{"temperature", llm.Request{Params: llm.Params{Temperature: ptr(0.2), Reasoning: &llm.Reasoning{Effort: "low"}}},
			`{"type":"enabled","budget_tokens":2048}|6144`, "temperature"},
		{"forced tool", llm.Request{Choice: llm.ToolChoice{Mode: llm.ChoiceRequired}, Tools: []llm.Tool{{Name: "f"}},
			Params: llm.Params{Reasoning: &llm.Reasoning{Effort: "low"}}}, "|4096", "reasoning"},
		{"foreign loop", llm.Request{Messages: []llm.Message{foreign, result}, Params: llm.Params{Reasoning: &llm.Reasoning{Effort: "low"}}}, "|4096", "reasoning messages[0].reasoning"},
		{"signed loop", llm.Request{Messages: []llm.Message{signed, result}, Params: llm.Params{Reasoning: &llm.Reasoning{Effort: "low"}}},
			`{"type":"enabled","budget_tokens":2048}|6144`, ""},
		{"unsigned loop", llm.Request{Messages: []llm.Message{call, result}, Params: llm.Params{Reasoning: &llm.Reasoning{Effort: "low"}}}, "|4096", "reasoning"},
	} {
		out, warnings, err := encodeRequest(&c.in)
		if err != nil {
			t.Fatal(err)
		}
		thinking, _, _ := rawjson.Get(out, "thinking")
		limit, _, _ := rawjson.Get(out, "max_tokens")
		if got := string(thinking) + "|" + string(limit); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		var lost []string
		for _, w := range warnings {
			lost = append(lost, w.Field)
		}
		if got := strings.Join(lost, " "); got != c.lost {
			t.Errorf("%s: warns of %q, want %q", c.name, got, c.lost)
		}
	}
}

func TestTurnsMerge(t *testing.T) {
	text := func(role llm.Role, s string) llm.Message {
		return llm.Message{Role: role, Parts: []llm.Part{{Kind: llm.PartText, Text: s}}}
	}
	result := func(id string) llm.Message {
		return llm.Message{Role: llm.RoleTool, Parts: []llm.Part{{Kind: llm.PartResult,
			Result: &llm.ToolResult{ID: id, Parts: []llm.Part{{Kind: llm.PartText, Text: "r"}}}}}}
	}
	out, _, err := encodeRequest(&llm.Request{Messages: []llm.Message{
		text(llm.RoleUser, "a"), text(llm.RoleUser, "b"), text(llm.RoleAssistant, "c"), text(llm.RoleAssistant, ""),
		result("1"), result("2"), text(llm.RoleUser, "d"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, _, _ := rawjson.Get(out, "messages")
	want := `[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},` +
		`{"role":"assistant","content":[{"type":"text","text":"c"}]},` +
		`{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"r"},{"type":"tool_result","tool_use_id":"2","content":"r"},{"type":"text","text":"d"}]}]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

const head = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"i\",\"model\":\"m\",\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n"
const body = "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n" +
	"data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n" +
	"data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
const tail = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}\n\n"

func TestStreamEnds(t *testing.T) {
	for _, c := range []struct {
		name, in string
		kind     llm.ErrorKind
	}{
		{"whole", head + body + tail + "data: {\"type\":\"message_stop\"}\n\n", ""},
		{"no message_stop", head + body + tail, ""},
		{"unknown events", head + "data: {\"type\":\"ping\"}\n\ndata: {\"type\":\"tomorrow\"}\n\n" + body + tail, ""},
		{"block left open", head + strings.Replace(body, "content_block_stop", "ping", 1) + tail, ""},
		{"nothing", "", llm.KindTruncated},
		{"no stop reason", head + body, llm.KindTruncated},
		{"an error", head + body + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}\n\n", llm.KindOverloaded},
		{"no JSON", head + "data: {oops}\n\n", llm.KindServerError},
	} {
		r, err := llm.Fold(slices.Values(dialecttest.Decode(New(), []byte(c.in), 5)))
		var e *llm.Error
		switch errors.As(err, &e); {
		case c.kind == "" && (err != nil || dialecttest.Text(r) != `thought "" said "hi" called ""` || r.Usage.Input != 3 || r.Usage.Output != 9):
			t.Errorf("%s: %v, %+v", c.name, err, r)
		case c.kind != "" && (e == nil || e.Kind != c.kind):
			t.Errorf("%s: %v, want %s", c.name, err, c.kind)
		}
	}
}

func encoded(t *testing.T, events ...llm.Event) (kinds string, out []byte) {
	t.Helper()
	out, _ = dialecttest.Encode(New(), nil, append([]llm.Event{{Type: llm.EventStart, Meta: &llm.Meta{ID: "i"}}}, events...))
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			kinds += strings.TrimSpace(name) + " "
		}
	}
	return strings.TrimSpace(kinds), out
}

// TestFinishWaitsForUsage: stop reason and usage share one event, in whichever order they come.
func TestFinishWaitsForUsage(t *testing.T) {
	finish := llm.Event{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishLength}}
	usage := llm.Event{Type: llm.EventUsage, Usage: &llm.Usage{Input: 5, CacheRead: 2, Output: 7}}
	for _, events := range [][]llm.Event{{finish, usage}, {usage, finish}} {
		kinds, out := encoded(t, events...)
		if kinds != "message_start message_delta message_stop" {
			t.Error(kinds)
		}
		want := `{"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"input_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":2,"output_tokens":7}}`
		if !strings.Contains(string(out), want) {
			t.Errorf("%s is not in %s", want, out)
		}
	}
	enc := New().Server.Encoder(nil)
	if out := string(enc.Encode(enc.Encode(nil, finish), usage)); !strings.Contains(out, "message_delta") {
		t.Errorf("with the usage there it still waits: %s", out)
	}
	if kinds, _ := encoded(t, finish); kinds != "message_start message_delta message_stop" {
		t.Errorf("without usage: %s", kinds)
	}
	if kinds, _ := encoded(t, llm.Event{Type: llm.EventError, Err: llm.Errorf(llm.KindTruncated, "x")}, finish); kinds != "error" {
		t.Errorf("after an error: %s", kinds)
	}
}

// TestOverlap: the endpoint's blocks come one after the other, whatever the order in which the pieces arrive.
func TestOverlap(t *testing.T) {
	start := func(block int, id string) llm.Event {
		return llm.Event{Type: llm.EventBlockStart, Block: block, Part: llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{ID: id, Name: "f"}}}
	}
	piece := func(block int, s string) llm.Event {
		return llm.Event{Type: llm.EventDelta, Block: block, Part: llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{Arguments: s}}}
	}
	end := func(block int) llm.Event { return llm.Event{Type: llm.EventBlockEnd, Block: block} }
	finish := llm.Event{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishStop}}
	for name, events := range map[string][]llm.Event{
		"in turns":     {start(0, "a"), piece(0, `{"x":`), start(1, "b"), piece(1, `{"y":`), piece(0, `1}`), piece(1, `2}`), end(0), end(1), finish},
		"one by one":   {start(0, "a"), piece(0, `{"x":1}`), start(1, "b"), piece(1, `{"y":2}`), end(0), end(1), finish},
		"without ends": {start(0, "a"), piece(0, `{"x":`), start(1, "b"), piece(1, `{"y":2}`), piece(0, `1}`), finish},
	} {
		kinds, out := encoded(t, events...)
		if strings.Count(kinds, "content_block_start") != 2 || strings.Count(kinds, "content_block_stop") != 2 ||
			strings.Index(kinds, "content_block_stop") > strings.LastIndex(kinds, "content_block_start") {
			t.Errorf("%s: %s", name, kinds)
		}
		r, err := llm.Fold(slices.Values(dialecttest.Decode(New(), out)))
		if err != nil || dialecttest.Text(r) != `thought "" said "" called "f({\"x\":1}) f({\"y\":2}) "` || r.Choices[0].Finish.Reason != llm.FinishTools {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
}

func TestStopWords(t *testing.T) {
	for raw := range stopReasons {
		if got := stopWord(decodeStop(raw), true); got != raw {
			t.Errorf("%s became %s", raw, got)
		}
	}
	for _, c := range []struct {
		in    llm.Finish
		calls bool
		want  string
	}{
		{llm.Finish{Reason: llm.FinishStop, Raw: "stop"}, false, "end_turn"},
		{llm.Finish{Reason: llm.FinishStop, Raw: "stop"}, true, "tool_use"},
		{llm.Finish{Reason: llm.FinishTools, Raw: "tool_calls"}, true, "tool_use"},
		{llm.Finish{Reason: llm.FinishFilter, Raw: "content_filter"}, false, "refusal"},
		{llm.Finish{Reason: llm.FinishOther, Raw: "eos"}, false, "eos"},
	} {
		if got := stopWord(c.in, c.calls); got != c.want {
			t.Errorf("%+v: %s, want %s", c.in, got, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	raw := `{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low"},"request_id":"r"}`
	e := New().Client.DecodeError(400, nil, []byte(raw))
	if e.Kind != llm.KindBilling || string(e.Raw) != raw {
		t.Errorf("%+v", e)
	}
	if status, body := New().Server.EncodeError(e); status != 400 || string(body) != raw {
		t.Errorf("its own body became %d %s", status, body)
	}
	if e := New().Client.DecodeError(404, nil, []byte(`{"type":"error","error":{"type":"not_found_error","message":"model: x"}}`)); e.Kind != llm.KindModelUnavailable {
		t.Errorf("%+v", e)
	}
	for status, want := range map[int]string{400: "invalid_request_error", 401: "authentication_error", 402: "billing_error",
		403: "permission_error", 404: "not_found_error", 413: "request_too_large", 422: "invalid_request_error", 429: "rate_limit_error",
		500: "api_error", 502: "api_error", 503: "overloaded_error", 504: "timeout_error", 529: "overloaded_error"} {
		foreign := &llm.Error{Kind: llm.KindOverloaded, Status: status, Message: "m", Type: "x", Raw: []byte(`{"error":{"message":"m"}}`)}
		if status == 500 || status == 502 {
			foreign.Kind = llm.KindServerError
		}
		got, body := New().Server.EncodeError(foreign)
		if got != status || string(body) != `{"type":"error","error":{"type":"`+want+`","message":"m"}}` {
			t.Errorf("%d: %d %s", status, got, body)
		}
	}
	if got := string(New().Server.ErrorFrame(llm.Errorf(llm.KindTimeout, "x"))); got != "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"timeout_error\",\"message\":\"x\"}}\n\n" {
		t.Errorf("frame %q", got)
	}
}

func TestAllocations(t *testing.T) {
	in := []byte(`{"messages":[{"role":"user","content":"` + strings.Repeat("hi ", 1000) + `"}],"model":"m-2","stream":true}`)
	if n := testing.AllocsPerRun(100, func() { _, _ = peek(in) }); n > 1 {
		t.Errorf("peek allocates %v times", n)
	}
	tee := New().Client.Tee()
	tee.Feed([]byte(head))
	frames := []byte(body)
	feed := func() {
		tee.Feed(frames[:50])
		tee.Feed(frames[50:])
	}
	if feed(); testing.AllocsPerRun(100, feed) != 0 {
		t.Error("a warm tee allocates")
	}
	tee.Feed([]byte(tail))
	if s := tee.Result(); !s.Done || s.Usage.Input != 3 || s.Usage.Output != 9 {
		t.Errorf("%+v", s)
	}
}
