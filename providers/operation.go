package providers

import (
	"errors"
	"math"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// RequestType is what an operation is called on the wire, in settings and in extra_fields: chat_completion_stream and so
// on. d is the dialect that the operation is asked for in.
func RequestType(op llm.Op, d string, stream bool) string {
	if op == llm.OpModels {
		return "list_models"
	}
	if op != llm.OpChat {
		return string(op)
	}
	name := "chat_completion"
	switch d {
	case "responses":
		name = "responses"
	case "completions":
		name = "text_completion"
	}
	if stream {
		name += "_stream"
	}
	return name
}

var errUnserved = errors.New("the provider has no such operation")

func unserved(requestType, provider string) *llm.Error {
	return &llm.Error{Kind: llm.KindInvalidRequest, Status: 400, Type: "unsupported_operation", Code: "unsupported_operation",
		Message: requestType + " is not supported by " + provider + " provider", Cause: errUnserved}
}

// allows reports whether an endpoint may be used, streamed or not.
func (t *Target) allows(op llm.Op, d string) bool {
	return t.Allowed[RequestType(op, d, false)] || t.Allowed[RequestType(op, d, true)]
}

// path is the user's own path for an endpoint; "" = the provider's.
func (t *Target) path(op llm.Op, d string, stream bool) string {
	if len(t.Paths) == 0 {
		return ""
	}
	if own := t.Paths[RequestType(op, d, stream)]; own != "" {
		return own
	}
	return t.Paths[RequestType(op, d, false)]
}

// bytesPerToken is what a token of English or code is on average with the tokenizers in use.
const bytesPerToken = 3.8

// estimate counts tokens for a provider that cannot, from the size of what was said.
func (c *Call) estimate() (*Answer, error) {
	r, err := c.Request("cross-dialect attempt")
	if err != nil {
		return nil, err
	}
	usage := &llm.Usage{Input: int64(math.Ceil(float64(size(r)) / bytesPerToken))}
	seen := &Seen{Scan: dialect.Scan{Usage: *usage, HasUsage: true, Done: true}}
	seen.Warnings = append(seen.Warnings, llm.Warning{Field: "input_tokens", Why: "estimated from the text's length; " + c.Target.Name + " cannot count"})
	body, err := c.encodeAnswer(&llm.Response{Model: c.Model, Usage: usage, Choices: []llm.Choice{{}}}, seen)
	if err != nil {
		return nil, err
	}
	return &Answer{Status: 200, ContentType: "application/json", Body: body, Forward: func(func(name, value []byte)) {}, Release: func() {}, Seen: seen, Warnings: seen.Warnings}, nil
}

// mediaSize stands for the bytes of text that an image or a page costs about as much as.
const mediaSize = 4000

// size is how many bytes of text a request holds.
func size(r *llm.Request) (n int) {
	for _, t := range r.Tools {
		n += len(t.Name) + len(t.Description) + len(t.Schema)
	}
	for _, m := range r.Messages {
		n += sizeOf(m.Parts)
	}
	return n
}

func sizeOf(parts []llm.Part) (n int) {
	for _, p := range parts {
		n += len(p.Text)
		if p.Media != nil {
			n += mediaSize
		}
		if p.Call != nil {
			n += len(p.Call.Name) + len(p.Call.Arguments)
		}
		if p.Result != nil {
			n += sizeOf(p.Result.Parts)
		}
	}
	return n
}
