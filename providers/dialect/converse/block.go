package converse

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// decodeBlocks reads a list of content blocks. An empty text block says nothing and is left out; a cache point becomes
// the cache_control of the part before it.
func decodeBlocks(v []byte) (parts []llm.Part, err error) {
	if rawjson.IsNull(v) {
		return nil, nil
	}
	err = dialect.List(v, "must be a list of content blocks", func(_ int, v []byte) error {
		if point, ok := cachePoint(v); ok && len(parts) > 0 && cache(&parts[len(parts)-1], point) {
			return nil
		}
		return addBlock(&parts, v)
	})
	return parts, err
}

func addBlock(parts *[]llm.Part, v []byte) error {
	p, err := decodeBlock(v)
	if err == nil && (p.Kind != llm.PartText || p.Text != "" || p.Extra != nil || p.Citations != nil) {
		*parts = append(*parts, p)
	}
	return err
}

// cachePoint reads a block that is a cache point and nothing more, as the cache_control that says the same.
func cachePoint(block []byte) (control []byte, ok bool) {
	if !rawjson.IsObject(block) {
		return nil, false
	}
	point, ok, _ := rawjson.Get(block, blockCache)
	if !ok || !rawjson.IsObject(point) {
		return nil, false
	}
	var g rawjson.Gather
	g.Put("type", []byte(`"ephemeral"`))
	it := rawjson.Object(point)
	for it.Next() {
		switch string(it.Key()) {
		case "type":
			if !rawjson.EqualString(it.Value(), "default") {
				return nil, false
			}
		case "ttl":
			g.Add(&it)
		default:
			return nil, false
		}
	}
	return g.Object(), it.Err() == nil
}

// cache puts a cache_control on a part. Thoughts and parts that only this dialect reads cannot carry one.
func cache(p *llm.Part, control []byte) bool {
	if p.Kind == llm.PartReasoning || p.Kind == llm.PartOpaque || cacheMark(p.Extra) != nil {
		return false
	}
	mark(&p.Extra, control)
	return true
}

func mark(x *llm.Extra, control []byte) {
	obj := (*x)[owner]
	if obj == nil {
		obj = []byte("{}")
	}
	dialect.Keep(x, owner, rawjson.AppendMembers(nil, obj, rawjson.Member{Key: "cache_control", Value: control}))
}

func opaque(v []byte) llm.Part {
	p := llm.Part{Kind: llm.PartOpaque}
	dialect.Keep(&p.Extra, name, v)
	return p
}

func decodeBlock(v []byte) (p llm.Part, err error) {
	kind, value, rest, err := union(v)
	if err != nil {
		return p, err
	}
	switch kind {
	case blockText:
		p.Kind = llm.PartText
		err = dialect.String(&p.Text, value)
		dialect.Keep(&p.Extra, name, rest)
	case blockReasoning:
		p, err = decodeReasoning(v, value)
	case blockCall:
		p, err = decodeCall(v, value)
	case blockResult:
		p, err = decodeResult(v, value)
	case blockCited:
		return decodeCited(v, value), nil
	case blockImage, blockDocument, blockVideo, blockAudio:
		p, err = decodeMedia(kind, v, value)
	default:
		return opaque(v), nil
	}
	return p, dialect.At(kind, err)
}

// known are the members that name the kind of a block.
var known = []string{blockText, blockImage, blockDocument, blockVideo, blockAudio, blockCall, blockResult, blockReasoning, blockCited}

// union reads the kind of a block and its value. Rest is what else it has, which happens only beside text.
func union(v []byte) (kind string, value, rest []byte, err error) {
	if !rawjson.IsObject(v) {
		return "", nil, nil, dialect.Bad("must be an object")
	}
	var g rawjson.Gather
	it := rawjson.Object(v)
	for it.Next() {
		if rawjson.IsNull(it.Value()) {
			continue
		}
		if kind == "" && isKnown(it.Key()) {
			kind, value = string(it.Key()), it.Value()
			continue
		}
		g.Add(&it)
	}
	rest = g.Object()
	if kind == "" && rest == nil {
		return "", nil, nil, dialect.Bad("must have a member like text, image or toolUse")
	}
	if kind != blockText && rest != nil {
		kind = ""
	}
	return kind, value, rest, it.Err()
}

func isKnown(key []byte) bool {
	for _, k := range known {
		if string(key) == k {
			return true
		}
	}
	return false
}

// members walks an object. What take does not take and is not null goes to rest.
func members(v []byte, rest *rawjson.Gather, take func(key string, v []byte) (bool, error)) error {
	it := rawjson.Object(v)
	for it.Next() {
		key := string(it.Key())
		took, err := take(key, it.Value())
		if err != nil {
			return dialect.At(key, err)
		}
		if !took && !rawjson.IsNull(it.Value()) {
			rest.Add(&it)
		}
	}
	return dialect.Shape(it.Err(), v, rawjson.IsObject(v), "must be an object")
}

func decodeReasoning(block, v []byte) (p llm.Part, err error) {
	p.Kind = llm.PartReasoning
	var rest rawjson.Gather
	take := thoughtIn(&p)
	err = members(v, &rest, func(key string, v []byte) (bool, error) {
		if key == "reasoningText" {
			return true, members(v, &rest, take)
		}
		return take(key, v)
	})
	if err != nil {
		return p, err
	}
	if rest.Object() != nil {
		return opaque(block), nil
	}
	if p.Signature == "" {
		dialect.Keep(&p.Extra, name, []byte(`{}`)) // says that it is of this dialect, where unsigned thoughts of others are left out
	}
	return p, nil
}

// thoughtIn reads the members of a thought, which stand together in a piece of a stream.
func thoughtIn(p *llm.Part) func(key string, v []byte) (bool, error) {
	return func(key string, v []byte) (bool, error) {
		switch key {
		case "text":
			return true, dialect.String(&p.Text, v)
		case "signature":
			return true, dialect.String(&p.Signature, v)
		case "redactedContent":
			p.Redacted = true
			return true, unblob(&p.Signature, v)
		}
		return false, nil
	}
}

// decodeCall reads a call. One of a tool that the server runs stays opaque: clients must not run it.
func decodeCall(block, v []byte) (p llm.Part, err error) {
	p.Kind, p.Call = llm.PartCall, &llm.ToolCall{Arguments: "{}"}
	var rest rawjson.Gather
	served := false
	err = members(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "toolUseId":
			return true, dialect.String(&p.Call.ID, v)
		case "name":
			return true, dialect.String(&p.Call.Name, v)
		case "input":
			p.Call.Arguments = string(v)
			return true, nil
		case "type":
			served = !rawjson.EqualString(v, "tool_use")
			return true, nil
		}
		return false, nil
	})
	if err == nil && served {
		return opaque(block), nil
	}
	dialect.Keep(&p.Extra, name, rest.Object())
	return p, err
}

func decodeResult(block, v []byte) (p llm.Part, err error) {
	p.Kind, p.Result = llm.PartResult, &llm.ToolResult{}
	var rest rawjson.Gather
	served := false
	err = members(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "toolUseId":
			return true, dialect.String(&p.Result.ID, v)
		case "status":
			p.Result.IsError = rawjson.EqualString(v, "error")
			return true, nil
		case "content":
			p.Result.Parts, err = decodeResultContent(v)
			return true, err
		case "type":
			served = !rawjson.EqualString(v, "tool_result")
			return true, nil
		}
		return false, nil
	})
	if err == nil && served {
		return opaque(block), nil
	}
	dialect.Keep(&p.Extra, name, rest.Object())
	return p, err
}

// decodeResultContent reads what a tool gave. JSON is text that says the same to the model.
func decodeResultContent(v []byte) (parts []llm.Part, err error) {
	if rawjson.IsNull(v) {
		return nil, nil
	}
	err = dialect.List(v, "must be a list of content blocks", func(_ int, v []byte) error {
		if rawjson.IsObject(v) {
			if value, ok, _ := rawjson.Get(v, "json"); ok {
				parts = append(parts, llm.Part{Kind: llm.PartText, Text: string(value)})
				return nil
			}
		}
		return addBlock(&parts, v)
	})
	return parts, err
}

// decodeCited reads text with its citations.
func decodeCited(block, v []byte) llm.Part {
	p := llm.Part{Kind: llm.PartText}
	var rest rawjson.Gather
	whole := true
	err := members(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "content":
			return true, dialect.List(v, "must be a list", func(_ int, v []byte) error {
				kind, value, others, err := union(v)
				if err != nil || kind != blockText || others != nil {
					whole = false
					return err
				}
				var text string
				err = dialect.String(&text, value)
				p.Text += text
				return err
			})
		case citations:
			var left []byte
			if p.Citations, left = dialect.DecodeCitations(v, decodeCitation); left != nil {
				rest.Put(key, left)
			}
			return true, nil
		}
		whole = false
		return false, nil
	})
	if err != nil || !whole {
		return opaque(block)
	}
	dialect.CiteAll(p.Citations, dialect.Characters(p.Text))
	dialect.Keep(&p.Extra, name, rest.Object())
	return p
}
