package coherechat

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
	it := rawjson.Object(body)
	for it.Next() {
		if err := d.field(&it); err != nil {
			return nil, dialect.Invalid(dialect.At(string(it.Key()), err))
		}
	}
	if it.Err() != nil {
		return nil, dialect.Invalid(dialect.Bad("must be a JSON object"))
	}
	if d.r.Messages == nil {
		return nil, dialect.Invalid(dialect.At("messages", dialect.Bad("is missing; it must be a list of messages")))
	}
	d.strictTools()
	keep(&d.r.Extra, &d.rest)
	return d.r, nil
}

type requestIn struct {
	r      *llm.Request
	strict *bool
	rest   rawjson.Gather
}

func (d *requestIn) field(it *rawjson.Iter) error {
	r, v := d.r, it.Value()
	switch string(it.Key()) {
	case "model":
		return dialect.String(&r.Model, v)
	case "messages":
		return d.messages(v)
	case "stream":
		return dialect.Bool(&r.Stream, v)
	case "tools":
		return d.tools(v)
	case "strict_tools":
		return dialect.Opt(&d.strict, v, dialect.Bool)
	case "tool_choice":
		return d.choice(v)
	case "response_format":
		return d.format(v)
	case "thinking":
		return d.thinking(v)
	default:
		return d.param(it)
	}
}

// param reads the knobs; what is none of them is unknown.
func (d *requestIn) param(it *rawjson.Iter) (err error) {
	p, v := &d.r.Params, it.Value()
	switch string(it.Key()) {
	case "max_tokens":
		return dialect.Opt(&p.MaxTokens, v, dialect.Int)
	case "temperature":
		return dialect.Opt(&p.Temperature, v, dialect.Float)
	case "p":
		return dialect.Opt(&p.TopP, v, dialect.Float)
	case "k":
		return dialect.Opt(&p.TopK, v, dialect.Int)
	case "stop_sequences":
		if !rawjson.IsNull(v) {
			p.Stop, err = dialect.Strings(v)
		}
		return err
	case "seed":
		return dialect.Opt(&p.Seed, v, dialect.Int)
	case "presence_penalty":
		return dialect.Opt(&p.PresencePenalty, v, dialect.Float)
	case "frequency_penalty":
		return dialect.Opt(&p.FrequencyPenalty, v, dialect.Float)
	case "logprobs":
		return dialect.Opt(&p.Logprobs, v, dialect.Bool)
	}
	if !rawjson.IsNull(v) {
		d.rest.Add(it)
	}
	return nil
}

// strictTools marks the tools, for dialects where each has its own mark.
func (d *requestIn) strictTools() {
	if d.strict == nil {
		return
	}
	marked := false
	for i := range d.r.Tools {
		if t := &d.r.Tools[i]; t.Name != "" {
			strict := *d.strict
			t.Strict, marked = &strict, true
		}
	}
	if !marked {
		d.rest.Put("strict_tools", strconv.AppendBool(nil, *d.strict))
	}
}

func (d *requestIn) choice(v []byte) error {
	var word string
	if err := dialect.String(&word, v); err != nil {
		return err
	}
	switch word {
	case "":
	case "REQUIRED":
		d.r.Choice.Mode = llm.ChoiceRequired
	case "NONE":
		d.r.Choice.Mode = llm.ChoiceNone
	default:
		return dialect.Bad("must be REQUIRED or NONE; leave it out to let the model choose")
	}
	return nil
}

// format reads response_format; a JSON object with a schema is what other dialects call a format of its own.
func (d *requestIn) format(v []byte) (err error) {
	if rawjson.IsNull(v) {
		return nil
	}
	f := &llm.Format{}
	var kind string
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "type":
			err = dialect.At("type", dialect.String(&kind, v))
		case "json_schema", "schema":
			if !rawjson.IsNull(v) {
				f.Schema = bytes.Clone(v)
			}
		}
		if err != nil {
			return err
		}
	}
	switch {
	case kind == "json_object" && f.Schema != nil:
		f.Type = "json_schema"
	case kind == "json_object" || kind == "text" && f.Schema == nil:
		f.Type = kind
	default:
		d.rest.Put("response_format", v)
		return dialect.Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
	}
	d.r.Params.Format = f
	return nil
}

// thinking reads how to think. Its Extra is never nil: that is how the encoder knows its own words.
func (d *requestIn) thinking(v []byte) (err error) {
	if rawjson.IsNull(v) {
		return nil
	}
	r := &llm.Reasoning{}
	var rest rawjson.Gather
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "type":
			on := rawjson.EqualString(v, "enabled")
			if !on && !rawjson.EqualString(v, "disabled") {
				rest.Add(&it)
				continue
			}
			r.Enabled = &on
		case "token_budget":
			err = dialect.At("token_budget", dialect.Opt(&r.Budget, v, dialect.Int))
		default:
			rest.Add(&it)
		}
		if err != nil {
			return err
		}
	}
	obj := rest.Object()
	if obj == nil {
		obj = []byte(`{}`)
	}
	dialect.Keep(&r.Extra, name, obj)
	d.r.Params.Reasoning = r
	return dialect.Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
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
	fn, ok, _ := rawjson.Get(v, "function")
	kind, typed, _ := rawjson.Get(v, "type")
	if !ok || typed && !rawjson.EqualString(kind, "function") {
		dialect.Keep(&t.Extra, name, v)
		return t, nil
	}
	var rest, inner rawjson.Gather
	it := rawjson.Object(fn)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "name":
			err = dialect.String(&t.Name, v)
		case "description":
			err = dialect.String(&t.Description, v)
		case "parameters":
			if !rawjson.IsNull(v) {
				t.Schema = bytes.Clone(v)
			}
		default:
			inner.Add(&it)
		}
		if err != nil {
			return t, dialect.At("function."+string(it.Key()), err)
		}
	}
	if it.Err() != nil || t.Name == "" {
		return t, dialect.At("function", dialect.Bad("must be an object with a name"))
	}
	if left := inner.Object(); left != nil {
		rest.Put("function", left)
	}
	gather(&rest, v, "type", "function")
	keep(&t.Extra, &rest)
	return t, nil
}

// gather adds the members of obj that are neither null nor among known.
func gather(rest *rawjson.Gather, obj []byte, known ...string) {
	it := rawjson.Object(obj)
next:
	for it.Next() {
		for _, k := range known {
			if string(it.Key()) == k {
				continue next
			}
		}
		if !rawjson.IsNull(it.Value()) {
			rest.Add(&it)
		}
	}
}

func (d *requestIn) messages(v []byte) error {
	d.r.Messages = []llm.Message{}
	return dialect.List(v, "must be a list of messages", func(_ int, v []byte) error {
		in, err := decodeMessage(v)
		if err != nil {
			return err
		}
		m, err := in.turn()
		d.r.Messages = append(d.r.Messages, m)
		return err
	})
}

// turn makes the canonical message of one that a request holds.
func (m *message) turn() (llm.Message, error) {
	t := llm.Message{Role: llm.Role(m.role), Parts: m.parts()}
	keep(&t.Extra, &m.rest)
	switch t.Role {
	case llm.RoleSystem, llm.RoleUser, llm.RoleAssistant:
		return t, nil
	case llm.RoleTool:
		if m.callID == "" {
			return t, dialect.At("tool_call_id", dialect.Bad("is missing; it names the call that this answers"))
		}
		t.Parts = []llm.Part{{Kind: llm.PartResult, Result: &llm.ToolResult{ID: m.callID, Parts: t.Parts}}}
		return t, nil
	default:
		return t, dialect.At("role", dialect.Bad("must be system, user, assistant or tool, not "+strconv.Quote(m.role)))
	}
}
