package converse

import (
	"bytes"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	name = "converse"

	// owner is the dialect that cache_control, thinking, top_k and effort belong to. Many models here speak it.
	owner = "messages"

	anyImage = "image/*" // the MIME of an image that is only referenced
	pdf      = "application/pdf"
	plain    = "text/plain"
)

// Members of a content block, which has one of them.
const (
	blockText      = "text"
	blockImage     = "image"
	blockDocument  = "document"
	blockVideo     = "video"
	blockAudio     = "audio"
	blockCall      = "toolUse"
	blockResult    = "toolResult"
	blockReasoning = "reasoningContent"
	blockCited     = "citationsContent"
	blockCache     = "cachePoint"
)

// Members of a request that hold what the endpoint itself does not know.
const additionalRequest = "additionalModelRequestFields"

// format is a file format as the endpoint calls it. Of two formats of one type the first is written.
type format struct{ kind, name, mime string }

var formats = []format{
	{blockImage, "png", "image/png"}, {blockImage, "jpeg", "image/jpeg"}, {blockImage, "jpeg", "image/jpg"},
	{blockImage, "gif", "image/gif"}, {blockImage, "webp", "image/webp"},
	{blockDocument, "pdf", pdf}, {blockDocument, "csv", "text/csv"}, {blockDocument, "html", "text/html"},
	{blockDocument, "txt", plain}, {blockDocument, "md", "text/markdown"}, {blockDocument, "doc", "application/msword"},
	{blockDocument, "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	{blockDocument, "xls", "application/vnd.ms-excel"},
	{blockDocument, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{blockVideo, "mp4", "video/mp4"}, {blockVideo, "mov", "video/quicktime"}, {blockVideo, "mkv", "video/x-matroska"},
	{blockVideo, "webm", "video/webm"}, {blockVideo, "flv", "video/x-flv"}, {blockVideo, "wmv", "video/x-ms-wmv"},
	{blockVideo, "mpeg", "video/mpeg"}, {blockVideo, "three_gp", "video/3gpp"},
	{blockAudio, "mp3", "audio/mpeg"}, {blockAudio, "mp3", "audio/mp3"}, {blockAudio, "wav", "audio/wav"},
	{blockAudio, "wav", "audio/x-wav"}, {blockAudio, "aac", "audio/aac"}, {blockAudio, "flac", "audio/flac"},
	{blockAudio, "ogg", "audio/ogg"}, {blockAudio, "opus", "audio/opus"}, {blockAudio, "m4a", "audio/m4a"},
	{blockAudio, "webm", "audio/webm"},
}

// family says what the models of one kind take in additionalModelRequestFields.
type family struct {
	words  []string // a model's id has one of them
	topK   []string // where the number of candidates is, nil if nowhere
	own    bool     // they take the thinking, tool_choice and anthropic_beta of the messages dialect
	effort string   // where the effort is, empty if nowhere
	nested bool     // the effort stands in an object with a switch
	cache  bool     // they take cache points
}

// families are tried in order. A model whose id names no kind, an inference profile say, counts as of the first.
var families = []family{
	{words: []string{"anthropic.", "claude"}, topK: []string{"top_k"}, own: true, cache: true},
	{words: []string{"nova"}, topK: []string{"inferenceConfig", "topK"}, effort: "reasoningConfig", nested: true, cache: true},
	{words: []string{"openai."}, effort: "reasoning_effort"},
	{words: []string{"mistral."}, topK: []string{"top_k"}},
	{words: []string{"cohere."}, topK: []string{"k"}},
	{words: []string{"."}},
}

func familyOf(model string) family {
	id := model[strings.LastIndexByte(model, '/')+1:]
	for _, f := range families {
		for _, word := range f.words {
			if strings.Contains(id, word) {
				return f
			}
		}
	}
	return families[0]
}

// stopReasons is the endpoint's vocabulary.
var stopReasons = map[string]string{
	"end_turn":                      llm.FinishStop,
	"stop_sequence":                 llm.FinishStop,
	"max_tokens":                    llm.FinishLength,
	"model_context_window_exceeded": llm.FinishLength,
	"tool_use":                      llm.FinishTools,
	"guardrail_intervened":          llm.FinishFilter,
	"content_filtered":              llm.FinishFilter,
	"refusal":                       llm.FinishRefusal,
	"pause_turn":                    llm.FinishPause,
}

func decodeStop(raw string) llm.Finish {
	if reason, ok := stopReasons[raw]; ok {
		return llm.Finish{Reason: reason, Raw: raw}
	}
	return llm.Finish{Reason: llm.FinishOther, Raw: raw}
}

// stopWord keeps the provider's own word where this dialect has it with the same meaning. Some providers stop for a
// tool call without saying so; clients of this dialect run tools only when told.
func stopWord(f llm.Finish, calls bool) string {
	if reason, ok := stopReasons[f.Raw]; ok && reason == f.Reason {
		return f.Raw
	}
	switch f.Reason {
	case llm.FinishLength:
		return "max_tokens"
	case llm.FinishTools:
		return "tool_use"
	case llm.FinishFilter, llm.FinishRefusal:
		return "content_filtered"
	case llm.FinishOther:
		if f.Raw != "" {
			return f.Raw
		}
	}
	if calls {
		return "tool_use"
	}
	return "end_turn"
}

// readUsage reads a usage object without allocating; Raw stays unset. Its inputTokens leave the cache out. Some answers
// say what the cache did twice, under two names.
func readUsage(v []byte) (u llm.Usage) {
	it := rawjson.Object(v)
	for it.Next() {
		v := it.Value()
		switch string(it.Key()) {
		case "inputTokens":
			_ = dialect.Int(&u.Input, v)
		case "outputTokens":
			_ = dialect.Int(&u.Output, v)
		case "cacheReadInputTokens", "cacheReadInputTokenCount":
			larger(&u.CacheRead, v)
		case "cacheWriteInputTokens", "cacheWriteInputTokenCount":
			larger(&u.CacheWrite, v)
		case "cacheDetails":
			u.CacheWriteHour = written(v, "1h")
		}
	}
	u.Input += u.CacheRead + u.CacheWrite
	return u
}

// written adds up what was put into the cache for a time, in a list of writes.
func written(list []byte, ttl string) (sum int64) {
	for it := rawjson.Array(list); it.Next(); {
		if !rawjson.IsObject(it.Value()) {
			continue
		}
		if v, ok, _ := rawjson.Get(it.Value(), "ttl"); !ok || !rawjson.EqualString(v, ttl) {
			continue
		}
		var n int64
		if count, ok, _ := rawjson.Get(it.Value(), "inputTokens"); ok && dialect.Int(&n, count) == nil {
			sum += n
		}
	}
	return sum
}

func larger(dst *int64, v []byte) {
	var n int64
	if dialect.Int(&n, v) == nil {
		*dst = max(*dst, n)
	}
}

func decodeUsage(v []byte) *llm.Usage {
	if !rawjson.IsObject(v) {
		return nil
	}
	u := readUsage(v)
	u.Raw = bytes.Clone(v)
	return &u
}

// usage writes the provider's own object where it says the same in this dialect.
func (o *out) usage(u *llm.Usage) {
	if u == nil {
		u = &llm.Usage{}
	}
	w := &o.w
	w.Key("usage")
	if ownUsage(u) {
		w.Raw(u.Raw)
		return
	}
	if u.Reasoning > 0 {
		o.losses.Add("usage.reasoning", "the converse dialect does not count thoughts apart from the rest of the output")
	}
	w.Open('{')
	w.IntField("inputTokens", max(0, u.Input-u.CacheRead-u.CacheWrite))
	w.IntField("outputTokens", u.Output)
	w.IntField("totalTokens", u.Input+u.Output)
	w.IntField("cacheReadInputTokens", u.CacheRead)
	w.IntField("cacheWriteInputTokens", u.CacheWrite)
	if u.CacheWriteHour > 0 {
		w.Key("cacheDetails")
		w.Open('[')
		writes(w, "5m", max(0, u.CacheWrite-u.CacheWriteHour))
		writes(w, "1h", u.CacheWriteHour)
		w.Close(']')
	}
	w.Close('}')
}

func writes(w *rawjson.Writer, ttl string, n int64) {
	w.Elem()
	w.Open('{')
	w.StringField("ttl", ttl)
	w.IntField("inputTokens", n)
	w.Close('}')
}

func ownUsage(u *llm.Usage) bool {
	if !rawjson.IsObject(u.Raw) {
		return false
	}
	_, own, _ := rawjson.Get(u.Raw, "inputTokens")
	r := readUsage(u.Raw)
	return own && r.Input == u.Input && r.Output == u.Output && r.CacheRead == u.CacheRead &&
		r.CacheWrite == u.CacheWrite && u.Reasoning == 0
}

// cacheMark is the cache_control that stands in an Extra, nil if none.
func cacheMark(x llm.Extra) []byte {
	if v := dialect.Nested(x, owner, "cache_control"); rawjson.IsObject(v) {
		return v
	}
	return nil
}

// without is x without the members that are written in this dialect's own way, so that they are not reported lost.
func without(x llm.Extra, keys ...string) llm.Extra {
	if len(x) == 0 {
		return nil
	}
	out := make(llm.Extra, len(x))
	for dialectName, obj := range x {
		if dialectName != name {
			for _, key := range keys {
				if left, err := rawjson.Delete(nil, obj, key); err == nil {
					obj = left
				}
			}
		}
		out[dialectName] = obj
	}
	return out
}
