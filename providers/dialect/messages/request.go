package messages

import (
	"bytes"
	"strconv"

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
	if !d.haveMessages {
		return nil, dialect.Invalid(dialect.At("messages", dialect.Bad("is missing; it must be a list of messages")))
	}
	d.r.Messages = append(d.system, d.turns...)
	if d.outputs != nil {
		d.rest.Put("output_config", d.outputs)
	}
	dialect.Keep(&d.r.Extra, name, d.rest.Object())
	return d.r, nil
}

type requestIn struct {
	r            *llm.Request
	system       []llm.Message
	turns        []llm.Message
	haveMessages bool
	outputs      []byte // members of output_config that are unknown
	rest         rawjson.Gather
}

func (d *requestIn) field(it *rawjson.Iter) error {
	r, p, v := d.r, &d.r.Params, it.Value()
	switch string(it.Key()) {
	case "model":
		return dialect.String(&r.Model, v)
	case "messages":
		return d.messages(v)
	case "system":
		return d.systemText(v)
	case "max_tokens":
		return dialect.Opt(&p.MaxTokens, v, dialect.Int)
	case "stream":
		return dialect.Bool(&r.Stream, v)
	case "temperature":
		return dialect.Opt(&p.Temperature, v, dialect.Float)
	case "top_p":
		return dialect.Opt(&p.TopP, v, dialect.Float)
	case "top_k":
		return dialect.Opt(&p.TopK, v, dialect.Int)
	case "stop_sequences":
		return d.stops(v)
	case "metadata":
		return d.metadata(v)
	case "service_tier":
		return dialect.String(&p.ServiceTier, v)
	case "tools":
		return d.tools(v)
	case "tool_choice":
		return d.choice(v)
	case "thinking":
		return d.thinking(v)
	case "output_config":
		return d.output(v)
	case "output_format":
		return d.format(v)
	}
	if !rawjson.IsNull(v) {
		d.rest.Add(it)
	}
	return nil
}

func (d *requestIn) stops(v []byte) (err error) {
	if !rawjson.IsNull(v) {
		d.r.Params.Stop, err = dialect.Strings(v)
	}
	return err
}

func (d *requestIn) systemText(v []byte) error {
	parts, err := decodeBlocks(v)
	if len(parts) > 0 {
		d.system = []llm.Message{{Role: llm.RoleSystem, Parts: parts}}
	}
	return err
}

func (d *requestIn) messages(v []byte) error {
	d.haveMessages = true
	return dialect.List(v, "must be a list of messages", func(_ int, v []byte) error {
		m, err := decodeTurn(v)
		d.turns = append(d.turns, m)
		return err
	})
}

func decodeTurn(v []byte) (m llm.Message, err error) {
	var rest rawjson.Gather
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "role":
			err = dialect.String((*string)(&m.Role), v)
		case "content":
			m.Parts, err = decodeBlocks(v)
		default:
			rest.Add(&it)
		}
		if err != nil {
			return m, dialect.At(string(it.Key()), err)
		}
	}
	if it.Err() != nil {
		return m, dialect.Bad("must be an object with a role and content")
	}
	if m.Role != llm.RoleUser && m.Role != llm.RoleAssistant && m.Role != llm.RoleSystem {
		return m, dialect.At("role", dialect.Bad("must be user or assistant, not "+strconv.Quote(string(m.Role))))
	}
	dialect.Keep(&m.Extra, name, rest.Object())
	return m, nil
}

func (d *requestIn) metadata(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	var rest rawjson.Gather
	err := dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		return key == "user_id", read(key == "user_id", &d.r.Params.User, v)
	})
	if obj := rest.Object(); obj != nil {
		d.rest.Put("metadata", obj)
	}
	return err
}

func (d *requestIn) tools(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	return dialect.List(v, "must be a list of tools", func(_ int, v []byte) error {
		t, err := decodeTool(v)
		d.r.Tools = append(d.r.Tools, t)
		return err
	})
}

func decodeTool(v []byte) (t llm.Tool, err error) {
	if !rawjson.IsObject(v) {
		return t, dialect.Bad("must be an object")
	}
	kind, typed, _ := rawjson.Get(v, "type")
	if typed && !rawjson.IsNull(kind) && !rawjson.EqualString(kind, "custom") {
		dialect.Keep(&t.Extra, name, v)
		return t, nil
	}
	var rest rawjson.Gather
	err = dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "name":
			return true, dialect.String(&t.Name, v)
		case "description":
			return true, dialect.String(&t.Description, v)
		case "strict":
			return true, dialect.Opt(&t.Strict, v, dialect.Bool)
		case "input_schema":
			t.Schema = bytes.Clone(v)
			return true, nil
		}
		return false, nil
	})
	if err == nil && t.Name == "" {
		err = dialect.At("name", dialect.Bad("is missing"))
	}
	dialect.Keep(&t.Extra, name, rest.Object())
	return t, err
}

var choiceModes = map[string]string{"auto": llm.ChoiceAuto, "any": llm.ChoiceRequired, "tool": llm.ChoiceTool, "none": llm.ChoiceNone}

func (d *requestIn) choice(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	c := &d.r.Choice
	kind, err := blockType(v)
	if err != nil {
		return err
	}
	mode, ok := choiceModes[kind]
	if !ok {
		return dialect.At("type", dialect.Bad("must be auto, any, tool or none"))
	}
	c.Mode = mode
	var rest rawjson.Gather
	err = dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "name":
			return true, dialect.String(&c.Name, v)
		case "disable_parallel_tool_use":
			var off *bool
			err := dialect.Opt(&off, v, dialect.Bool)
			if off != nil {
				on := !*off
				c.Parallel = &on
			}
			return true, err
		}
		return false, nil
	})
	dialect.Keep(&c.Extra, name, rest.Object())
	return err
}

func (d *requestIn) reasoning() *llm.Reasoning {
	if d.r.Params.Reasoning == nil {
		d.r.Params.Reasoning = &llm.Reasoning{}
	}
	return d.r.Params.Reasoning
}

// thinking reads the switch. A type other than on and off stays in Extra.
func (d *requestIn) thinking(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	r := d.reasoning()
	kind, err := blockType(v)
	if err != nil {
		return err
	}
	on := kind != "disabled"
	r.Enabled = &on
	var rest rawjson.Gather
	if kind != "enabled" && kind != "disabled" {
		rest.Put("type", rawjson.AppendString(nil, kind))
	}
	err = dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		return key == "budget_tokens", d.budget(key == "budget_tokens", v)
	})
	if obj := rest.Object(); obj != nil {
		dialect.Keep(&r.Extra, name, obj)
	}
	return err
}

func (d *requestIn) budget(fits bool, v []byte) error {
	if !fits {
		return nil
	}
	return dialect.Opt(&d.reasoning().Budget, v, dialect.Int)
}

// output reads output_config. An effort that comes from here marks the reasoning as of this dialect.
func (d *requestIn) output(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	var rest rawjson.Gather
	err := dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		switch {
		case key == "format":
			return true, d.format(v)
		case key == "effort" && rawjson.IsString(v):
			r := d.reasoning()
			if r.Extra[name] == nil {
				dialect.Keep(&r.Extra, name, []byte(`{}`))
			}
			return true, dialect.String(&r.Effort, v)
		}
		return false, nil
	})
	d.outputs = rest.Object()
	return err
}

func (d *requestIn) format(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	f := &llm.Format{}
	var rest rawjson.Gather
	kind, err := blockType(v)
	if err != nil {
		return err
	}
	f.Type = kind
	d.r.Params.Format = f
	return dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "schema":
			f.Schema = bytes.Clone(v)
		case "name":
			return true, dialect.String(&f.Name, v)
		}
		return true, nil
	})
}
