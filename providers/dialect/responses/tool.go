package responses

import (
	"bytes"
	"hash/fnv"
	"strconv"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	toolFunction  = "function"
	toolCustom    = "custom"
	toolNamespace = "namespace"

	// maxName is the longest name of a tool that every dialect takes.
	maxName = 64
)

// freeSchema is what a tool that takes free text asks for in dialects whose tools take JSON.
var freeSchema = []byte(`{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}`)

// noArguments is what a call without arguments says here; elsewhere it may say nothing.
const noArguments = "{}"

const freeOpen, freeClose = `{"input":"`, `"}`

// freeArguments is the text for a custom tool as JSON.
func freeArguments(input string) string {
	return `{"input":` + string(rawjson.AppendString(nil, input)) + `}`
}

// freeInput is freeArguments the other way. Arguments of another form are the text themselves.
func freeInput(arguments string) string {
	var input string
	obj := []byte(arguments)
	v, ok, err := rawjson.Get(obj, "input")
	if err != nil || !ok || !rawjson.IsString(v) || dialect.String(&input, v) != nil {
		return arguments
	}
	return input
}

// flatName is the name of a tool in a namespace, for dialects without. Long names end in a hash of the whole.
func flatName(space, tool string) string {
	flat := space + "__" + tool
	if strings.HasSuffix(space, "__") {
		flat = space + tool
	}
	if len(flat) <= maxName {
		return flat
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(flat)) // a hash never fails
	return strings.ToValidUTF8(flat[:maxName-9], "") + "_" + strconv.FormatUint(uint64(h.Sum32())|1<<32, 16)[1:]
}

func (d *requestIn) tools(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	return dialect.List(v, "must be a list of tools", func(_ int, v []byte) error {
		tools, err := decodeTools(v)
		d.r.Tools = append(d.r.Tools, tools...)
		return err
	})
}

// decodeTools reads one tool; a namespace holds several. Where one of those is of a kind that only this dialect knows
// the namespace stays whole.
func decodeTools(v []byte) ([]llm.Tool, error) {
	if typeOf(v) != toolNamespace {
		t, err := decodeTool(v)
		return []llm.Tool{t}, err
	}
	var space rawjson.Gather
	var title string
	var tools []llm.Tool
	err := dialect.TypedMembers(v, &space, func(key string, v []byte) (bool, error) {
		switch key {
		case "name":
			return false, dialect.String(&title, v)
		case "tools":
			return true, dialect.List(v, "must be a list of tools", func(_ int, v []byte) error {
				t, err := decodeTool(v)
				tools = append(tools, t)
				return err
			})
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	obj := space.Object()
	for i := range tools {
		t := &tools[i]
		if t.Name == "" || title == "" {
			tools = nil
			break
		}
		addMember(&t.Extra, "name", rawjson.AppendString(nil, t.Name))
		addMember(&t.Extra, toolNamespace, obj)
		t.Name = flatName(title, t.Name)
	}
	if len(tools) == 0 {
		return []llm.Tool{{Extra: llm.Extra{name: bytes.Clone(v)}}}, nil
	}
	return tools, nil
}

func decodeTool(v []byte) (t llm.Tool, err error) {
	if !rawjson.IsObject(v) {
		return t, dialect.Bad("must be an object")
	}
	kind := typeOf(v)
	if kind != toolFunction && kind != toolCustom {
		dialect.Keep(&t.Extra, name, v)
		return t, nil
	}
	var rest rawjson.Gather
	if kind == toolCustom {
		rest.Put("type", rawjson.AppendString(nil, kind))
		t.Schema = freeSchema
	}
	err = dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "name":
			return true, dialect.String(&t.Name, v)
		case "description":
			return true, dialect.String(&t.Description, v)
		case "parameters":
			if kind == toolFunction && !rawjson.IsNull(v) {
				t.Schema = bytes.Clone(v)
			}
			return kind == toolFunction, nil
		case "strict":
			return true, dialect.Opt(&t.Strict, v, dialect.Bool)
		}
		return false, nil
	})
	if err == nil && t.Name == "" {
		err = dialect.At("name", dialect.Bad("is missing"))
	}
	mark(&t.Extra, rest.Object())
	return t, err
}

// custom reports whether a tool takes free text.
func custom(t llm.Tool) bool {
	return rawjson.EqualString(dialect.Nested(t.Extra, name, "type"), toolCustom)
}

func (d *requestIn) choice(v []byte) (err error) {
	c := &d.r.Choice
	if rawjson.IsNull(v) {
		return nil
	}
	if rawjson.IsString(v) {
		err = dialect.String(&c.Mode, v)
		if err == nil && c.Mode != llm.ChoiceAuto && c.Mode != llm.ChoiceNone && c.Mode != llm.ChoiceRequired {
			return dialect.Bad("must be auto, none, required or an object")
		}
		return err
	}
	if !rawjson.IsObject(v) {
		return dialect.Bad("must be a string or an object")
	}
	switch typeOf(v) {
	case toolFunction, toolCustom:
		called, ok, _ := rawjson.Get(v, "name")
		if !ok {
			return dialect.At("name", dialect.Bad("is missing"))
		}
		c.Mode = llm.ChoiceTool
		err = dialect.At("name", dialect.String(&c.Name, called))
		if space, ok, _ := rawjson.Get(v, toolNamespace); ok && rawjson.IsString(space) && err == nil {
			var title string
			err = dialect.String(&title, space)
			c.Name = flatName(title, c.Name)
		}
		return err
	case "allowed_tools":
		if mode, ok, _ := rawjson.Get(v, "mode"); ok && rawjson.EqualString(mode, llm.ChoiceRequired) {
			c.Mode = llm.ChoiceRequired
		} else {
			c.Mode = llm.ChoiceAuto
		}
	}
	dialect.Keep(&c.Extra, name, v)
	return nil
}

// toolbox finds tools by their canonical names.
type toolbox map[string]llm.Tool

func newToolbox(tools []llm.Tool) toolbox {
	box := make(toolbox, len(tools))
	for _, t := range tools {
		if t.Name != "" {
			box[t.Name] = t
		}
	}
	return box
}

// tools writes the tools; those of one namespace that stand side by side go back into it.
func (o *out) tools(tools []llm.Tool) {
	open := false
	var space []byte
	leave := func() {
		if space != nil {
			o.w.Close(']')
			o.w.Close('}')
			space = nil
		}
	}
	for i, t := range tools {
		if t.Name == "" && t.Extra[name] == nil {
			o.losses.Add(dialect.Index("tools", i), "only the dialect that it came from knows this tool")
			continue
		}
		if !open {
			o.w.Key("tools")
			o.w.Open('[')
			open = true
		}
		in := dialect.Nested(t.Extra, name, toolNamespace)
		if t.Name == "" {
			in = nil
		}
		if !bytes.Equal(in, space) {
			leave()
			if in != nil {
				o.w.Elem()
				o.w.Open('{')
				o.w.StringField("type", toolNamespace)
				o.w.Members(in)
				o.w.Key("tools")
				o.w.Open('[')
				space = in
			}
		}
		o.w.Elem()
		o.tool(i, t)
	}
	leave()
	if open {
		o.w.Close(']')
	}
}

func (o *out) tool(i int, t llm.Tool) {
	w := &o.w
	own := t.Extra[name]
	if t.Name == "" {
		w.Raw(own)
		return
	}
	w.Open('{')
	free := custom(t)
	if !free {
		w.StringField("type", toolFunction)
	}
	if dialect.Nested(t.Extra, name, "name") == nil {
		w.StringField("name", t.Name)
	}
	if t.Description != "" {
		w.StringField("description", t.Description)
	}
	switch {
	case free:
	case t.Schema != nil:
		w.RawField("parameters", t.Schema)
	case own == nil:
		w.RawField("parameters", []byte(`{"type":"object","properties":{}}`))
	}
	if t.Strict != nil {
		w.BoolField("strict", *t.Strict)
	} else if own == nil {
		w.BoolField("strict", false) // unset it means true here, unlike elsewhere
	}
	o.own(t.Extra, toolNamespace)
	w.Close('}')
	if len(t.Extra) > 0 {
		o.losses.Extra(dialect.Index("tools", i), t.Extra)
	}
}

func (o *out) choice(c *llm.ToolChoice) {
	w := &o.w
	switch {
	case c.Extra[name] != nil:
		w.RawField("tool_choice", c.Extra[name])
	case c.Mode == llm.ChoiceTool:
		t := o.box[c.Name]
		w.Key("tool_choice")
		w.Open('{')
		if custom(t) {
			w.StringField("type", toolCustom)
		} else {
			w.StringField("type", toolFunction)
		}
		if in := dialect.Nested(t.Extra, name, toolNamespace); in != nil {
			w.RawField("name", dialect.Nested(t.Extra, name, "name"))
			title, _, _ := rawjson.Get(in, "name")
			w.RawField(toolNamespace, title)
		} else {
			w.StringField("name", c.Name)
		}
		w.Close('}')
	case c.Mode != "":
		w.StringField("tool_choice", c.Mode)
	}
	if c.Parallel != nil {
		w.BoolField("parallel_tool_calls", *c.Parallel)
	}
	if len(c.Extra) > 0 {
		o.losses.Extra("tool_choice", c.Extra)
	}
}
