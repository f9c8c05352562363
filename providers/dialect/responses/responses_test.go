package responses

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

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
	req, err := New().Server.DecodeRequest(dialect.Path{}, in)
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

func TestLaws(t *testing.T) {
	in := dialecttest.Input(t, "stream.sse")
	rng := rand.New(rand.NewPCG(1, 2))
	for law, err := range map[string]error{
		"identity": dialecttest.StreamIdentity(New(), in),
		"chop":     dialecttest.Chop(New(), in, rng),
		"cut":      dialecttest.Cut(New(), in, rng),
		"usage":    dialecttest.Usage(New(), in),
	} {
		if err != nil {
			t.Errorf("%s: %v", law, err)
		}
	}
	// The whole answer of the last event is the twin of the stream.
	frames := bytes.Split(bytes.TrimSpace(in), []byte("\n\n"))
	_, data, _ := bytes.Cut(frames[len(frames)-1], []byte("data: "))
	whole := member(data, "response")
	if err := dialecttest.ResponseIdentity(New(), whole); err != nil {
		t.Error(err)
	}
	want, err := decodeResponse(whole)
	if err != nil {
		t.Fatal(err)
	}
	got, err := llm.Fold(slices.Values(dialecttest.Decode(New(), in)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, dialecttest.Same); diff != "" {
		t.Error(diff)
	}
}

func TestPeek(t *testing.T) {
	for _, c := range []struct {
		in   string
		want dialect.Peek
		err  string
	}{
		{`{"input":"\"model\":\"x\"","model":"a\/b","stream":true}`, dialect.Peek{Model: "a/b", Stream: true, IncludeUsage: true}, ""},
		{`{"model":null,"stream":null,"fallbacks":[]}`, dialect.Peek{IncludeUsage: true, Fallbacks: true}, ""},
		{`{"model":7}`, dialect.Peek{}, "model: must be a string"},
		{`{"stream":"yes"}`, dialect.Peek{}, "stream: must be true or false"},
		{`[]`, dialect.Peek{}, "the body must be a JSON object"},
		{`{"model":"x`, dialect.Peek{}, "invalid JSON at offset 11: want the end of a string"},
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
	item := func(s string) string { return `{"input":[{"role":"user","content":"a"},` + s + `]}` }
	for in, want := range map[string]string{
		`{"model":"m"}`:                                   "input: is missing; it must be a string or a list of items",
		`{"input":7}`:                                     "input: must be a string or a list of items",
		`{"input":[7]}`:                                   "input[0]: must be an object",
		`{"input":"a","max_output_tokens":"b"}`:           "max_output_tokens: must be a whole number",
		`{"input":"a","temperature":true}`:                "temperature: must be a number",
		`{"input":"a","tool_choice":"maybe"}`:             "tool_choice: must be auto, none, required or an object",
		`{"input":"a","tool_choice":{"type":"function"}}`: "tool_choice.name: is missing",
		`{"input":"a","tools":[{"type":"function"}]}`:     "tools[0].name: is missing",
		`{"input":"a","tools":[{"type":"namespace","name":"n","tools":[7]}]}`:             "tools[0].tools[0]: must be an object",
		`{"input":"a","reasoning":"high"}`:                                                "reasoning: must be an object",
		`{"input":"a","text":{"format":{"type":"json_schema","name":1}}}`:                 "text.format.name: must be a string",
		item(`{"role":"king","content":"a"}`):                                             `input[1].role: must be user, assistant, system or developer, not "king"`,
		item(`{"role":"user","content":5}`):                                               "input[1].content: must be a string or a list of parts",
		item(`{"role":"user","content":[5]}`):                                             "input[1].content[0]: must be an object with a type",
		item(`{"role":"user","content":[{"type":"input_image","image_url":{}}]}`):         "input[1].content[0].image_url: must be a string",
		item(`{"type":"function_call","name":1}`):                                         "input[1].name: must be a string",
		item(`{"type":"function_call_output","output":[{"type":"input_text","text":1}]}`): "input[1].output[0].text: must be a string",
		item(`{"type":"reasoning","summary":[{"text":1}]}`):                               "input[1].summary[0].text: must be a string",
		`{"input":[}`: "the body is invalid JSON at offset 10: want a value",
	} {
		_, err := New().Server.DecodeRequest(dialect.Path{}, []byte(in))
		var e *llm.Error
		if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != want {
			t.Errorf("%s:\n%v, want\n%s", in, err, want)
		}
	}
}

// TestSmallRequests are short forms, and fields that stand in for input.
func TestSmallRequests(t *testing.T) {
	for in, want := range map[string]string{
		`{"model":"m","input":"hi"}`:                                                                                 `{"model":"m","input":[{"type":"message","role":"user","content":"hi"}]}`,
		`{"model":"m","input":[{"role":"system","content":"a"}]}`:                                                    `{"model":"m","input":[{"type":"message","role":"system","content":"a"}]}`,
		`{"model":"m","instructions":"a","input":[{"role":"assistant","content":""}]}`:                               `{"model":"m","instructions":"a","input":[]}`,
		`{"model":"m","input":[{"type":"message","id":"a","role":"assistant","content":[]}]}`:                        `{"model":"m","input":[{"type":"message","id":"a","role":"assistant","content":[]}]}`,
		`{"model":"m","prompt":{"id":"p"}}`:                                                                          `{"model":"m","prompt":{"id":"p"}}`,
		`{"model":"m","input":"hi","reasoning":{"effort":null,"summary":null},"text":{"format":{"type":"grammar"}}}`: `{"model":"m","input":[{"type":"message","role":"user","content":"hi"}],"text":{"format":{"type":"grammar"}}}`,
		`{"model":"m","input":"hi","tools":[{"type":"namespace","name":"n","tools":[{"type":"odd"}]}],"tool_choice":{"type":"allowed_tools","mode":"required","tools":[]}}`: `{"model":"m","input":[{"type":"message","role":"user","content":"hi"}],"tools":[{"type":"namespace","name":"n","tools":[{"type":"odd"}]}],"tool_choice":{"type":"allowed_tools","mode":"required","tools":[]}}`,
	} {
		if err := dialecttest.RequestIdentity(New(), dialect.Path{}, []byte(in)); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		req, err := decodeRequest([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if out, _, _ := encodeRequest(req); string(out) != want {
			t.Errorf("%s became\n%s, want\n%s", in, out, want)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// TestForeignRequests fits what other dialects ask for to the endpoint.
func TestForeignRequests(t *testing.T) {
	const unstored = `"store":false`
	const encrypted = unstored + `,"include":["reasoning.encrypted_content"]`
	for _, c := range []struct {
		name string
		in   llm.Params
		want string
		lost string
	}{
		{"nothing", llm.Params{}, unstored, ""},
		{"effort", llm.Params{Reasoning: &llm.Reasoning{Effort: "low"}}, `"reasoning":{"effort":"low"},` + encrypted, ""},
		{"most effort", llm.Params{Reasoning: &llm.Reasoning{Effort: "max"}}, `"reasoning":{"effort":"xhigh"},` + encrypted, ""},
		{"budget", llm.Params{Reasoning: &llm.Reasoning{Budget: ptr(int64(5000))}}, `"reasoning":{"effort":"medium"},` + encrypted, ""},
		{"on", llm.Params{Reasoning: &llm.Reasoning{Enabled: ptr(true)}}, encrypted, ""},
		{"off", llm.Params{Reasoning: &llm.Reasoning{Enabled: ptr(false)}}, unstored, "reasoning.enabled"},
		{"logprobs", llm.Params{Logprobs: ptr(true), TopLogprobs: ptr(int64(2))},
			`"top_logprobs":2,` + unstored + `,"include":["message.output_text.logprobs"]`, ""},
		{"few tokens", llm.Params{MaxTokens: ptr(int64(1))}, `"max_output_tokens":16,` + unstored, "max_tokens"},
		{"long user", llm.Params{User: strings.Repeat("u", 65)}, unstored, "user"},
		{"unknown", llm.Params{TopK: ptr(int64(1)), Stop: []string{"x"}, Seed: ptr(int64(1)), N: ptr(int64(2)), PresencePenalty: ptr(1.0), FrequencyPenalty: ptr(0.0)},
			unstored, "top_k stop seed presence_penalty n"},
	} {
		out, warnings, err := encodeRequest(&llm.Request{Model: "m", Params: c.in})
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"model":"m","input":[],` + c.want + `}`; string(out) != want {
			t.Errorf("%s: %s, want %s", c.name, out, want)
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

func TestFlatNames(t *testing.T) {
	long := strings.Repeat("x", 70)
	for _, c := range [][3]string{
		{"mcp__a", "b", "mcp__a__b"},
		{"mcp__a__", "b", "mcp__a__b"},
	} {
		if got := flatName(c[0], c[1]); got != c[2] {
			t.Errorf("%s, %s: %s", c[0], c[1], got)
		}
	}
	if a, b := flatName("n", long+"a"), flatName("n", long+"b"); a == b || len(a) != maxName {
		t.Errorf("%s, %s", a, b)
	}
}

func frame(s string) string { return "data: " + s + "\n\n" }

const created = `{"type":"response.created","response":{"id":"resp_i","model":"m","created_at":5,"status":"in_progress"}}`
const spoken = `{"type":"response.output_text.delta","output_index":0,"content_index":0,"item_id":"msg_1","delta":"hi"}`
const completed = `{"type":"response.completed","response":{"id":"resp_i","model":"m","status":"completed","output":[],"usage":{"input_tokens":3,"output_tokens":9}}}`

func TestStreamEnds(t *testing.T) {
	text := frame(created) + frame(spoken)
	for _, c := range []struct {
		name, in string
		kind     llm.ErrorKind
		reason   string
	}{
		{"whole", text + frame(completed), "", llm.FinishStop},
		{"without a start", frame(spoken) + frame(completed), "", llm.FinishStop},
		{"end marker", text + frame(completed) + frame("[DONE]"), "", llm.FinishStop},
		{"no blank line at the end", text + strings.TrimRight(frame(completed), "\n"), "", llm.FinishStop},
		{"unknown events", frame(created) + frame(`{"type":"response.tomorrow"}`) + frame(spoken) + frame(completed), "", llm.FinishStop},
		{"only at the end", frame(created) + frame(strings.Replace(completed, `"output":[]`, `"output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"hi"}]}]`, 1)), "", llm.FinishStop},
		{"cut off", text + frame(`{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"usage":{"input_tokens":3,"output_tokens":9}}}`), "", llm.FinishLength},
		{"filtered", text + frame(`{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"content_filter"},"usage":{"input_tokens":3,"output_tokens":9}}}`), "", llm.FinishFilter},
		{"nothing", "", llm.KindTruncated, ""},
		{"no end", text, llm.KindTruncated, ""},
		{"only an end marker", frame("[DONE]"), llm.KindTruncated, ""},
		{"half a frame", text + frame(completed)[:90], llm.KindTruncated, ""},
		{"failed", text + frame(`{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"slow"}}}`), llm.KindProviderLimited, ""},
		{"failed without words", text + frame(`{"type":"response.failed","response":{"status":"failed"}}`), llm.KindServerError, ""},
		{"an error", text + frame(`{"type":"error","code":"server_error","message":"x","param":null}`), llm.KindServerError, ""},
		{"a nested error", text + frame(`{"type":"error","error":{"type":"invalid_request_error","message":"x"}}`), llm.KindInvalidRequest, ""},
		{"a bare error", text + frame(`{"error":{"message":"busy","code":503}}`), llm.KindOverloaded, ""},
		{"no JSON", text + frame(`{oops}`), llm.KindServerError, ""},
	} {
		tee := New().Client.Tee()
		tee.Feed([]byte(c.in))
		scan := tee.Result()
		r, err := llm.Fold(slices.Values(dialecttest.Decode(New(), []byte(c.in), 5)))
		var e *llm.Error
		switch errors.As(err, &e); {
		case c.kind == "" && (err != nil || dialecttest.Text(r) != `thought "" said "hi" called ""` || r.Usage.Input != 3 || r.Choices[0].Finish.Reason != c.reason):
			t.Errorf("%s: %v, %+v", c.name, err, r)
		case c.kind == "" && (!scan.Done || scan.Usage.Output != 9 || scan.Finish.Reason != c.reason):
			t.Errorf("%s: the tee sees %+v", c.name, scan)
		case c.kind != "" && (e == nil || e.Kind != c.kind || e.Message == ""):
			t.Errorf("%s: %v, want %s", c.name, err, c.kind)
		case c.kind != "" && scan.Done, c.kind != "" && c.kind != llm.KindTruncated && c.name != "no JSON" && (scan.Err == nil || scan.Err.Kind != c.kind):
			t.Errorf("%s: the tee sees %+v", c.name, scan)
		}
	}
}

// TestStates: what is not an answer yet, or no more, keeps its state.
func TestStates(t *testing.T) {
	for _, status := range []string{"queued", "in_progress", "cancelled", "completed"} {
		body := []byte(`{"id":"resp_i","object":"response","created_at":5,"status":"` + status + `","model":"m","output":[]}`)
		if err := dialecttest.ResponseIdentity(New(), body); err != nil {
			t.Errorf("%s: %v", status, err)
		}
		r, err := decodeResponse(body)
		if err != nil {
			t.Fatal(err)
		}
		if out, _ := encodeResponse(nil, r); !bytes.Contains(out, []byte(`"status":"`+status+`"`)) {
			t.Errorf("%s became %s", status, out)
		}
	}
	failed := []byte(`{"id":"resp_i","status":"failed","error":{"code":"server_error","message":"broke"},"output":[]}`)
	_, err := decodeResponse(failed)
	var e *llm.Error
	if !errors.As(err, &e) || e.Kind != llm.KindServerError || e.Message != "broke" || e.Code != "server_error" {
		t.Errorf("%v", err)
	}
	if s := New().Client.Scan(failed); s.Done || s.Err == nil || s.Err.Message != "broke" {
		t.Errorf("%+v", s)
	}
}

// TestCutOff: of an answer that is cut off the last item is not whole, in a stream and without.
func TestCutOff(t *testing.T) {
	parts := []llm.Part{{Kind: llm.PartText, Text: "a"}, {Kind: llm.PartReasoning, Text: "b"}, {Kind: llm.PartText, Text: "c"}}
	finish := llm.Finish{Reason: llm.FinishLength, Raw: "max_tokens"}
	whole, _ := encodeResponse(nil, &llm.Response{ID: "i", Choices: []llm.Choice{{Parts: parts, Finish: finish}}})
	events := []llm.Event{{Type: llm.EventStart, Meta: &llm.Meta{ID: "i"}}}
	for i, p := range parts {
		events = append(events, llm.Event{Type: llm.EventBlockStart, Block: i, Part: p}, llm.Event{Type: llm.EventBlockEnd, Block: i})
	}
	stream, _ := dialecttest.Encode(New(), nil, append(events, llm.Event{Type: llm.EventFinish, Finish: &finish}))
	_, last, _ := bytes.Cut(stream, []byte("event: response.incomplete\n"))
	for _, out := range [][]byte{whole, last} {
		for _, want := range []string{`"incomplete_details":{"reason":"max_output_tokens"}`, `"id":"msg_i_0","status":"completed"`, `"id":"msg_i_2","status":"incomplete"`} {
			if !bytes.Contains(out, []byte(want)) {
				t.Errorf("%s is not in %s", want, out)
			}
		}
	}
}

// TestUsage: an object that is made here has both details, whatever is in them.
func TestUsage(t *testing.T) {
	foreign := []byte(`{"prompt_tokens":7,"completion_tokens":2}`)
	out, _ := encodeResponse(nil, &llm.Response{ID: "i", Usage: &llm.Usage{Input: 7, Output: 2, Raw: foreign}})
	want := `"usage":{"input_tokens":7,"input_tokens_details":{"cached_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":9}`
	if !bytes.Contains(out, []byte(want)) {
		t.Errorf("%s is not in %s", want, out)
	}
	own := `{"input_tokens":10,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":15,"cost":1}`
	u := decodeUsage([]byte(own))
	if got := *u; got.Input != 10 || got.CacheRead != 4 || got.CacheWrite != 2 || got.Output != 5 || got.Reasoning != 3 {
		t.Errorf("%+v", got)
	}
	heard := readUsage([]byte(`{"input_tokens":10,"input_tokens_details":{"audio_tokens":4,"image_tokens":2},"output_tokens":9,"output_tokens_details":{"image_tokens":3,"audio_tokens":5}}`))
	if diff := cmp.Diff(llm.Usage{Input: 10, InputAudio: 4, InputImage: 2, Output: 9, OutputAudio: 5, OutputImage: 3}, heard); diff != "" {
		t.Error(diff)
	}
	if out, _ := encodeResponse(nil, &llm.Response{Usage: u}); !bytes.Contains(out, []byte(own)) {
		t.Errorf("%s", out)
	}
}

// TestFailingStream: the client hears of the error as one event, and of the answer that failed as another.
func TestFailingStream(t *testing.T) {
	start := llm.Event{Type: llm.EventStart, Meta: &llm.Meta{ID: "i", Model: "m"}}
	failure := llm.Event{Type: llm.EventError, Err: llm.Errorf(llm.KindProviderLimited, "slow")}
	finish := llm.Event{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishStop}}
	out, _ := dialecttest.Encode(New(), nil, []llm.Event{start, failure, finish})
	for _, want := range []string{
		`{"type":"error","code":"rate_limit_exceeded","message":"slow","param":null,"sequence_number":2,"error":{"message":"slow","type":"rate_limit_error","param":null,"code":null}}`,
		`{"type":"response.failed","response":{"id":"resp_i","object":"response","created_at":0,"status":"failed","model":"m","error":{"code":"rate_limit_exceeded","message":"slow"},`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%s is not in %s", want, out)
		}
	}
	if strings.Contains(string(out), "completed") {
		t.Errorf("it goes on: %s", out)
	}
	if _, err := llm.Fold(slices.Values(dialecttest.Decode(New(), out))); err == nil || err.Error() != "slow" {
		t.Errorf("%v", err)
	}
	if out, _ := dialecttest.Encode(New(), nil, []llm.Event{start}); strings.Contains(string(out), "completed") {
		t.Errorf("without a finish: %s", out)
	}
}

func TestErrors(t *testing.T) {
	raw := `{"error":{"message":"The model x does not exist","type":"invalid_request_error","param":"model","code":"model_not_found"}}`
	e := New().Client.DecodeError(400, nil, []byte(raw))
	if e.Kind != llm.KindModelUnavailable || string(e.Raw) != raw {
		t.Errorf("%+v", e)
	}
	if status, body := New().Server.EncodeError(e); status != 400 || string(body) != raw {
		t.Errorf("its own body became %d %s", status, body)
	}
	for status, want := range map[int]string{400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
		404: "not_found_error", 429: "rate_limit_error", 500: "server_error", 503: "overloaded_error", 504: "timeout_error"} {
		got, body := New().Server.EncodeError(&llm.Error{Status: status, Message: "m", Raw: []byte(`{"type":"error","error":{"type":"a","message":"b"}}`)})
		if got != status || string(body) != `{"error":{"message":"m","type":"`+want+`","param":null,"code":null}}` {
			t.Errorf("%d: %d %s", status, got, body)
		}
	}
	if got := string(New().Server.ErrorFrame(llm.Errorf(llm.KindInternal, "x"))); !strings.HasPrefix(got, "event: error\ndata: {\"type\":\"error\",") || !strings.HasSuffix(got, "\n\n") {
		t.Errorf("frame %q", got)
	}
}

func TestAllocations(t *testing.T) {
	in := []byte(`{"input":"` + strings.Repeat("hi ", 1000) + `","model":"m-2","stream":true}`)
	if n := testing.AllocsPerRun(100, func() { _, _ = peek(in) }); n > 1 {
		t.Errorf("peek allocates %v times", n)
	}
	var tee tee
	text := strings.Repeat("long ", 20000)
	whole := `{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"` + text + `"}]},{"type":"function_call"}],"usage":{"input_tokens":3,"output_tokens":9,"output_tokens_details":{"reasoning_tokens":2}}}`
	frames := []byte(frame(created) + frame(spoken) + frame(`{"type":"response.output_item.done","item":{"type":"message","content":[]}}`) +
		frame(`{"type":"response.completed","response":`+whole+`}`))
	feed := func() {
		tee.out = dialect.Scan{}
		for p := frames; len(p) > 0; {
			n := min(len(p), 1000)
			tee.Feed(p[:n])
			p = p[n:]
		}
	}
	if feed(); testing.AllocsPerRun(20, feed) != 0 {
		t.Error("a warm tee allocates")
	}
	if s := tee.Result(); !s.Done || s.Usage.Input != 3 || s.Usage.Reasoning != 2 || s.Finish.Reason != llm.FinishTools {
		t.Errorf("%+v", s)
	}
	body := []byte(whole)
	if n := testing.AllocsPerRun(20, func() { scan(body) }); n != 0 {
		t.Errorf("a scan allocates %v times", n)
	}
}
