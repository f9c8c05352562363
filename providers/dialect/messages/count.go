package messages

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// NewCount gives the dialect of POST /v1/messages/count_tokens: what would be sent as a message is counted instead.
func NewCount() dialect.Dialect {
	return dialect.Dialect{Name: name + ".count", Server: countServer{}, Client: countClient{}}
}

type countServer struct{ server }

func (countServer) Peek(_ dialect.Path, body []byte) (dialect.Peek, error) {
	p, err := peek(body)
	p.Stream = false
	return p, err
}

func (countServer) EncodeResponse(r *llm.Response) ([]byte, []llm.Warning) {
	w := rawjson.Writer{}
	w.Open('{')
	var n int64
	if r.Usage != nil {
		n = r.Usage.Input
	}
	w.IntField("input_tokens", n)
	w.Close('}')
	return w.B, nil
}

type countClient struct{ client }

// uncounted are the members of a message that the endpoint refuses.
var uncounted = []string{"max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "metadata", "service_tier"}

func (countClient) EncodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	body, warnings, err := encodeRequest(r)
	if err != nil {
		return nil, nil, err
	}
	w := rawjson.Writer{}
	w.Open('{')
	w.Members(body, uncounted...)
	w.Close('}')
	return w.B, warnings, nil
}

func (countClient) DecodeResponse(body []byte) (*llm.Response, error) {
	v, ok, err := rawjson.Get(body, "input_tokens")
	if err != nil {
		return nil, dialect.Unreadable(err)
	}
	n, whole := rawjson.Int(v)
	if !ok || !whole {
		return nil, dialect.Unreadable(dialect.At("input_tokens", dialect.Bad("must be a whole number")))
	}
	return &llm.Response{Usage: &llm.Usage{Input: n}, Choices: []llm.Choice{{}}}, nil
}

func (c countClient) Scan(body []byte) dialect.Scan {
	r, err := c.DecodeResponse(body)
	if err != nil {
		return dialect.Scan{}
	}
	return dialect.Scan{Usage: *r.Usage, HasUsage: true, Done: true}
}

var (
	_ dialect.Server = countServer{}
	_ dialect.Client = countClient{}
)
