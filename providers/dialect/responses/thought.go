package responses

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// A thought must come back to the provider that signed it, through clients of any dialect.
//
// In an answer the signature of a thought of this dialect is the mark, the id of its item, a colon and its
// encrypted_content: it survives where nothing but the signature does. In a request from a client of this dialect the
// encrypted_content stays with the members of the item: nobody else may take it for a signature. A thought of another
// dialect travels in encrypted_content as CarriedThought and, in base64, all that its dialect needs to write it again;
// one without a signature too, because the endpoint takes back only what it has encrypted itself.

func sign(id, encrypted string) string {
	if encrypted == "" {
		return ""
	}
	return dialect.SignedResponses + id + ":" + encrypted
}

// signed is sign the other way; not ok for a signature of another dialect.
func signed(signature string) (id, encrypted string, ok bool) {
	rest, ok := strings.CutPrefix(signature, dialect.SignedResponses)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ":")
}

type carried struct {
	Signature string    `json:",omitempty"`
	Redacted  bool      `json:",omitempty"`
	Extra     llm.Extra `json:",omitempty"`
}

func pack(p llm.Part) string {
	c := carried{Signature: p.Signature, Redacted: p.Redacted}
	for owner, obj := range p.Extra {
		if owner != name {
			if c.Extra == nil {
				c.Extra = llm.Extra{}
			}
			c.Extra[owner] = obj
		}
	}
	obj, err := json.Marshal(c)
	if err != nil { // of an Extra that is no JSON; the signature alone is
		obj, _ = json.Marshal(carried{Signature: p.Signature, Redacted: p.Redacted})
	}
	return dialect.CarriedThought + base64.RawStdEncoding.EncodeToString(obj)
}

func unpack(encrypted string) (p llm.Part, ok bool) {
	text, ok := strings.CutPrefix(encrypted, dialect.CarriedThought)
	if !ok {
		return p, false
	}
	obj, err := base64.RawStdEncoding.DecodeString(text)
	var c carried
	if err != nil || json.Unmarshal(obj, &c) != nil || c.Signature == "" && c.Redacted {
		return p, false
	}
	for owner, obj := range c.Extra {
		if owner == name || !rawjson.IsObject(obj) {
			delete(c.Extra, owner)
		}
	}
	if len(c.Extra) == 0 {
		c.Extra = nil
	}
	return llm.Part{Kind: llm.PartReasoning, Signature: c.Signature, Redacted: c.Redacted, Extra: c.Extra}, true
}

// carriedItem reports whether a thought came as an item with a thought of another dialect that cannot be unpacked.
func carriedItem(p llm.Part) bool {
	var encrypted string
	v := member(dialect.Nested(p.Extra, name, itemReasoning), "encrypted_content")
	_ = dialect.String(&encrypted, orEmpty(v))
	return dialect.Foreign(name, encrypted)
}

// decodeReasoning makes a part of each entry of the item, summaries first; the last has the signature. An item that
// says nothing and proves nothing is opaque. summaries is how many of the parts are of the summary.
func decodeReasoning(v []byte, answer bool) (parts []llm.Part, summaries int, err error) {
	var rest rawjson.Gather
	var content []llm.Part
	var id, encrypted string
	err = dialect.TypedMembers(v, &rest, func(key string, v []byte) (_ bool, err error) {
		switch key {
		case "summary":
			parts, err = decodeThoughts(v)
			return true, err
		case "content":
			content, err = decodeThoughts(v)
			return true, err
		case "encrypted_content":
			return answer, dialect.String(&encrypted, v)
		case "id":
			return false, dialect.String(&id, v)
		}
		return false, nil
	})
	if err != nil {
		return nil, 0, err
	}
	summaries = len(parts)
	parts = append(parts, content...)
	if p, ok := unpack(encrypted); ok {
		for _, q := range parts {
			p.Text += q.Text
		}
		return []llm.Part{p}, min(summaries, 1), nil
	}
	if len(parts) == 0 && encrypted == "" {
		return []llm.Part{opaque(v)}, 0, nil
	}
	if len(parts) == 0 {
		parts = append(parts, llm.Part{Kind: llm.PartReasoning, Redacted: true})
		mark(&parts[0].Extra, nil)
	}
	item := rest.Object()
	if item == nil {
		item = []byte("{}")
	}
	addMember(&parts[0].Extra, itemReasoning, item)
	if answer {
		parts[len(parts)-1].Signature = sign(id, encrypted)
	}
	return parts, summaries, nil
}

func decodeThoughts(v []byte) (parts []llm.Part, err error) {
	if rawjson.IsNull(v) {
		return nil, nil
	}
	err = dialect.List(v, "must be a list of objects", func(_ int, v []byte) error {
		p := llm.Part{Kind: llm.PartReasoning}
		var rest rawjson.Gather
		if kind := typeOf(v); kind != typeSummary {
			rest.Put("type", rawjson.AppendString(nil, kind))
		}
		err := dialect.TypedMembers(v, &rest, func(key string, v []byte) (bool, error) {
			return key == "text", text(key == "text", &p.Text, v)
		})
		mark(&p.Extra, rest.Object())
		parts = append(parts, p)
		return err
	})
	return parts, err
}

func text(fits bool, dst *string, v []byte) error {
	if !fits {
		return nil
	}
	return dialect.String(dst, v)
}

// addMember puts a member into the object of this dialect in x.
func addMember(x *llm.Extra, key string, value []byte) {
	obj := []byte("{}")
	if own := (*x)[name]; own != nil {
		obj = own
	}
	if out, err := rawjson.Set(nil, obj, key, value); err == nil {
		dialect.Keep(x, name, out)
	}
}
