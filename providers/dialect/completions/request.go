package completions

import (
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
		return nil, dialect.Invalid(dialect.At("prompt", dialect.Bad("is missing; it must be the text to go on with")))
	}
	keep(&d.r.Extra, &d.rest)
	return d.r, nil
}

type requestIn struct {
	r    *llm.Request
	rest rawjson.Gather
}

func (d *requestIn) field(it *rawjson.Iter) error {
	r, p, v := d.r, &d.r.Params, it.Value()
	switch string(it.Key()) {
	case "model":
		return dialect.String(&r.Model, v)
	case "prompt":
		return d.prompt(v)
	case "stream":
		return dialect.Bool(&r.Stream, v)
	case "stream_options":
		return d.streamOptions(v)
	case "max_tokens":
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
		return d.logprobs(v)
	case "user":
		return dialect.String(&p.User, v)
	}
	if !rawjson.IsNull(v) {
		d.rest.Add(it)
	}
	return nil
}

// prompt reads the one text that a conversation can hold.
func (d *requestIn) prompt(v []byte) error {
	var text string
	switch {
	case rawjson.IsNull(v):
		return nil
	case rawjson.IsArray(v):
		it := rawjson.Array(v)
		if !it.Next() {
			return dialect.Bad("is empty; it must be the text to go on with")
		}
		first := it.Value()
		if !rawjson.IsString(first) {
			return dialect.Bad("must be text; only a provider of this endpoint can read token numbers")
		}
		if it.Next() {
			return dialect.Bad("must be one text; only a provider of this endpoint takes several, so send each in its own request")
		}
		v = first
	case !rawjson.IsString(v):
		return dialect.Bad("must be a string, or a list with one")
	}
	if err := dialect.String(&text, v); err != nil {
		return err
	}
	m := llm.Message{Role: llm.RoleUser}
	if text != "" {
		m.Parts = []llm.Part{{Kind: llm.PartText, Text: text}}
	}
	d.r.Messages = []llm.Message{m}
	return nil
}

// logprobs is how many alternatives to give for each token; none is not the same as no log probabilities.
func (d *requestIn) logprobs(v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	on := true
	if b, ok := rawjson.Bool(v); ok { // some speakers only switch them on
		d.r.Params.Logprobs = &b
		return nil
	}
	d.r.Params.Logprobs = &on
	return dialect.Opt(&d.r.Params.TopLogprobs, v, dialect.Int)
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
