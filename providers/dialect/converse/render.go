package converse

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
	answer bool // a response: a client takes blank text, and thoughts without a signature
	family family
	names  map[string]int // of documents so far

	pointed int // where the last cache point ends
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

// point writes the cache point that a cache_control asks for, as the next element behind what it covers. There is
// nothing to cover where nothing is open, and no use in two in a row.
func (o *out) point(control []byte, open bool) {
	if control == nil {
		return
	}
	if !o.family.cache {
		o.losses.Add("cache_control", "the model does not cache on request")
		return
	}
	if !open || len(o.w.B) == o.pointed {
		return
	}
	o.w.Elem()
	o.w.Open('{')
	o.w.Key(blockCache)
	o.w.Open('{')
	o.w.StringField("type", "default")
	if ttl, ok, _ := rawjson.Get(control, "ttl"); ok && !rawjson.IsNull(ttl) {
		o.w.RawField("ttl", ttl)
	}
	o.w.Close('}')
	o.w.Close('}')
	o.pointed = len(o.w.B)
}

// writable reports whether a part can be a block, and warns where it cannot.
func (o *out) writable(p llm.Part) bool {
	switch p.Kind {
	case llm.PartText, llm.PartRefusal:
		if strings.TrimSpace(p.Text) == "" && p.Extra[name] == nil && len(p.Citations) > 0 && !o.answer {
			o.losses.Uncited(o.path("content"))
			return false
		}
		return o.answer && (p.Text != "" || len(p.Citations) > 0) || strings.TrimSpace(p.Text) != "" || p.Extra[name] != nil
	case llm.PartReasoning:
		if o.answer || !dialect.Foreign(name, p.Signature) && (p.Signature != "" || p.Extra[name] != nil) {
			return true
		}
		o.losses.Add(o.path("reasoning"), "the converse dialect takes back only thoughts that its provider signed")
		return false
	case llm.PartCall:
		return p.Call != nil
	case llm.PartResult:
		return p.Result != nil
	case llm.PartMedia:
		if p.Media != nil {
			return o.mediaWritable(p.Media)
		}
	case llm.PartOpaque:
		if p.Extra[name] != nil {
			return true
		}
	}
	o.losses.Add(o.path("content"), "the converse dialect has no such part")
	return false
}

func (o *out) mediaWritable(m *llm.Media) bool {
	if !reachable(m) {
		o.losses.Add(o.path("content"), "the converse dialect takes files by value or by their s3:// address, not by another address or an id")
		return false
	}
	if _, ok := formOf(m); !ok {
		o.losses.Add(o.path("content"), "the converse dialect has no such file format")
		return false
	}
	return true
}

// block writes the next element of a list of content.
func (o *out) block(p llm.Part) {
	w := &o.w
	w.Elem()
	if p.Kind == llm.PartOpaque {
		w.Raw(p.Extra[name])
		return
	}
	w.Open('{')
	switch p.Kind {
	case llm.PartText, llm.PartRefusal:
		o.text(p)
	case llm.PartReasoning:
		o.thought(p)
	case llm.PartCall:
		o.call(p)
	case llm.PartResult:
		o.result(p)
	case llm.PartMedia:
		o.media(p)
	case llm.PartOpaque:
	}
	w.Close('}')
	if p.Kind != llm.PartReasoning && p.Kind != llm.PartMedia { // what another dialect keeps at a thought is bookkeeping
		o.lost("content", without(p.Extra, "cache_control"))
	}
}

func (o *out) text(p llm.Part) {
	w := &o.w
	cited := dialect.Nested(p.Extra, name, citations)
	if len(p.Citations) > 0 {
		cited = o.citations(p)
	}
	if cited == nil {
		w.StringField(blockText, p.Text)
		o.own(p.Extra)
		return
	}
	w.Key(blockCited)
	w.Open('{')
	w.Key("content")
	w.Open('[')
	w.Open('{')
	w.StringField(blockText, p.Text)
	w.Close('}')
	w.Close(']')
	w.RawField(citations, cited)
	w.Close('}')
}

func (o *out) thought(p llm.Part) {
	w := &o.w
	w.Key(blockReasoning)
	w.Open('{')
	if p.Redacted {
		w.StringField("redactedContent", blob(p.Signature))
	} else {
		w.Key("reasoningText")
		w.Open('{')
		w.StringField("text", p.Text)
		if p.Signature != "" {
			w.StringField("signature", p.Signature)
		}
		w.Close('}')
	}
	w.Close('}')
}

func (o *out) call(p llm.Part) {
	w := &o.w
	w.Key(blockCall)
	w.Open('{')
	w.StringField("toolUseId", o.callID(p.Call.ID))
	w.StringField("name", p.Call.Name)
	w.Key("input")
	switch arguments := []byte(p.Call.Arguments); {
	case rawjson.IsObject(arguments) && rawjson.Valid(arguments) == nil:
		w.Raw(arguments)
	case strings.TrimSpace(p.Call.Arguments) == "":
		w.Raw([]byte("{}"))
	default:
		o.losses.Add(o.path("tool_calls.arguments"), "they are no JSON object, so they travel as text")
		w.Open('{')
		w.StringField("arguments", p.Call.Arguments)
		w.Close('}')
	}
	o.own(p.Extra)
	w.Close('}')
}

// callID fits an id to the letters that the model takes, the same way for a call and its result.
func (o *out) callID(id string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		case !o.family.own && (r == '.' || r == ':'):
			return r
		}
		return '_'
	}, id)
}

func (o *out) result(p llm.Part) {
	w := &o.w
	w.Key(blockResult)
	w.Open('{')
	w.StringField("toolUseId", o.callID(p.Result.ID))
	w.Key("content")
	w.Open('[')
	for _, q := range p.Result.Parts {
		if q.Kind != llm.PartReasoning && q.Kind != llm.PartCall && q.Kind != llm.PartResult && o.writable(q) {
			o.block(q)
		}
	}
	w.Close(']')
	if p.Result.IsError {
		w.StringField("status", "error")
	}
	o.own(p.Extra)
	w.Close('}')
}
