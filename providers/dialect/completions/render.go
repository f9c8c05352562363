package completions

import (
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// out writes requests and responses.
type out struct {
	w      rawjson.Writer
	losses dialect.Losses
}

// own writes the members that only this dialect knows.
func (o *out) own(x llm.Extra, except ...string) {
	if obj := x[name]; obj != nil {
		o.w.Members(obj, except...)
	}
}

// text joins the texts of parts, those of results too, and warns of the others.
func (o *out) text(parts []llm.Part) string {
	var b strings.Builder
	for _, p := range parts {
		if field := unsaid(p.Kind); field != "" {
			o.losses.Add(o.losses.Path(field), onlyOne)
			continue
		}
		if p.Kind == llm.PartResult && p.Result != nil {
			b.WriteString(o.text(p.Result.Parts))
		}
		b.WriteString(p.Text)
		o.losses.Lost("content", p.Extra)
		if len(p.Citations) > 0 {
			o.losses.Uncited(o.losses.Path("content"))
		}
	}
	return b.String()
}

// unsaid names the field of a part that is no text; empty for one that is.
func unsaid(kind llm.Kind) string {
	switch kind {
	case llm.PartText, llm.PartRefusal, llm.PartResult:
		return ""
	case llm.PartReasoning:
		return "reasoning"
	case llm.PartCall:
		return "tool_calls"
	case llm.PartMedia, llm.PartOpaque:
	}
	return "content"
}
