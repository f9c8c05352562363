package generate

import (
	"bytes"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// formatIn is what a request says of the form of its answer.
type formatIn struct {
	mime   string
	schema []byte // JSON schema
	old    []byte // in the older notation
}

// config reads generationConfig.
func (d *requestIn) config(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	var rest rawjson.Gather
	var f formatIn
	err := members(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "responseMimeType":
			return true, dialect.String(&f.mime, v)
		case "responseSchema":
			f.old = v
			return true, nil
		case "responseJsonSchema":
			f.schema = v
			return true, nil
		case "thinkingConfig":
			return true, d.thinking(v)
		}
		return d.param(key, v)
	})
	d.format(f, &rest)
	if obj := rest.Object(); obj != nil {
		d.rest.Put("generationConfig", obj)
	}
	return err
}

func (d *requestIn) param(key string, v []byte) (took bool, err error) {
	p := &d.r.Params
	switch key {
	case "maxOutputTokens":
		return true, dialect.Opt(&p.MaxTokens, v, dialect.Int)
	case "temperature":
		return true, dialect.Opt(&p.Temperature, v, dialect.Float)
	case "topP":
		return true, dialect.Opt(&p.TopP, v, dialect.Float)
	case "topK":
		return true, dialect.Opt(&p.TopK, v, dialect.Int)
	case "stopSequences":
		if !rawjson.IsNull(v) {
			p.Stop, err = dialect.Strings(v)
		}
		return true, err
	case "seed":
		return true, dialect.Opt(&p.Seed, v, dialect.Int)
	case "presencePenalty":
		return true, dialect.Opt(&p.PresencePenalty, v, dialect.Float)
	case "frequencyPenalty":
		return true, dialect.Opt(&p.FrequencyPenalty, v, dialect.Float)
	case "candidateCount":
		return true, dialect.Opt(&p.N, v, dialect.Int)
	case "responseLogprobs":
		return true, dialect.Opt(&p.Logprobs, v, dialect.Bool)
	case "logprobs":
		return true, dialect.Opt(&p.TopLogprobs, v, dialect.Int)
	}
	return false, nil
}

// format settles the form. What no other dialect has, an answer that is one word of an enumeration say, stays unknown.
func (d *requestIn) format(f formatIn, rest *rawjson.Gather) {
	given := func(v []byte) bool { return v != nil && !rawjson.IsNull(v) }
	switch {
	case f.mime == mimeJSON:
		out := &llm.Format{Type: "json_object"}
		if given(f.schema) {
			out.Type, out.Schema = "json_schema", bytes.Clone(f.schema)
		} else if given(f.old) {
			out.Type, out.Schema = "json_schema", jsonSchema(f.old)
		}
		d.r.Params.Format = out
		return
	case f.mime == mimeText && !given(f.schema) && !given(f.old):
		d.r.Params.Format = &llm.Format{Type: "text"}
		return
	case f.mime != "":
		rest.Put("responseMimeType", rawjson.AppendString(nil, f.mime))
	}
	if given(f.schema) {
		rest.Put("responseJsonSchema", f.schema)
	}
	if given(f.old) {
		rest.Put("responseSchema", f.old)
	}
}

// thinking reads thinkingConfig. Thoughts that are asked for switch thinking on and a budget of 0 switches it off; a
// budget that leaves the amount to the model stays unknown.
func (d *requestIn) thinking(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	r := &llm.Reasoning{}
	var rest rawjson.Gather
	var show *bool
	err := members(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "includeThoughts":
			return true, dialect.Opt(&show, v, dialect.Bool)
		case "thinkingLevel":
			err := dialect.String(&r.Effort, v)
			r.Effort = strings.ToLower(r.Effort)
			return true, err
		case "thinkingBudget":
			var n *int64
			if err := dialect.Opt(&n, v, dialect.Int); err != nil || n == nil || *n < 0 {
				return false, err
			}
			if *n == 0 {
				r.Enabled = new(bool)
			} else {
				r.Budget = n
			}
			return true, nil
		}
		return false, nil
	})
	switch {
	case show == nil:
	case *show && r.Enabled == nil:
		r.Enabled = show
	case *show:
		rest.Put("includeThoughts", []byte("true"))
	default:
		rest.Put("includeThoughts", []byte("false"))
	}
	obj := rest.Object()
	if obj == nil {
		obj = []byte(`{}`) // says that it is of this dialect
	}
	dialect.Keep(&r.Extra, name, obj)
	d.r.Params.Reasoning = r
	return err
}
