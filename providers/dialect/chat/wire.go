package chat

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	name = "chat"
	// cacheOwner is the dialect that cache_control belongs to. Many speakers of this one pass it on.
	cacheOwner = "messages"

	anyImage = "image/*" // the MIME of an image that is only referenced
)

// Types of content parts and of reasoning details.
const (
	typeText  = "text"
	typeImage = "image_url"
	typeAudio = "input_audio"
	typeFile  = "file"

	typeThinking = "thinking" // of a thought, and the member with its pieces

	detailText      = "reasoning.text"
	detailSummary   = "reasoning.summary"
	detailEncrypted = "reasoning.encrypted"
)

// finishReasons is the endpoint's vocabulary, and what some of its speakers add to it.
var finishReasons = map[string]string{
	"stop":           llm.FinishStop,
	"length":         llm.FinishLength,
	"tool_calls":     llm.FinishTools,
	"function_call":  llm.FinishTools,
	"content_filter": llm.FinishFilter,
	"model_length":   llm.FinishLength,
	"refusal":        llm.FinishRefusal,
}

// decodeFinish reads the provider's word. Without one, calls tell why the model stopped.
func decodeFinish(raw string, calls bool) llm.Finish {
	if raw == "" {
		if calls {
			return llm.Finish{Reason: llm.FinishTools}
		}
		return llm.Finish{Reason: llm.FinishStop}
	}
	if reason, ok := finishReasons[raw]; ok {
		return llm.Finish{Reason: reason, Raw: raw}
	}
	return llm.Finish{Reason: llm.FinishOther, Raw: raw}
}

// finishWord keeps the provider's own word where this dialect has it with the same meaning.
func finishWord(f llm.Finish) string {
	if reason, ok := finishReasons[f.Raw]; ok && reason == f.Reason {
		return f.Raw
	}
	switch f.Reason {
	case llm.FinishLength:
		return "length"
	case llm.FinishTools:
		return "tool_calls"
	case llm.FinishFilter, llm.FinishRefusal:
		return "content_filter"
	case llm.FinishOther:
		if f.Raw != "" {
			return f.Raw
		}
	}
	return "stop"
}

// readUsage reads a usage object without allocating; Raw stays unset.
func readUsage(v []byte) (u llm.Usage) {
	var total, write int64
	it := rawjson.Object(v)
	for it.Next() {
		v := it.Value()
		switch string(it.Key()) {
		case "prompt_tokens":
			_ = dialect.Int(&u.Input, v)
		case "completion_tokens":
			_ = dialect.Int(&u.Output, v)
		case "total_tokens":
			_ = dialect.Int(&total, v)
		case "prompt_tokens_details":
			count(&u.CacheRead, v, "cached_tokens", "cached_read_tokens")
			count(&u.CacheWrite, v, "cache_write_tokens", "cached_write_tokens", "cache_creation_tokens")
			count(&u.InputAudio, v, "audio_tokens")
			count(&u.InputImage, v, "image_tokens")
		case "completion_tokens_details":
			count(&u.Reasoning, v, "reasoning_tokens")
			count(&u.OutputAudio, v, "audio_tokens")
			count(&u.OutputImage, v, "image_tokens")
		case "cached_tokens", "prompt_cache_hit_tokens":
			if u.CacheRead == 0 {
				_ = dialect.Int(&u.CacheRead, v)
			}
		case "cache_creation_input_tokens":
			_ = dialect.Int(&write, v)
		}
	}
	if u.CacheWrite == 0 {
		u.CacheWrite = write
	}
	if u.Reasoning > u.Output || u.Reasoning > 0 && total == u.Input+u.Output+u.Reasoning {
		u.Output += u.Reasoning // some providers count reasoning beside the completion, which only the numbers show
	}
	// Some providers report what they wrote to the cache as read from it, too.
	u.CacheWrite = min(u.CacheWrite, max(0, u.Input-u.CacheRead))
	return u
}

// count reads the first of keys that obj has; in obj they come in any order.
func count(dst *int64, obj []byte, keys ...string) {
	if !rawjson.IsObject(obj) {
		return
	}
	best := len(keys)
	for it := rawjson.Object(obj); it.Next(); {
		for i, key := range keys[:best] {
			if string(it.Key()) == key && dialect.Int(dst, it.Value()) == nil && *dst != 0 {
				best = i
				break
			}
		}
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
func usage(w *rawjson.Writer, u *llm.Usage) {
	w.Key("usage")
	if _, own, _ := rawjson.Get(u.Raw, "prompt_tokens"); own && dialect.SameCounts(readUsage(u.Raw), *u) {
		w.Raw(u.Raw)
		return
	}
	w.Open('{')
	w.IntField("prompt_tokens", u.Input)
	w.IntField("completion_tokens", u.Output)
	w.IntField("total_tokens", u.Input+u.Output)
	w.Key("prompt_tokens_details")
	w.Open('{')
	w.IntField("cached_tokens", u.CacheRead)
	some(w, "cache_write_tokens", u.CacheWrite)
	some(w, "audio_tokens", u.InputAudio)
	some(w, "image_tokens", u.InputImage)
	w.Close('}')
	w.Key("completion_tokens_details")
	w.Open('{')
	w.IntField("reasoning_tokens", u.Reasoning)
	some(w, "audio_tokens", u.OutputAudio)
	some(w, "image_tokens", u.OutputImage)
	w.Close('}')
	w.Close('}')
}

// some writes a count that most answers do not have.
func some(w *rawjson.Writer, key string, n int64) {
	if n > 0 {
		w.IntField(key, n)
	}
}

// keep puts unknown members in Extra. A cache_control among them is also kept for the dialect that it belongs to.
func keep(x *llm.Extra, rest *rawjson.Gather) {
	obj := rest.Object()
	if obj == nil {
		return
	}
	dialect.Keep(x, name, obj)
	if v, ok, _ := rawjson.Get(obj, "cache_control"); ok && rawjson.IsObject(v) {
		var cache rawjson.Gather
		cache.Put("cache_control", v)
		dialect.Keep(x, cacheOwner, cache.Object())
	}
}
