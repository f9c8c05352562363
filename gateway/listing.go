package gateway

import (
	"context"
	"strings"
	"time"

	"heimdall/gateway/admin"
	"heimdall/gateway/exchange"
	"heimdall/gateway/govern"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// listing answers the routes that list models, in the shape of one kind of client. Models are named as that client's
// calls name them: bare for the provider that its route means, provider/model for all others. A virtual key sees what it
// may have.
type listing struct {
	models   func(context.Context) []admin.ModelEntry
	known    func(provider string) bool
	policy   func() *govern.Policy
	shape    shape
	provider string // whose names are bare; "" = nobody's
}

// shape writes one kind of list, and one model of it.
type shape struct {
	list func(w *rawjson.Writer, names []named)
	one  func(w *rawjson.Writer, m named)
}

// named is a model as the client sees it.
type named struct{ id, owner string }

func (g *Gateway) listing(kind, provider string) listing {
	return listing{
		models: g.models, shape: shapes[kind], provider: provider,
		known:  func(name string) bool { return g.router.Load().Provider(name) != nil },
		policy: g.policy.Load,
	}
}

// all answers with every model that a configured provider has, or those of the one in ?provider=.
func (l listing) all(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	return l.governed(ctx, x, l.listAll)
}

// one answers with the model that the path names.
func (l listing) one(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	return l.governed(ctx, x, l.showOne)
}

// governed finds out who asks. What is not logged has no record, which the policy writes into.
func (l listing) governed(ctx context.Context, x *exchange.Exchange, next exchange.Handler) (*exchange.Reply, error) {
	x.Record = &exchange.Record{}
	return l.policy().Wrap(next)(ctx, x)
}

func (l listing) listAll(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	began := time.Now()
	only := x.Query.Get("provider")
	if only != "" && !l.known(only) {
		return nil, &llm.Error{Kind: llm.KindInvalidRequest, Status: 400, Type: "invalid_request_error", Param: "provider", Message: "the provider " + only + " is not configured"}
	}
	w := rawjson.Writer{}
	l.shape.list(&w, l.names(ctx, x.Caller, only))
	body := w.B
	if x.Row.Decorate == exchange.DecorateAlways {
		body = rawjson.AppendMembers(nil, body, rawjson.Member{Key: "extra_fields", Value: listed(only, time.Since(began))})
	}
	return &exchange.Reply{Status: 200, ContentType: "application/json", Body: body}, nil
}

func (l listing) showOne(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	want := x.Params["model"]
	for _, m := range l.names(ctx, x.Caller, "") {
		if m.id == want || m.owner+"/"+m.id == want {
			w := rawjson.Writer{}
			l.shape.one(&w, m)
			return &exchange.Reply{Status: 200, ContentType: "application/json", Body: w.B}, nil
		}
	}
	return nil, &llm.Error{Kind: llm.KindModelUnknown, Status: 404, Type: "not_found_error", Code: "model_not_found", Param: "model", Message: "no configured provider lists the model " + want}
}

func (l listing) names(ctx context.Context, who exchange.Caller, only string) []named {
	var bare, others []named
	for _, m := range l.models(ctx) {
		switch {
		case only != "" && m.Provider != only, who != nil && who.May(m.Provider, m.Name) != nil:
		case m.Provider == l.provider:
			bare = append(bare, named{m.Name, m.Provider})
		default:
			others = append(others, named{m.Provider + "/" + m.Name, m.Provider})
		}
	}
	return append(bare, others...)
}

func listed(provider string, took time.Duration) []byte {
	w := rawjson.Writer{}
	w.Open('{')
	w.StringField("request_type", "list_models")
	if provider != "" {
		w.StringField("provider", provider)
	}
	w.IntField("latency", took.Milliseconds())
	w.Close('}')
	return w.B
}

// What a model can do, and since when it exists, no catalogue here knows: clients that filter by the one get all methods,
// and those that want a date this one.
const epoch = "1970-01-01T00:00:00Z"

// shapes are the lists by the kind of client. Sources: the public API references; the unified one is Bifrost's.
var shapes = map[string]shape{
	"unified":   {members("data", "", unifiedModel), unifiedModel},
	"openai":    {members("data", `"object":"list"`, openaiModel), openaiModel},
	"anthropic": {anthropicList, anthropicModel},
	"genai":     {members("models", "", genaiModel), genaiModel},
	"cohere":    {members("models", "", cohereModel), cohereModel},
}

// members makes a list that is one array in an object.
func members(key, also string, one func(*rawjson.Writer, named)) func(*rawjson.Writer, []named) {
	return func(w *rawjson.Writer, names []named) {
		w.Open('{')
		if also != "" {
			w.Raw([]byte(also))
		}
		w.Key(key)
		w.Open('[')
		for _, m := range names {
			w.Elem()
			one(w, m)
		}
		w.Close(']')
		w.Close('}')
	}
}

func unifiedModel(w *rawjson.Writer, m named) {
	w.Open('{')
	w.StringField("id", m.id)
	w.StringField("owned_by", m.owner)
	w.Close('}')
}

func openaiModel(w *rawjson.Writer, m named) {
	w.Open('{')
	w.StringField("id", m.id)
	w.StringField("object", "model")
	w.IntField("created", 0)
	w.StringField("owned_by", m.owner)
	w.Close('}')
}

func anthropicList(w *rawjson.Writer, names []named) {
	members("data", `"has_more":false`, anthropicModel)(w, names)
	if len(names) == 0 {
		return
	}
	w.B = rawjson.AppendMembers(nil, w.B, quoted("first_id", names[0].id), quoted("last_id", names[len(names)-1].id))
}

func quoted(key, value string) rawjson.Member {
	return rawjson.Member{Key: key, Value: rawjson.AppendString(nil, value)}
}

func anthropicModel(w *rawjson.Writer, m named) {
	w.Open('{')
	w.StringField("type", "model")
	w.StringField("id", m.id)
	w.StringField("display_name", m.id[strings.LastIndexByte(m.id, '/')+1:])
	w.StringField("created_at", epoch)
	w.Close('}')
}

func genaiModel(w *rawjson.Writer, m named) {
	w.Open('{')
	w.StringField("name", "models/"+m.id)
	w.StringField("displayName", m.id)
	w.RawField("supportedGenerationMethods", []byte(`["generateContent","countTokens","embedContent"]`))
	w.Close('}')
}

func cohereModel(w *rawjson.Writer, m named) {
	w.Open('{')
	w.StringField("name", m.id)
	w.RawField("endpoints", []byte(`["chat"]`))
	w.Close('}')
}
