package converse

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	minBudget     = 1024 // the least that a model takes for thinking
	defaultBudget = 8192 // for thinking that is only switched on
)

// budgets gives the tokens for an effort that another dialect names.
var budgets = map[string]int64{"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32000, "max": 32000}

func (d *requestIn) reasoning() *llm.Reasoning {
	if d.r.Params.Reasoning == nil {
		d.r.Params.Reasoning = &llm.Reasoning{}
	}
	return d.r.Params.Reasoning
}

// ownReasoning marks the words of the reasoning as the model's own, which go out as they came in.
func (d *requestIn) ownReasoning() {
	r, key := d.reasoning(), name
	if d.family.own {
		key = owner
	}
	if r.Extra[key] == nil {
		dialect.Keep(&r.Extra, key, []byte(`{}`))
	}
}

// additional reads what the model itself takes, as far as its family is known.
func (d *requestIn) additional(v []byte) error {
	if !rawjson.IsObject(v) {
		d.rest.Put(additionalRequest, v)
		return nil
	}
	f := d.family
	return d.object(additionalRequest, v, func(key string, v []byte) (bool, error) {
		switch {
		case rawjson.IsNull(v):
		case f.own && key == "thinking":
			return d.thinking(v)
		case f.own && key == "tool_choice":
			return d.serial(v), nil
		case f.own && key == modelOutput:
			return false, d.modelSchema(v)
		case f.effort == key && !f.nested && rawjson.IsString(v):
			d.ownReasoning()
			return true, dialect.String(&d.reasoning().Effort, v)
		case f.effort == key && f.nested:
			return d.switched(v), nil
		case len(f.topK) == 1 && key == f.topK[0]:
			if _, ok := rawjson.Int(v); ok {
				return true, dialect.Opt(&d.r.Params.TopK, v, dialect.Int)
			}
		case len(f.topK) == 2 && key == f.topK[0]:
			if n, ok := only(v, f.topK[1]); ok {
				if _, ok := rawjson.Int(n); ok {
					return true, dialect.Opt(&d.r.Params.TopK, n, dialect.Int)
				}
			}
		}
		return false, nil
	})
}

// modelOutput is where some clients put the schema of the answer, in the model's own words. It stays there for this
// dialect; other dialects read it as the format.
const modelOutput = "output_config"

// modelSchema reads the schema in the model's own words, if there is one.
func (d *requestIn) modelSchema(v []byte) error {
	kind, _, _ := rawjson.Get(v, "format", "type")
	schema, ok, _ := rawjson.Get(v, "format", "schema")
	if !ok || !rawjson.EqualString(kind, "json_schema") || !rawjson.IsObject(schema) || d.r.Params.Format != nil {
		return nil
	}
	d.r.Params.Format = &llm.Format{Type: "json_schema", Schema: bytes.Clone(schema)}
	return nil
}

// only is the value of key in an object that has nothing else.
func only(obj []byte, key string) (v []byte, ok bool) {
	if !rawjson.IsObject(obj) {
		return nil, false
	}
	it := rawjson.Object(obj)
	for it.Next() {
		if string(it.Key()) != key || v != nil {
			return nil, false
		}
		v = it.Value()
	}
	return v, v != nil && it.Err() == nil
}

// thinking reads the switch of the messages dialect. A type other than on and off stays in Extra.
func (d *requestIn) thinking(v []byte) (bool, error) {
	var kind string
	if rawjson.IsObject(v) {
		t, _, _ := rawjson.Get(v, "type")
		if rawjson.IsString(t) {
			_ = dialect.String(&kind, t)
		}
	}
	if kind == "" {
		return false, nil
	}
	r := d.reasoning()
	on := kind != "disabled"
	r.Enabled = &on
	var rest rawjson.Gather
	err := members(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "type":
			if kind != "enabled" && kind != "disabled" {
				rest.Put("type", v)
			}
			return true, nil
		case "budget_tokens":
			return true, dialect.Opt(&r.Budget, v, dialect.Int)
		}
		return false, nil
	})
	dialect.Keep(&r.Extra, owner, rest.Object())
	return true, err
}

// serial reads a tool choice that allows one call at a time, which the endpoint itself has no field for.
func (d *requestIn) serial(v []byte) bool {
	if !rawjson.IsObject(v) || d.r.Choice.Mode != "" {
		return false
	}
	off, _, _ := rawjson.Get(v, "disable_parallel_tool_use")
	if b, _ := rawjson.Bool(off); !b {
		return false
	}
	kind, _, _ := rawjson.Get(v, "type")
	c := llm.ToolChoice{Parallel: new(bool)}
	n := 2
	switch {
	case rawjson.EqualString(kind, "auto"):
		c.Mode = llm.ChoiceAuto
	case rawjson.EqualString(kind, "any"):
		c.Mode = llm.ChoiceRequired
	case rawjson.EqualString(kind, "tool"):
		c.Mode, n = llm.ChoiceTool, 3
		title, _, _ := rawjson.Get(v, "name")
		if dialect.String(&c.Name, title) != nil || c.Name == "" {
			return false
		}
	default:
		return false
	}
	for it := rawjson.Object(v); it.Next(); {
		n--
	}
	if n != 0 {
		return false
	}
	d.r.Choice = c
	return true
}

// switched reads an effort that stands in an object with a switch.
func (d *requestIn) switched(v []byte) bool {
	if kind, ok := only(v, "type"); ok && rawjson.EqualString(kind, "disabled") {
		off := false
		d.ownReasoning()
		d.reasoning().Enabled = &off
		return true
	}
	var effort string
	n, on := 0, false
	it := rawjson.Object(v)
	for ; it.Next(); n++ {
		switch string(it.Key()) {
		case "type":
			on = rawjson.EqualString(it.Value(), "enabled")
		case "maxReasoningEffort":
			if dialect.String(&effort, it.Value()) != nil {
				return false
			}
		}
	}
	if it.Err() != nil || n != 2 || !on || effort == "" {
		return false
	}
	d.ownReasoning()
	d.reasoning().Effort = effort
	return true
}

// thinking is how a request thinks: what to send, and what else must give way to it.
type thinking struct {
	effort  string // for outputConfig
	level   string // for the family's own field
	off     bool   // the family's own switch
	send    bool
	kind    string
	budget  int64
	left    llm.Extra
	derived bool // it was worked out from another dialect's words
}

// plan decides on thinking. The words of this dialect and of the messages dialect are kept. For models that take a
// budget an effort becomes one: minimal 1024, low 2048, medium 8192, high 16384, more 32000 tokens, at most half of the
// caller's limit. For models that take an effort a budget becomes one: below 4096 tokens low, below 16384 medium, else
// high.
func (o *out) plan(r *llm.Request) (t thinking) {
	in := r.Params.Reasoning
	if in == nil {
		return t
	}
	f := o.family
	own := in.Extra[name] != nil
	theirs := f.own && in.Extra[owner] != nil
	if f.own {
		o.losses.Extra("reasoning", except(in.Extra, owner))
	} else {
		o.losses.Extra("reasoning", in.Extra)
	}
	switch {
	case own && !f.own:
		o.kept(&t, in)
		return t
	case !f.own:
		o.words(&t, in)
		return t
	}
	if theirs {
		t.effort, t.left = in.Effort, in.Extra
	}
	switch {
	case in.Enabled != nil && !*in.Enabled:
		t.send, t.kind = true, "disabled"
	case theirs:
		if in.Enabled != nil {
			t.send, t.kind = true, "enabled"
			if in.Budget != nil {
				t.budget = *in.Budget
			}
		}
	default:
		o.derive(&t, r)
	}
	return t
}

func except(x llm.Extra, dialectName string) llm.Extra {
	out := make(llm.Extra, len(x))
	for k, v := range x {
		if k != dialectName {
			out[k] = v
		}
	}
	return out
}

// kept writes the words that came in through this dialect where they stood.
func (o *out) kept(t *thinking, in *llm.Reasoning) {
	if in.Enabled != nil && !*in.Enabled {
		t.off = true
		return
	}
	t.level = in.Effort
}

// words fits reasoning to a family that takes an effort in words, or none at all.
func (o *out) words(t *thinking, in *llm.Reasoning) {
	level := in.Effort
	if level == "" && in.Budget != nil {
		level = "high"
		if *in.Budget < 4096 {
			level = "low"
		} else if *in.Budget < 16384 {
			level = "medium"
		}
	}
	switch level {
	case "minimal":
		level = "low"
	case "xhigh", "max":
		level = "high"
	case "none":
		level = ""
	}
	if o.family.effort == "" {
		if level != "" || in.Enabled != nil && *in.Enabled {
			o.losses.Add("reasoning", "the model takes no such setting")
		}
		return
	}
	t.level = level
}

func (o *out) derive(t *thinking, r *llm.Request) {
	in, limit := r.Params.Reasoning, r.Params.MaxTokens
	budget, known := budgets[in.Effort]
	switch {
	case in.Budget != nil:
		budget = *in.Budget
	case in.Effort == "none" || in.Effort == "" && in.Enabled == nil:
		return
	case !known:
		budget = defaultBudget
	}
	if budget == 0 {
		return
	}
	why := ""
	switch {
	case limit != nil && *limit <= minBudget:
		why = "maxTokens leaves no room for thinking"
	case r.Choice.Mode == llm.ChoiceRequired || r.Choice.Mode == llm.ChoiceTool:
		why = "a model that must call a tool does not think"
	case unsignedLoop(r.Messages):
		why = "the tool calls to go on with came without their signed thoughts"
	}
	if why != "" && (in.Budget == nil || limit != nil && *limit <= minBudget) {
		o.losses.Add("reasoning", why)
		return
	}
	budget = max(budget, minBudget)
	if limit != nil && budget >= *limit {
		budget = max(minBudget, *limit/2)
	}
	t.send, t.kind, t.budget, t.derived = true, "enabled", budget, in.Budget == nil || in.Extra != nil
}

// unsignedLoop reports whether the conversation stands in the middle of tool calls whose turn has no signed thought.
// Models refuse to think on from there.
func unsignedLoop(messages []llm.Message) bool {
	for i := len(messages) - 1; i >= 0; i-- {
		m := messages[i]
		if m.Role == llm.RoleAssistant {
			calls, signed := false, false
			for _, p := range m.Parts {
				calls = calls || p.Kind == llm.PartCall
				signed = signed || p.Kind == llm.PartReasoning && p.Signature != ""
			}
			return calls && !signed
		}
		if !answers(m) {
			return false
		}
	}
	return false
}

func answers(m llm.Message) bool {
	for _, p := range m.Parts {
		if p.Kind == llm.PartResult {
			return true
		}
	}
	return m.Role == llm.RoleTool
}

func (o *out) thinking(t thinking) {
	if !t.send {
		return
	}
	w := &o.w
	w.Key("thinking")
	w.Open('{')
	if kind := dialect.Nested(t.left, owner, "type"); kind != nil {
		w.RawField("type", kind)
	} else {
		w.StringField("type", t.kind)
	}
	if t.budget > 0 {
		w.IntField("budget_tokens", t.budget)
	}
	if obj := t.left[owner]; obj != nil {
		w.Members(obj, "type")
	}
	w.Close('}')
}

// level writes the effort where the family has it.
func (o *out) level(t thinking) {
	w, f := &o.w, o.family
	switch {
	case f.nested && t.off:
		w.RawField(f.effort, []byte(`{"type":"disabled"}`))
	case t.level == "":
	case f.nested:
		w.Key(f.effort)
		w.Open('{')
		w.StringField("type", "enabled")
		w.StringField("maxReasoningEffort", t.level)
		w.Close('}')
	default:
		w.StringField(f.effort, t.level)
	}
}
