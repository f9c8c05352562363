package unary

import (
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const tokenize = "tokenize"

// NewTokenize gives the dialect of /v1/tokenize. It counts the tokens of any request; but the tokens themselves, which
// its own clients ask for, come only from a provider of the endpoint.
func NewTokenize() dialect.Dialect {
	d := format{name: tokenize, read: readTokenize, ask: askTokenize, decode: decodeTokenList,
		answer: answerTokenize, scan: scanTokenList, failure: plain}.dialect()
	d.NativeOnly = true
	return d
}

func readTokenize(body []byte) (*llm.Request, error) {
	r := &llm.Request{}
	m := llm.Message{Role: llm.RoleUser}
	asked := false
	rest, err := object(body, func(key string, v []byte) (bool, error) {
		switch key {
		case "model":
			return true, dialect.String(&r.Model, v)
		case "text":
			p := llm.Part{Kind: llm.PartText}
			asked = !rawjson.IsNull(v)
			err := dialect.String(&p.Text, v)
			if p.Text != "" {
				m.Parts = []llm.Part{p}
			}
			return true, err
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	if !asked {
		return nil, dialect.At("text", dialect.Bad("is missing; it must be a string"))
	}
	r.Messages = []llm.Message{m}
	dialect.Keep(&r.Extra, tokenize, rest)
	return r, nil
}

// askTokenize writes all that a request says as one text, an empty line between its pieces.
func askTokenize(r *llm.Request) ([]byte, []llm.Warning, error) {
	o := newOut(tokenize)
	var texts []string
	add := func(s string) {
		if s != "" {
			texts = append(texts, s)
		}
	}
	for _, t := range r.Tools {
		add(t.Name)
		add(t.Description)
		add(string(t.Schema))
	}
	for i, m := range r.Messages {
		o.said(dialect.Index("messages", i), m.Parts, add)
	}
	w := &o.w
	w.Open('{')
	w.StringField("text", strings.Join(texts, "\n\n"))
	w.StringField("model", r.Model)
	o.own(r.Extra)
	w.Close('}')
	return w.B, o.losses.List(), nil
}

// said gives the texts of parts to add, and warns of what has none.
func (o *out) said(path string, parts []llm.Part, add func(string)) {
	for _, p := range parts {
		switch {
		case p.Kind == llm.PartResult && p.Result != nil:
			o.said(path, p.Result.Parts, add)
		case p.Kind == llm.PartCall && p.Call != nil:
			add(p.Call.Name)
			add(p.Call.Arguments)
		case p.Kind == llm.PartMedia || p.Kind == llm.PartOpaque:
			o.losses.Add(path+".content", "the tokenize dialect counts only text")
		default:
			add(p.Text)
		}
	}
}

func decodeTokenList(body []byte) (*llm.Response, error) {
	r := &llm.Response{}
	rest, err := object(body, func(key string, v []byte) (bool, error) {
		if key != "tokens" {
			return false, nil
		}
		tokens, err := decodeTokens(v)
		r.Usage = &llm.Usage{Input: int64(len(tokens))}
		return false, err
	})
	if err != nil {
		return nil, err
	}
	if r.Usage == nil {
		return nil, dialect.At("tokens", dialect.Bad("must be a list of token numbers"))
	}
	dialect.Keep(&r.Extra, tokenize, rest)
	return r, nil
}

// answerTokenize writes the tokens. Of another endpoint's answer only their number is known, and a list without them
// would lie, so that is an error body.
func answerTokenize(_ *llm.Request, r *llm.Response) ([]byte, []llm.Warning) {
	o := newOut(tokenize)
	w := &o.w
	w.Open('{')
	if dialect.Nested(r.Extra, tokenize, "tokens") == nil {
		const why = "only a provider of the tokenize endpoint tells the tokens; ask the model's own endpoint for their number"
		o.losses.Add("tokens", why)
		w.StringField("message", why)
	}
	o.own(r.Extra)
	w.Close('}')
	return w.B, o.losses.List()
}

// scanTokenList counts the tokens.
func scanTokenList(body []byte) (s dialect.Scan) {
	v, ok, err := rawjson.Get(body, "tokens")
	s.Done = err == nil
	if !ok || err != nil || !rawjson.IsArray(v) {
		return s
	}
	s.HasUsage = true
	for it := rawjson.Array(v); it.Next(); {
		s.Usage.Input++
	}
	return s
}
