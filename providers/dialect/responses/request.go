package responses

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

func decodeRequest(body []byte) (*llm.Request, error) {
	if err := rawjson.Valid(body); err != nil {
		return nil, dialect.Invalid(dialect.Bad("is " + err.Error()))
	}
	d := requestIn{r: &llm.Request{}}
	d.r.Params.IncludeUsage = true
	it := rawjson.Object(body)
	for it.Next() {
		if err := d.field(&it); err != nil {
			return nil, dialect.Invalid(dialect.At(string(it.Key()), err))
		}
	}
	if it.Err() != nil {
		return nil, dialect.Invalid(dialect.Bad("must be a JSON object"))
	}
	if !d.input && !d.context {
		return nil, dialect.Invalid(dialect.At("input", dialect.Bad("is missing; it must be a string or a list of items")))
	}
	if d.instructions != "" {
		system := llm.Message{Role: llm.RoleSystem, Parts: []llm.Part{{Kind: llm.PartText, Text: d.instructions}}}
		d.r.Messages = append([]llm.Message{system}, d.r.Messages...)
	}
	mark(&d.r.Extra, d.rest.Object())
	return d.r, nil
}

type requestIn struct {
	r            *llm.Request
	instructions string
	input        bool
	context      bool // there is something else than input to answer
	rest         rawjson.Gather
}

func (d *requestIn) field(it *rawjson.Iter) error {
	r, p, v := d.r, &d.r.Params, it.Value()
	switch string(it.Key()) {
	case "model":
		return dialect.String(&r.Model, v)
	case "input":
		return d.items(v)
	case "instructions":
		if rawjson.IsString(v) {
			return dialect.String(&d.instructions, v)
		}
	case "stream":
		return dialect.Bool(&r.Stream, v)
	case "max_output_tokens":
		return dialect.Opt(&p.MaxTokens, v, dialect.Int)
	case "temperature":
		return dialect.Opt(&p.Temperature, v, dialect.Float)
	case "top_p":
		return dialect.Opt(&p.TopP, v, dialect.Float)
	case "top_logprobs":
		return d.logprobs(v)
	case "user":
		return dialect.String(&p.User, v)
	case "service_tier":
		return dialect.String(&p.ServiceTier, v)
	case "tools":
		return d.tools(v)
	case "tool_choice":
		return d.choice(v)
	case "parallel_tool_calls":
		return dialect.Opt(&r.Choice.Parallel, v, dialect.Bool)
	case "reasoning":
		return d.reasoning(v)
	case "text":
		return d.text(v)
	case "previous_response_id", "conversation", "prompt":
		d.context = d.context || !rawjson.IsNull(v)
	}
	if !rawjson.IsNull(v) {
		d.rest.Add(it)
	}
	return nil
}

func (d *requestIn) items(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	d.input = true
	if rawjson.IsString(v) {
		parts, err := decodeContent(v)
		d.r.Messages = append(d.r.Messages, llm.Message{Role: llm.RoleUser, Parts: parts})
		return err
	}
	return dialect.List(v, "must be a string or a list of items", func(_ int, v []byte) error {
		it, err := decodeItem(v, false)
		if err == nil {
			d.add(it)
		}
		return err
	})
}

// add puts an item where it belongs: the assistant's items in a row are one turn.
func (d *requestIn) add(it item) {
	all := d.r.Messages
	if it.role == llm.RoleAssistant && len(all) > 0 && all[len(all)-1].Role == it.role {
		last := &all[len(all)-1]
		last.Parts = join(last.Parts, it.parts)
		return
	}
	if it.role == llm.RoleAssistant {
		it.parts = join(nil, it.parts)
		if len(it.parts) == 0 {
			return
		}
	}
	d.r.Messages = append(all, llm.Message{Role: it.role, Parts: it.parts, Extra: it.extra})
}

// logprobs reads how many alternatives are wanted; to want some is to ask for logprobs.
func (d *requestIn) logprobs(v []byte) error {
	p := &d.r.Params
	err := dialect.Opt(&p.TopLogprobs, v, dialect.Int)
	if p.TopLogprobs != nil && *p.TopLogprobs > 0 {
		on := true
		p.Logprobs = &on
	}
	return err
}

func (d *requestIn) reasoning(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	r := &llm.Reasoning{}
	var rest rawjson.Gather
	err := dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		return key == "effort", text(key == "effort", &r.Effort, v)
	})
	obj := rest.Object()
	if r.Effort != "" || obj != nil {
		dialect.Keep(&r.Extra, name, obj)
		d.r.Params.Reasoning = r
	}
	return err
}

// text reads how the answer is to be written. A format that is not canonical stays with what is unknown.
func (d *requestIn) text(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	var rest rawjson.Gather
	err := dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		if key != "format" || !rawjson.IsObject(v) {
			return false, nil
		}
		f, err := decodeFormat(v)
		d.r.Params.Format = f
		return f != nil, err
	})
	if obj := rest.Object(); obj != nil {
		d.rest.Put("text", obj)
	}
	return err
}

// decodeFormat reads a format; nil where it is of a type that only this dialect knows.
func decodeFormat(v []byte) (*llm.Format, error) {
	f := &llm.Format{Type: typeOf(v)}
	if f.Type != "text" && f.Type != "json_object" && f.Type != "json_schema" {
		return nil, nil
	}
	var rest rawjson.Gather
	err := dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "name":
			return true, dialect.String(&f.Name, v)
		case "description":
			return true, dialect.String(&f.Description, v)
		case "schema":
			f.Schema = bytes.Clone(v)
			return true, nil
		case "strict":
			return true, dialect.Opt(&f.Strict, v, dialect.Bool)
		}
		return false, nil
	})
	return f, err
}
