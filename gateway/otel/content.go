package otel

import (
	"encoding/json"
	"strings"

	"heimdall/providers/llm"
)

// The shapes of what was said, as JSON (semantic-conventions-genai: gen-ai-input-messages.json, gen-ai-output-messages.json,
// gen-ai-system-instructions.json, gen-ai-tool-definitions.json). Bytes of media are left out; their size is told.
type (
	message struct {
		Role   string `json:"role"`
		Name   string `json:"name,omitempty"`
		Parts  []part `json:"parts"`
		Finish string `json:"finish_reason,omitempty"`
	}
	part struct {
		Type      string          `json:"type"`
		Content   *string         `json:"content,omitempty"`
		ID        string          `json:"id,omitempty"`
		Name      string          `json:"name,omitempty"`
		Arguments json.RawMessage `json:"arguments,omitempty"`
		Response  any             `json:"response,omitempty"`
		MIME      string          `json:"mime_type,omitempty"`
		Modality  string          `json:"modality,omitempty"`
		URI       string          `json:"uri,omitempty"`
		FileID    string          `json:"file_id,omitempty"`
		Size      int             `json:"size,omitempty"` // in bytes, of a blob
	}
	tool struct {
		Type        string          `json:"type"`
		Name        string          `json:"name,omitempty"`
		Description string          `json:"description,omitempty"`
		Parameters  json.RawMessage `json:"parameters,omitempty"`
	}
)

// said is what was said in an exchange, as JSON; "" = nothing, or it can't be read.
type said struct {
	instructions, input, output, tools string
}

func (s said) size() int {
	return len(s.instructions) + len(s.input) + len(s.output) + len(s.tools)
}

// put adds what was said to a span.
func (s said) put(a *attributes) {
	a.text(keyInstructions, s.instructions)
	a.text(keyInputMessages, s.input)
	a.text(keyOutputMessages, s.output)
	a.text(keyTools, s.tools)
}

// tell writes down what was said. apart says that the dialect keeps instructions apart from the messages.
func tell(req *llm.Request, resp *llm.Response, apart bool) (s said) {
	if req != nil {
		messages := req.Messages
		var instructions []part
		for apart && len(messages) > 0 && system(messages[0].Role) {
			instructions = append(instructions, parts(messages[0].Parts)...)
			messages = messages[1:]
		}
		s.instructions = encoded(instructions)
		s.input = encoded(history(messages))
		s.tools = encoded(tools(req.Tools))
	}
	if resp != nil {
		var out []message
		for _, c := range resp.Choices {
			out = append(out, message{Role: string(llm.RoleAssistant), Parts: parts(c.Parts), Finish: finish(c.Finish)})
		}
		s.output = encoded(out)
	}
	return s
}

func system(r llm.Role) bool { return r == llm.RoleSystem || r == llm.RoleDeveloper }

// encoded is "" for an empty list.
func encoded[T any](list []T) string {
	if len(list) == 0 {
		return ""
	}
	text, err := json.Marshal(list)
	if err != nil {
		return ""
	}
	return string(text)
}

func history(list []llm.Message) []message {
	var out []message
	for _, m := range list {
		role := string(m.Role)
		if system(m.Role) {
			role = string(llm.RoleSystem)
		}
		out = append(out, message{Role: role, Name: m.Name, Parts: parts(m.Parts)})
	}
	return out
}

func parts(list []llm.Part) []part {
	out := []part{}
	for _, p := range list {
		switch p.Kind {
		case llm.PartText, llm.PartRefusal:
			out = append(out, part{Type: "text", Content: &p.Text})
		case llm.PartReasoning:
			out = append(out, part{Type: "reasoning", Content: &p.Text})
		case llm.PartCall:
			if p.Call != nil {
				out = append(out, part{Type: "tool_call", ID: p.Call.ID, Name: p.Call.Name, Arguments: arguments(p.Call.Arguments)})
			}
		case llm.PartResult:
			if p.Result != nil {
				out = append(out, part{Type: "tool_call_response", ID: p.Result.ID, Response: response(p.Result.Parts)})
			}
		case llm.PartMedia:
			if p.Media != nil {
				out = append(out, media(p.Media))
			}
		case llm.PartOpaque:
			out = append(out, part{Type: "opaque"})
		}
	}
	return out
}

// arguments are those of a tool call: JSON, or the text of what is none.
func arguments(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil
	}
	return quoted
}

// response is what a tool answered: its text, or the parts where there is more than text.
func response(list []llm.Part) any {
	var text strings.Builder
	for _, p := range list {
		if p.Kind != llm.PartText {
			return parts(list)
		}
		text.WriteString(p.Text)
	}
	return text.String()
}

func media(m *llm.Media) part {
	p := part{MIME: m.MIME, Modality: modality(m.MIME)}
	switch {
	case m.URL != "" && !strings.HasPrefix(m.URL, "data:"):
		p.Type, p.URI = "uri", m.URL
	case m.FileID != "":
		p.Type, p.FileID = "file", m.FileID
	default:
		p.Type, p.Content, p.Size = "blob", new(string), (len(m.Data)+len(m.URL))*3/4
	}
	return p
}

func modality(mime string) string {
	switch kind, _, _ := strings.Cut(mime, "/"); kind {
	case "image", "video", "audio":
		return kind
	}
	return "document"
}

func tools(list []llm.Tool) []tool {
	var out []tool
	for _, t := range list {
		if t.Name == "" {
			out = append(out, tool{Type: "server_tool"})
			continue
		}
		out = append(out, tool{"function", t.Name, t.Description, t.Schema})
	}
	return out
}

// finish is a reason by the word of the conventions.
func finish(f llm.Finish) string {
	if f.Reason == llm.FinishTools {
		return "tool_call"
	}
	return f.Reason
}
