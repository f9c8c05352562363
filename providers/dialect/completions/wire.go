package completions

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	name   = "completions"
	object = "text_completion"

	noField = "the completions dialect has no field for it"
	onlyOne = "the completions dialect has only text"
)

var null = []byte("null")

// finishReasons is the endpoint's vocabulary, and what some of its speakers add to it.
var finishReasons = map[string]string{
	"stop":           llm.FinishStop,
	"eos":            llm.FinishStop,
	"length":         llm.FinishLength,
	"content_filter": llm.FinishFilter,
}

func decodeFinish(raw string) llm.Finish {
	if raw == "" {
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
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "prompt_tokens":
			_ = dialect.Int(&u.Input, v)
		case "completion_tokens":
			_ = dialect.Int(&u.Output, v)
		case "prompt_tokens_details":
			detail(&u.CacheRead, v, "cached_tokens")
			detail(&u.CacheWrite, v, "cache_write_tokens")
		case "completion_tokens_details":
			detail(&u.Reasoning, v, "reasoning_tokens")
		}
	}
	return u
}

func detail(dst *int64, obj []byte, key string) {
	if !rawjson.IsObject(obj) {
		return
	}
	if v, ok, _ := rawjson.Get(obj, key); ok {
		_ = dialect.Int(dst, v)
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
	if ownUsage(u) {
		w.Raw(u.Raw)
		return
	}
	w.Open('{')
	w.IntField("prompt_tokens", u.Input)
	w.IntField("completion_tokens", u.Output)
	w.IntField("total_tokens", u.Input+u.Output)
	if u.CacheRead > 0 || u.CacheWrite > 0 {
		w.Key("prompt_tokens_details")
		w.Open('{')
		w.IntField("cached_tokens", u.CacheRead)
		if u.CacheWrite > 0 {
			w.IntField("cache_write_tokens", u.CacheWrite)
		}
		w.Close('}')
	}
	if u.Reasoning > 0 {
		w.Key("completion_tokens_details")
		w.Open('{')
		w.IntField("reasoning_tokens", u.Reasoning)
		w.Close('}')
	}
	w.Close('}')
}

func ownUsage(u *llm.Usage) bool {
	if !rawjson.IsObject(u.Raw) {
		return false
	}
	_, own, _ := rawjson.Get(u.Raw, "prompt_tokens")
	return own && dialect.SameCounts(readUsage(u.Raw), *u)
}

// keep puts unknown members in Extra.
func keep(x *llm.Extra, rest *rawjson.Gather) { dialect.Keep(x, name, rest.Object()) }
