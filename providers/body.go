package providers

import (
	"cmp"
	"maps"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// body is what goes upstream: the client's own bytes with as few edits as possible, or the canonical view encoded
// anew. asked is true where the body asks for a usage report that the client did not ask for.
func (c *Call) body(e Endpoint, upstream dialect.Dialect, seen *Seen) (body []byte, asked bool, err error) {
	if !c.native(upstream) {
		body, err = c.encode(upstream, seen)
	} else {
		body, err = c.patch(seen)
	}
	if err != nil {
		return nil, false, err
	}
	if ask, ok := upstream.Client.(dialect.UsageAsker); ok && c.Peek.Stream && (!c.native(upstream) || !c.Peek.IncludeUsage) {
		body, err = ask.AskUsage(make([]byte, 0, len(body)+48), body)
		asked = c.native(upstream)
		if err != nil {
			return nil, false, err
		}
	}
	for _, edit := range e.Edits {
		if len(body) == 0 {
			break
		}
		if body, err = edit.Apply(body, c.Header); err != nil {
			return nil, false, llm.Errorf(llm.KindInvalidRequest, "the request body is not valid JSON: %w", err)
		}
	}
	return body, asked, nil
}

func (c *Call) encode(upstream dialect.Dialect, seen *Seen) ([]byte, error) {
	why := "cross-dialect attempt"
	if upstream.Name == c.Client.Name {
		why = cmp.Or(c.again, "plugin")
	}
	r, err := c.Request(why)
	if err != nil {
		return nil, err
	}
	named := *r
	named.Model = c.Model
	if c.Peek.Fallbacks {
		if named.Extra, err = unplanned(r.Extra, c.Client.Name); err != nil {
			return nil, err
		}
	}
	call, refused := c.Target.Features.Limits.apply(c.Target.Name, &named)
	body, warnings, err := upstream.Client.EncodeRequest(call)
	seen.Warnings = append(append(seen.Warnings, refused...), warnings...)
	return body, err
}

// unplanned is what only the client's dialect understands, without the gateway's own field.
func unplanned(extra llm.Extra, client string) (llm.Extra, error) {
	own := extra[client]
	if own == nil {
		return extra, nil
	}
	rest, err := rawjson.Delete(make([]byte, 0, len(own)), own, "fallbacks")
	if err != nil {
		return nil, llm.Errorf(llm.KindInvalidRequest, "the request body is not valid JSON: %w", err)
	}
	out := maps.Clone(extra)
	out[client] = rest
	return out, nil
}

// patch edits the raw body on a copy, or returns it as it is where nothing has to change.
func (c *Call) patch(seen *Seen) ([]byte, error) {
	body := c.Raw
	var err error
	if c.Peek.Model != c.Model && !c.Client.ModelInPath && len(body) > 0 {
		model := rawjson.AppendString(make([]byte, 0, len(c.Model)+2), c.Model)
		if body, err = rawjson.Set(make([]byte, 0, len(body)+len(model)), body, "model", model); err != nil {
			return nil, llm.Errorf(llm.KindInvalidRequest, "the request body is not valid JSON: %w", err)
		}
	}
	if c.Peek.Fallbacks {
		if body, err = rawjson.Delete(make([]byte, 0, len(body)), body, "fallbacks"); err != nil {
			return nil, llm.Errorf(llm.KindInvalidRequest, "the request body is not valid JSON: %w", err)
		}
	}
	return body, nil
}
