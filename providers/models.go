package providers

import (
	"context"

	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// ListModels asks a target which models the credential may use. A target without such an endpoint gives none. The
// answer is read as {"data":[{"id":…}]}, which is what every provider of ours sends.
func ListModels(ctx context.Context, t *Target, c Credential, decodeError func(status int, header func(string) string, body []byte) *llm.Error) ([]string, error) {
	offers := t.Provider.Endpoints(llm.OpModels, "")
	if len(offers) == 0 {
		return nil, nil
	}
	out := &Outbound{}
	t.address(out, offers[0])
	for name, value := range t.Features.Headers {
		out.Set(name, value)
	}
	for name, value := range t.Headers {
		out.Set(name, value)
	}
	if err := t.Provider.Sign(ctx, out, c); err != nil {
		return nil, llm.Errorf(llm.KindAuthFailed, "cannot sign the request for %s: %w", t.Name, err)
	}
	resp, err := t.Doer.Do(ctx, &out.Request)
	if err != nil {
		return nil, failure(ctx, t.Name, err)
	}
	defer resp.Release()
	if resp.Status >= 300 {
		return nil, decodeError(resp.Status, resp.Header, redact(resp.Body, t.secrets(c)...))
	}
	data, _, err := rawjson.Get(resp.Body, "data")
	if err != nil {
		return nil, llm.Errorf(llm.KindServerError, "the model list of %s cannot be read: %w", t.Name, err)
	}
	var models []string
	for it := rawjson.Array(data); it.Next(); {
		id, _, _ := rawjson.Get(it.Value(), "id")
		if name, err := rawjson.Unquote(id); err == nil && name != "" {
			models = append(models, name)
		}
	}
	return models, nil
}
