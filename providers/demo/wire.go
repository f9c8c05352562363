package demo

import (
	"encoding/json"
	"time"

	"heimdall/providers/fake"
)

type message struct {
	Role      string     `json:"role,omitempty"`
	Content   *string    `json:"content"`
	ToolCalls []toolCall `json:"tool_calls,omitempty"`
}

type toolCall struct {
	Index    int    `json:"index"`
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

type completion struct {
	ID      string   `json:"id"`
	Object  string   `json:"object"`
	Created int64    `json:"created"`
	Model   string   `json:"model"`
	Choices []choice `json:"choices"`
	Usage   *usage   `json:"usage,omitempty"`
}

type choice struct {
	Index        int      `json:"index"`
	Message      *message `json:"message,omitempty"`
	Delta        *message `json:"delta,omitempty"`
	FinishReason *string  `json:"finish_reason"`
}

type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

// reply renders a message as JSON, or as the stream of its words.
func (q request) reply(m message, finish string, words []string, pace time.Duration, cut bool) fake.Reply {
	c := completion{ID: "chatcmpl-demo", Object: "chat.completion", Created: time.Now().Unix(), Model: q.Model}
	u := q.count(m)
	if !q.Stream {
		c.Choices = []choice{{Message: &m, FinishReason: &finish}}
		c.Usage = u
		return fake.Reply{Status: 200, Header: jsonType, Pieces: []fake.Piece{{After: pace, Data: encode(c)}}, Cut: cut}
	}
	c.Object = "chat.completion.chunk"
	var pieces []fake.Piece
	chunk := func(after time.Duration, choices []choice, u *usage) {
		c.Choices, c.Usage = choices, u
		pieces = append(pieces, fake.Piece{After: after, Data: fake.SSE(encode(c))})
	}
	empty := ""
	chunk(pace, []choice{{Delta: &message{Role: "assistant", Content: &empty}}}, nil)
	for _, w := range words {
		chunk(pace, []choice{{Delta: &message{Content: &w}}}, nil)
	}
	if len(m.ToolCalls) > 0 {
		chunk(pace, []choice{{Delta: &message{ToolCalls: m.ToolCalls}}}, nil)
	}
	if !cut {
		chunk(0, []choice{{Delta: &message{}, FinishReason: &finish}}, nil)
		chunk(0, []choice{}, u)
		pieces = append(pieces, fake.Piece{Data: fake.SSE("[DONE]")})
	}
	return fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "text/event-stream"}, Pieces: pieces, Cut: cut}
}

// count estimates tokens at four bytes each.
func (q request) count(m message) *usage {
	in, out := 0, 0
	for _, t := range q.Messages {
		in += len(t.Content)
	}
	if m.Content != nil {
		out += len(*m.Content)
	}
	for _, c := range m.ToolCalls {
		out += len(c.Function.Name) + len(c.Function.Arguments)
	}
	return &usage{Prompt: in/4 + 1, Completion: out/4 + 1, Total: in/4 + out/4 + 2}
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the shapes above always encode
	}
	return string(b)
}
