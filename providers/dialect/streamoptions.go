package dialect

import (
	"bytes"

	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// Some endpoints report a stream's usage only where stream_options.include_usage asks for it, in a last chunk without
// choices.

// StreamOptions is the UsageAsker of such an endpoint.
type StreamOptions struct{}

// AskUsage puts stream_options.include_usage into a body; what else is in stream_options stays.
func (StreamOptions) AskUsage(dst, body []byte) ([]byte, error) {
	options, found, err := rawjson.Get(body, "stream_options")
	if err != nil {
		return dst, Invalid(err)
	}
	asked := []byte(`{"include_usage":true}`)
	if found && rawjson.IsObject(options) {
		if asked, err = rawjson.Set(nil, options, "include_usage", []byte("true")); err != nil {
			return dst, Invalid(err)
		}
	}
	return rawjson.Set(dst, body, "stream_options", asked)
}

// UsageOnly recognises the chunk that reports the usage and holds no choice.
func (StreamOptions) UsageOnly(frame []byte) bool {
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

// ReadStreamOptions reads stream_options: whether usage is asked for, and the object of all else, nil if there is none.
func ReadStreamOptions(includeUsage *bool, v []byte) (rest []byte, err error) {
	if rawjson.IsNull(v) {
		return nil, nil
	}
	var others rawjson.Gather
	it := rawjson.Object(v)
	for it.Next() {
		if string(it.Key()) == "include_usage" {
			if err := Bool(includeUsage, it.Value()); err != nil {
				return nil, At("include_usage", err)
			}
			continue
		}
		others.Add(&it)
	}
	return others.Object(), Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
}

var _ UsageAsker = StreamOptions{}
