package responses

import (
	"slices"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// NewCount gives the dialect of the endpoint that counts the tokens of a request. It takes what an answer would be made
// of and gives one number. It never streams.
func NewCount() dialect.Dialect {
	return dialect.Dialect{Name: name + ".count", Server: countServer{}, Client: countClient{}}
}

type countServer struct{ server }

// EncodeAnswer is EncodeResponse: a count does not depend on what else was asked.
func (s countServer) EncodeAnswer(_ *llm.Request, r *llm.Response) ([]byte, []llm.Warning) {
	return s.EncodeResponse(r)
}

func (countServer) EncodeResponse(r *llm.Response) ([]byte, []llm.Warning) {
	var n int64
	if r.Usage != nil {
		n = r.Usage.Input
	}
	var w rawjson.Writer
	w.Open('{')
	w.StringField("object", "response.input_tokens")
	w.IntField("input_tokens", n)
	w.Close('}')
	return w.B, nil
}

type countClient struct{ client }

// counted are the fields that the endpoint takes.
var counted = []string{"model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text",
	"truncation", "previous_response_id", "conversation", "personality"}

// EncodeRequest leaves out what says how to answer: nothing of it can change the count.
func (countClient) EncodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	body, warnings, err := encodeRequest(r)
	if err != nil {
		return nil, nil, err
	}
	var w rawjson.Writer
	w.Open('{')
	for it := rawjson.Object(body); it.Next(); {
		if slices.Contains(counted, string(it.Key())) {
			w.RawField(string(it.Key()), it.Value())
		}
	}
	w.Close('}')
	return w.B, warnings, nil
}

func (countClient) DecodeResponse(body []byte) (*llm.Response, error) {
	s := countClient{}.Scan(body)
	if !s.Done {
		return nil, dialect.Unreadable(dialect.At("input_tokens", dialect.Bad("must be a whole number")))
	}
	usage := s.Usage
	return &llm.Response{Usage: &usage, Choices: []llm.Choice{{}}}, nil
}

func (countClient) Scan(body []byte) (s dialect.Scan) {
	if !rawjson.IsObject(body) || rawjson.Valid(body) != nil {
		return s
	}
	v, _, _ := rawjson.Get(body, "input_tokens")
	n, ok := rawjson.Int(v)
	s.Usage.Input, s.HasUsage, s.Done = n, ok, ok
	return s
}

var (
	_ dialect.Server = countServer{}
	_ dialect.Client = countClient{}
)
