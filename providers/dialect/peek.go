package dialect

import "heimdall/providers/rawjson"

// Longest notes a value as the longest answer that is allowed. Of several the largest counts; what is no number is left
// to the decoder.
func (p *Peek) Longest(value []byte) {
	if n, ok := rawjson.Int(value); ok {
		p.MaxOutput = max(p.MaxOutput, n)
	}
}

// LongestOf is Longest for a member of an object.
func (p *Peek) LongestOf(object []byte, name string) {
	if v, ok, err := rawjson.Get(object, name); ok && err == nil {
		p.Longest(v)
	}
}

// PeekBody reads what routing needs where the body says it: model, stream, fallbacks, stream_options.include_usage, and
// the longest answer.
// Its only allocation is the model.
func PeekBody(body []byte) (p Peek, err error) {
	it := rawjson.Object(body)
	for it.Next() {
		switch string(it.Key()) {
		case "model":
			p.Model = ""
			err = At("model", String(&p.Model, it.Value()))
		case "stream":
			p.Stream = false
			err = At("stream", Bool(&p.Stream, it.Value()))
		case "fallbacks":
			p.Fallbacks = true
		case "max_tokens", "max_completion_tokens", "max_output_tokens":
			p.Longest(it.Value())
		case "stream_options":
			p.IncludeUsage = false
			if v, ok, _ := rawjson.Get(it.Value(), "include_usage"); ok && rawjson.IsObject(it.Value()) {
				err = At("stream_options.include_usage", Bool(&p.IncludeUsage, v))
			}
		}
		if err != nil {
			return p, Invalid(err)
		}
	}
	if it.Err() != nil {
		return p, Invalid(Shape(it.Err(), body, rawjson.IsObject(body), "must be a JSON object"))
	}
	return p, nil
}
