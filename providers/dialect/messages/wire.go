package messages

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	name = "messages"

	// defaultMaxTokens is sent where the caller set no limit, because the endpoint demands one. Every model of it
	// takes 4096, and longer answers are rare without a caller that asks for them.
	defaultMaxTokens = 4096

	// minBudget is the least that the endpoint takes for thinking.
	minBudget = 1024

	// unsigned stands in an answer as the signature of a thought that another dialect's provider did not sign. Some
	// providers of this endpoint do not sign either, and want their thoughts back: that is how to tell them apart.
	unsigned = dialect.CarriedThought

	anyImage = "image/*" // the MIME of an image that is only referenced
	pdf      = "application/pdf"
	plain    = "text/plain"
)

// Types of content blocks.
const (
	blockText     = "text"
	blockImage    = "image"
	blockDocument = "document"
	blockThinking = "thinking"
	blockRedacted = "redacted_thinking"
	blockCall     = "tool_use"
	blockResult   = "tool_result"
)

// budgets gives the tokens for an effort that another dialect names.
var budgets = map[string]int64{"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32000, "max": 32000}

const defaultBudget = 8192 // for thinking that is only switched on

// stopReasons is the endpoint's vocabulary.
var stopReasons = map[string]string{
	"end_turn":                      llm.FinishStop,
	"stop_sequence":                 llm.FinishStop,
	"max_tokens":                    llm.FinishLength,
	"model_context_window_exceeded": llm.FinishLength,
	"tool_use":                      llm.FinishTools,
	"pause_turn":                    llm.FinishPause,
	"refusal":                       llm.FinishRefusal,
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
		return "refusal"
	case llm.FinishPause:
		return "pause_turn"
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

// readUsage reads a usage object without allocating; Raw stays unset. Its input_tokens leave the cache out.
func readUsage(v []byte) (u llm.Usage) {
	it := rawjson.Object(v)
	for it.Next() {
		v := it.Value()
		switch string(it.Key()) {
		case "input_tokens":
			_ = dialect.Int(&u.Input, v)
		case "output_tokens":
			_ = dialect.Int(&u.Output, v)
		case "cache_read_input_tokens":
			_ = dialect.Int(&u.CacheRead, v)
		case "cache_creation_input_tokens":
			_ = dialect.Int(&u.CacheWrite, v)
		case "cache_creation":
			part(&u.CacheWriteHour, v, "ephemeral_1h_input_tokens")
		case "output_tokens_details":
			part(&u.Reasoning, v, "thinking_tokens")
		}
	}
	u.Input += u.CacheRead + u.CacheWrite
	return u
}

// part reads one count of an object of details.
func part(dst *int64, obj []byte, key string) {
	if !rawjson.IsObject(obj) {
		return
	}
	if n, ok, _ := rawjson.Get(obj, key); ok {
		_ = dialect.Int(dst, n)
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

// overlay is the usage object a with the members of b in place of its own.
func overlay(a, b []byte) []byte {
	if a == nil {
		return bytes.Clone(b)
	}
	out := a
	it := rawjson.Object(b)
	for it.Next() {
		if rawjson.IsNull(it.Value()) {
			continue
		}
		next, err := rawjson.Set(nil, out, string(it.Key()), it.Value())
		if err != nil {
			return out
		}
		out = next
	}
	return out
}

// usage writes the provider's own object where it says the same in this dialect.
func usage(w *rawjson.Writer, u *llm.Usage) {
	w.Key("usage")
	if u == nil {
		u = &llm.Usage{}
	}
	if ownUsage(u) {
		w.Raw(u.Raw)
		return
	}
	w.Open('{')
	w.IntField("input_tokens", max(0, u.Input-u.CacheRead-u.CacheWrite))
	w.IntField("cache_creation_input_tokens", u.CacheWrite)
	if u.CacheWriteHour > 0 {
		w.Key("cache_creation")
		w.Open('{')
		w.IntField("ephemeral_5m_input_tokens", max(0, u.CacheWrite-u.CacheWriteHour))
		w.IntField("ephemeral_1h_input_tokens", u.CacheWriteHour)
		w.Close('}')
	}
	w.IntField("cache_read_input_tokens", u.CacheRead)
	w.IntField("output_tokens", u.Output)
	if u.Reasoning > 0 {
		w.Key("output_tokens_details")
		w.Open('{')
		w.IntField("thinking_tokens", u.Reasoning)
		w.Close('}')
	}
	w.Close('}')
}

func ownUsage(u *llm.Usage) bool {
	if !rawjson.IsObject(u.Raw) {
		return false
	}
	_, own, _ := rawjson.Get(u.Raw, "input_tokens")
	_, foreign, _ := rawjson.Get(u.Raw, "total_tokens")
	return own && !foreign && dialect.SameCounts(readUsage(u.Raw), *u)
}
