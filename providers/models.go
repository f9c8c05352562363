package providers

import (
	"context"
	"strings"

	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// ModelList says where the names stand in a provider's list of models. Members are tried in their order; the first one
// that is there counts.
type ModelList struct {
	Lists  []string // members that hold the list; none = data
	Names  []string // members of an element that hold the name; none = id
	Prefix string   // what a name begins with and callers leave out
}

// ListModels asks a target which models the credential may use. A target without such an endpoint gives none.
func ListModels(ctx context.Context, t *Target, c Credential, decodeError func(status int, header func(string) string, body []byte) *llm.Error) ([]string, error) {
	offers := t.Provider.Endpoints(llm.OpModels, "")
	if len(offers) == 0 || t.Allowed != nil && !t.allows(llm.OpModels, "") {
		return nil, nil
	}
	e := offers[0]
	path := e.Path
	if own := t.path(llm.OpModels, "", false); own != "" {
		path, e.Version = own, ""
	}
	address, err := t.locate(e, path, c, func(string) string { return "" })
	if err != nil {
		return nil, err
	}
	out := &Outbound{}
	t.label(out, e, address)
	for name, value := range t.Features.Headers {
		out.Set(name, value)
	}
	for name, value := range t.Headers {
		out.Set(name, value)
	}
	if err := t.sign(ctx, out, c); err != nil {
		return nil, err
	}
	resp, err := t.Doer.Do(ctx, &out.Request)
	if err != nil {
		return nil, failure(ctx, t.Name, err)
	}
	defer resp.Release()
	if resp.Status >= 300 {
		return nil, decodeError(resp.Status, resp.Header, redact(resp.Body, t.secrets(c)...))
	}
	models, err := t.Features.List.read(resp.Body)
	if err != nil {
		return nil, llm.Errorf(llm.KindServerError, "the model list of %s cannot be read: %w", t.Name, err)
	}
	return models, nil
}

func (l ModelList) read(body []byte) (models []string, err error) {
	list, err := first(body, l.Lists, "data")
	if err != nil {
		return nil, err
	}
	it := rawjson.Array(list)
	for it.Next() {
		v, err := first(it.Value(), l.Names, "id")
		if err != nil {
			return nil, err
		}
		if name, err := rawjson.Unquote(v); err == nil && name != "" {
			models = append(models, strings.TrimPrefix(name, l.Prefix))
		}
	}
	return models, nil
}

// first is the first of an object's members that is there.
func first(obj []byte, members []string, otherwise string) ([]byte, error) {
	if len(members) == 0 {
		members = []string{otherwise}
	}
	for _, m := range members {
		if v, ok, err := rawjson.Get(obj, m); ok || err != nil {
			return v, err
		}
	}
	return nil, nil
}
