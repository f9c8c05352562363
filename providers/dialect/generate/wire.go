package generate

import (
	"bytes"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	name = "generate"

	roleUser  = "user"
	roleModel = "model"

	mimeJSON = "application/json"
	mimeText = "text/plain"
)

var null = []byte("null")

// field is the key of a member as the reference spells it; the other spelling, with underscores, is taken too.
func field(it *rawjson.Iter) string {
	key := it.Key()
	if bytes.IndexByte(key, '_') <= 0 {
		return string(key)
	}
	out := make([]byte, 0, len(key))
	up := false
	for _, c := range key {
		if c == '_' {
			up = true
			continue
		}
		if up && c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		up = false
		out = append(out, c)
	}
	return string(out)
}

// members walks an object. What known does not take and is not null goes to rest.
func members(v []byte, rest *rawjson.Gather, known func(key string, v []byte) (bool, error)) error {
	it := rawjson.Object(v)
	for it.Next() {
		took, err := known(field(&it), it.Value())
		if err != nil {
			return dialect.At(string(it.Key()), err)
		}
		if !took && !rawjson.IsNull(it.Value()) {
			rest.Add(&it)
		}
	}
	return dialect.Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
}

// finishReasons is the endpoint's vocabulary.
var finishReasons = map[string]string{
	"STOP":                      llm.FinishStop,
	"MAX_TOKENS":                llm.FinishLength,
	"SAFETY":                    llm.FinishFilter,
	"RECITATION":                llm.FinishFilter,
	"BLOCKLIST":                 llm.FinishFilter,
	"PROHIBITED_CONTENT":        llm.FinishFilter,
	"SPII":                      llm.FinishFilter,
	"IMAGE_SAFETY":              llm.FinishFilter,
	"IMAGE_PROHIBITED_CONTENT":  llm.FinishFilter,
	"IMAGE_RECITATION":          llm.FinishFilter,
	"LANGUAGE":                  llm.FinishOther,
	"OTHER":                     llm.FinishOther,
	"MALFORMED_FUNCTION_CALL":   llm.FinishOther,
	"UNEXPECTED_TOOL_CALL":      llm.FinishOther,
	"FINISH_REASON_UNSPECIFIED": llm.FinishOther,
}

// finishNumbers are the words that some clients ask to get as numbers; beyond these the numbers differ between hosts.
var finishNumbers = [...]string{"FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER"}

// finishWord reads a finish reason, a word or a number.
func finishWord(v []byte) string {
	if n, ok := rawjson.Int(v); ok && n >= 0 && int(n) < len(finishNumbers) {
		return finishNumbers[n]
	}
	var word string
	if dialect.String(&word, v) != nil {
		return string(v)
	}
	return word
}

// decodeFinish reads the provider's word, which says nothing of calls.
func decodeFinish(raw string, calls bool) llm.Finish {
	reason, known := finishReasons[raw]
	switch {
	case raw == "":
		reason = llm.FinishStop
	case !known:
		reason = llm.FinishOther
	}
	if reason == llm.FinishStop && calls {
		reason = llm.FinishTools
	}
	return llm.Finish{Reason: reason, Raw: raw}
}

// blockedFinish is how an answer ends whose prompt was refused.
func blockedFinish(reason string) llm.Finish {
	return llm.Finish{Reason: llm.FinishFilter, Raw: reason}
}

// encodeFinish keeps the provider's own word where this dialect has it with the same meaning.
func encodeFinish(f llm.Finish) string {
	reason, known := finishReasons[f.Raw]
	if known && (reason == f.Reason || reason == llm.FinishStop && f.Reason == llm.FinishTools) {
		return f.Raw
	}
	switch f.Reason {
	case llm.FinishLength:
		return "MAX_TOKENS"
	case llm.FinishFilter, llm.FinishRefusal:
		if !known && isWord(f.Raw) && f.Reason == llm.FinishFilter {
			return f.Raw
		}
		return "SAFETY"
	case llm.FinishOther:
		if !known && isWord(f.Raw) {
			return f.Raw
		}
		return "OTHER"
	}
	return "STOP"
}

// isWord reports whether s is spelled as the words of this dialect are.
func isWord(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == ""
}

// readUsage reads a usage object without allocating; Raw stays unset. Thoughts stand beside the answer's tokens, and
// what the provider's own tools read beside the prompt's. found is false where it counts nothing.
func readUsage(v []byte) (u llm.Usage, found bool) {
	var tools, answer int64
	it := rawjson.Object(v)
	for it.Next() {
		v := it.Value()
		dst := (*int64)(nil)
		switch string(it.Key()) {
		case "promptTokenCount", "totalTokens":
			dst = &u.Input
		case "toolUsePromptTokenCount":
			dst = &tools
		case "candidatesTokenCount", "responseTokenCount":
			dst = &answer
		case "thoughtsTokenCount":
			dst = &u.Reasoning
		case "cachedContentTokenCount":
			dst = &u.CacheRead
		case cacheWrite:
			dst = &u.CacheWrite
		case "promptTokensDetails", "toolUsePromptTokensDetails":
			u.InputAudio += modality(v, "AUDIO")
			u.InputImage += modality(v, "IMAGE")
		case "cacheTokensDetails":
			u.CacheReadAudio = modality(v, "AUDIO")
		case "candidatesTokensDetails", "responseTokensDetails":
			u.OutputAudio = modality(v, "AUDIO")
			u.OutputImage = modality(v, "IMAGE")
		case "totalTokenCount":
			found = true
		}
		if dst != nil {
			found = true
			_ = dialect.Int(dst, v)
		}
	}
	u.Input += tools
	u.Output = answer + u.Reasoning
	return u, found
}

// modality adds up the tokens of a kind in a list of counts by kind.
func modality(list []byte, kind string) (sum int64) {
	for it := rawjson.Array(list); it.Next(); {
		if !rawjson.IsObject(it.Value()) {
			continue
		}
		if name, ok, _ := rawjson.Get(it.Value(), "modality"); !ok || !rawjson.EqualString(name, kind) {
			continue
		}
		var n int64
		if count, ok, _ := rawjson.Get(it.Value(), "tokenCount"); ok && dialect.Int(&n, count) == nil {
			sum += n
		}
	}
	return sum
}

// cacheWrite is an addition to the endpoint's usage, for providers that bill what they put into a cache.
const cacheWrite = "cacheWriteTokenCount"

func decodeUsage(v []byte) *llm.Usage {
	if !rawjson.IsObject(v) {
		return nil
	}
	u, found := readUsage(v)
	if !found {
		return nil
	}
	u.Raw = bytes.Clone(v)
	return &u
}

// usage writes the provider's own object where it says the same in this dialect. Thoughts are a part of the output that
// stands beside the rest of it: some providers count more of them than the output has, and then the output holds.
func (o *out) usage(u *llm.Usage) {
	w := &o.w
	w.Key("usageMetadata")
	if ownUsage(u) {
		w.Raw(u.Raw)
		return
	}
	thoughts := u.Reasoning
	if thoughts > u.Output {
		thoughts = u.Output
		o.losses.Add("usage.reasoning", "the provider counts more tokens of thoughts than of output")
	}
	w.Open('{')
	w.IntField("promptTokenCount", u.Input)
	if u.CacheRead > 0 {
		w.IntField("cachedContentTokenCount", u.CacheRead)
	}
	if u.CacheWrite > 0 {
		w.IntField(cacheWrite, u.CacheWrite)
	}
	kinds(w, "promptTokensDetails", u.Input, u.InputAudio, u.InputImage)
	kinds(w, "cacheTokensDetails", u.CacheRead, u.CacheReadAudio, 0)
	w.IntField("candidatesTokenCount", u.Output-thoughts)
	kinds(w, "candidatesTokensDetails", u.Output-thoughts, u.OutputAudio, u.OutputImage)
	if thoughts > 0 {
		w.IntField("thoughtsTokenCount", thoughts)
	}
	w.IntField("totalTokenCount", u.Input+u.Output)
	w.Close('}')
}

// kinds lists tokens by kind, where there are others than of text.
func kinds(w *rawjson.Writer, key string, all, audio, image int64) {
	if audio <= 0 && image <= 0 {
		return
	}
	w.Key(key)
	w.Open('[')
	for _, k := range [...]struct {
		kind string
		n    int64
	}{{"TEXT", all - audio - image}, {"AUDIO", audio}, {"IMAGE", image}} {
		if k.n <= 0 {
			continue
		}
		w.Elem()
		w.Open('{')
		w.StringField("modality", k.kind)
		w.IntField("tokenCount", k.n)
		w.Close('}')
	}
	w.Close(']')
}

func ownUsage(u *llm.Usage) bool {
	if !rawjson.IsObject(u.Raw) {
		return false
	}
	r, found := readUsage(u.Raw)
	return found && r.Input == u.Input && r.Output == u.Output && r.CacheRead == u.CacheRead &&
		r.CacheWrite == u.CacheWrite && r.Reasoning == u.Reasoning
}
