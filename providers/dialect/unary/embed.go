package unary

import (
	"bytes"
	"encoding/json"
	"maps"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const embed = "embed"

// NewEmbed gives the dialect of /v2/embed.
func NewEmbed() dialect.Dialect {
	return format{name: embed, read: readEmbed, ask: askEmbed, decode: decodeEmbed,
		answer: answerEmbed, scan: scanFor("meta"), failure: plain}.dialect()
}

// inputTypeOf gives the endpoint's word for a task.
var inputTypeOf = map[string]string{
	llm.TaskDocument:       "search_document",
	llm.TaskQuery:          "search_query",
	llm.TaskClassification: "classification",
	llm.TaskClustering:     "clustering",
	"image":                "image",
}

func readEmbed(body []byte) (*llm.Request, error) {
	e := &llm.Embed{}
	r := &llm.Request{Embed: e}
	rest, err := object(body, func(key string, v []byte) (bool, error) {
		switch key {
		case "model":
			return true, dialect.String(&r.Model, v)
		case "texts":
			return true, inputList(e, v, "must be a list of strings", decodeText)
		case "images":
			return true, inputList(e, v, "must be a list of strings", decodePicture)
		case "inputs":
			return true, inputList(e, v, "must be a list of objects", decodeContent)
		case "input_type":
			if rawjson.IsString(v) {
				e.Task = taskOf(v)
			}
			return true, nil
		case "output_dimension":
			return true, dialect.Opt(&e.Dimensions, v, dialect.Int)
		case "embedding_types":
			e.Encoding = encodingOf(v)
			return onlyFloats(v), nil
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	if e.Inputs == nil {
		return nil, dialect.At("texts", dialect.Bad("is missing; it must be a list of strings"))
	}
	dialect.Keep(&r.Extra, embed, rest)
	return r, nil
}

func inputList(e *llm.Embed, v []byte, why string, read func([]byte) (llm.EmbedInput, error)) error {
	if rawjson.IsNull(v) {
		return nil
	}
	if e.Inputs == nil {
		e.Inputs = []llm.EmbedInput{}
	}
	return dialect.List(v, why, func(_ int, v []byte) error {
		in, err := read(v)
		e.Inputs = append(e.Inputs, in)
		return err
	})
}

func decodeText(v []byte) (in llm.EmbedInput, err error) {
	if !rawjson.IsString(v) {
		return in, dialect.Bad("must be a string")
	}
	return in, dialect.String(&in.Text, v)
}

func decodePicture(v []byte) (in llm.EmbedInput, err error) {
	if !rawjson.IsString(v) {
		return in, dialect.Bad("must be a string")
	}
	in.Media, err = decodeImage(v)
	return in, err
}

// decodeContent reads an input of parts. Only a provider of this endpoint makes one vector of several.
func decodeContent(v []byte) (in llm.EmbedInput, err error) {
	content, _, _ := rawjson.Get(v, "content")
	n := 0
	err = dialect.At("content", dialect.List(content, "must be a list of parts", func(_ int, v []byte) error {
		if n++; n > 1 {
			return dialect.Bad("must be the only part; only a provider of this endpoint makes one vector of several")
		}
		if image, ok, _ := rawjson.Get(v, "image_url", "url"); ok {
			in, err = decodePicture(image)
			return dialect.At("image_url.url", err)
		}
		text, _, _ := rawjson.Get(v, "text")
		in, err = decodeText(text)
		return dialect.At("text", err)
	}))
	if err == nil && n == 0 {
		err = dialect.At("content", dialect.Bad("must hold a part"))
	}
	return in, err
}

// onlyFloats reports whether a list of types asks for what the encoding says as well.
func onlyFloats(types []byte) bool {
	it := rawjson.Array(types)
	return it.Next() && rawjson.EqualString(it.Value(), floats) && !it.Next()
}

// encodingOf is the form of vectors that a list of types asks for, among those that other formats know.
func encodingOf(types []byte) string {
	encoding := ""
	for it := rawjson.Array(types); it.Next(); {
		switch {
		case rawjson.EqualString(it.Value(), floats):
			return floats
		case rawjson.EqualString(it.Value(), base64s):
			encoding = base64s
		}
	}
	return encoding
}

func askEmbed(r *llm.Request) ([]byte, []llm.Warning, error) {
	e, err := embedOf(r)
	if err != nil {
		return nil, nil, err
	}
	o := newOut(embed)
	w := &o.w
	w.Open('{')
	w.StringField("model", r.Model)
	if err := o.inputs(e.Inputs); err != nil {
		return nil, nil, err
	}
	if kind := o.inputType(r); kind != "" {
		w.StringField("input_type", kind)
	}
	o.integer("output_dimension", e.Dimensions)
	// Numbers can be packed for the client afterwards, so no other form is asked for unless in this dialect's words.
	if e.Encoding != "" && dialect.Nested(r.Extra, embed, "embedding_types") == nil {
		w.RawField("embedding_types", []byte(`["float"]`))
	}
	if r.Params.User != "" {
		o.losses.Add("user", "the embed dialect has no field for it")
	}
	o.own(withoutTask(r))
	w.Close('}')
	return w.B, o.losses.List(), nil
}

// inputType is the endpoint's word for what the vectors are for. It demands one; documents are what most are made of.
func (o *out) inputType(r *llm.Request) string {
	task := r.Embed.Task
	if word, ok := inputTypeOf[task]; ok {
		return word
	}
	if r.Extra[embed] != nil {
		return task
	}
	if task != "" {
		o.losses.Add("input_type", "the embed dialect has no word for "+task+", so the texts count as documents")
	}
	return inputTypeOf[llm.TaskDocument]
}

// withoutTask is the Extra of a request without another format's words for the task that it has.
func withoutTask(r *llm.Request) llm.Extra {
	obj := r.Extra[embeddings]
	if obj == nil || r.Embed.Task == "" {
		return r.Extra
	}
	for _, key := range taskFields {
		if cut, err := rawjson.Delete(nil, obj, key); err == nil {
			obj = cut
		}
	}
	x := maps.Clone(r.Extra)
	x[embeddings] = obj
	return x
}

// inputs writes what to embed: texts or images where all are of one kind, else parts.
func (o *out) inputs(list []llm.EmbedInput) error {
	texts, images := 0, 0
	for i, in := range list {
		switch {
		case in.Tokens != nil:
			return dialect.Invalid(dialect.At(dialect.Index("input", i),
				dialect.Bad("must be text; the provider of this model does not read token numbers")))
		case in.Media != nil:
			images++
		default:
			texts++
		}
	}
	w := &o.w
	switch {
	case images == 0:
		w.Key("texts")
	case texts == 0:
		w.Key("images")
	default:
		w.Key("inputs")
	}
	w.Open('[')
	for _, in := range list {
		w.Elem()
		switch {
		case texts > 0 && images > 0:
			o.part(in)
		case in.Media != nil:
			w.String(imageURL(in.Media))
		default:
			w.String(in.Text)
		}
	}
	w.Close(']')
	return nil
}

func (o *out) part(in llm.EmbedInput) {
	w := &o.w
	w.Open('{')
	w.Key("content")
	w.Open('[')
	w.Open('{')
	if in.Media != nil {
		w.StringField("type", "image_url")
		w.Key("image_url")
		w.Open('{')
		w.StringField("url", imageURL(in.Media))
		w.Close('}')
	} else {
		w.StringField("type", "text")
		w.StringField("text", in.Text)
	}
	w.Close('}')
	w.Close(']')
	w.Close('}')
}

func decodeEmbed(body []byte) (*llm.Response, error) {
	r := &llm.Response{}
	rest, err := object(body, func(key string, v []byte) (bool, error) {
		switch key {
		case "id":
			return true, dialect.String(&r.ID, v)
		case "response_type":
			return true, nil
		case "embeddings":
			return true, decodeByType(r, v)
		case "meta":
			r.Usage = decodeUsage(v)
			return true, nil
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	if r.Vectors == nil {
		return nil, dialect.At("embeddings", dialect.Bad("must be an object with a list for each type"))
	}
	dialect.Keep(&r.Extra, embed, rest)
	return r, nil
}

// decodeByType reads a list of vectors for each type; older answers are one list of numbers.
func decodeByType(r *llm.Response, v []byte) error {
	r.Vectors = []llm.Vector{}
	if rawjson.IsArray(v) {
		return decodeType(r, floats, v)
	}
	_, err := object(v, func(key string, v []byte) (bool, error) {
		if rawjson.IsNull(v) {
			return true, nil
		}
		return true, decodeType(r, key, v)
	})
	return err
}

func decodeType(r *llm.Response, kind string, v []byte) error {
	return dialect.List(v, "must be a list", func(i int, v []byte) error {
		if i == len(r.Vectors) {
			r.Vectors = append(r.Vectors, llm.Vector{Index: i})
		}
		at := &r.Vectors[i]
		switch kind {
		case floats:
			if !rawjson.IsArray(v) {
				return dialect.Bad("must be a list of numbers")
			}
			at.Floats = bytes.Clone(v)
		case base64s:
			return dialect.String(&at.Base64, v)
		default:
			var rest rawjson.Gather
			if own := at.Extra[embed]; own != nil {
				for it := rawjson.Object(own); it.Next(); {
					rest.Add(&it)
				}
			}
			rest.Put(kind, v)
			dialect.Keep(&at.Extra, embed, rest.Object())
		}
		return nil
	})
}

func answerEmbed(req *llm.Request, r *llm.Response) ([]byte, []llm.Warning) {
	o := newOut(embed)
	w := &o.w
	w.Open('{')
	w.StringField("id", identity("embd-", r))
	w.StringField("response_type", "embeddings_by_type")
	w.Key("embeddings")
	w.Open('{')
	for _, kind := range o.types(req, r) {
		w.Key(kind)
		w.Open('[')
		for i, v := range r.Vectors {
			w.Elem()
			o.typed(i, v, kind)
		}
		w.Close(']')
	}
	w.Close('}')
	for i, v := range r.Vectors {
		o.losses.Extra(dialect.Index("embeddings", i), v.Extra)
	}
	if req != nil && req.Embed != nil && dialect.Nested(r.Extra, embed, "texts") == nil {
		o.texts(req.Embed.Inputs)
	}
	o.meta(r.Usage)
	o.own(r.Extra)
	w.Close('}')
	return w.B, o.losses.List()
}

// types are the forms of vectors to write: those that were asked for, else those that are there.
func (o *out) types(req *llm.Request, r *llm.Response) (kinds []string) {
	if req != nil {
		kinds, _ = dialect.Strings(dialect.Nested(req.Extra, embed, "embedding_types"))
	}
	if len(kinds) > 0 {
		return kinds
	}
	if len(r.Vectors) == 0 {
		return []string{floats}
	}
	first := r.Vectors[0]
	if first.Floats != nil || first.Base64 != "" && req != nil {
		kinds = append(kinds, floats)
	}
	if first.Base64 != "" && req == nil {
		kinds = append(kinds, base64s)
	}
	for it := rawjson.Object(first.Extra[embed]); it.Next(); {
		kinds = append(kinds, string(it.Key()))
	}
	return kinds
}

// typed writes a vector as one of its types.
func (o *out) typed(i int, v llm.Vector, kind string) {
	var value json.RawMessage
	switch kind {
	case floats:
		value = numbers(v)
	case base64s:
		if text := packed(v); text != "" {
			value = rawjson.AppendString(nil, text)
		}
	default:
		value = dialect.Nested(v.Extra, embed, kind)
	}
	if value == nil {
		o.losses.Add(dialect.Index("embeddings."+kind, i), "the provider gave the vector in another form")
		value = json.RawMessage(`[]`)
	}
	o.w.Raw(value)
}

// texts says again what was embedded, as the endpoint does.
func (o *out) texts(inputs []llm.EmbedInput) {
	for _, in := range inputs {
		if in.Media != nil || in.Tokens != nil {
			return
		}
	}
	w := &o.w
	w.Key("texts")
	w.Open('[')
	for _, in := range inputs {
		w.Elem()
		w.String(in.Text)
	}
	w.Close(']')
}
