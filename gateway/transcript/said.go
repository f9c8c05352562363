package transcript

import (
	"slices"
	"strings"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// Calls are the names of the tools that the answer calls, each once, sorted.
func (r Reader) Calls(rec *exchange.Record) []string {
	if rec.Finish.Reason != llm.FinishTools {
		return nil
	}
	resp := r.Response(rec)
	if resp == nil {
		return nil
	}
	var names []string
	for _, c := range resp.Choices {
		for _, p := range c.Parts {
			if p.Call != nil && p.Call.Name != "" {
				names = append(names, p.Call.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Text is what a search finds of a request: what was new in it, the answer and the error.
func (r Reader) Text(rec *exchange.Record) string {
	var b strings.Builder
	if req := r.Request(rec); req != nil {
		from := 0
		for i, m := range req.Messages {
			if m.Role == llm.RoleAssistant {
				from = i + 1
			}
		}
		for _, m := range req.Messages[from:] {
			addParts(&b, m.Parts)
		}
	}
	if resp := r.Response(rec); resp != nil {
		for _, c := range resp.Choices {
			addParts(&b, c.Parts)
		}
	}
	if rec.Error != nil {
		add(&b, rec.Error.Message)
	}
	return b.String()
}

// maxText bounds what of one request is searched.
const maxText = 64 << 10

func add(b *strings.Builder, text string) {
	if room := maxText - b.Len(); text != "" && room > 0 {
		b.WriteString(strings.ToValidUTF8(text[:min(len(text), room)], ""))
		b.WriteByte('\n')
	}
}

func addParts(b *strings.Builder, parts []llm.Part) {
	for _, p := range parts {
		add(b, p.Text)
		if p.Call != nil {
			add(b, p.Call.Name+" "+string(p.Call.Arguments))
		}
		if p.Result != nil {
			addParts(b, p.Result.Parts)
		}
	}
}
