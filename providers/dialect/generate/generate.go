package generate

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// New gives the dialect.
func New() dialect.Dialect {
	return dialect.Dialect{Name: name, Server: server{}, Client: client{}, ModelInPath: true, Foreign: foreign}
}

type server struct{}

func (server) Peek(path dialect.Path, body []byte) (dialect.Peek, error) { return peek(path, body) }

func (server) DecodeRequest(path dialect.Path, body []byte) (*llm.Request, error) {
	return decodeRequest(path, body)
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

// peek reads what routing needs: the URL says nearly all of it. Usage always comes.
func peek(path dialect.Path, body []byte) (dialect.Peek, error) {
	p := dialect.Peek{Model: path.Model, Stream: path.Stream, IncludeUsage: true}
	it := rawjson.Object(body)
	for it.Next() {
		switch string(it.Key()) {
		case "fallbacks":
			p.Fallbacks = true
		case "generationConfig", "generation_config":
			p.LongestOf(it.Value(), "maxOutputTokens")
		}
	}
	if it.Err() != nil {
		return p, dialect.Invalid(dialect.Shape(it.Err(), body, rawjson.IsObject(body), "must be a JSON object"))
	}
	return p, nil
}

var (
	_ dialect.Server  = server{}
	_ dialect.Client  = client{}
	_ dialect.Decoder = (*decoder)(nil)
	_ dialect.Encoder = (*encoder)(nil)
	_ dialect.Tee     = (*tee)(nil)
)
