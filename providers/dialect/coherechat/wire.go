package coherechat

import (
	"bytes"
	"encoding/json"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	name = "coherechat"

	anyImage = "image/*" // the MIME of an image that is only referenced
)

// Types of content parts.
const (
	typeText     = "text"
	typeThinking = "thinking"
	typeImage    = "image_url"
	typeDocument = "document"
)

// Types of stream events.
const (
	messageStart  = "message-start"
	messageEnd    = "message-end"
	contentStart  = "content-start"
	contentDelta  = "content-delta"
	contentEnd    = "content-end"
	planDelta     = "tool-plan-delta"
	callStart     = "tool-call-start"
	callDelta     = "tool-call-delta"
	callEnd       = "tool-call-end"
	citationStart = "citation-start"
	citationEnd   = "citation-end"
)

// The marks of reasoning in its Extra. They hold no member that another dialect would have to warn of.
var (
	thinkingMark = json.RawMessage(`{}`)
	planMark     = json.RawMessage(`{"tool_plan":null}`)
)

// isPlan reports whether reasoning came as the plan of tool calls.
func isPlan(p llm.Part) bool { return dialect.Nested(p.Extra, name, "tool_plan") != nil }

// budgets gives the tokens for an effort that another dialect names. Of other efforts the model is the judge.
var budgets = map[string]int64{"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384}

// finishReasons is the endpoint's vocabulary; the toxic and limit errors are of its older version.
var finishReasons = map[string]string{
	"COMPLETE":      llm.FinishStop,
	"STOP_SEQUENCE": llm.FinishStop,
	"MAX_TOKENS":    llm.FinishLength,
	"ERROR_LIMIT":   llm.FinishLength,
	"TOOL_CALL":     llm.FinishTools,
	"ERROR_TOXIC":   llm.FinishFilter,
}

func decodeFinish(raw string) llm.Finish {
	if reason, ok := finishReasons[raw]; ok {
		return llm.Finish{Reason: reason, Raw: raw}
	}
	return llm.Finish{Reason: llm.FinishOther, Raw: raw}
}

// finishWord keeps the provider's own word where this dialect has it with the same meaning. Some providers stop for a
// tool call without saying so; clients of this dialect run tools only when told.
func finishWord(f llm.Finish, calls bool) string {
	if reason, ok := finishReasons[f.Raw]; ok && reason == f.Reason {
		return f.Raw
	}
	switch f.Reason {
	case llm.FinishLength:
		return "MAX_TOKENS"
	case llm.FinishTools:
		return "TOOL_CALL"
	case llm.FinishFilter, llm.FinishRefusal:
		return "ERROR_TOXIC"
	case llm.FinishOther:
		if f.Raw != "" {
			return f.Raw
		}
	}
	if calls {
		return "TOOL_CALL"
	}
	return "COMPLETE"
}

// readUsage reads a usage object without allocating; Raw stays unset. What is billed counts only where the tokens are
// not told. The endpoint itself tells neither reasoning_tokens nor cache_write_tokens: they carry what other providers
// count.
func readUsage(v []byte) (u llm.Usage) {
	var billed llm.Usage
	told := false
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "tokens":
			told = readTokens(&u, v)
		case "billed_units":
			readTokens(&billed, v)
		case "cached_tokens":
			_ = dialect.Int(&u.CacheRead, v)
		case "cache_write_tokens":
			_ = dialect.Int(&u.CacheWrite, v)
		}
	}
	if !told {
		u.Input, u.Output = billed.Input, billed.Output
	}
	u.CacheRead = min(u.CacheRead, u.Input)
	return u
}

func readTokens(u *llm.Usage, v []byte) (told bool) {
	if !rawjson.IsObject(v) {
		return false
	}
	for it := rawjson.Object(v); it.Next(); {
		switch string(it.Key()) {
		case "input_tokens":
			told = dialect.Int(&u.Input, it.Value()) == nil
		case "output_tokens":
			told = dialect.Int(&u.Output, it.Value()) == nil
		case "reasoning_tokens":
			_ = dialect.Int(&u.Reasoning, it.Value())
		}
	}
	return told
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
	w.Key("billed_units")
	w.Open('{')
	w.IntField("input_tokens", u.Input)
	w.IntField("output_tokens", u.Output)
	w.Close('}')
	w.Key("tokens")
	w.Open('{')
	w.IntField("input_tokens", u.Input)
	w.IntField("output_tokens", u.Output)
	if u.Reasoning > 0 {
		w.IntField("reasoning_tokens", u.Reasoning)
	}
	w.Close('}')
	if u.CacheRead > 0 {
		w.IntField("cached_tokens", u.CacheRead)
	}
	if u.CacheWrite > 0 {
		w.IntField("cache_write_tokens", u.CacheWrite)
	}
	w.Close('}')
}

func ownUsage(u *llm.Usage) bool {
	if !rawjson.IsObject(u.Raw) {
		return false
	}
	_, tokens, _ := rawjson.Get(u.Raw, "tokens")
	_, billed, _ := rawjson.Get(u.Raw, "billed_units")
	r := readUsage(u.Raw)
	return (tokens || billed) && r.Input == u.Input && r.Output == u.Output && r.CacheRead == u.CacheRead &&
		r.CacheWrite == u.CacheWrite && r.Reasoning == u.Reasoning
}

// keep puts unknown members in Extra.
func keep(x *llm.Extra, rest *rawjson.Gather) { dialect.Keep(x, name, rest.Object()) }
