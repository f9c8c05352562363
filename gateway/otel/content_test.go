package otel

import (
	"testing"

	"heimdall/providers/llm"
)

func TestWhatWasSaid(t *testing.T) {
	text := func(s string) llm.Part { return llm.Part{Kind: llm.PartText, Text: s} }
	request := &llm.Request{
		Messages: []llm.Message{
			{Role: llm.RoleSystem, Parts: []llm.Part{text("be brief")}},
			{Role: llm.RoleDeveloper, Parts: []llm.Part{text("be kind")}},
			{Role: llm.RoleUser, Name: "ann", Parts: []llm.Part{text("look"),
				{Kind: llm.PartMedia, Media: &llm.Media{MIME: "image/png", Data: "AAAAAAAA"}},
				{Kind: llm.PartMedia, Media: &llm.Media{MIME: "application/pdf", URL: "https://a.test/b.pdf"}},
				{Kind: llm.PartMedia, Media: &llm.Media{MIME: "audio/wav", FileID: "f1"}},
				{Kind: llm.PartMedia, Media: &llm.Media{URL: "data:image/png;base64,AAAA"}}}},
			{Role: llm.RoleAssistant, Parts: []llm.Part{
				{Kind: llm.PartReasoning, Text: "hm", Signature: "proof"},
				{Kind: llm.PartCall, Call: &llm.ToolCall{ID: "c1", Name: "f", Arguments: `{"a":1}`}},
				{Kind: llm.PartCall, Call: &llm.ToolCall{ID: "c2", Name: "g", Arguments: `{"a":`}},
				{Kind: llm.PartCall, Call: &llm.ToolCall{ID: "c3", Name: "h"}}}},
			{Role: llm.RoleTool, Parts: []llm.Part{{Kind: llm.PartResult, Result: &llm.ToolResult{ID: "c1", Parts: []llm.Part{text("o"), text("k")}}}}},
			{Role: llm.RoleTool, Parts: []llm.Part{{Kind: llm.PartResult, Result: &llm.ToolResult{ID: "c2", Parts: []llm.Part{text("see"), {Kind: llm.PartMedia, Media: &llm.Media{MIME: "image/png", FileID: "f2"}}}}}}},
			{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartOpaque}, {Kind: llm.PartRefusal, Text: "no"}}},
		},
		Tools: []llm.Tool{{Name: "f", Description: "does", Schema: []byte(`{"type":"object"}`)}, {}},
	}
	response := &llm.Response{Choices: []llm.Choice{
		{Parts: []llm.Part{text("done")}, Finish: llm.Finish{Reason: llm.FinishStop}},
		{Index: 1, Finish: llm.Finish{Reason: llm.FinishTools}},
	}}
	got := tell(request, response, true)
	history := `{"role":"user","name":"ann","parts":[{"type":"text","content":"look"},{"type":"blob","content":"","mime_type":"image/png","modality":"image","size":6},` +
		`{"type":"uri","mime_type":"application/pdf","modality":"document","uri":"https://a.test/b.pdf"},{"type":"file","mime_type":"audio/wav","modality":"audio","file_id":"f1"},` +
		`{"type":"blob","content":"","modality":"document","size":19}]},` +
		`{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"tool_call","id":"c1","name":"f","arguments":{"a":1}},{"type":"tool_call","id":"c2","name":"g","arguments":"{\"a\":"},{"type":"tool_call","id":"c3","name":"h"}]},` +
		`{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"ok"}]},` +
		`{"role":"tool","parts":[{"type":"tool_call_response","id":"c2","response":[{"type":"text","content":"see"},{"type":"file","mime_type":"image/png","modality":"image","file_id":"f2"}]}]},` +
		`{"role":"user","parts":[{"type":"opaque"},{"type":"text","content":"no"}]}]`
	for _, one := range []struct{ what, got, want string }{
		{"instructions", got.instructions, `[{"type":"text","content":"be brief"},{"type":"text","content":"be kind"}]`},
		{"input", got.input, "[" + history},
		{"output", got.output, `[{"role":"assistant","parts":[{"type":"text","content":"done"}],"finish_reason":"stop"},{"role":"assistant","parts":[],"finish_reason":"tool_call"}]`},
		{"tools", got.tools, `[{"type":"function","name":"f","description":"does","parameters":{"type":"object"}},{"type":"server_tool"}]`},
		{"a dialect that keeps instructions among the messages", tell(request, nil, false).input, `[{"role":"system","parts":[{"type":"text","content":"be brief"}]},{"role":"system","parts":[{"type":"text","content":"be kind"}]},` + history},
		{"nothing", tell(nil, nil, true).input + tell(&llm.Request{}, &llm.Response{}, true).output, ""},
	} {
		if one.got != one.want {
			t.Errorf("%s:\n%s\nwant\n%s", one.what, one.got, one.want)
		}
	}
}
