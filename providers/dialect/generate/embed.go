package generate

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// NewEmbed gives the dialect of embedContent, which makes one vector.
func NewEmbed() dialect.Dialect {
	return dialect.Dialect{Name: name + ".embed", Server: embedServer{}, Client: embedClient{}, ModelInPath: true}
}

// NewEmbeds gives the dialect of batchEmbedContents, which makes many.
func NewEmbeds() dialect.Dialect {
	return dialect.Dialect{Name: name + ".embeds", Server: embedServer{batch: true}, Client: embedClient{batch: true}, ModelInPath: true,
		RepeatsModel: true}
}

// tasks are the endpoint's words for what vectors are for; it has more, which stay as they are.
var tasks = [...]struct{ word, task string }{
	{"RETRIEVAL_DOCUMENT", llm.TaskDocument},
	{"RETRIEVAL_QUERY", llm.TaskQuery},
	{"CLASSIFICATION", llm.TaskClassification},
	{"CLUSTERING", llm.TaskClustering},
	{"SEMANTIC_SIMILARITY", llm.TaskSimilarity},
}

func taskOf(word string) string {
	for _, t := range tasks {
		if t.word == word {
			return t.task
		}
	}
	return word
}

func taskWord(task string) string {
	for _, t := range tasks {
		if t.task == task {
			return t.word
		}
	}
	return task
}

type embedServer struct {
	server
	batch bool
}

// embedIn gathers the items of a request. What other dialects have once for all inputs must be the same in all of them.
type embedIn struct {
	embed llm.Embed
	left  [][]byte // of each item, the members that only this dialect knows
	kept  bool
}

func (s embedServer) DecodeRequest(path dialect.Path, body []byte) (*llm.Request, error) {
	if err := rawjson.Valid(body); err != nil {
		return nil, dialect.Invalid(dialect.Bad("is " + err.Error()))
	}
	var in embedIn
	var rest rawjson.Gather
	var err error
	if s.batch {
		found := false
		err = members(body, &rest, func(key string, v []byte) (bool, error) {
			if key != "requests" {
				return false, nil
			}
			found = true
			return true, dialect.List(v, "must be a list of requests", in.item)
		})
		if err == nil && !found {
			err = dialect.At("requests", dialect.Bad("is missing; it must be a list of requests"))
		}
	} else {
		err = in.item(0, body)
	}
	if err != nil {
		return nil, dialect.Invalid(err)
	}
	return in.request(path, "requests", &rest), nil
}

func (in *embedIn) item(i int, v []byte) error {
	var rest rawjson.Gather
	var input llm.EmbedInput
	var task string
	var dimensions *int64
	content := false
	err := members(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "model": // the URL names it
			return true, nil
		case "content":
			content = true
			return true, embedContent(&input, v)
		case "taskType":
			err := dialect.String(&task, v)
			task = taskOf(task)
			return true, err
		case "outputDimensionality":
			return true, dialect.Opt(&dimensions, v, dialect.Int)
		}
		return false, nil
	})
	switch {
	case err != nil:
		return err
	case !content:
		return dialect.At("content", dialect.Bad("is missing"))
	case i > 0 && task != in.embed.Task:
		return dialect.At("taskType", dialect.Bad("must be the same in all requests"))
	case i > 0 && !sameNumber(dimensions, in.embed.Dimensions):
		return dialect.At("outputDimensionality", dialect.Bad("must be the same in all requests"))
	}
	in.embed.Task, in.embed.Dimensions = task, dimensions
	in.add(input, rest.Object())
	return nil
}

func sameNumber(a, b *int64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// add takes an input, with the members of its item that only this dialect knows.
func (in *embedIn) add(input llm.EmbedInput, left []byte) {
	in.embed.Inputs = append(in.embed.Inputs, input)
	in.kept = in.kept || left != nil
	in.left = append(in.left, orEmpty(left))
}

// request is what was gathered; key is the list that the items stood in.
func (in *embedIn) request(path dialect.Path, key string, rest *rawjson.Gather) *llm.Request {
	r := &llm.Request{Model: path.Model, Embed: &in.embed}
	if in.kept {
		rest.Put(key, append(append([]byte{'['}, bytes.Join(in.left, []byte{','})...), ']'))
	}
	dialect.Keep(&r.Extra, name, rest.Object())
	return r
}

// embedContent reads a content with one part, a text or a file.
func embedContent(input *llm.EmbedInput, v []byte) error {
	n := 0
	err := contentParts(v, func(p partIn) {
		n++
		switch p.Kind {
		case llm.PartText:
			input.Text = p.Text
		case llm.PartMedia:
			input.Media = p.Media
		case llm.PartReasoning, llm.PartCall, llm.PartResult, llm.PartRefusal, llm.PartOpaque:
			n++
		}
	})
	if err == nil && n != 1 {
		err = dialect.At("parts", dialect.Bad("must be one text or one file, for this model"))
	}
	return err
}

func (s embedServer) EncodeResponse(r *llm.Response) ([]byte, []llm.Warning) {
	o := &out{losses: dialect.Losses{Own: name}}
	w := &o.w
	w.Open('{')
	if s.batch {
		w.Key("embeddings")
		w.Open('[')
		for _, v := range r.Vectors {
			w.Elem()
			o.vector(v)
		}
		w.Close(']')
	} else if len(r.Vectors) > 0 {
		w.Key("embedding")
		o.vector(r.Vectors[0])
	}
	if r.Usage != nil {
		o.embedUsage(r.Usage)
	}
	o.keep(r.Extra)
	o.losses.Extra("", r.Extra)
	w.Close('}')
	return w.B, o.losses.List()
}

func (o *out) vector(v llm.Vector) {
	o.w.Open('{')
	o.w.RawField("values", numbers(v))
	o.keep(v.Extra)
	o.w.Close('}')
	if len(v.Extra) > 0 {
		o.losses.Extra(dialect.Index("embeddings", v.Index), v.Extra)
	}
}

func (o *out) embedUsage(u *llm.Usage) {
	o.w.Key("usageMetadata")
	if ownUsage(u) {
		o.w.Raw(u.Raw)
		return
	}
	o.w.Open('{')
	o.w.IntField("promptTokenCount", u.Input)
	o.w.IntField("totalTokenCount", u.Input)
	o.w.Close('}')
}

// numbers is a vector as a JSON array.
func numbers(v llm.Vector) []byte {
	if v.Floats != nil {
		return v.Floats
	}
	b, err := base64.StdEncoding.DecodeString(v.Base64)
	if err != nil {
		return []byte("[]")
	}
	out := []byte{'['}
	for ; len(b) >= 4; b = b[4:] {
		if len(out) > 1 {
			out = append(out, ',')
		}
		f := math.Float32frombits(binary.LittleEndian.Uint32(b))
		if f != f || math.IsInf(float64(f), 0) {
			f = 0
		}
		out = strconv.AppendFloat(out, float64(f), 'g', -1, 32)
	}
	return append(out, ']')
}

type embedClient struct {
	client
	batch bool
}

func (c embedClient) EncodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	e := r.Embed
	switch {
	case e == nil:
		return nil, nil, llm.Errorf(llm.KindInvalidRequest, "the request has nothing to embed")
	case !c.batch && len(e.Inputs) != 1:
		return nil, nil, llm.Errorf(llm.KindInvalidRequest, "input: this model takes one text a call, not %d", len(e.Inputs))
	}
	o := &out{array: "input", losses: dialect.Losses{Own: name}, own: r.Extra[name] != nil}
	w := &o.w
	if c.batch {
		w.Open('{')
		w.Key("requests")
		w.Open('[')
	}
	left := elements(dialect.Nested(r.Extra, name, "requests"))
	for i := range e.Inputs {
		o.index = i
		var own []byte
		if i < len(left) {
			own = left[i]
		}
		if err := o.embedItem(r, &e.Inputs[i], own, c.batch); err != nil {
			return nil, nil, err
		}
	}
	if c.batch {
		w.Close(']')
		o.keep(r.Extra, "requests")
		w.Close('}')
	}
	o.losses.Extra("", r.Extra)
	return w.B, o.losses.List(), nil
}

func elements(list []byte) (out [][]byte) {
	if rawjson.IsArray(list) {
		for it := rawjson.Array(list); it.Next(); {
			out = append(out, it.Value())
		}
	}
	return out
}

func (o *out) embedItem(r *llm.Request, input *llm.EmbedInput, left []byte, batch bool) error {
	w := &o.w
	w.Elem()
	w.Open('{')
	if batch {
		w.StringField("model", resource(r.Model))
	}
	p := llm.Part{Kind: llm.PartText, Text: input.Text}
	switch {
	case len(input.Tokens) > 0:
		return llm.Errorf(llm.KindInvalidRequest, "input: this model takes text, not tokens")
	case input.Media != nil:
		p = llm.Part{Kind: llm.PartMedia, Media: input.Media}
		if !o.writable(p) {
			return llm.Errorf(llm.KindInvalidRequest, "input: this model takes files by value or address, not by id")
		}
	}
	w.Key("content")
	w.Open('{')
	w.Key("parts")
	w.Open('[')
	o.part(p, "")
	w.Close(']')
	w.Close('}')
	if task := taskWord(r.Embed.Task); task != "" {
		w.StringField("taskType", task)
	}
	if r.Embed.Dimensions != nil {
		w.IntField("outputDimensionality", *r.Embed.Dimensions)
	}
	w.Members(orEmpty(left))
	w.Close('}')
	return nil
}

func (c embedClient) DecodeResponse(body []byte) (*llm.Response, error) {
	r := &llm.Response{}
	err := answerIn(r, body, func(key string, v []byte) (bool, error) {
		switch {
		case key == "embeddings" && c.batch:
			return true, dialect.List(v, "must be a list", func(_ int, v []byte) error { return addVector(r, v) })
		case key == "embedding" && !c.batch:
			return true, addVector(r, v)
		case key == "usageMetadata":
			r.Usage = decodeUsage(v)
			return true, nil
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

func addVector(r *llm.Response, v []byte) error {
	out := llm.Vector{Index: len(r.Vectors)}
	var rest rawjson.Gather
	err := members(v, &rest, func(key string, v []byte) (bool, error) {
		if key != "values" {
			return false, nil
		}
		out.Floats = bytes.Clone(v)
		return true, nil
	})
	if err == nil && !rawjson.IsArray(out.Floats) {
		err = dialect.At("values", dialect.Bad("must be a list of numbers"))
	}
	dialect.Keep(&out.Extra, name, rest.Object())
	r.Vectors = append(r.Vectors, out)
	return err
}

func (embedClient) Scan(body []byte) (s dialect.Scan) {
	s.Done = rawjson.IsObject(body)
	if raw, ok, err := rawjson.GetLast(body, "usageMetadata"); ok && err == nil && rawjson.IsObject(raw) {
		if s.Usage, s.HasUsage = readUsage(raw); s.HasUsage {
			s.Usage.Raw = raw
		}
	}
	return s
}
