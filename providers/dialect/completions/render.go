package completions

import (
	"strconv"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// out writes requests and responses; array and index name the place for warnings.
type out struct {
	w      rawjson.Writer
	losses dialect.Losses
	array  string // messages or choices
	index  int
}

func (o *out) path(field string) string {
	p := o.array + "[" + strconv.Itoa(o.index) + "]"
	if field != "" {
		p += "." + field
	}
	return p
}

// lost warns of foreign members at the current message.
func (o *out) lost(field string, x llm.Extra) {
	if len(x) > 0 {
		o.losses.Extra(o.path(field), x)
	}
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
			o.losses.Add(o.path(field), onlyOne)
			continue
		}
		if p.Kind == llm.PartResult && p.Result != nil {
			b.WriteString(o.text(p.Result.Parts))
		}
		b.WriteString(p.Text)
		o.lost("content", p.Extra)
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
