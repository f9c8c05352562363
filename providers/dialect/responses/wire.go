package responses

import (
	"bytes"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	name = "responses"

	anyImage = "image/*" // the MIME of an image that is only referenced
)

// Types of items.
const (
	itemMessage      = "message"
	itemReasoning    = "reasoning"
	itemCall         = "function_call"
	itemResult       = "function_call_output"
	itemCustom       = "custom_tool_call"
	itemCustomResult = "custom_tool_call_output"
)

// Types of content.
const (
	typeInput   = "input_text"
	typeOutput  = "output_text"
	typeRefusal = "refusal"
	typeImage   = "input_image"
	typeFile    = "input_file"
	typeAudio   = "input_audio"
	typeSummary = "summary_text"
	typeThought = "reasoning_text"
)

const (
	statusCompleted  = "completed"
	statusIncomplete = "incomplete"
	statusFailed     = "failed"
	statusRunning    = "in_progress"
)

// stopped are the states of an answer that is neither whole nor cut off.
var stopped = map[string]bool{"queued": true, statusRunning: true, "cancelled": true}

// annotations is the member of a text that says which pages it rests on.
const annotations = "annotations"

// decodeFinish reads why an answer ended; calls say why a whole one did.
func decodeFinish(status, reason string, calls bool) llm.Finish {
	switch {
	case status == statusIncomplete:
		f := llm.Finish{Reason: llm.FinishOther, Raw: reason}
		switch reason {
		case "", "max_output_tokens", "max_tokens":
			f.Reason = llm.FinishLength
		case "content_filter":
			f.Reason = llm.FinishFilter
		}
		return f
	case stopped[status]:
		return llm.Finish{Reason: llm.FinishOther, Raw: status}
	case calls:
		return llm.Finish{Reason: llm.FinishTools, Raw: status}
	}
	return llm.Finish{Reason: llm.FinishStop, Raw: status}
}

// statusOf is decodeFinish the other way. own says that the words of f.Raw are of this dialect.
func statusOf(f llm.Finish, own bool) (status, reason string) {
	switch f.Reason {
	case llm.FinishLength:
		if own && f.Raw != "" {
			return statusIncomplete, f.Raw
		}
		return statusIncomplete, "max_output_tokens"
	case llm.FinishFilter, llm.FinishRefusal:
		return statusIncomplete, "content_filter"
	case llm.FinishOther:
		switch {
		case !own:
		case stopped[f.Raw]:
			return f.Raw, ""
		case f.Raw != "":
			return statusIncomplete, f.Raw
		}
	}
	return statusCompleted, ""
}

// readUsage reads a usage object without allocating; Raw stays unset.
func readUsage(v []byte) (u llm.Usage) {
	it := rawjson.Object(v)
	for it.Next() {
		v := it.Value()
		switch string(it.Key()) {
		case "input_tokens":
			_ = dialect.Int(&u.Input, v)
		case "output_tokens":
			_ = dialect.Int(&u.Output, v)
		case "input_tokens_details":
			count(&u.CacheRead, v, "cached_tokens")
			count(&u.CacheWrite, v, "cache_write_tokens")
			count(&u.InputAudio, v, "audio_tokens")
			count(&u.InputImage, v, "image_tokens")
		case "output_tokens_details":
			count(&u.Reasoning, v, "reasoning_tokens")
			count(&u.OutputAudio, v, "audio_tokens")
			count(&u.OutputImage, v, "image_tokens")
		}
	}
	return u
}

func count(dst *int64, obj []byte, key string) {
	if n, ok, _ := rawjson.Get(obj, key); ok && rawjson.IsObject(obj) {
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

// usage writes the provider's own object where it says the same in this dialect. In one that is made here both objects
// of details are there: clients fail without them.
func usage(w *rawjson.Writer, u *llm.Usage) {
	w.Key("usage")
	if u == nil {
		w.Raw([]byte("null"))
		return
	}
	if ownUsage(u) {
		w.Raw(u.Raw)
		return
	}
	w.Open('{')
	w.IntField("input_tokens", u.Input)
	w.Key("input_tokens_details")
	w.Open('{')
	w.IntField("cached_tokens", u.CacheRead)
	some(w, "cache_write_tokens", u.CacheWrite)
	some(w, "audio_tokens", u.InputAudio)
	some(w, "image_tokens", u.InputImage)
	w.Close('}')
	w.IntField("output_tokens", u.Output)
	w.Key("output_tokens_details")
	w.Open('{')
	w.IntField("reasoning_tokens", u.Reasoning)
	some(w, "audio_tokens", u.OutputAudio)
	some(w, "image_tokens", u.OutputImage)
	w.Close('}')
	w.IntField("total_tokens", u.Input+u.Output)
	w.Close('}')
}

// some writes a count that most answers do not have.
func some(w *rawjson.Writer, key string, n int64) {
	if n > 0 {
		w.IntField(key, n)
	}
}

func ownUsage(u *llm.Usage) bool {
	if !rawjson.IsObject(u.Raw) {
		return false
	}
	_, in, _ := rawjson.Get(u.Raw, "input_tokens")
	_, total, _ := rawjson.Get(u.Raw, "total_tokens")
	return in && total && dialect.SameCounts(readUsage(u.Raw), *u)
}

// mark keeps obj in x, and {} where there is none.
func mark(x *llm.Extra, obj []byte) {
	if obj == nil {
		obj = []byte("{}")
	}
	dialect.Keep(x, name, obj)
}

// typeOf is the type of an object, "" where it has none.
func typeOf(v []byte) string {
	var kind string
	if t, ok, _ := rawjson.Get(v, "type"); ok && rawjson.IsObject(v) {
		_ = dialect.String(&kind, t)
	}
	return kind
}

// responseID fits an id to what clients of this dialect expect.
func responseID(id string) string {
	if strings.HasPrefix(id, "resp_") {
		return id
	}
	if id == "" {
		id = "0"
	}
	return "resp_" + id
}
