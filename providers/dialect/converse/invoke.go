package converse

import (
	"heimdall/providers/dialect"
	"heimdall/providers/eventstream"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	invokeName = "invoke"

	// What the endpoint adds to a body of the messages dialect. The version marks such a body.
	versionKey = "anthropic_version"
	version    = "bedrock-2023-05-31"
	betaKey    = "anthropic_beta"

	metricsKey = "amazon-bedrock-invocationMetrics" // in the last chunk of every model's stream
)

// NewInvoke gives the dialect of invoke and invoke-with-response-stream, whose bodies are those of the model. Only the
// bodies of the given messages dialect have a canonical form; those of other models can be relayed and scanned.
func NewInvoke(messages dialect.Dialect) dialect.Dialect {
	return dialect.Dialect{Name: invokeName, ModelInPath: true, Foreign: messages.Foreign, Frames: eventstream.Whole, Text: eventstream.Text,
		Server: invokeServer{messages: messages.Server},
		Client: invokeClient{Client: client{}, messages: messages.Client}}
}

type invokeServer struct {
	server
	messages dialect.Server
}

// DecodeRequest reads a body of the messages dialect, without model and stream. Extra["invoke"] holds what the endpoint
// adds to it; it is there even when empty.
func (s invokeServer) DecodeRequest(path dialect.Path, body []byte) (*llm.Request, error) {
	if err := rawjson.Valid(body); err != nil {
		return nil, dialect.Invalid(dialect.Bad("is " + err.Error()))
	}
	var inner, own rawjson.Gather
	shaped := false
	it := rawjson.Object(body)
	for it.Next() {
		switch string(it.Key()) {
		case versionKey:
			shaped = true
			if !rawjson.EqualString(it.Value(), version) {
				own.Add(&it)
			}
		case betaKey:
			own.Add(&it)
		case "model", "stream":
		default:
			inner.Add(&it)
		}
	}
	if it.Err() != nil {
		return nil, dialect.Invalid(dialect.Bad("must be a JSON object"))
	}
	if !shaped {
		return nil, dialect.Invalid(dialect.At(versionKey, dialect.Bad(
			"is missing; only bodies of the Messages API, which have it, can be carried to another provider")))
	}
	inner.Put("model", rawjson.AppendString(nil, path.Model))
	if path.Stream {
		inner.Put("stream", []byte("true"))
	}
	r, err := s.messages.DecodeRequest(path, inner.Object())
	if err != nil {
		return nil, err
	}
	obj := own.Object()
	if obj == nil {
		obj = []byte("{}")
	}
	dialect.Keep(&r.Extra, invokeName, obj)
	return r, nil
}

func (s invokeServer) EncodeResponse(r *llm.Response) ([]byte, []llm.Warning) {
	return s.messages.EncodeResponse(r)
}

func (s invokeServer) Encoder(req *llm.Request) dialect.Encoder {
	return &invokeEncoder{inner: s.messages.Encoder(req)}
}

type invokeClient struct {
	dialect.Client
	messages dialect.Client
}

func (c invokeClient) EncodeRequest(r *llm.Request) ([]byte, []llm.Warning, error) {
	plain := *r
	plain.Extra = except(r.Extra, invokeName)
	plain.Stream = false
	body, warnings, err := c.messages.EncodeRequest(&plain)
	if err != nil {
		return nil, warnings, err
	}
	if body, err = rawjson.Delete(nil, body, "model"); err != nil {
		return nil, warnings, err
	}
	own := r.Extra[invokeName]
	var add []rawjson.Member
	if dialect.Nested(r.Extra, invokeName, versionKey) == nil {
		add = append(add, rawjson.Member{Key: versionKey, Value: rawjson.AppendString(nil, version)})
	}
	if own != nil {
		for it := rawjson.Object(own); it.Next(); {
			add = append(add, rawjson.Member{Key: string(it.Key()), Value: it.Value()})
		}
	}
	return rawjson.AppendMembers(nil, body, add...), warnings, nil
}

func (c invokeClient) DecodeResponse(body []byte) (*llm.Response, error) {
	if rawjson.IsObject(body) && !isMessage(body) {
		return nil, dialect.Unreadable(dialect.Bad(notMessages))
	}
	return c.messages.DecodeResponse(body)
}

const notMessages = "is not of the Messages API, and no other body of invoke can be carried to another dialect"

func isMessage(body []byte) bool {
	kind, _, _ := rawjson.Get(body, "type")
	return rawjson.EqualString(kind, "message")
}

func (c invokeClient) Decoder() dialect.Decoder { return &invokeDecoder{inner: c.messages.Decoder()} }

// Scan reads the answer of any model.
func (c invokeClient) Scan(body []byte) dialect.Scan {
	if isMessage(body) {
		return c.messages.Scan(body)
	}
	if _, ok, _ := rawjson.Get(body, "stopReason"); ok {
		return scan(body)
	}
	var p plainScan
	p.read(body)
	s := p.result()
	s.Done = rawjson.IsObject(body)
	return s
}

func (c invokeClient) Tee() dialect.Tee { return &invokeTee{messages: c.messages.Tee()} }
