package converse

import (
	"bytes"
	"strconv"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

func decodeRequest(path dialect.Path, body []byte) (*llm.Request, error) {
	if err := rawjson.Valid(body); err != nil {
		return nil, dialect.Invalid(dialect.Bad("is " + err.Error()))
	}
	d := requestIn{r: &llm.Request{Model: path.Model, Stream: path.Stream}, family: familyOf(path.Model)}
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
	dialect.Keep(&d.r.Extra, name, d.rest.Object())
	return d.r, nil
}

type requestIn struct {
	r            *llm.Request
	family       family
	system       []llm.Message
	turns        []llm.Message
	haveMessages bool
	rest         rawjson.Gather
}

func (d *requestIn) field(it *rawjson.Iter) error {
	v := it.Value()
	if rawjson.IsNull(v) && string(it.Key()) != "messages" {
		return nil
	}
	switch string(it.Key()) {
	case "messages":
		return d.messages(v)
	case "system":
		return d.systemText(v)
	case "inferenceConfig":
		return d.inference(v)
	case "toolConfig":
		return d.tools(v)
	case "outputConfig":
		return d.output(v)
	case additionalRequest:
		return d.additional(v)
	case "serviceTier":
		return d.tier(v)
	}
	d.rest.Add(it)
	return nil
}

// object walks an object of the request; the members that take leaves stay in Extra under key.
func (d *requestIn) object(key string, v []byte, take func(key string, v []byte) (bool, error)) error {
	var rest rawjson.Gather
	err := members(v, &rest, take)
	if obj := rest.Object(); obj != nil {
		d.rest.Put(key, obj)
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
	if !rawjson.IsObject(v) {
		return m, dialect.Bad("must be an object with a role and content")
	}
	err = members(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "role":
			return true, dialect.String((*string)(&m.Role), v)
		case "content":
			m.Parts, err = decodeBlocks(v)
			return true, err
		}
		return false, nil
	})
	if err == nil && m.Role != llm.RoleUser && m.Role != llm.RoleAssistant && m.Role != llm.RoleSystem {
		err = dialect.At("role", dialect.Bad("must be user or assistant, not "+strconv.Quote(string(m.Role))))
	}
	dialect.Keep(&m.Extra, name, rest.Object())
	return m, err
}

func (d *requestIn) systemText(v []byte) error {
	parts, err := decodeBlocks(v)
	if len(parts) > 0 {
		d.system = []llm.Message{{Role: llm.RoleSystem, Parts: parts}}
	}
	return err
}

func (d *requestIn) inference(v []byte) error {
	p := &d.r.Params
	return d.object("inferenceConfig", v, func(key string, v []byte) (_ bool, err error) {
		switch key {
		case "maxTokens":
			return true, dialect.Opt(&p.MaxTokens, v, dialect.Int)
		case "temperature":
			return true, dialect.Opt(&p.Temperature, v, dialect.Float)
		case "topP":
			return true, dialect.Opt(&p.TopP, v, dialect.Float)
		case "stopSequences":
			if !rawjson.IsNull(v) {
				p.Stop, err = dialect.Strings(v)
			}
			return true, err
		}
		return false, nil
	})
}

func (d *requestIn) tier(v []byte) error {
	return d.object("serviceTier", v, func(key string, v []byte) (bool, error) {
		if key != "type" {
			return false, nil
		}
		return true, dialect.String(&d.r.Params.ServiceTier, v)
	})
}

func (d *requestIn) tools(v []byte) error {
	return d.object("toolConfig", v, func(key string, v []byte) (bool, error) {
		switch key {
		case "tools":
			if rawjson.IsNull(v) {
				return true, nil
			}
			return true, dialect.List(v, "must be a list of tools", func(_ int, v []byte) error { return d.tool(v) })
		case "toolChoice":
			return true, d.choice(v)
		}
		return false, nil
	})
}

// tool reads a tool. A cache point belongs to the tool before it; what else is no specification stays opaque.
func (d *requestIn) tool(v []byte) (err error) {
	if !rawjson.IsObject(v) {
		return dialect.Bad("must be an object")
	}
	if point, ok := cachePoint(v); ok && len(d.r.Tools) > 0 {
		if last := &d.r.Tools[len(d.r.Tools)-1]; last.Name != "" && cacheMark(last.Extra) == nil {
			mark(&last.Extra, point)
			return nil
		}
	}
	var t llm.Tool
	spec, ok, _ := rawjson.Get(v, "toolSpec")
	if !ok {
		dialect.Keep(&t.Extra, name, v)
		d.r.Tools = append(d.r.Tools, t)
		return nil
	}
	var rest rawjson.Gather
	err = members(spec, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "name":
			return true, dialect.String(&t.Name, v)
		case "description":
			return true, dialect.String(&t.Description, v)
		case "strict":
			return true, dialect.Opt(&t.Strict, v, dialect.Bool)
		case "inputSchema":
			return true, members(v, &rest, func(key string, v []byte) (bool, error) {
				if key == "json" {
					t.Schema = bytes.Clone(v)
				}
				return key == "json", nil
			})
		}
		return false, nil
	})
	if err == nil && t.Name == "" {
		err = dialect.At("name", dialect.Bad("is missing"))
	}
	dialect.Keep(&t.Extra, name, rest.Object())
	d.r.Tools = append(d.r.Tools, t)
	return dialect.At("toolSpec", err)
}

func (d *requestIn) choice(v []byte) error {
	c := &d.r.Choice
	if rawjson.IsNull(v) {
		return nil
	}
	it := rawjson.Object(v)
	for it.Next() {
		switch value := it.Value(); string(it.Key()) {
		case "auto":
			c.Mode = llm.ChoiceAuto
		case "any":
			c.Mode = llm.ChoiceRequired
		case "tool":
			c.Mode = llm.ChoiceTool
			if rawjson.IsObject(value) {
				n, _, _ := rawjson.Get(value, "name")
				if err := dialect.String(&c.Name, n); err != nil {
					return dialect.At("tool.name", err)
				}
			}
		}
	}
	if it.Err() != nil || c.Mode == "" {
		return dialect.Bad("must be an object with auto, any or tool")
	}
	return nil
}

func (d *requestIn) output(v []byte) error {
	return d.object("outputConfig", v, func(key string, v []byte) (bool, error) {
		switch {
		case key == "effort" && d.family.own && rawjson.IsString(v):
			d.ownReasoning()
			return true, dialect.String(&d.reasoning().Effort, v)
		case key == "textFormat":
			return true, d.format(v)
		}
		return false, nil
	})
}

// format reads the constraint of the answer. Its schema is JSON text inside the JSON.
func (d *requestIn) format(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	f := &llm.Format{}
	d.r.Params.Format = f
	var rest rawjson.Gather
	return members(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "type":
			return true, dialect.String(&f.Type, v)
		case "structure":
			schema, _, _ := rawjson.Get(v, "jsonSchema")
			return true, dialect.At("jsonSchema", members(schema, &rest, func(key string, v []byte) (bool, error) {
				switch key {
				case "name":
					return true, dialect.String(&f.Name, v)
				case "description":
					return true, dialect.String(&f.Description, v)
				case "schema":
					return true, decodeSchema(f, v)
				}
				return true, nil
			}))
		}
		return true, nil
	})
}

func decodeSchema(f *llm.Format, v []byte) error {
	var text string
	if err := dialect.String(&text, v); err != nil {
		return err
	}
	if rawjson.Valid([]byte(text)) != nil {
		return dialect.Bad("must be a JSON schema as text")
	}
	f.Schema = []byte(text)
	return nil
}
