package coherechat

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
	"heimdall/providers/rawjson"
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
	stream, warnings := dialecttest.Encode(New(), req, dialecttest.Decode(New(), dialecttest.Input(t, "stream.sse")))
	if len(warnings) > 0 {
		t.Error(warnings)
	}
	dialecttest.Golden(t, "stream.golden", stream)
}

func TestStreamLaws(t *testing.T) {
	in := dialecttest.Input(t, "stream.sse")
	rng := rand.New(rand.NewPCG(1, 2))
	for name, err := range map[string]error{
		"identity": dialecttest.StreamIdentity(New(), in),
		"chop":     dialecttest.Chop(New(), in, rng),
		"cut":      dialecttest.Cut(New(), in, rng),
		"usage":    dialecttest.Usage(New(), in),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A whole answer is the fold of its stream.
	r, e := fold(t, string(in))
	if e != nil {
		t.Fatal(e)
	}
	body, warnings := encodeResponse(r)
	if err := dialecttest.ResponseIdentity(New(), body); err != nil || len(warnings) > 0 {
		t.Error(err, warnings)
	}
	again, err := decodeResponse(body)
	if err != nil || dialecttest.Text(again) != dialecttest.Text(r) {
		t.Errorf("%v in %s", err, body)
	}
	dialecttest.Golden(t, "response.golden", append(body, '\n'))
}

func TestPeek(t *testing.T) {
	for _, c := range []struct {
		in   string
		want dialect.Peek
		err  string
	}{
		{`{"messages":[{"content":"\"model\":\"x\""}],"model":"a/b","stream":true}`, dialect.Peek{Model: "a/b", Stream: true, IncludeUsage: true}, ""},
		{`{"model":null,"fallbacks":[]}`, dialect.Peek{IncludeUsage: true, Fallbacks: true}, ""},
		{`{"model":7}`, dialect.Peek{}, "model: must be a string"},
		{`{"stream":"yes"}`, dialect.Peek{}, "stream: must be true or false"},
		{`[]`, dialect.Peek{}, "the body must be a JSON object"},
	} {
		got, err := peek([]byte(c.in))
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

func TestBadRequests(t *testing.T) {
	message := func(m string) string { return `{"messages":[{"role":"user","content":"a"},` + m + `]}` }
	for in, want := range map[string]string{
		`{"model":"m"}`:                            "messages: is missing; it must be a list of messages",
		`{"messages":{}}`:                          "messages: must be a list of messages",
		`{"messages":[],"stop_sequences":"a"}`:     "stop_sequences: must be a list of strings",
		`{"messages":[],"k":1.5}`:                  "k: must be a whole number",
		`{"messages":[],"p":"a"}`:                  "p: must be a number",
		`{"messages":[],"tool_choice":"auto"}`:     "tool_choice: must be REQUIRED or NONE; leave it out to let the model choose",
		`{"messages":[],"strict_tools":1}`:         "strict_tools: must be true or false",
		`{"messages":[],"thinking":"on"}`:          "thinking: must be an object",
		`{"messages":[],"tools":[{"function":1}]}`: "tools[0].function: must be an object with a name",
		message(`{"role":"user","content":5}`):     "messages[1].content: must be a string or a list of parts",
		message(`{"role":"user","content":[5]}`):   "messages[1].content[0]: must be an object with a type",
		message(`{"role":"user","content":[{"type":"image_url","image_url":{"url":1}}]}`): "messages[1].content[0].image_url.url: must be a string",
		message(`{"role":"user","content":[{"type":"document"}]}`):                        "messages[1].content[0].document: is missing",
		message(`{"role":"assistant","tool_calls":[{"id":"a","function":{"name":1}}]}`):   "messages[1].tool_calls[0].function.name: must be a string",
		message(`{"role":"chatbot"}`):                                                     `messages[1].role: must be system, user, assistant or tool, not "chatbot"`,
		message(`{"role":"tool","content":"x"}`):                                          "messages[1].tool_call_id: is missing; it names the call that this answers",
	} {
		_, err := New().Server.DecodeRequest(dialect.Path{}, []byte(in))
		var e *llm.Error
		if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != want {
			t.Errorf("%s:\n%v, want\n%s", in, err, want)
		}
	}
}

// TestDocuments: what a document says is text for other dialects, whatever form it has.
func TestDocuments(t *testing.T) {
	for in, want := range map[string]string{
		`{"data":{"text":"a","title":"b"}}`: "a",
		`{"data":{"snippet":"a"}}`:          "a",
		`{"data":{"title":"b"}}`:            `{"title":"b"}`,
		`{"data":"a","id":"1"}`:             "a",
		`"a"`:                               "a",
	} {
		r, err := decodeRequest([]byte(`{"messages":[{"role":"tool","tool_call_id":"c","content":[{"type":"document","document":` + in + `}]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		p := r.Messages[0].Parts[0].Result.Parts[0]
		if p.Kind != llm.PartText || p.Text != want {
			t.Errorf("%s became %+v", in, p)
		}
		out, _, _ := encodeRequest(r)
		if !bytes.Contains(out, []byte(`{"type":"document","document":`+in+`}`)) {
			t.Errorf("%s became %s", in, out)
		}
	}
}

func TestThinking(t *testing.T) {
	yes, budget, limit := true, int64(3000), int64(1000)
	for want, r := range map[string]llm.Params{
		`{"type":"enabled","token_budget":2048}`: {Reasoning: &llm.Reasoning{Effort: "low"}},
		`{"type":"enabled","token_budget":500}`:  {Reasoning: &llm.Reasoning{Effort: "high"}, MaxTokens: &limit},
		`{"type":"enabled"}`:                     {Reasoning: &llm.Reasoning{Effort: "max"}},
		`{"type":"enabled","token_budget":3000}`: {Reasoning: &llm.Reasoning{Enabled: &yes, Budget: &budget}},
		`{"type":"disabled"}`:                    {Reasoning: &llm.Reasoning{Effort: "none"}},
		``:                                       {Reasoning: &llm.Reasoning{}},
	} {
		out, warnings, err := encodeRequest(&llm.Request{Params: r})
		got, _, _ := rawjson.Get(out, "thinking")
		if err != nil || len(warnings) > 0 || string(got) != want {
			t.Errorf("%+v became %s, want %s (%v, %v)", *r.Reasoning, got, want, warnings, err)
		}
	}
}

// TestToolChoice: the endpoint cannot name a tool, so one that must be called is offered alone.
func TestToolChoice(t *testing.T) {
	strict := true
	r := &llm.Request{
		Tools:  []llm.Tool{{Name: "a", Strict: &strict}, {Name: "b"}, {Extra: llm.Extra{"other": []byte(`{}`)}}},
		Choice: llm.ToolChoice{Mode: llm.ChoiceTool, Name: "b"},
	}
	out, warnings, _ := encodeRequest(r)
	want := `{"model":"","messages":[],"tools":[{"type":"function","function":{"name":"b","parameters":{"type":"object","properties":{}}}}],"tool_choice":"REQUIRED"}`
	if string(out) != want || len(warnings) != 2 {
		t.Errorf("%s %v", out, warnings)
	}
	r.Choice = llm.ToolChoice{Mode: llm.ChoiceAuto}
	out, _, _ = encodeRequest(r)
	if !bytes.HasSuffix(out, []byte(`],"strict_tools":true}`)) {
		t.Errorf("%s", out)
	}
}

// TestTurns fits the turns of other dialects to the endpoint's rules.
func TestTurns(t *testing.T) {
	text := func(s string) llm.Part { return llm.Part{Kind: llm.PartText, Text: s} }
	image := llm.Part{Kind: llm.PartMedia, Media: &llm.Media{MIME: "image/png", Data: "AA"}}
	result := func(id string, parts ...llm.Part) llm.Part {
		return llm.Part{Kind: llm.PartResult, Result: &llm.ToolResult{ID: id, Parts: parts}}
	}
	for _, c := range []struct {
		name     string
		in       llm.Message
		want     string
		warnings int
	}{
		{"results come before the rest of a turn, their images after", llm.Message{Role: llm.RoleUser, Parts: []llm.Part{text("go"), result("1", text("a"), image), result("2", text("b"))}},
			`{"role":"tool","tool_call_id":"1","content":"a"},{"role":"tool","tool_call_id":"2","content":"b"},` +
				`{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}},{"type":"text","text":"go"}]}`, 0},
		{"a tool's turn holds no image", llm.Message{Role: llm.RoleTool, Parts: []llm.Part{result("1", text("a"), image)}}, `{"role":"tool","tool_call_id":"1","content":"a"}`, 1},
		{"a thought explains the calls", llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartReasoning, Text: "why"}, {Kind: llm.PartCall, Call: &llm.ToolCall{ID: "c", Name: "f"}}}},
			`{"role":"assistant","tool_plan":"why","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":""}}]}`, 0},
		{"a thought without calls", llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartReasoning, Text: "why"}, text("a")}},
			`{"role":"assistant","content":[{"type":"thinking","thinking":"why"},{"type":"text","text":"a"}]}`, 0},
		{"a signed thought", llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartReasoning, Text: "why", Signature: "s"}, text("a")}}, `{"role":"assistant","content":"a"}`, 1},
		{"a developer", llm.Message{Role: llm.RoleDeveloper, Parts: []llm.Part{text("a")}}, `{"role":"system","content":"a"}`, 0},
		{"a text file", llm.Message{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartMedia, Media: &llm.Media{MIME: "text/plain", Data: "aGk="}}}},
			`{"role":"user","content":[{"type":"text","text":"hi"}]}`, 0},
		{"another file", llm.Message{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartMedia, Media: &llm.Media{MIME: "application/pdf", Data: "AA"}}}}, `{"role":"user","content":""}`, 1},
	} {
		out, warnings, err := encodeRequest(&llm.Request{Messages: []llm.Message{c.in}})
		got := strings.TrimSuffix(strings.TrimPrefix(string(out), `{"model":"","messages":[`), `]}`)
		if err != nil || got != c.want || len(warnings) != c.warnings {
			t.Errorf("%s:\n%s\n%v, want\n%s", c.name, got, warnings, c.want)
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

func frame(kind, rest string) string {
	return "event: " + kind + "\n" + `data: {"type":"` + kind + `",` + rest + "}\n\n"
}

func TestStreamEnds(t *testing.T) {
	start := frame("message-start", `"id":"i","delta":{"message":{"role":"assistant"}}`)
	text := frame("content-start", `"index":0,"delta":{"message":{"content":{"type":"text","text":""}}}`) +
		frame("content-delta", `"index":0,"delta":{"message":{"content":{"text":"hi"}}}`)
	end := frame("message-end", `"delta":{"finish_reason":"COMPLETE"}`)
	for _, c := range []struct {
		name, in string
		kind     llm.ErrorKind
	}{
		{"whole", start + text + frame("content-end", `"index":0`) + end + "data: [DONE]\n\n", ""},
		{"no end marker", start + text + end, ""},
		{"no start of the message or the block", frame("content-delta", `"index":0,"delta":{"message":{"content":{"text":"hi"}}}`) + end, ""},
		{"no blank line at the end", start + text + strings.TrimRight(end, "\n"), ""},
		{"an event of later days", start + frame("debug", `"prompt":"x"`) + text + end, ""},
		{"the type only in the name", start + text + "event: message-end\ndata: {\"delta\":{\"finish_reason\":\"COMPLETE\"}}\n\n", ""},
		{"nothing", "", llm.KindTruncated},
		{"only the end marker", "data: [DONE]\n\n", llm.KindTruncated},
		{"no finish", start + text + "data: [DONE]\n\n", llm.KindTruncated},
		{"half a frame", start + text + end[:len(end)-8], llm.KindTruncated},
		{"an error at the end", start + text + frame("message-end", `"delta":{"finish_reason":"ERROR","error":"boom"}`), llm.KindServerError},
		{"an error in place of an event", start + `data: {"id":"x","message":"too many requests"}` + "\n\n", llm.KindProviderLimited},
		{"a wrapped error", start + `data: {"error":{"message":"x","code":503}}` + "\n\n", llm.KindOverloaded},
		{"no JSON", start + text + "data: {oops}\n\n", llm.KindServerError},
	} {
		r, e := fold(t, c.in)
		switch {
		case c.kind == "" && (e != nil || dialecttest.Text(r) != `thought "" said "hi" called ""`):
			t.Errorf("%s: %v, %+v", c.name, e, r)
		case c.kind != "" && (e == nil || e.Kind != c.kind):
			t.Errorf("%s: %v, want %s", c.name, e, c.kind)
		}
		tee := New().Client.Tee()
		tee.Feed([]byte(c.in))
		if s := tee.Result(); s.Done != (c.kind == "") || (s.Err != nil) != (e != nil && e.Kind != llm.KindTruncated && c.name != "no JSON") {
			t.Errorf("%s: scan %+v", c.name, s)
		}
	}
}

// TestOverlap: clients read one block after the other, but other providers' calls come in turns.
func TestOverlap(t *testing.T) {
	part := func(args string) llm.Part {
		return llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{Arguments: args}}
	}
	call := func(id string) llm.Part {
		return llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{ID: id, Name: "f"}}
	}
	events := []llm.Event{
		{Type: llm.EventStart, Meta: &llm.Meta{ID: "i"}},
		{Type: llm.EventBlockStart, Block: 0, Part: call("a")},
		{Type: llm.EventBlockStart, Block: 1, Part: call("b")},
		{Type: llm.EventDelta, Block: 1, Part: part(`{"y"`)},
		{Type: llm.EventDelta, Block: 0, Part: part(`{"x":1}`)},
		{Type: llm.EventDelta, Block: 1, Part: part(`:2}`)},
		{Type: llm.EventBlockEnd, Block: 0}, {Type: llm.EventBlockEnd, Block: 1},
		{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishStop, Raw: "stop"}},
		{Type: llm.EventUsage, Usage: &llm.Usage{Input: 3, Output: 4}},
	}
	out, warnings := dialecttest.Encode(New(), nil, events)
	var kinds []string
	for line := range strings.Lines(string(out)) {
		if kind, ok := strings.CutPrefix(line, "event: "); ok {
			kinds = append(kinds, strings.TrimSpace(kind))
		}
	}
	want := []string{messageStart, callStart, callDelta, callEnd, callStart, callDelta, callDelta, callEnd, messageEnd}
	if diff := cmp.Diff(want, kinds); diff != "" || len(warnings) > 0 {
		t.Errorf("%s %v", diff, warnings)
	}
	r, e := fold(t, string(out))
	if e != nil || dialecttest.Text(r) != `thought "" said "" called "f({\"x\":1}) f({\"y\":2}) "` || r.Choices[0].Finish.Raw != "TOOL_CALL" || r.Usage.Input != 3 {
		t.Errorf("%v, %+v", e, r)
	}
}

// TestOneAfterTheOther: a block that is visibly done does not hold up the next one, in either direction.
func TestOneAfterTheOther(t *testing.T) {
	events := dialecttest.Decode(New(), []byte(frame("tool-plan-delta", `"delta":{"message":{"tool_plan":"p"}}`)+
		frame("content-start", `"index":0,"delta":{"message":{"content":{"type":"text","text":"a"}}}`)+
		frame("tool-call-start", `"index":0,"delta":{"message":{"tool_calls":{"id":"1","function":{"name":"f","arguments":"{}"}}}}`)+
		frame("message-end", `"delta":{"finish_reason":"TOOL_CALL"}`)))
	var steps []string
	for _, ev := range events {
		steps = append(steps, string(ev.Type)+strconv.Itoa(ev.Block))
	}
	want := "start0 block_start0 delta0 block_end0 block_start1 delta1 block_start2 delta2 block_end1 block_end2 finish0"
	if got := strings.Join(steps, " "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	e := newEncoder()
	call := func(block int, id, arguments string) []byte {
		p := llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{ID: id, Name: "f"}}
		out := e.Encode(nil, llm.Event{Type: llm.EventBlockStart, Block: block, Part: p})
		return e.Encode(out, llm.Event{Type: llm.EventDelta, Block: block, Part: llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{Arguments: arguments}}})
	}
	call(0, "a", "{}")
	if out := call(1, "b", "{"); !bytes.Contains(out, []byte(`"id":"b"`)) {
		t.Errorf("the second call waits for the first: %s", out)
	}
	if out := call(2, "c", "{}"); len(out) > 0 {
		t.Errorf("the third call does not wait: %s", out)
	}
}

func TestFinish(t *testing.T) {
	for _, c := range []struct {
		in    llm.Finish
		calls bool
		want  string
	}{
		{llm.Finish{Reason: llm.FinishStop, Raw: "STOP_SEQUENCE"}, false, "STOP_SEQUENCE"},
		{llm.Finish{Reason: llm.FinishStop, Raw: "end_turn"}, false, "COMPLETE"},
		{llm.Finish{Reason: llm.FinishStop, Raw: "stop"}, true, "TOOL_CALL"},
		{llm.Finish{Reason: llm.FinishLength, Raw: "length"}, false, "MAX_TOKENS"},
		{llm.Finish{Reason: llm.FinishTools}, true, "TOOL_CALL"},
		{llm.Finish{Reason: llm.FinishRefusal}, false, "ERROR_TOXIC"},
		{llm.Finish{Reason: llm.FinishPause}, false, "COMPLETE"},
		{llm.Finish{Reason: llm.FinishOther, Raw: "TIMEOUT"}, false, "TIMEOUT"},
	} {
		got := finishWord(c.in, c.calls)
		if got != c.want {
			t.Errorf("%+v became %s, want %s", c.in, got, c.want)
		}
	}
	if f := decodeFinish("ERROR_TOXIC"); f.Reason != llm.FinishFilter {
		t.Errorf("%+v", f)
	}
}

func TestUsage(t *testing.T) {
	for in, want := range map[string]llm.Usage{
		`{"billed_units":{"input_tokens":8,"output_tokens":5},"tokens":{"input_tokens":100,"output_tokens":6},"cached_tokens":64}`: {Input: 100, CacheRead: 64, Output: 6},
		`{"billed_units":{"input_tokens":8,"output_tokens":5}}`:                                                                    {Input: 8, Output: 5},
		`{"tokens":{"input_tokens":10.0},"cached_tokens":64}`:                                                                      {Input: 10, CacheRead: 10},
	} {
		if diff := cmp.Diff(want, readUsage([]byte(in))); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
	// What only other providers count is carried beside what the endpoint knows.
	u := &llm.Usage{Input: 9, CacheRead: 2, CacheWrite: 1, Output: 3, Reasoning: 2}
	body, warnings := encodeResponse(&llm.Response{Usage: u})
	r, err := decodeResponse(body)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if r.Usage.Raw = nil; !cmp.Equal(r.Usage, u) {
		t.Errorf("%+v became %+v", u, r.Usage)
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
		{400, `{"id":"x","message":"invalid request: k must be at most 500"}`, llm.KindInvalidRequest, true},
		{401, `{"message":"invalid api token"}`, llm.KindAuthFailed, true},
		{404, `{"id":"x","message":"model 'y' not found"}`, llm.KindModelUnavailable, true},
		{422, `{"id":"x","message":"bad","data":[1]}`, llm.KindInvalidRequest, true},
		{429, `{"message":"You are past your limit"}`, llm.KindProviderLimited, true},
		{500, `{"error":{"message":"boom"}}`, llm.KindServerError, false},
		{503, `gone`, llm.KindOverloaded, false},
	} {
		e := New().Client.DecodeError(c.status, header, []byte(c.body))
		if e.Kind != c.kind || (e.Raw != nil) != c.raw || e.RetryAfter != 7*time.Second {
			t.Errorf("%d %s: %+v", c.status, c.body, *e)
		}
		status, body := New().Server.EncodeError(e)
		message, ok, _ := rawjson.Get(body, "message")
		if status != c.status || !ok || !rawjson.EqualString(message, e.Message) || c.raw && string(body) != c.body {
			t.Errorf("%d %s became %d %s", c.status, c.body, status, body)
		}
	}
	got := string(New().Server.ErrorFrame(llm.Errorf(llm.KindTruncated, "x")))
	if got != "event: message-end\n"+`data: {"type":"message-end","delta":{"finish_reason":"ERROR","error":"x"}}`+"\n\n" {
		t.Errorf("frame %q", got)
	}
}

func TestAllocations(t *testing.T) {
	body := []byte(`{"messages":[{"role":"user","content":"` + strings.Repeat("hi ", 1000) + `"}],"model":"m","stream":true}`)
	if n := testing.AllocsPerRun(100, func() { _, _ = peek(body) }); n > 1 {
		t.Errorf("peek allocates %v times", n)
	}
	var tee tee
	frames := []byte(frame("content-delta", `"index":0,"delta":{"message":{"content":{"text":"hi"}}}`) +
		frame("message-end", `"delta":{"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":1,"output_tokens":2}}}`))
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
