package dialect

import "heimdall/providers/rawjson"

// PeekBody reads what routing needs where the body says it: model, stream, fallbacks, and stream_options.include_usage.
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
