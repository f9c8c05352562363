package generate

import (
	"bytes"
	"strconv"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// decodeRequest reads a body. The Extra of what it returns is never without this dialect: that is how encoding knows
// that the turns are as the endpoint wants them.
func decodeRequest(path dialect.Path, body []byte) (*llm.Request, error) {
	if err := rawjson.Valid(body); err != nil {
		return nil, dialect.Invalid(dialect.Bad("is " + err.Error()))
	}
	d := requestIn{r: &llm.Request{Model: path.Model, Stream: path.Stream}}
	d.r.Params.IncludeUsage = true
	if err := d.object(body); err != nil {
		return nil, dialect.Invalid(err)
	}
	return d.r, nil
}

func (d *requestIn) object(body []byte) error {
	if err := members(body, &d.rest, d.field); err != nil {
		if !rawjson.IsObject(body) {
			return dialect.Bad("must be a JSON object")
		}
		return err
	}
	if !d.haveContents {
		return dialect.At("contents", dialect.Bad("is missing; it must be a list of contents"))
	}
	d.r.Messages = append(d.system, d.turns...)
	obj := d.rest.Object()
	if obj == nil {
		obj = []byte(`{}`)
	}
	dialect.Keep(&d.r.Extra, name, obj)
	return nil
}

type requestIn struct {
	r            *llm.Request
	system       []llm.Message
	turns        []llm.Message
	haveContents bool
	calls        []*callMade
	rest         rawjson.Gather
}

// callMade is a call of an earlier turn.
type callMade struct {
	id, name string
	answered bool
}

func (d *requestIn) field(key string, v []byte) (bool, error) {
	switch key {
	case "contents":
		return true, d.contents(v)
	case "systemInstruction":
		return true, d.instruction(v)
	case "tools":
		return true, d.tools(v)
	case "toolConfig":
		return true, d.toolConfig(v)
	case "generationConfig":
		return true, d.config(v)
	case "model": // the URL names it
		return d.r.Model != "", nil
	}
	return false, nil
}

func (d *requestIn) contents(v []byte) error {
	d.haveContents = true
	return dialect.List(v, "must be a list of contents", func(_ int, v []byte) error {
		m, err := d.turn(v)
		d.turns = append(d.turns, m)
		return err
	})
}

func (d *requestIn) turn(v []byte) (m llm.Message, err error) {
	var rest rawjson.Gather
	role := roleUser
	err = members(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "role":
			return true, dialect.String(&role, v)
		case "parts":
			m.Parts, err = d.parts(v)
			return true, err
		}
		return false, nil
	})
	switch {
	case err != nil:
		return m, err
	case role == roleModel:
		m.Role = llm.RoleAssistant
	case role == roleUser, role == "function", role == "":
		m.Role = llm.RoleUser
	default:
		return m, dialect.At("role", dialect.Bad("must be user or model, not "+strconv.Quote(role)))
	}
	dialect.Keep(&m.Extra, name, rest.Object())
	return m, nil
}

func (d *requestIn) parts(v []byte) ([]llm.Part, error) {
	if rawjson.IsNull(v) {
		return nil, nil
	}
	var t turnIn
	err := dialect.List(v, "must be a list of parts", func(_ int, v []byte) error {
		p, err := decodePart(v)
		if err != nil {
			return err
		}
		switch p.Kind {
		case llm.PartCall:
			d.made(&p)
		case llm.PartResult:
			d.answer(p.Result)
		case llm.PartText, llm.PartMedia, llm.PartReasoning, llm.PartRefusal, llm.PartOpaque:
		}
		t.add(p)
		return nil
	})
	return t.parts, err
}

// made takes note of a call, and gives it an id if it has none. Pieces of arguments are no part of a call that is over.
func (d *requestIn) made(p *partIn) {
	if p.Call.ID == "" {
		p.Call.ID = "call_" + strconv.Itoa(len(d.calls))
	}
	d.calls = append(d.calls, &callMade{id: p.Call.ID, name: p.Call.Name})
}

// answer finds the call that a result without an id answers: the first of its name that has no answer yet.
func (d *requestIn) answer(r *llm.ToolResult) {
	for _, c := range d.calls {
		if c.answered || r.ID != "" && r.ID != c.id || r.ID == "" && r.Name != c.name {
			continue
		}
		c.answered = true
		r.ID = c.id
		if r.Name == "" {
			r.Name = c.name
		}
		return
	}
	if r.ID == "" {
		r.ID = "call_" + r.Name
	}
}

// instruction reads the system text: a content, its parts, a part, or a string.
func (d *requestIn) instruction(v []byte) error {
	var parts []llm.Part
	var err error
	inner, nested, _ := rawjson.Get(v, "parts")
	switch {
	case rawjson.IsNull(v):
		return nil
	case rawjson.IsString(v):
		p := llm.Part{Kind: llm.PartText}
		if err = dialect.String(&p.Text, v); p.Text != "" {
			parts = []llm.Part{p}
		}
	case rawjson.IsArray(v):
		parts, err = d.parts(v)
	case rawjson.IsObject(v) && nested:
		parts, err = d.parts(inner)
		err = dialect.At("parts", err)
	case rawjson.IsObject(v):
		parts, err = d.parts(append(append([]byte{'['}, v...), ']'))
	default:
		err = dialect.Bad("must be a content or a string")
	}
	if len(parts) > 0 {
		d.system = []llm.Message{{Role: llm.RoleSystem, Parts: parts}}
	}
	return err
}

// tools reads the list. An object may declare functions and switch on a tool of the provider, too: these become tools
// of their own.
func (d *requestIn) tools(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	return dialect.List(v, "must be a list of tools", func(_ int, v []byte) error {
		var rest rawjson.Gather
		err := members(v, &rest, func(key string, v []byte) (bool, error) {
			if key != "functionDeclarations" || rawjson.IsNull(v) {
				return false, nil
			}
			return true, dialect.List(v, "must be a list of functions", func(_ int, v []byte) error {
				t, err := decodeTool(v)
				d.r.Tools = append(d.r.Tools, t)
				return err
			})
		})
		if obj := rest.Object(); obj != nil {
			var t llm.Tool
			dialect.Keep(&t.Extra, name, obj)
			d.r.Tools = append(d.r.Tools, t)
		}
		return err
	})
}

func decodeTool(v []byte) (t llm.Tool, err error) {
	var rest rawjson.Gather
	var old []byte
	err = members(v, &rest, func(key string, v []byte) (bool, error) {
		switch {
		case key == "name":
			return true, dialect.String(&t.Name, v)
		case key == "description":
			return true, dialect.String(&t.Description, v)
		case key == "parametersJsonSchema" && !rawjson.IsNull(v):
			t.Schema = bytes.Clone(v)
			return true, nil
		case key == "parameters" && !rawjson.IsNull(v):
			old = v
			return true, nil
		}
		return false, nil
	})
	if err == nil && t.Name == "" {
		err = dialect.At("name", dialect.Bad("is missing"))
	}
	if t.Schema == nil && old != nil {
		t.Schema = jsonSchema(old)
	}
	dialect.Keep(&t.Extra, name, rest.Object())
	return t, err
}

func (d *requestIn) toolConfig(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	var rest rawjson.Gather
	err := members(v, &rest, func(key string, v []byte) (bool, error) {
		if key != "functionCallingConfig" || rawjson.IsNull(v) {
			return false, nil
		}
		left, err := d.choice(v)
		if left != nil {
			rest.Put(key, left)
		}
		return true, err
	})
	dialect.Keep(&d.r.Choice.Extra, name, rest.Object())
	return err
}

// choice reads which functions may be called, and returns what the canonical form has no word for.
func (d *requestIn) choice(v []byte) ([]byte, error) {
	var rest rawjson.Gather
	var mode string
	var names []string
	var list []byte
	err := members(v, &rest, func(key string, v []byte) (took bool, err error) {
		switch {
		case key == "mode":
			return true, dialect.String(&mode, v)
		case key == "allowedFunctionNames" && !rawjson.IsNull(v):
			list = v
			names, err = dialect.Strings(v)
			return true, err
		}
		return false, nil
	})
	c := &d.r.Choice
	switch mode {
	case "", "MODE_UNSPECIFIED":
	case "AUTO":
		c.Mode = llm.ChoiceAuto
	case "NONE":
		c.Mode = llm.ChoiceNone
	case "ANY":
		c.Mode = llm.ChoiceRequired
		if len(names) == 1 {
			c.Mode, c.Name, names = llm.ChoiceTool, names[0], nil
		}
	default: // VALIDATED, or a word of tomorrow
		c.Mode = llm.ChoiceAuto
		rest.Put("mode", rawjson.AppendString(nil, mode))
	}
	if len(names) > 0 {
		rest.Put("allowedFunctionNames", list)
	}
	return rest.Object(), err
}
