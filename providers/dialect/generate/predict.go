package generate

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// NewPredict gives the dialect of predict, as models that embed texts speak it: instances in, predictions out.
func NewPredict() dialect.Dialect {
	return dialect.Dialect{Name: name + ".predict", Server: predictServer{}, Client: predictClient{}, ModelInPath: true}
}

type predictServer struct{ server }

func (predictServer) DecodeRequest(path dialect.Path, body []byte) (*llm.Request, error) {
	if err := rawjson.Valid(body); err != nil {
		return nil, dialect.Invalid(dialect.Bad("is " + err.Error()))
	}
	var in embedIn
	var rest rawjson.Gather
	err := members(body, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "instances":
			return true, dialect.List(v, "must be a list of instances", in.instance)
		case "parameters":
			return true, in.parameters(&rest, v)
		}
		return false, nil
	})
	if err == nil && len(in.left) == 0 {
		err = dialect.At("instances", dialect.Bad("is missing; it must be a list of instances"))
	}
	if err != nil {
		return nil, dialect.Invalid(err)
	}
	return in.request(path, "instances", &rest), nil
}

func (in *embedIn) instance(i int, v []byte) error {
	var rest rawjson.Gather
	var input llm.EmbedInput
	var task string
	text := false
	err := members(v, &rest, func(key string, v []byte) (bool, error) {
		switch key {
		case "content":
			text = true
			return true, dialect.String(&input.Text, v)
		case "taskType":
			err := dialect.String(&task, v)
			task = taskOf(task)
			return true, err
		}
		return false, nil
	})
	switch {
	case err != nil:
		return err
	case !text:
		return dialect.At("content", dialect.Bad("is missing; only texts can be embedded here"))
	case i > 0 && task != in.embed.Task:
		return dialect.At("task_type", dialect.Bad("must be the same in all instances"))
	}
	in.embed.Task = task
	in.add(input, rest.Object())
	return nil
}

func (in *embedIn) parameters(outer *rawjson.Gather, v []byte) error {
	if rawjson.IsNull(v) {
		return nil
	}
	var rest rawjson.Gather
	err := members(v, &rest, func(key string, v []byte) (bool, error) {
		if key != "outputDimensionality" {
			return false, nil
		}
		return true, dialect.Opt(&in.embed.Dimensions, v, dialect.Int)
	})
	if left := rest.Object(); left != nil {
		outer.Put("parameters", left)
	}
	return err
}

func (predictServer) EncodeResponse(r *llm.Response) ([]byte, []llm.Warning) {
	o := &out{losses: dialect.Losses{Own: name}}
	w := &o.w
	w.Open('{')
	w.Key("predictions")
	w.Open('[')
	for i, v := range r.Vectors {
		w.Elem()
		w.Open('{')
		w.Key("embeddings")
		w.Open('{')
		w.RawField("values", numbers(v))
		if dialect.Nested(v.Extra, name, "statistics") == nil && i == 0 && r.Usage != nil {
			w.Key("statistics")
			w.Open('{')
			w.IntField("token_count", r.Usage.Input)
			w.Close('}')
		}
		o.keep(v.Extra)
		w.Close('}')
		w.Close('}')
	}
	w.Close(']')
	o.keep(r.Extra)
	o.losses.Extra("", r.Extra)
	w.Close('}')
	return w.B, o.losses.List()
}

type predictClient struct{ client }

func (predictClient) EncodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	e := r.Embed
	if e == nil {
		return nil, nil, llm.Errorf(llm.KindInvalidRequest, "the request has nothing to embed")
	}
	o := &out{losses: dialect.Losses{Own: name}}
	w := &o.w
	left := elements(dialect.Nested(r.Extra, name, "instances"))
	w.Open('{')
	w.Key("instances")
	w.Open('[')
	for i, input := range e.Inputs {
		if input.Media != nil || len(input.Tokens) > 0 {
			return nil, nil, llm.Errorf(llm.KindInvalidRequest, "input: this model embeds texts only")
		}
		w.Elem()
		w.Open('{')
		w.StringField("content", input.Text)
		if task := taskWord(e.Task); task != "" {
			w.StringField("task_type", task)
		}
		if i < len(left) {
			w.Members(left[i])
		}
		w.Close('}')
	}
	w.Close(']')
	parameters := dialect.Nested(r.Extra, name, "parameters")
	if e.Dimensions != nil || parameters != nil {
		w.Key("parameters")
		w.Open('{')
		if e.Dimensions != nil {
			w.IntField("outputDimensionality", *e.Dimensions)
		}
		w.Members(orEmpty(parameters))
		w.Close('}')
	}
	o.keep(r.Extra, "instances", "parameters")
	o.losses.Extra("", r.Extra)
	w.Close('}')
	return w.B, o.losses.List(), nil
}

func (predictClient) DecodeResponse(body []byte) (*llm.Response, error) {
	r := &llm.Response{}
	err := answerIn(r, body, func(key string, v []byte) (bool, error) {
		if key != "predictions" {
			return false, nil
		}
		return true, dialect.List(v, "must be a list", func(_ int, v []byte) error {
			inner, ok, err := rawjson.Get(v, "embeddings")
			if err != nil || !ok {
				return dialect.At("embeddings", dialect.Bad("is missing"))
			}
			return addVector(r, inner)
		})
	})
	if err != nil {
		return nil, err
	}
	r.Usage = predictUsage(body)
	return r, nil
}

// predictUsage adds up the tokens of all predictions; nil where none has any.
func predictUsage(body []byte) *llm.Usage {
	list, ok, _ := rawjson.Get(body, "predictions")
	if !ok || !rawjson.IsArray(list) {
		return nil
	}
	var u *llm.Usage
	for it := rawjson.Array(list); it.Next(); {
		if !rawjson.IsObject(it.Value()) {
			continue
		}
		v, ok, _ := rawjson.Get(it.Value(), "embeddings", "statistics", "token_count")
		if n, whole := rawjson.Int(v); ok && whole {
			if u == nil {
				u = &llm.Usage{}
			}
			u.Input += n
		}
	}
	return u
}

func (predictClient) Scan(body []byte) (s dialect.Scan) {
	s.Done = rawjson.IsObject(body)
	if !s.Done {
		return s
	}
	if u := predictUsage(body); u != nil {
		s.Usage, s.HasUsage = *u, true
	}
	return s
}

var (
	_ dialect.Server = countServer{}
	_ dialect.Client = countClient{}
	_ dialect.Server = embedServer{}
	_ dialect.Client = embedClient{}
	_ dialect.Server = predictServer{}
	_ dialect.Client = predictClient{}
)
