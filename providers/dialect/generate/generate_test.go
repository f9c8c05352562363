package generate

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
	"heimdall/providers/rawjson"
)

var at = dialect.Path{Model: "m-3"}

// TestGolden writes again what was read: nothing is lost, and the form is the one that is meant.
func TestGolden(t *testing.T) {
	in := dialecttest.Input(t, "request.json")
	req, err := New().Server.DecodeRequest(at, in)
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
	if err := dialecttest.RequestIdentity(New(), at, in); err != nil {
		t.Error(err)
	}
	stream, warnings := dialecttest.Encode(New(), req, dialecttest.Decode(New(), dialecttest.Input(t, "stream.sse")))
	if len(warnings) > 0 {
		t.Error(warnings)
	}
	dialecttest.Golden(t, "stream.golden", stream)
}

func TestStreamLaws(t *testing.T) {
	in, rng := dialecttest.Input(t, "stream.sse"), rand.New(rand.NewPCG(1, 2))
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
	r, e := fold(t, string(in))
	if e != nil {
		t.Fatal(e)
	}
	whole, warnings := encodeResponse(r)
	if len(warnings) > 0 {
		t.Error(warnings)
	}
	again, err := decodeResponse(whole)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, again, dialecttest.Same); diff != "" {
		t.Errorf("whole: %s", diff)
	}
}

func TestPeek(t *testing.T) {
	got, err := New().Server.Peek(dialect.Path{Model: "a", Stream: true}, []byte(`{"contents":[],"model":"x","generationConfig":{"maxOutputTokens":20},"fallbacks":[]}`))
	if want := (dialect.Peek{Model: "a", Stream: true, IncludeUsage: true, Fallbacks: true, MaxOutput: 20}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for in, want := range map[string]string{
		`"x"`:             "the body must be a JSON object",
		`{"contents":["x`: "invalid JSON at offset 15: want the end of a string",
	} {
		_, err := New().Server.Peek(at, []byte(in))
		var e *llm.Error
		if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

func TestBadRequests(t *testing.T) {
	part := func(p string) string { return `{"contents":[{"role":"user","parts":[{"text":"a"},` + p + `]}]}` }
	for in, want := range map[string]string{
		`{}`:                         "contents: is missing; it must be a list of contents",
		`[]`:                         "the body must be a JSON object",
		`{"contents":"x"}`:           "contents: must be a list of contents",
		`{"contents":[{"parts":1}]}`: "contents[0].parts: must be a list of parts",
		`{"contents":[{"role":"king","parts":[]}]}`:                                     `contents[0].role: must be user or model, not "king"`,
		`{"contents":[],"tools":[{"functionDeclarations":[{}]}]}`:                       "tools[0].functionDeclarations[0].name: is missing",
		`{"contents":[],"generationConfig":{"maxOutputTokens":"a"}}`:                    "generationConfig.maxOutputTokens: must be a whole number",
		`{"contents":[],"generation_config":{"thinkingConfig":{"thinkingBudget":"a"}}}`: "generation_config.thinkingConfig.thinkingBudget: must be a whole number",
		`{"contents":[],"toolConfig":{"functionCallingConfig":{"mode":1}}}`:             "toolConfig.functionCallingConfig.mode: must be a string",
		`{"contents":[],"systemInstruction":5}`:                                         "systemInstruction: must be a content or a string",
		part(`{"text":1}`):                                                              "contents[0].parts[1].text: must be a string",
		part(`5`):                                                                       "contents[0].parts[1]: must be an object",
		part(`{"text":"a","inlineData":{}}`):                                            "contents[0].parts[1].inlineData: stands beside text; a part holds one thing",
		part(`{"functionCall":{"name":1}}`):                                             "contents[0].parts[1].functionCall.name: must be a string",
		`{"contents":[}`:                                                                "the body is invalid JSON at offset 13: want a value",
	} {
		_, err := New().Server.DecodeRequest(at, []byte(in))
		var e *llm.Error
		if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != want {
			t.Errorf("%s:\n%v, want\n%s", in, err, want)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// TestThinking fits the reasoning of other dialects to what a model takes.
func TestThinking(t *testing.T) {
	for _, c := range []struct {
		model string
		in    llm.Reasoning
		want  string
		lost  int
	}{
		{"m-2.5-flash", llm.Reasoning{Effort: "low"}, `{"includeThoughts":true,"thinkingBudget":1024}`, 0},
		{"m-2.5-flash", llm.Reasoning{Effort: "none"}, `{"thinkingBudget":0}`, 0},
		{"m-2.5-flash", llm.Reasoning{Enabled: ptr(true)}, `{"includeThoughts":true}`, 0},
		{"m-3-flash", llm.Reasoning{Effort: "low"}, `{"includeThoughts":true,"thinkingLevel":"LOW"}`, 0},
		{"m-3-flash", llm.Reasoning{Enabled: new(bool), Effort: "high"}, `{"thinkingLevel":"MINIMAL"}`, 0},
		{"m-3.1-pro", llm.Reasoning{Effort: "minimal"}, `{"includeThoughts":true,"thinkingLevel":"LOW"}`, 0},
		{"m-flash-latest", llm.Reasoning{Effort: "max"}, `{"includeThoughts":true,"thinkingLevel":"HIGH"}`, 0},
		{"m-3-flash", llm.Reasoning{Effort: "high", Budget: ptr(int64(300))}, `{"includeThoughts":true,"thinkingBudget":300}`, 0},
		{"m-3-flash", llm.Reasoning{Effort: "weird"}, `{"includeThoughts":true}`, 1},
		{"m-3-flash", llm.Reasoning{}, ``, 0},
	} {
		out, warnings, err := encodeRequest(&llm.Request{Model: c.model, Params: llm.Params{Reasoning: &c.in}})
		if err != nil {
			t.Fatal(err)
		}
		got, _, _ := rawjson.Get(out, "generationConfig", "thinkingConfig")
		if string(got) != c.want || len(warnings) != c.lost {
			t.Errorf("%s %+v: %s %v, want %s", c.model, c.in, got, warnings, c.want)
		}
	}
	for in, want := range map[string]string{
		`{"thinkingBudget":0,"includeThoughts":true}`:    `{"thinkingBudget":0,"includeThoughts":true}`,
		`{"thinkingBudget":-1}`:                          `{"thinkingBudget":-1}`,
		`{"thinkingLevel":"low","includeThoughts":true}`: `{"includeThoughts":true,"thinkingLevel":"LOW"}`,
		`{"include_thoughts":false,"x":1}`:               `{"x":1,"includeThoughts":false}`,
		`{"thinkingBudget":128}`:                         `{"thinkingBudget":128}`,
	} {
		r, err := decodeRequest(at, []byte(`{"contents":[],"generationConfig":{"thinkingConfig":`+in+`}}`))
		if err != nil {
			t.Fatal(err)
		}
		out, _, _ := encodeRequest(r)
		if got, _, _ := rawjson.Get(out, "generationConfig", "thinkingConfig"); string(got) != want {
			t.Errorf("%s became %s", in, got)
		}
	}
}

func text(role llm.Role, s string) llm.Message {
	return llm.Message{Role: role, Parts: []llm.Part{{Kind: llm.PartText, Text: s}}}
}

func callPart(id, name string) llm.Part {
	return llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{ID: id, Name: name, Arguments: "{}"}}
}

func result(id, s string, failed bool) llm.Message {
	r := &llm.ToolResult{ID: id, IsError: failed, Parts: []llm.Part{{Kind: llm.PartText, Text: s}}}
	return llm.Message{Role: llm.RoleTool, Parts: []llm.Part{{Kind: llm.PartResult, Result: r}}}
}

// TestTurns fits the turns of other dialects to the endpoint's: results stand together, under the names of their calls.
func TestTurns(t *testing.T) {
	calls := llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{callPart("1", "f"), callPart("2", "g")}}
	out, warnings, err := encodeRequest(&llm.Request{Model: "m-2", Messages: []llm.Message{
		text(llm.RoleSystem, "s"), text(llm.RoleDeveloper, "d"), text(llm.RoleUser, "a"), text(llm.RoleUser, "b"),
		text(llm.RoleAssistant, "c"), calls, result("2", `{"x": 1}`, false), result("1", "bad", true), text(llm.RoleUser, "e"),
	}})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	want := `{"systemInstruction":{"parts":[{"text":"s"},{"text":"d"}]},"contents":[{"role":"user","parts":[{"text":"a"},{"text":"b"}]},` +
		`{"role":"model","parts":[{"text":"c"},{"functionCall":{"id":"1","name":"f","args":{}}},{"functionCall":{"id":"2","name":"g","args":{}}}]},` +
		`{"role":"user","parts":[{"functionResponse":{"id":"2","name":"g","response":{"x": 1}}},` +
		`{"functionResponse":{"id":"1","name":"f","response":{"error":"bad"}}},{"text":"e"}]}]}`
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Error(diff)
	}
}

// TestLosses names what cannot be carried.
func TestLosses(t *testing.T) {
	out, warnings, err := encodeRequest(&llm.Request{
		Model: "m-3",
		Messages: []llm.Message{
			text(llm.RoleUser, "a"), text(llm.RoleSystem, "late"),
			{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartReasoning, Text: "hm", Signature: "foreign"}, callPart("1", "f")}},
			result("9", "x", false),
			{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartMedia, Media: &llm.Media{FileID: "file"}}}},
		},
		Tools:  []llm.Tool{{Extra: llm.Extra{"chat": []byte(`{"type":"x"}`)}}},
		Choice: llm.ToolChoice{Mode: llm.ChoiceRequired, Parallel: new(bool)},
		Params: llm.Params{User: "u", Seed: ptr(int64(1 << 40)), ServiceTier: "flex"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.Field)
	}
	want := []string{"messages[1].role", "messages[2].reasoning", "messages[2].tool_calls", "messages[3].tool_call_id", "messages[4].content",
		"tools[0]", "parallel_tool_calls", "tool_choice", "seed", "user", "service_tier"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !bytes.Contains(out, []byte(`"thoughtSignature":"`+noSignature+`"`)) {
		t.Errorf("the call stands without a signature in %s", out)
	}
}

// TestHomeless: the signature of a call that the client left out goes to one that has none.
func TestHomeless(t *testing.T) {
	carried := carry(owner{ofCall, 4}, "cw==")
	for want, parts := range map[string][]llm.Part{
		`{"functionCall":{"id":"1","name":"f","args":{}},"thoughtSignature":"cw=="}`: {carried, callPart("1", "f")},
		`{"text":"x"}`: {carried, {Kind: llm.PartText, Text: "x"}},
	} {
		out, warnings, err := encodeRequest(&llm.Request{Model: "m-3", Messages: []llm.Message{{Role: llm.RoleAssistant, Parts: parts}}})
		if err != nil || string(out) != `{"contents":[{"role":"model","parts":[`+want+`]}]}` || len(warnings) != len(parts[1].Text) {
			t.Errorf("%s, %v, %v", out, warnings, err)
		}
	}
}

func TestMedia(t *testing.T) {
	for _, c := range []struct {
		in   llm.Media
		want string
	}{
		{llm.Media{MIME: "image/*", URL: "https://example.org/a.PNG?x=1"}, `{"fileData":{"mimeType":"image/png","fileUri":"https://example.org/a.PNG?x=1"}}`},
		{llm.Media{MIME: "image/*", URL: "https://example.org/a"}, `{"fileData":{"mimeType":"image/jpeg","fileUri":"https://example.org/a"}}`},
		{llm.Media{MIME: "image/webp", Data: "AA=="}, `{"inlineData":{"mimeType":"image/webp","data":"AA=="}}`},
		{llm.Media{Data: "AA=="}, `{"inlineData":{"mimeType":"application/pdf","data":"AA=="}}`},
		{llm.Media{MIME: "audio/wav", Data: "AA=="}, `{"inlineData":{"mimeType":"audio/wav","data":"AA=="}}`},
	} {
		r := &llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartMedia, Media: &c.in}}}}}
		out, _, _ := encodeRequest(r)
		if want := `{"contents":[{"role":"user","parts":[` + c.want + `]}]}`; string(out) != want {
			t.Errorf("%+v became %s", c.in, out)
		}
	}
}

func TestToolChoice(t *testing.T) {
	for _, c := range []struct {
		in   string
		want llm.ToolChoice
	}{
		{`{"mode":"AUTO"}`, llm.ToolChoice{Mode: llm.ChoiceAuto}},
		{`{"mode":"NONE"}`, llm.ToolChoice{Mode: llm.ChoiceNone}},
		{`{"mode":"ANY"}`, llm.ToolChoice{Mode: llm.ChoiceRequired}},
		{`{"mode":"ANY","allowedFunctionNames":["f"]}`, llm.ToolChoice{Mode: llm.ChoiceTool, Name: "f"}},
		{`{"mode":"ANY","allowedFunctionNames":["f","g"]}`, llm.ToolChoice{Mode: llm.ChoiceRequired,
			Extra: llm.Extra{name: []byte(`{"functionCallingConfig":{"allowedFunctionNames":["f","g"]}}`)}}},
		{`{"mode":"VALIDATED"}`, llm.ToolChoice{Mode: llm.ChoiceAuto, Extra: llm.Extra{name: []byte(`{"functionCallingConfig":{"mode":"VALIDATED"}}`)}}},
	} {
		in := `{"contents":[],"toolConfig":{"functionCallingConfig":` + c.in + `}}`
		r, err := decodeRequest(at, []byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, r.Choice, dialecttest.Same); diff != "" {
			t.Error(diff)
		}
		if out, _, _ := encodeRequest(r); string(out) != in {
			t.Errorf("%s became %s", in, out)
		}
	}
}

// TestSchema reads the older notation as JSON schema.
func TestSchema(t *testing.T) {
	in := `{"type":"OBJECT","properties":{"type":{"type":"STRING","format":"enum","enum":["a"]},"max_items":{"type":3,"nullable":true}},` +
		`"any_of":[{"type":"ARRAY","min_items":"2","items":{"type":"NUMBER"}}],"required":["type"]}`
	want := `{"type":"object","properties":{"type":{"type":"string","format":"enum","enum":["a"]},"max_items":{"type":["integer","null"]}},` +
		`"anyOf":[{"type":"array","minItems":2,"items":{"type":"number"}}],"required":["type"]}`
	if got := string(jsonSchema([]byte(in))); got != want {
		t.Errorf("got %s", got)
	}
	if got := string(jsonSchema([]byte(want))); got != want {
		t.Errorf("a JSON schema became %s", got)
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

func chunk(parts, rest string) string {
	return `data: {"candidates":[{"content":{"role":"model","parts":[` + parts + `]}` + rest + `}],"modelVersion":"m","responseId":"r"}` + "\n\n"
}

func TestStreamEnds(t *testing.T) {
	say := chunk(`{"text":"hi"}`, "")
	stop := chunk(`{"text":""}`, `,"finishReason":"STOP"`)
	for _, c := range []struct {
		name, in string
		kind     llm.ErrorKind
	}{
		{"whole", say + stop, ""},
		{"a reason in every frame", chunk(`{"text":"h"}`, `,"finishReason":"STOP"`) + chunk(`{"text":"i"}`, `,"finishReason":"STOP"`), ""},
		{"a reason as a number", say + chunk("", `,"finishReason":1`), ""},
		{"no blank line at the end", say + strings.TrimRight(stop, "\n"), ""},
		{"usage behind", say + stop + `data: {"usageMetadata":{"promptTokenCount":1}}` + "\n\n", ""},
		{"nothing", "", llm.KindTruncated},
		{"no finish", say, llm.KindTruncated},
		{"an empty reason", say + chunk("", `,"finishReason":null`), llm.KindTruncated},
		{"half a frame", say + stop[:len(stop)-20], llm.KindTruncated},
		{"an error", say + `data: {"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}` + "\n\n" + stop, llm.KindOverloaded},
		{"a limit", `data: {"error":{"code":429,"message":"check your plan and billing","status":"RESOURCE_EXHAUSTED"}}` + "\n\n", llm.KindProviderLimited},
		{"no JSON", say + "data: {oops}\n\n", llm.KindServerError},
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

// TestCalls: an answer is the same whether it was streamed or not, made-up ids and signatures included.
func TestCalls(t *testing.T) {
	parts := `{"text":"a"},{"functionCall":{"name":"f","args":{"x":1}},"thoughtSignature":"cw=="},{"functionCall":{"name":"f"}},{"functionCall":{"id":"own","name":"g","args":{}}}`
	streamed, e := fold(t, chunk(parts, `,"finishReason":"STOP"`))
	if e != nil {
		t.Fatal(e)
	}
	whole, err := decodeResponse([]byte(strings.TrimPrefix(chunk(parts, `,"finishReason":"STOP"`), "data: ")))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole, streamed, dialecttest.Same); diff != "" {
		t.Error(diff)
	}
	var ids []string
	for _, p := range whole.Choices[0].Parts {
		if p.Call != nil {
			ids = append(ids, p.Call.ID)
		}
	}
	if diff := cmp.Diff([]string{"call_0_r", "call_1_r", "own"}, ids); diff != "" {
		t.Error(diff)
	}
	if whole.Choices[0].Finish.Reason != llm.FinishTools {
		t.Errorf("finish %+v", whole.Choices[0].Finish)
	}
	out, _ := encodeResponse(whole)
	if !bytes.Contains(out, []byte(`{"functionCall":{"name":"f","args":{"x":1}},"thoughtSignature":"cw=="},{"functionCall":{"name":"f","args":{}}}`)) {
		t.Errorf("made-up ids go to a client of this dialect: %s", out)
	}
}

func TestRefusedPrompt(t *testing.T) {
	body := `{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4},"modelVersion":"m","responseId":"r"}`
	if err := dialecttest.ResponseIdentity(New(), []byte(body)); err != nil {
		t.Error(err)
	}
	r, err := decodeResponse([]byte(body))
	if err != nil || r.Choices[0].Finish.Reason != llm.FinishFilter {
		t.Errorf("%+v, %v", r, err)
	}
	out, _ := encodeResponse(r)
	if bytes.Contains(out, []byte("candidates")) {
		t.Errorf("a refused prompt has candidates: %s", out)
	}
	stream := []byte("data: " + body + "\n\n")
	if err := dialecttest.StreamIdentity(New(), stream); err != nil {
		t.Error(err)
	}
	if err := dialecttest.Usage(New(), stream); err != nil {
		t.Error(err)
	}
	streamed, _ := dialecttest.Encode(New(), nil, dialecttest.Decode(New(), stream))
	if bytes.Contains(streamed, []byte("candidates")) {
		t.Errorf("a refused prompt has candidates: %s", streamed)
	}
}

func TestOddAnswers(t *testing.T) {
	for in, want := range map[string]string{
		`{"candidates":[{"finishReason":"MAX_TOKENS","index":0}]}`:                                                                                                            llm.FinishLength,
		`{"candidates":[{"content":{},"finishReason":"PROHIBITED_CONTENT"}]}`:                                                                                                 llm.FinishFilter,
		`{"candidates":[{"content":{"parts":[]},"finishReason":"MALFORMED_FUNCTION_CALL"}]}`:                                                                                  llm.FinishOther,
		`{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"NEW_WORD"}]}`:                                                                                     llm.FinishOther,
		`{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}`:                                                                                                               llm.FinishStop,
		`{"usageMetadata":{"promptTokenCount":4}}`:                                                                                                                            llm.FinishOther,
		`[{"candidates":[{"content":{"parts":[{"text":"a"}]}}]},{"candidates":[{"finishReason":1}]}]`:                                                                         llm.FinishStop,
		`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"finishReason":"SAFETY"}}}]},"finishReason":"STOP"}],"usageMetadata":{"totalTokenCount":1}}`: llm.FinishTools,
	} {
		if err := dialecttest.ResponseIdentity(New(), []byte(in)); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if r, err := decodeResponse([]byte(in)); err != nil || r.Choices[0].Finish.Reason != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
	for _, in := range []string{`{}`, `{"choices":[]}`, `"x"`, `{"candidates":[5]}`} {
		if _, err := decodeResponse([]byte(in)); err == nil {
			t.Errorf("%s was read", in)
		}
	}
}

func TestPartialArguments(t *testing.T) {
	for in, want := range map[string]string{
		`[]`:                                     `{}`,
		`[{"jsonPath":"$.a","stringValue":"x"}]`: `{"a":"x"}`,
		`[{"jsonPath":"$.a","stringValue":"x"},{"jsonPath":"$.a","stringValue":"y"},{"jsonPath":"$.b[1].c","numberValue":1.0}]`: `{"a":"xy","b":[null,{"c":1.0}]}`,
		`[{"jsonPath":"$['a.b'][\"c\"]","boolValue":false}]`:                                                                    `{"a.b":{"c":false}}`,
	} {
		var a arguments
		if err := a.add([]byte(in)); err != nil || a.JSON() != want {
			t.Errorf("%s: %s, %v", in, a.JSON(), err)
		}
	}
	for _, in := range []string{`[{"jsonPath":"a"}]`, `[{"jsonPath":"$.a[99999999]"}]`, `[{"jsonPath":"$.a[-1]"}]`, `[{"jsonPath":"$['a"}]`, `[1]`, `[{"jsonPath":"$a"}]`, `[{"jsonPath":"$["}]`,
		`[{"jsonPath":"$.a[9999][9999]"}]`} {
		var a arguments
		if a.add([]byte(in)) == nil {
			t.Errorf("%s was read", in)
		}
	}
}

func TestAllocations(t *testing.T) {
	body := []byte(`{"contents":[{"role":"user","parts":[{"text":"` + strings.Repeat("hi ", 1000) + `"}]}]}`)
	if n := testing.AllocsPerRun(100, func() { _, _ = peek(at, body) }); n > 0 {
		t.Errorf("peek allocates %v times", n)
	}
	var tee tee
	frames := []byte(chunk(`{"text":"hi"}`, "") + chunk(`{"functionCall":{"name":"f","args":{}}}`, `,"finishReason":"STOP"`) +
		`data: {"usageMetadata":{"promptTokenCount":1,"thoughtsTokenCount":2},"modelVersion":"m"}` + "\n\n")
	feed := func() {
		tee.Feed(frames[:50])
		tee.Feed(frames[50:])
	}
	if feed(); testing.AllocsPerRun(100, feed) != 0 {
		t.Error("a warm tee allocates")
	}
	if s := tee.Result(); !s.Done || s.Usage.Input != 1 || s.Usage.Output != 2 || s.Finish.Reason != llm.FinishTools {
		t.Errorf("%+v", s)
	}
}
