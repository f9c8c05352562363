package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// What each model does: chat and slow answer in words, tools calls the first tool it is given, error-N fails with that
// status, cut breaks its stream.
var models = []string{"chat", "slow", "tools", "cut", "error-401", "error-429", "error-500"}

const (
	pace     = 12 * time.Millisecond
	slowPace = 250 * time.Millisecond
)

type request struct {
	Model    string
	Stream   bool
	Messages []struct {
		Role    string
		Content json.RawMessage
	}
	Tools []struct {
		Function struct {
			Name       string
			Parameters struct {
				Properties map[string]struct{ Type string }
				Required   []string
			}
		}
	}
}

// script answers a request that the gateway sends to this provider.
func script(r *transport.Request) fake.Reply {
	if strings.HasSuffix(r.URL, "/models") {
		return list()
	}
	var q request
	if err := json.Unmarshal(r.Body, &q); err != nil {
		return failure(400, "invalid_request_error", wrong(err))
	}
	switch model := q.Model; {
	case model == "chat":
		return answer(q, pace, false)
	case model == "slow":
		return answer(q, slowPace, false)
	case model == "cut":
		return answer(q, pace, true)
	case model == "tools":
		return tools(q)
	case strings.HasPrefix(model, "error-"):
		status, err := strconv.Atoi(model[len("error-"):])
		if err == nil && status >= 400 && status < 600 {
			return failure(status, "demo_error", fmt.Sprintf("this model always fails with status %d", status))
		}
	}
	return failure(404, "model_not_found", "the demo has no model "+strconv.Quote(q.Model)+"; it has "+strings.Join(models, ", "))
}

// wrong says what is wrong with a request that cannot be read.
func wrong(err error) string {
	var of *json.UnmarshalTypeError
	if errors.As(err, &of) && of.Field != "" {
		return strings.ToLower(of.Field) + ": must not be of type " + of.Value
	}
	return "the request is no valid JSON object"
}

func list() fake.Reply {
	type model struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		OwnedBy string `json:"owned_by"`
	}
	out := struct {
		Object string  `json:"object"`
		Data   []model `json:"data"`
	}{Object: "list"}
	for _, m := range models {
		out.Data = append(out.Data, model{m, "model", "demo"})
	}
	return fake.Reply{Status: 200, Header: jsonType, Body: encode(out)}
}

var jsonType = map[string]string{"Content-Type": "application/json"}

func failure(status int, kind, message string) fake.Reply {
	body := map[string]any{"error": map[string]any{"message": message, "type": kind, "param": nil, "code": kind}}
	header := map[string]string{"Content-Type": "application/json"}
	if status == 429 {
		header["Retry-After"] = "1"
	}
	return fake.Reply{Status: status, Header: header, Body: encode(body)}
}

// answer says where it comes from and repeats the question.
func answer(q request, pace time.Duration, cut bool) fake.Reply {
	text := "This answer comes from the demo provider inside Heimdall: no key, no network, no cost."
	if asked := q.last(); asked != "" {
		text += " You asked: " + asked
	}
	words := strings.SplitAfter(text, " ")
	if cut {
		words = words[:len(words)/2]
	}
	return q.reply(message{Role: "assistant", Content: &text}, "stop", words, pace, cut)
}

// tools calls the first tool, or sums up when its result is there.
func tools(q request) fake.Reply {
	if n := len(q.Messages); len(q.Tools) == 0 || n > 0 && q.Messages[n-1].Role == "tool" {
		return answer(q, pace, false)
	}
	tool := q.Tools[0].Function
	args := map[string]any{}
	for _, name := range tool.Parameters.Required {
		args[name] = example(tool.Parameters.Properties[name].Type)
	}
	call := toolCall{ID: "call_demo_1", Type: "function"}
	call.Function.Name, call.Function.Arguments = tool.Name, encode(args)
	return q.reply(message{Role: "assistant", ToolCalls: []toolCall{call}}, "tool_calls", nil, pace, false)
}

func example(kind string) any {
	switch kind {
	case "number", "integer":
		return 1
	case "boolean":
		return true
	case "array":
		return []any{}
	case "object":
		return map[string]any{}
	default:
		return "demo"
	}
}

// last is the text of the last user message.
func (q request) last() string {
	for i := len(q.Messages) - 1; i >= 0; i-- {
		if q.Messages[i].Role != "user" {
			continue
		}
		var text string
		if json.Unmarshal(q.Messages[i].Content, &text) == nil {
			return text
		}
		var parts []struct{ Text string }
		_ = json.Unmarshal(q.Messages[i].Content, &parts)
		for _, p := range parts {
			text += p.Text
		}
		return text
	}
	return ""
}
