package converse_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/converse"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

var (
	own    = converse.New()
	invoke = converse.NewInvoke(messages.New())
	count  = converse.NewCount(messages.New())
	claude = dialect.Path{Model: "us.anthropic.claude-x-v1:0"}
)

// TestGolden writes again what was read: nothing is lost, and the form is the one that is meant.
func TestGolden(t *testing.T) {
	in := dialecttest.Input(t, "request.json")
	if err := dialecttest.RequestIdentity(own, claude, in); err != nil {
		t.Error(err)
	}
	req, err := own.Server.DecodeRequest(claude, in)
	if err != nil {
		t.Fatal(err)
	}
	body, warnings, err := own.Client.EncodeRequest(req)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %v", warnings, err)
	}
	dialecttest.Golden(t, "request.golden", pretty(t, body))
	for _, other := range []dialect.Dialect{chat.New(), messages.New()} {
		body, warnings, err := other.Client.EncodeRequest(req)
		if err != nil {
			t.Fatal(err)
		}
		dialecttest.Golden(t, "request.to."+other.Name+".golden", golden(t, body, warnings))
	}
}

func golden(t *testing.T, body []byte, warnings []llm.Warning) []byte {
	t.Helper()
	out := pretty(t, body)
	for _, w := range warnings {
		out = append(out, "\n! "+w.Field+": "+w.Why...)
	}
	return append(out, '\n')
}

func TestStreams(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, d := range map[string]dialect.Dialect{"stream": own, "invoke": invoke} {
		in := fixture(t, name+".txt")
		for law, err := range map[string]error{
			"identity": dialecttest.StreamIdentity(d, in),
			"chop":     dialecttest.Chop(d, in, rng),
			"cut":      dialecttest.Cut(d, in, rng),
			"usage":    dialecttest.Usage(d, in),
			"across":   streamAcross(d, chat.New(), in),
		} {
			if err != nil {
				t.Errorf("%s: %s: %v", name, law, err)
			}
		}
		events := dialecttest.Decode(d, in)
		stream, warnings := dialecttest.Encode(d, nil, events)
		if len(warnings) > 0 {
			t.Error(warnings)
		}
		dialecttest.Golden(t, name+".golden", []byte(lines(t, stream)))
		if got := d.Frames(stream); got != len(stream) {
			t.Errorf("%s: %d of %d bytes are whole frames", name, got, len(stream))
		}
		r, err := llm.Fold(slices.Values(events))
		if err != nil {
			t.Fatal(err)
		}
		body, warnings := d.Server.EncodeResponse(r)
		if err := dialecttest.ResponseIdentity(d, body); err != nil || len(warnings) > 0 {
			t.Errorf("%s: whole: %v, %v", name, err, warnings)
		}
		dialecttest.Golden(t, name+".response.golden", pretty(t, body))
	}
}

// TestFromMessages: a request and a stream of the messages dialect, as its users send and read them.
func TestFromMessages(t *testing.T) {
	req, err := messages.New().Server.DecodeRequest(dialect.Path{}, dialecttest.Input(t, "messages.json"))
	if err != nil {
		t.Fatal(err)
	}
	body, warnings, err := own.Client.EncodeRequest(req)
	if err != nil {
		t.Fatal(err)
	}
	dialecttest.Golden(t, "messages.golden", golden(t, body, warnings))
	back, err := own.Server.DecodeRequest(dialect.Path{Model: req.Model}, body)
	if err != nil {
		t.Fatal(err)
	}
	if again, warnings, err := messages.New().Client.EncodeRequest(back); err != nil {
		t.Error(err)
	} else {
		dialecttest.Golden(t, "messages.back.golden", golden(t, again, warnings))
	}
	stream, warnings := dialecttest.Encode(messages.New(), nil, dialecttest.Decode(own, fixture(t, "stream.txt")))
	for _, w := range warnings {
		stream = append(stream, "! "+w.Field+": "+w.Why+"\n"...)
	}
	dialecttest.Golden(t, "stream.to.messages.golden", stream)
}

func TestPeek(t *testing.T) {
	path := dialect.Path{Model: "a/b", Stream: true}
	for _, d := range []dialect.Dialect{own, invoke, count} {
		got, err := d.Server.Peek(path, []byte(`{"prompt":"x","model":"other","inferenceConfig":{"maxTokens":20},"max_tokens":10,"fallbacks":[]}`))
		if want := (dialect.Peek{Model: "a/b", Stream: true, IncludeUsage: true, Fallbacks: true, MaxOutput: 20}); err != nil || got != want {
			t.Errorf("%s: %+v, %v", d.Name, got, err)
		}
		for in, want := range map[string]string{`"x"`: "the body must be a JSON object", `{"a":"x`: "invalid JSON at offset 7: want the end of a string"} {
			var e *llm.Error
			if _, err := d.Server.Peek(path, []byte(in)); !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != want {
				t.Errorf("%s: %s: %v", d.Name, in, err)
			}
		}
	}
}

func TestBadRequests(t *testing.T) {
	message := func(block string) string {
		return `{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"user","content":[` + block + `]}]}`
	}
	for in, want := range map[string]string{
		`{}`:               "messages: is missing; it must be a list of messages",
		`[]`:               "the body must be a JSON object",
		`{"messages":[}`:   "the body is invalid JSON at offset 13: want a value",
		`{"messages":"x"}`: "messages: must be a list of messages",
		`{"messages":[],"inferenceConfig":{"maxTokens":1.5}}`:      "inferenceConfig.maxTokens: must be a whole number",
		`{"messages":[],"inferenceConfig":5}`:                      "inferenceConfig: must be an object",
		`{"messages":[],"system":5}`:                               "system: must be a list of content blocks",
		`{"messages":[],"toolConfig":{"toolChoice":"auto"}}`:       "toolConfig.toolChoice: must be an object with auto, any or tool",
		`{"messages":[],"toolConfig":{"tools":[{"toolSpec":{}}]}}`: "toolConfig.tools[0].toolSpec.name: is missing",
		`{"messages":[],"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{"}}}}}`: "outputConfig.textFormat.structure.jsonSchema.schema: must be a JSON schema as text",
		`{"messages":[],"additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":"a"}}}`:             "additionalModelRequestFields.thinking.budget_tokens: must be a whole number",
		`{"messages":[{"role":"tool","content":[]}]}`:                                                                    `messages[0].role: must be user or assistant, not "tool"`,
		`{"messages":[{"role":"user","content":"hi"}]}`:                                                                  "messages[0].content: must be a list of content blocks",
		message(`5`):          "messages[1].content[0]: must be an object",
		message(`{}`):         "messages[1].content[0]: must have a member like text, image or toolUse",
		message(`{"text":1}`): "messages[1].content[0].text: must be a string",
		message(`{"toolResult":{"content":[{"text":1}]}}`): "messages[1].content[0].toolResult.content[0].text: must be a string",
		message(`{"image":{"source":{"bytes":1}}}`):        "messages[1].content[0].image.source.bytes: must be a string",
	} {
		_, err := own.Server.DecodeRequest(claude, []byte(in))
		var e *llm.Error
		if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != want {
			t.Errorf("%s:\n%v, want\n%s", in, err, want)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func encode(t *testing.T, r *llm.Request) (body []byte, lost string) {
	t.Helper()
	body, warnings, err := own.Client.EncodeRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, w := range warnings {
		fields = append(fields, w.Field)
	}
	return body, strings.Join(fields, " ")
}

// TestThinking fits the reasoning of other dialects to what the model takes.
func TestThinking(t *testing.T) {
	const nova, oss, other = "us.amazon.nova-2-lite-v1:0", "openai.gpt-oss-120b-1:0", "meta.llama3-70b-instruct-v1:0"
	profile := "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
	effort := func(s string) llm.Params {
		return llm.Params{Reasoning: &llm.Reasoning{Effort: s}, TopK: ptr(int64(4))}
	}
	call := llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartCall, Call: &llm.ToolCall{ID: "a", Name: "f"}}}}
	result := llm.Message{Role: llm.RoleTool, Parts: []llm.Part{{Kind: llm.PartResult, Result: &llm.ToolResult{ID: "a"}}}}
	for _, c := range []struct {
		name string
		in   llm.Request
		want string
		lost string
	}{
		{"nothing", llm.Request{Model: claude.Model}, "", ""},
		{"effort", llm.Request{Model: claude.Model, Params: llm.Params{Reasoning: &llm.Reasoning{Effort: "low"}}}, `{"thinking":{"type":"enabled","budget_tokens":2048}}`, ""},
		{"top_k gives way", llm.Request{Model: claude.Model, Params: effort("low")}, `{"thinking":{"type":"enabled","budget_tokens":2048}}`, "top_k"},
		{"off", llm.Request{Model: claude.Model, Params: llm.Params{Reasoning: &llm.Reasoning{Enabled: ptr(false)}}}, `{"thinking":{"type":"disabled"}}`, ""},
		{"inference profile", llm.Request{Model: profile, Params: llm.Params{TopK: ptr(int64(4))}}, `{"top_k":4}`, ""},
		{"no room", llm.Request{Model: claude.Model, Params: llm.Params{MaxTokens: ptr(int64(500)), Reasoning: &llm.Reasoning{Effort: "high"}}}, "", "reasoning"},
		{"little room", llm.Request{Model: claude.Model, Params: llm.Params{MaxTokens: ptr(int64(4000)), Reasoning: &llm.Reasoning{Effort: "high"}}},
			`{"thinking":{"type":"enabled","budget_tokens":2000}}`, ""},
		{"temperature", llm.Request{Model: claude.Model, Params: llm.Params{Temperature: ptr(0.2), TopP: ptr(0.5), Reasoning: &llm.Reasoning{Effort: "low"}}},
			`{"thinking":{"type":"enabled","budget_tokens":2048}}`, "temperature top_p"},
		{"unsigned loop", llm.Request{Model: claude.Model, Messages: []llm.Message{call, result}, Params: llm.Params{Reasoning: &llm.Reasoning{Effort: "low"}}}, "", "reasoning"},
		{"one call at a time", llm.Request{Model: claude.Model, Tools: []llm.Tool{{Name: "f"}}, Choice: llm.ToolChoice{Mode: llm.ChoiceRequired, Parallel: ptr(false)}},
			`{"tool_choice":{"type":"any","disable_parallel_tool_use":true}}`, ""},
		{"an effort in words", llm.Request{Model: oss, Params: llm.Params{Reasoning: &llm.Reasoning{Effort: "minimal"}}}, `{"reasoning_effort":"low"}`, ""},
		{"a budget in words", llm.Request{Model: oss, Params: llm.Params{Reasoning: &llm.Reasoning{Budget: ptr(int64(9000))}}}, `{"reasoning_effort":"medium"}`, ""},
		{"a switch and candidates", llm.Request{Model: nova, Params: effort("high")},
			`{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"},"inferenceConfig":{"topK":4}}`, ""},
		{"takes neither", llm.Request{Model: other, Params: effort("high")}, "", "reasoning top_k"},
	} {
		out, lost := encode(t, &c.in)
		got, _, _ := rawjson.Get(out, "additionalModelRequestFields")
		if string(got) != c.want || lost != c.lost {
			t.Errorf("%s: %s, want %s; warns of %q, want %q", c.name, got, c.want, lost, c.lost)
		}
	}
}

// TestAdditionalFields: what a model takes comes back as it was, for each kind of model.
func TestAdditionalFields(t *testing.T) {
	for model, fields := range map[string]string{
		claude.Model:                      `{"thinking":{"type":"adaptive"},"top_k":3,"x":1}`,
		"anthropic.claude-y":              `{"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}`,
		"anthropic.claude-z":              `{"thinking":{"type":"disabled"},"tool_choice":{"type":"auto","disable_parallel_tool_use":false}}`,
		"us.amazon.nova-2-lite-v1:0":      `{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"},"inferenceConfig":{"topK":4}}`,
		"amazon.nova-2-lite-v1:0":         `{"reasoningConfig":{"type":"disabled"},"inferenceConfig":{"topK":4,"x":1}}`,
		"openai.gpt-oss-120b-1:0":         `{"reasoning_effort":"minimal"}`,
		"mistral.mistral-large-2402-v1:0": `{"top_k":7}`,
		"cohere.command-r-v1:0":           `{"k":7}`,
		"meta.llama3-70b-instruct-v1:0":   `{"top_k":7,"thinking":{"type":"enabled"}}`,
		"eu.deepseek.r1-v1:0":             `5`,
	} {
		body := `{"messages":[{"role":"user","content":[{"text":"a"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}]},` +
			`"additionalModelRequestFields":` + fields + `}`
		path := dialect.Path{Model: model}
		if err := dialecttest.RequestIdentity(own, path, []byte(body)); err != nil {
			t.Errorf("%s: %v", model, err)
		}
		req, err := own.Server.DecodeRequest(path, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		out, lost := encode(t, req)
		got, _, _ := rawjson.Get(out, "additionalModelRequestFields")
		if string(got) != fields || lost != "" {
			t.Errorf("%s: %s became %s (%s)", model, fields, got, lost)
		}
	}
}

func text(role llm.Role, s string) llm.Message {
	return llm.Message{Role: role, Parts: []llm.Part{{Kind: llm.PartText, Text: s}}}
}

func TestTurnsMerge(t *testing.T) {
	result := func(id string) llm.Message {
		return llm.Message{Role: llm.RoleTool, Parts: []llm.Part{{Kind: llm.PartResult,
			Result: &llm.ToolResult{ID: id, Parts: []llm.Part{{Kind: llm.PartText, Text: "r"}, {Kind: llm.PartText, Text: ""}}}}}}
	}
	out, _ := encode(t, &llm.Request{Messages: []llm.Message{
		text(llm.RoleUser, "a"), text(llm.RoleUser, " \n"), text(llm.RoleUser, "b"), text(llm.RoleAssistant, "c"), text(llm.RoleAssistant, ""),
		result("call/1"), result("2"), text(llm.RoleUser, "d"),
	}})
	got, _, _ := rawjson.Get(out, "messages")
	want := `[{"role":"user","content":[{"text":"a"},{"text":"b"}]},{"role":"assistant","content":[{"text":"c"}]},` +
		`{"role":"user","content":[{"toolResult":{"toolUseId":"call_1","content":[{"text":"r"}]}},{"toolResult":{"toolUseId":"2","content":[{"text":"r"}]}},{"text":"d"}]}]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	for model, want := range map[string]string{claude.Model: `"f_g_0"`, "moonshot.kimi-k2": `"f.g:0"`} {
		out, _ := encode(t, &llm.Request{Model: model, Messages: []llm.Message{result("f.g:0")}})
		if !strings.Contains(string(out), `"toolUseId":`+want) {
			t.Errorf("%s: the id is not %s in %s", model, want, out)
		}
	}
}

// TestCalledTools: the endpoint refuses a conversation with calls whose tools are not declared.
func TestCalledTools(t *testing.T) {
	call := llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartCall, Call: &llm.ToolCall{ID: "a", Name: "f", Arguments: "{}"}}}}
	declared := []llm.Tool{{Name: "g", Schema: []byte(`{"type":"object"}`)}}
	const f = `{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}]}`
	const g = `{"tools":[{"toolSpec":{"name":"g","inputSchema":{"json":{"type":"object"}}}}]}`
	for _, c := range []struct {
		name       string
		in         llm.Request
		want, lost string
	}{
		{"no tools", llm.Request{Messages: []llm.Message{text(llm.RoleUser, "a")}}, "", ""},
		{"called, not declared", llm.Request{Messages: []llm.Message{call, call}}, f, ""},
		{"none may be called", llm.Request{Tools: declared, Choice: llm.ToolChoice{Mode: llm.ChoiceNone}}, "", "tools"},
		{"none may be called any more", llm.Request{Messages: []llm.Message{call}, Tools: declared, Choice: llm.ToolChoice{Mode: llm.ChoiceNone}}, g, "tool_choice"},
		{"nothing to choose", llm.Request{Choice: llm.ToolChoice{Mode: llm.ChoiceRequired}}, "", "tool_choice"},
		{"another dialect's tool", llm.Request{Tools: []llm.Tool{{Extra: llm.Extra{"chat": []byte(`{}`)}}}}, "", "tools[0]"},
	} {
		out, lost := encode(t, &c.in)
		got, _, _ := rawjson.Get(out, "toolConfig")
		if string(got) != c.want || lost != c.lost {
			t.Errorf("%s: %s, want %s; warns of %q, want %q", c.name, got, c.want, lost, c.lost)
		}
	}
}

func TestMedia(t *testing.T) {
	media := func(m llm.Media) llm.Message {
		return llm.Message{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartMedia, Media: &m}}}
	}
	const see = `,{"text":"See the document."}`
	for _, c := range []struct {
		in         llm.Media
		want, lost string
	}{
		{llm.Media{MIME: "image/jpg", Data: "AA=="}, `{"image":{"format":"jpeg","source":{"bytes":"AA=="}}}`, ""},
		{llm.Media{MIME: "image/*", URL: "s3://b/x.webp"}, `{"image":{"format":"webp","source":{"s3Location":{"uri":"s3://b/x.webp"}}}}`, ""},
		{llm.Media{MIME: "image/*", URL: "https://b/x.webp"}, "", "messages[0].content"},
		{llm.Media{FileID: "file-1"}, "", "messages[0].content"},
		{llm.Media{MIME: "text/plain; charset=utf-8", Data: "AA==", Name: "a  b\té_c.txt"}, `{"document":{"format":"txt","name":"a b --c","source":{"bytes":"AA=="}}}` + see, "messages[0].content"},
		{llm.Media{MIME: "application/json", Data: "AA=="}, `{"document":{"format":"txt","name":"document","source":{"bytes":"AA=="}}}` + see, "messages[0].content"},
		{llm.Media{Data: "AA==", Name: "..."}, `{"document":{"format":"pdf","name":"document","source":{"bytes":"AA=="}}}` + see, "messages[0].content"},
		{llm.Media{MIME: "application/zip", Data: "AA=="}, "", "messages[0].content"},
		{llm.Media{MIME: "audio/mpeg", Data: "AA==", Name: "x"}, `{"audio":{"format":"mp3","source":{"bytes":"AA=="}}}`, "messages[0].content.filename"},
	} {
		out, lost := encode(t, &llm.Request{Messages: []llm.Message{media(c.in)}})
		got, _, _ := rawjson.Get(out, "messages")
		want := "[]"
		if c.want != "" {
			want = `[{"role":"user","content":[` + c.want + `]}]`
		}
		if string(got) != want || lost != c.lost {
			t.Errorf("%+v: %s, want %s; warns of %q, want %q", c.in, got, want, lost, c.lost)
		}
	}
	long := llm.Media{MIME: "application/pdf", Data: "AA==", Name: strings.Repeat("x", 300)}
	out, _ := encode(t, &llm.Request{Messages: []llm.Message{media(long), media(long)}})
	if s := string(out); !strings.Contains(s, `"`+strings.Repeat("x", 200)+`"`) || !strings.Contains(s, `"`+strings.Repeat("x", 198)+`-2"`) {
		t.Errorf("long names: %s", s)
	}
}

// TestDocumentsNeedText: words of the caller's own, before or behind a document, are enough; those of another turn or of
// a later message are not.
func TestDocumentsNeedText(t *testing.T) {
	document := llm.Part{Kind: llm.PartMedia, Media: &llm.Media{MIME: "application/pdf", Data: "AA=="}}
	said := llm.Part{Kind: llm.PartText, Text: "hi"}
	user := func(parts ...llm.Part) llm.Message { return llm.Message{Role: llm.RoleUser, Parts: parts} }
	answer := llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{said}}
	for name, c := range map[string]struct {
		in    []llm.Message
		added int
	}{
		"behind":        {[]llm.Message{user(document, said)}, 0},
		"before":        {[]llm.Message{user(said, document)}, 0},
		"before it":     {[]llm.Message{user(said), user(document)}, 0},
		"later":         {[]llm.Message{user(document), user(said)}, 1},
		"blank":         {[]llm.Message{user(document, llm.Part{Kind: llm.PartText, Text: " "})}, 1},
		"another turn":  {[]llm.Message{user(said), answer, user(document)}, 1},
		"two of them":   {[]llm.Message{user(document, document)}, 1},
		"two turns":     {[]llm.Message{user(document), answer, user(document)}, 2},
		"no document":   {[]llm.Message{user(said)}, 0},
		"the model's":   {[]llm.Message{user(said), {Role: llm.RoleAssistant, Parts: []llm.Part{document}}}, 0},
		"a tool's file": {[]llm.Message{user(said), {Role: llm.RoleTool, Parts: []llm.Part{{Kind: llm.PartResult, Result: &llm.ToolResult{ID: "1", Parts: []llm.Part{document}}}}}}, 0},
	} {
		out, lost := encode(t, &llm.Request{Messages: c.in})
		if n := strings.Count(string(out), `{"text":"See the document."}`); n != c.added || (lost != "") != (c.added > 0) {
			t.Errorf("%s: %s (%s)", name, out, lost)
		}
	}
}

// TestCachePoints puts the marks of other dialects where the endpoint wants them.
func TestCachePoints(t *testing.T) {
	marked := func(ttl string) llm.Extra {
		if ttl != "" {
			ttl = `,"ttl":"` + ttl + `"`
		}
		return llm.Extra{"messages": []byte(`{"cache_control":{"type":"ephemeral"` + ttl + `}}`)}
	}
	in := &llm.Request{Model: claude.Model, Extra: marked("1h"), Messages: []llm.Message{
		{Role: llm.RoleSystem, Parts: []llm.Part{{Kind: llm.PartText, Text: "s"}}, Extra: marked("")},
		{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartText, Text: "a", Extra: marked("5m")}}, Extra: marked("5m")},
		{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartText, Text: "", Extra: marked("5m")}}},
		{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartText, Text: "b"}}},
	}}
	out, lost := encode(t, in)
	want := `{"messages":[{"role":"user","content":[{"text":"a"},{"cachePoint":{"type":"default","ttl":"5m"}},{"text":"b"},{"cachePoint":{"type":"default","ttl":"1h"}}]}],` +
		`"system":[{"text":"s"},{"cachePoint":{"type":"default"}}]}`
	if diff := cmp.Diff(want, string(out)); diff != "" || lost != "" {
		t.Errorf("%s (%s)", diff, lost)
	}
	in.Model = "meta.llama3-70b-instruct-v1:0"
	if out, lost := encode(t, in); strings.Contains(string(out), "cachePoint") || lost != "cache_control" {
		t.Errorf("for a model that cannot: %s (%s)", out, lost)
	}
}

// TestPrefix adds turns one by one: what was sent of earlier turns must not change by a byte, or the provider's prompt
// cache is cold again.
func TestPrefix(t *testing.T) {
	req, err := own.Server.DecodeRequest(claude, dialecttest.Input(t, "request.json"))
	if err != nil {
		t.Fatal(err)
	}
	paper := llm.Message{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartMedia, Media: &llm.Media{MIME: "application/pdf", Data: "AA==", Name: "Notes"}}}}
	all := append(req.Messages, text(llm.RoleAssistant, "Done."), paper, text(llm.RoleAssistant, "Read."), paper, text(llm.RoleUser, "More."))
	before := ""
	for n := 2; n <= len(all); n++ {
		req.Messages = all[:n]
		body, _ := encode(t, req)
		sent, _, _ := rawjson.Get(body, "messages")
		// The turn that was last may go on, so its closing brackets and what stands behind its content are not compared.
		open, _, _ := strings.Cut(strings.TrimRight(before, "]}"), `],"note"`)
		if !strings.HasPrefix(string(sent), open) {
			t.Errorf("turn %d changes what came before it:\n%s\n%s", n, before, sent)
		}
		before = string(sent)
	}
}

// TestModelSchema: some clients put the schema of the answer into the model's own fields. Other dialects get it as the
// format; this one gets it back where it was, and only there.
func TestModelSchema(t *testing.T) {
	const in = `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"additionalModelRequestFields":{"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}}`
	path := dialect.Path{Model: "us.anthropic.claude-haiku-4-5"}
	d := converse.New()
	r, err := d.Server.DecodeRequest(path, []byte(in))
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Params.Format; f == nil || f.Type != "json_schema" || string(f.Schema) != `{"type":"object"}` {
		t.Errorf("%+v", f)
	}
	out, warnings, err := d.Client.EncodeRequest(r)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if s := string(out); !strings.Contains(s, `"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}`) || strings.Contains(s, "outputConfig") {
		t.Error(s)
	}
}
