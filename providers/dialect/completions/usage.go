package completions

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// AskUsage puts stream_options.include_usage into a body; what else is in stream_options stays.
func (client) AskUsage(dst, body []byte) ([]byte, error) {
	options, found, err := rawjson.Get(body, "stream_options")
	if err != nil {
		return dst, dialect.Invalid(err)
	}
	asked := []byte(`{"include_usage":true}`)
	if found && rawjson.IsObject(options) {
		if asked, err = rawjson.Set(nil, options, "include_usage", []byte("true")); err != nil {
			return dst, dialect.Invalid(err)
		}
	}
	return rawjson.Set(dst, body, "stream_options", asked)
}

// UsageOnly recognises the chunk that reports the usage and holds no choice.
func (client) UsageOnly(frame []byte) bool {
	if !bytes.Contains(frame, []byte(`"usage"`)) {
		return false
	}
	var e sse.Event
	e.Parse(frame)
	usage, _, _ := rawjson.Get(e.Data, "usage")
	choices, _, _ := rawjson.Get(e.Data, "choices")
	return rawjson.IsObject(usage) && rawjson.IsArray(choices) && empty(choices)
}

func empty(list []byte) bool {
	it := rawjson.Array(list)
	return !it.Next() && it.Err() == nil
}

var _ dialect.UsageAsker = client{}
