package exchange

import "heimdall/providers/llm"

// Object names what was answered, in OpenAI's terms.
func (r *Record) Object() string {
	switch {
	case r.Op != llm.OpChat:
		return string(r.Op)
	case r.Dialect == "responses":
		return "response"
	case r.Dialect == "completions":
		return "text_completion"
	case r.Stream:
		return "chat.completion.chunk"
	}
	return "chat.completion"
}
