package chat

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
	keep(&d.r.Extra, &d.rest)
	return d.r, nil
}

type requestIn struct {
	r    *llm.Request
	rest rawjson.Gather
}

func (d *requestIn) field(it *rawjson.Iter) (err error) {
	r, v := d.r, it.Value()
	switch string(it.Key()) {
	case "model":
		return dialect.String(&r.Model, v)
	case "messages":
		return d.messages(v)
	case "stream":
		return dialect.Bool(&r.Stream, v)
	case "stream_options":
		return d.streamOptions(v)
	case "tools":
		return d.tools(v)
	case "tool_choice":
		return d.choice(v)
	case "parallel_tool_calls":
		return dialect.Opt(&r.Choice.Parallel, v, dialect.Bool)
	case "response_format":
		return d.format(v)
	case "reasoning_effort":
		return d.effort(v)
	case "reasoning":
		return d.reasoningObject(v)
	case "reasoning_max_tokens":
		return d.budget(v)
	default:
		return d.param(it)
	}
}

// param reads the knobs; what is none of them is unknown.
func (d *requestIn) param(it *rawjson.Iter) (err error) {
	p, v := &d.r.Params, it.Value()
	switch string(it.Key()) {
	case "max_tokens", "max_completion_tokens":
		return dialect.Opt(&p.MaxTokens, v, dialect.Int)
	case "temperature":
		return dialect.Opt(&p.Temperature, v, dialect.Float)
	case "top_p":
		return dialect.Opt(&p.TopP, v, dialect.Float)
	case "top_k":
		return dialect.Opt(&p.TopK, v, dialect.Int)
	case "stop":
		return d.stop(v)
	case "seed":
		return dialect.Opt(&p.Seed, v, dialect.Int)
	case "presence_penalty":
		return dialect.Opt(&p.PresencePenalty, v, dialect.Float)
	case "frequency_penalty":
		return dialect.Opt(&p.FrequencyPenalty, v, dialect.Float)
	case "n":
		return dialect.Opt(&p.N, v, dialect.Int)
	case "logprobs":
		return dialect.Opt(&p.Logprobs, v, dialect.Bool)
	case "top_logprobs":
		return dialect.Opt(&p.TopLogprobs, v, dialect.Int)
	case "user":
		return dialect.String(&p.User, v)
	case "service_tier":
		return dialect.String(&p.ServiceTier, v)
	}
	if !rawjson.IsNull(v) {
		d.rest.Add(it)
	}
	return nil
}

func (d *requestIn) reasoning() *llm.Reasoning {
	if d.r.Params.Reasoning == nil {
		d.r.Params.Reasoning = &llm.Reasoning{}
	}
	return d.r.Params.Reasoning
}

func (d *requestIn) effort(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	return dialect.String(&d.reasoning().Effort, v)
}

func (d *requestIn) budget(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	r := d.reasoning()
	if r.Extra[name] == nil {
		dialect.Keep(&r.Extra, name, []byte(`{}`))
	}
	return dialect.Opt(&r.Budget, v, dialect.Int)
}

// reasoningObject reads the long form. Its Extra is never nil: that is how the encoder knows the form.
func (d *requestIn) reasoningObject(v []byte) (err error) {
	if rawjson.IsNull(v) {
		return nil
	}
	r := d.reasoning()
	var rest rawjson.Gather
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "effort":
			err = dialect.String(&r.Effort, v)
		case "max_tokens":
			err = dialect.Opt(&r.Budget, v, dialect.Int)
		case "enabled":
			err = dialect.Opt(&r.Enabled, v, dialect.Bool)
		default:
			rest.Add(&it)
		}
		if err != nil {
			return dialect.At(string(it.Key()), err)
		}
	}
	obj := rest.Object()
	if obj == nil {
		obj = []byte(`{}`)
	}
	dialect.Keep(&r.Extra, name, obj)
	return dialect.Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
}

func (d *requestIn) streamOptions(v []byte) error {
	rest, err := dialect.ReadStreamOptions(&d.r.Params.IncludeUsage, v)
	if rest != nil {
		d.rest.Put("stream_options", rest)
	}
	return err
}

func (d *requestIn) stop(v []byte) (err error) {
	d.r.Params.Stop, err = dialect.OneOrMore(v)
	return err
}

func (d *requestIn) choice(v []byte) (err error) {
	c := &d.r.Choice
	if rawjson.IsNull(v) {
		return nil
	}
	if rawjson.IsString(v) {
		if err = dialect.String(&c.Mode, v); c.Mode == "any" {
			c.Mode = llm.ChoiceRequired
		}
		if c.Mode != llm.ChoiceAuto && c.Mode != llm.ChoiceNone && c.Mode != llm.ChoiceRequired {
			return dialect.Bad("must be auto, none, required or the name of a function in an object")
		}
		return err
	}
	if !rawjson.IsObject(v) {
		return dialect.Bad("must be a string or an object")
	}
	kind, _, _ := rawjson.Get(v, "type")
	fn, ok, _ := rawjson.Get(v, "function", "name")
	if !ok || !rawjson.EqualString(kind, "function") {
		dialect.Keep(&c.Extra, name, v)
		return nil
	}
	c.Mode = llm.ChoiceTool
	return dialect.At("function.name", dialect.String(&c.Name, fn))
}

func (d *requestIn) format(v []byte) (err error) {
	if rawjson.IsNull(v) {
		return nil
	}
	f := &llm.Format{}
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "type":
			err = dialect.String(&f.Type, v)
		case "json_schema":
			err = decodeSchema(f, v)
		}
		if err != nil {
			return dialect.At(string(it.Key()), err)
		}
	}
	if f.Type != "text" && f.Type != "json_object" && f.Type != "json_schema" {
		d.rest.Put("response_format", v)
		return dialect.Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
	}
	d.r.Params.Format = f
	return nil
}

func decodeSchema(f *llm.Format, v []byte) (err error) {
	it := rawjson.Object(v)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "name":
			err = dialect.String(&f.Name, v)
		case "description":
			err = dialect.String(&f.Description, v)
		case "schema":
			f.Schema = bytes.Clone(v)
		case "strict":
			err = dialect.Opt(&f.Strict, v, dialect.Bool)
		}
		if err != nil {
			return dialect.At(string(it.Key()), err)
		}
	}
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
	var inner rawjson.Gather
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
		case "strict":
			err = dialect.Opt(&t.Strict, v, dialect.Bool)
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
		dialect.Keep(&t.Extra, name, append(append([]byte(`{"function":`), left...), '}'))
	}
	keepOthers(&t.Extra, v, "type", "function")
	return t, nil
}

func (d *requestIn) messages(v []byte) error {
	d.r.Messages = []llm.Message{}
	return dialect.List(v, "must be a list of messages", func(i int, v []byte) error {
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
	t := llm.Message{Role: llm.Role(m.role), Name: m.name, Parts: m.parts()}
	keep(&t.Extra, &m.rest)
	switch t.Role {
	case llm.RoleSystem, llm.RoleDeveloper, llm.RoleUser, llm.RoleAssistant:
		return t, nil
	case llm.RoleTool:
		if m.callID == "" {
			return t, dialect.At("tool_call_id", dialect.Bad("is missing; it names the call that this answers"))
		}
		r := &llm.ToolResult{ID: m.callID, Name: m.name, Parts: t.Parts}
		t.Name, t.Parts = "", []llm.Part{{Kind: llm.PartResult, Result: r}}
		return t, nil
	}
	return t, dialect.At("role", dialect.Bad("must be system, developer, user, assistant or tool, not "+strconv.Quote(m.role)))
}
