package responses

import (
	"bytes"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// NewStored gives the dialect of the endpoints that work on answers which the provider keeps, and of the one that makes
// a conversation shorter. They have no canonical form: their bodies pass as they are, or not at all.
func NewStored() dialect.Dialect {
	return dialect.Dialect{Name: name + ".stored", Server: storedServer{}, Client: storedClient{}}
}

type storedServer struct{ server }

// Peek takes a body that is not there; the query may ask for a stream.
func (storedServer) Peek(path dialect.Path, body []byte) (p dialect.Peek, err error) {
	p.IncludeUsage = true
	if len(bytes.TrimSpace(body)) > 0 {
		if p, err = peek(body); err != nil {
			return p, err
		}
	}
	if p.Model == "" {
		p.Model = path.Model
	}
	p.Stream = p.Stream || path.Stream
	return p, nil
}

func (storedServer) DecodeRequest(dialect.Path, []byte) (*llm.Request, error) {
	return nil, untranslatable()
}

type storedClient struct{ client }

func (storedClient) EncodeRequest(*llm.Request) ([]byte, []llm.Warning, error) {
	return nil, nil, untranslatable()
}

// Scan reads an answer, or what is left of one. What was deleted or listed is whole too.
func (storedClient) Scan(body []byte) dialect.Scan {
	s := scan(body)
	if s.Done && s.Finish.Raw == "" {
		_, answer, _ := rawjson.Get(body, "output")
		if !answer {
			s.Finish = llm.Finish{}
		}
	}
	return s
}

func untranslatable() *llm.Error {
	return llm.Errorf(llm.KindInvalidRequest,
		"this operation works only with a provider that has it too; name one that keeps its answers in the Responses API")
}

var (
	_ dialect.Server = storedServer{}
	_ dialect.Client = storedClient{}
)
