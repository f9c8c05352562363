package unary

import (
	"bytes"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const embeddings = "embeddings"

// NewEmbeddings gives the dialect of /v1/embeddings.
func NewEmbeddings() dialect.Dialect {
	return format{name: embeddings, read: readEmbeddings, ask: askEmbeddings, decode: decodeEmbeddings,
		answer: answerEmbeddings, scan: scanFor("usage"), failure: wrapped}.dialect()
}

// taskFields are the fields in which speakers say what the vectors are for.
var taskFields = []string{"input_type", "task"}

// taskWords are the words of those fields.
var taskWords = map[string]string{
	"document":          llm.TaskDocument,
	"passage":           llm.TaskDocument,
	"search_document":   llm.TaskDocument,
	"retrieval.passage": llm.TaskDocument,
	"query":             llm.TaskQuery,
	"search_query":      llm.TaskQuery,
	"retrieval.query":   llm.TaskQuery,
	"classification":    llm.TaskClassification,
	"clustering":        llm.TaskClustering,
	"separation":        llm.TaskClustering,
	"text-matching":     llm.TaskSimilarity,
}

func readEmbeddings(body []byte) (*llm.Request, error) {
	e := &llm.Embed{}
	r := &llm.Request{Embed: e}
	rest, err := object(body, func(key string, v []byte) (bool, error) {
		switch key {
		case "model":
			return true, dialect.String(&r.Model, v)
		case "input":
			return true, decodeInputs(e, v)
		case "dimensions":
			return true, dialect.Opt(&e.Dimensions, v, dialect.Int)
		case "encoding_format":
			if rawjson.EqualString(v, floats) || rawjson.EqualString(v, base64s) {
				return true, dialect.String(&e.Encoding, v)
			}
		case "user":
			return true, dialect.String(&r.Params.User, v)
		case "input_type", "task":
			if rawjson.IsString(v) && e.Task == "" {
				e.Task = taskOf(v)
			}
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	if e.Inputs == nil {
		return nil, dialect.At("input", dialect.Bad("is missing; it must be a string or a list of strings"))
	}
	dialect.Keep(&r.Extra, embeddings, rest)
	return r, nil
}

// taskOf is what a word of a provider means, the word itself where it is none that others have.
func taskOf(v []byte) (word string) {
	_ = dialect.String(&word, v)
	if task, ok := taskWords[word]; ok {
		return task
	}
	return word
}

const inputTypes = "must be a string, a list of strings or a list of token numbers"

func decodeInputs(e *llm.Embed, v []byte) error {
	switch {
	case rawjson.IsNull(v):
		return nil
	case rawjson.IsString(v):
		var in llm.EmbedInput
		err := dialect.String(&in.Text, v)
		e.Inputs = []llm.EmbedInput{in}
		return err
	case !rawjson.IsArray(v):
		return dialect.Bad(inputTypes)
	}
	if it := rawjson.Array(v); it.Next() {
		if _, number := rawjson.Int(it.Value()); number {
			tokens, err := decodeTokens(v)
			e.Inputs = []llm.EmbedInput{{Tokens: tokens}}
			return err
		}
	}
	e.Inputs = []llm.EmbedInput{}
	return dialect.List(v, inputTypes, func(_ int, v []byte) error {
		in, err := decodeInput(v)
		e.Inputs = append(e.Inputs, in)
		return err
	})
}

func decodeTokens(v []byte) ([]int64, error) {
	tokens := []int64{}
	err := dialect.List(v, "must be a list of token numbers", func(_ int, v []byte) error {
		var n int64
		err := dialect.Int(&n, v)
		tokens = append(tokens, n)
		return err
	})
	return tokens, err
}

// decodeInput reads one thing to embed. An object with a text or an image is how speakers with other media write it.
func decodeInput(v []byte) (in llm.EmbedInput, err error) {
	switch {
	case rawjson.IsString(v):
		err = dialect.String(&in.Text, v)
		return in, err
	case rawjson.IsArray(v):
		in.Tokens, err = decodeTokens(v)
		return in, err
	case rawjson.IsObject(v):
		if text, ok, _ := rawjson.Get(v, "text"); ok {
			return in, dialect.At("text", dialect.String(&in.Text, text))
		}
		if image, ok, _ := rawjson.Get(v, "image"); ok {
			in.Media, err = decodeImage(image)
			return in, dialect.At("image", err)
		}
	}
	return in, dialect.Bad("must be a string, a list of token numbers, or an object with a text or an image")
}

const anyImage = "image/*" // the MIME of an image that does not say its own

func decodeImage(v []byte) (*llm.Media, error) {
	m := &llm.Media{MIME: anyImage}
	if err := dialect.String(&m.URL, v); err != nil {
		return nil, err
	}
	head, data, ok := strings.Cut(m.URL, ",")
	mime, isData := strings.CutPrefix(head, "data:")
	mime, isBase64 := strings.CutSuffix(mime, ";base64")
	switch {
	case ok && isData && isBase64:
		m.MIME, m.Data, m.URL = mime, data, ""
	case !strings.Contains(m.URL, ":"):
		m.Data, m.URL = m.URL, "" // bare base64
	}
	return m, nil
}

// imageURL is the other way round.
func imageURL(m *llm.Media) string {
	switch {
	case m.Data == "":
		return m.URL
	case m.MIME == anyImage || m.MIME == "":
		return m.Data
	}
	return "data:" + m.MIME + ";base64," + m.Data
}

// embedOf is what a request asks to embed. It is there wherever the gateway sends requests of this operation.
func embedOf(r *llm.Request) (*llm.Embed, error) {
	if r.Embed == nil {
		return nil, llm.Errorf(llm.KindInvalidRequest, "the request has no input to embed")
	}
	return r.Embed, nil
}

func askEmbeddings(r *llm.Request) ([]byte, []llm.Warning, error) {
	e, err := embedOf(r)
	if err != nil {
		return nil, nil, err
	}
	o := newOut(embeddings)
	w := &o.w
	w.Open('{')
	w.StringField("model", r.Model)
	w.Key("input")
	w.Open('[')
	for _, in := range e.Inputs {
		w.Elem()
		o.input(in)
	}
	w.Close(']')
	if e.Encoding != "" {
		w.StringField("encoding_format", e.Encoding)
	}
	o.integer("dimensions", e.Dimensions)
	if r.Params.User != "" {
		w.StringField("user", r.Params.User)
	}
	if e.Task != "" && !hasTask(r.Extra) {
		o.losses.Add("input_type", "the embeddings dialect has no field for it")
	}
	o.own(r.Extra)
	w.Close('}')
	return w.B, o.losses.List(), nil
}

// hasTask reports whether a request says in its own words what its vectors are for.
func hasTask(x llm.Extra) bool {
	for _, key := range taskFields {
		if dialect.Nested(x, embeddings, key) != nil {
			return true
		}
	}
	return false
}

func (o *out) input(in llm.EmbedInput) {
	w := &o.w
	switch {
	case in.Media != nil:
		w.Open('{')
		w.StringField("image", imageURL(in.Media))
		w.Close('}')
	case in.Tokens != nil:
		w.Open('[')
		for _, n := range in.Tokens {
			w.Elem()
			w.Int(n)
		}
		w.Close(']')
	default:
		w.String(in.Text)
	}
}

func decodeEmbeddings(body []byte) (*llm.Response, error) {
	r := &llm.Response{}
	rest, err := object(body, func(key string, v []byte) (bool, error) {
		switch key {
		case "id":
			return true, dialect.String(&r.ID, v)
		case "model":
			return true, dialect.String(&r.Model, v)
		case "object":
			return true, nil
		case "data":
			return true, decodeVectors(r, v)
		case "usage":
			r.Usage = decodeUsage(v)
			return true, nil
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	if r.Vectors == nil {
		return nil, dialect.At("data", dialect.Bad("must be a list"))
	}
	dialect.Keep(&r.Extra, embeddings, rest)
	return r, nil
}

func decodeVectors(r *llm.Response, v []byte) error {
	r.Vectors = []llm.Vector{}
	return dialect.List(v, "must be a list", func(i int, v []byte) error {
		out := llm.Vector{}
		index := int64(i)
		rest, err := object(v, func(key string, v []byte) (bool, error) {
			switch key {
			case "index":
				return true, dialect.Int(&index, v)
			case "embedding":
				return true, decodeVector(&out, v)
			}
			return key == "object", nil
		})
		out.Index = int(index)
		dialect.Keep(&out.Extra, embeddings, rest)
		r.Vectors = append(r.Vectors, out)
		return err
	})
}

func decodeVector(out *llm.Vector, v []byte) error {
	switch {
	case rawjson.IsArray(v):
		out.Floats = bytes.Clone(v)
		return nil
	case rawjson.IsString(v):
		return dialect.String(&out.Base64, v)
	}
	return dialect.Bad("must be a list of numbers or a string")
}

func answerEmbeddings(req *llm.Request, r *llm.Response) ([]byte, []llm.Warning) {
	o := newOut(embeddings)
	w := &o.w
	model, encoding := r.Model, ""
	if req != nil && req.Embed != nil {
		encoding = req.Embed.Encoding
		if encoding == "" && dialect.Nested(req.Extra, embeddings, "output_dtype") == nil {
			encoding = floats
		}
		if model == "" {
			model = req.Model
		}
	}
	w.Open('{')
	w.StringField("id", identity("embd-", r))
	w.StringField("object", "list")
	w.Key("data")
	w.Open('[')
	for i, v := range r.Vectors {
		w.Elem()
		w.Open('{')
		w.StringField("object", "embedding")
		w.IntField("index", int64(v.Index))
		w.Key("embedding")
		o.vector(i, v, encoding)
		if own := v.Extra[embeddings]; own != nil {
			w.Members(own)
		}
		w.Close('}')
		o.losses.Extra(dialect.Index("data", i), v.Extra)
	}
	w.Close(']')
	w.StringField("model", model)
	o.usage(r.Usage)
	o.own(r.Extra)
	w.Close('}')
	return w.B, o.losses.List()
}

// vector writes a vector in the form that was asked for, or as it is where it has only the other.
func (o *out) vector(i int, v llm.Vector, encoding string) {
	list, text := v.Floats, v.Base64
	switch encoding {
	case base64s:
		text = packed(v)
		if text != "" {
			list = nil
		}
	case floats:
		list = numbers(v)
	}
	switch {
	case list != nil:
		o.w.Raw(list)
	case text != "":
		o.w.String(text)
		if encoding == floats {
			o.losses.Add(dialect.Index("data", i), "its numbers could not be read, so it is left as it came")
		}
	default:
		o.w.Raw([]byte("[]"))
		o.losses.Add(dialect.Index("data", i), "the provider gave no vector in a form that this dialect has")
	}
}
