package messages

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// New gives the dialect.
func New() dialect.Dialect {
	return dialect.Dialect{Name: name, Server: server{}, Client: client{}, EchoesModel: true, Foreign: foreign}
}

type server struct{}

func (server) Peek(_ dialect.Path, body []byte) (dialect.Peek, error) { return peek(body) }

func (server) DecodeRequest(_ dialect.Path, body []byte) (*llm.Request, error) {
	return decodeRequest(body)
}

func (server) EncodeResponse(r *llm.Response) ([]byte, []llm.Warning) { return encodeResponse(r) }

func (server) Encoder(*llm.Request) dialect.Encoder { return newEncoder() }

func (server) EncodeError(e *llm.Error) (int, []byte) { return encodeError(e) }

func (server) ErrorFrame(e *llm.Error) []byte { return errorFrame(e) }

func (server) ContentType() string { return "text/event-stream" }

type client struct{}

func (client) EncodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) { return encodeRequest(r) }

func (client) DecodeResponse(body []byte) (*llm.Response, error) { return decodeResponse(body) }

func (client) Decoder() dialect.Decoder { return &decoder{} }

func (client) DecodeError(status int, header func(string) string, body []byte) *llm.Error {
	return decodeError(status, header, body)
}

func (client) Scan(body []byte) dialect.Scan { return scan(body) }

func (client) Tee() dialect.Tee { return &tee{} }

// foreign finds the thoughts that other dialects have signed.
func foreign(body []byte) bool {
	return dialect.ForeignIn(name, body, `"signature"`, `"`+citedIndex+`"`) ||
		bytes.Contains(body, []byte("_thinking")) && dialect.ForeignIn(name, body, `"data"`)
}

// peek reads what routing needs. Usage always comes.
func peek(body []byte) (dialect.Peek, error) {
	p, err := dialect.PeekBody(body)
	p.IncludeUsage = true
	return p, err
}

var (
	_ dialect.Server  = server{}
	_ dialect.Client  = client{}
	_ dialect.Decoder = (*decoder)(nil)
	_ dialect.Encoder = (*encoder)(nil)
	_ dialect.Tee     = (*tee)(nil)
)
