package admin

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

func (a *Admin) listProviders(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	s := a.Config.Snapshot()
	list := Providers{Providers: []Provider{}, Total: len(s.Providers)}
	for _, p := range s.Providers {
		list.Providers = append(list.Providers, a.provider(p))
	}
	return answer(list)
}

func (a *Admin) find(x *exchange.Exchange) (*config.Provider, error) {
	name := x.Params["provider"]
	p := a.Config.Snapshot().Provider(name)
	if p == nil {
		return nil, refuseWith(http.StatusNotFound, "there is no provider %q", name)
	}
	return p, nil
}

func (a *Admin) findKey(x *exchange.Exchange) (*config.Provider, *config.Key, error) {
	p, err := a.find(x)
	if err != nil {
		return nil, nil, err
	}
	id := x.Params["key_id"]
	i := slices.IndexFunc(p.Keys, func(k *config.Key) bool { return k.ID == id })
	if i < 0 {
		return nil, nil, refuseWith(http.StatusNotFound, "the provider %q has no key with the id %q", p.Name, id)
	}
	return p, p.Keys[i], nil
}

func (a *Admin) getProvider(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p, err := a.find(x)
	if err != nil {
		return nil, err
	}
	return answer(a.provider(p))
}

func (a *Admin) createProvider(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	name, edit, warnings, err := a.Shapes.CreateProvider(x.Raw)
	if err != nil {
		return nil, err
	}
	err = a.Config.Update(ctx, func(d *config.Draft) error { return d.AddProvider(name, config.SourceAPI, edit) })
	if err != nil {
		return nil, within(err, name)
	}
	p := a.Config.Snapshot().Provider(name)
	return answer(ProviderSaved{a.provider(p), "provider created", warnings})
}

func (a *Admin) putProvider(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p, err := a.find(x)
	if err != nil {
		return nil, err
	}
	edit, warnings, err := a.Shapes.EditProvider(served(p), x.Raw)
	if err != nil {
		return nil, err
	}
	err = a.Config.Update(ctx, func(d *config.Draft) error { return d.EditProvider(p.Name, config.SourceAPI, edit) })
	if err != nil {
		return nil, within(err, p.Name)
	}
	p, err = a.find(x)
	if err != nil {
		return nil, err
	}
	return answer(ProviderSaved{a.provider(p), "provider updated", warnings})
}

func (a *Admin) deleteProvider(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	name := x.Params["provider"]
	if err := a.Config.Update(ctx, func(d *config.Draft) error { return d.DeleteProvider(name) }); err != nil {
		return nil, err
	}
	return answer(Saved{Status: "success", Message: "provider deleted"})
}

func (a *Admin) listKeys(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p, err := a.find(x)
	if err != nil {
		return nil, err
	}
	keys := a.keys(p)
	return answer(Keys{keys, len(keys)})
}

func (a *Admin) getKey(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p, k, err := a.findKey(x)
	if err != nil {
		return nil, err
	}
	return answer(a.key(p, k))
}

func (a *Admin) createKey(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p, err := a.find(x)
	if err != nil {
		return nil, err
	}
	edit, warnings, err := a.Shapes.Key(served(p), x.Raw)
	if err != nil {
		return nil, err
	}
	var id string
	err = a.Config.Update(ctx, func(d *config.Draft) (err error) {
		id, err = d.AddKey(p.Name, config.SourceAPI, edit)
		return err
	})
	if err != nil {
		return nil, withinKey(err, p.Name)
	}
	return a.savedKey(x, id, "key created", warnings)
}

func (a *Admin) putKey(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p, k, err := a.findKey(x)
	if err != nil {
		return nil, err
	}
	edit, warnings, err := a.Shapes.Key(served(p), x.Raw)
	if err != nil {
		return nil, err
	}
	err = a.Config.Update(ctx, func(d *config.Draft) error { return d.EditKey(p.Name, k.ID, edit) })
	if err != nil {
		return nil, withinKey(err, p.Name)
	}
	return a.savedKey(x, k.ID, "key updated", warnings)
}

func (a *Admin) savedKey(x *exchange.Exchange, id, message string, warnings []string) (*exchange.Reply, error) {
	x.Params["key_id"] = id
	p, k, err := a.findKey(x)
	if err != nil {
		return nil, err
	}
	return answer(KeySaved{a.key(p, k), message, warnings})
}

func (a *Admin) deleteKey(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	name, id := x.Params["provider"], x.Params["key_id"]
	if err := a.Config.Update(ctx, func(d *config.Draft) error { return d.DeleteKey(name, id) }); err != nil {
		return nil, err
	}
	return answer(Saved{Status: "success", Message: "key deleted"})
}

// within makes the paths of an error relative to the body that described the provider.
func within(err error, provider string) error {
	return relative(err, regexp.QuoteMeta("providers."+provider)+`(\.|\b)`)
}

func withinKey(err error, provider string) error {
	return relative(err, regexp.QuoteMeta("providers."+provider)+`\.keys\[\d+\]\.`)
}

func relative(err error, prefix string) error {
	var e *llm.Error
	if !errors.As(err, &e) || e.Param == "" {
		return err
	}
	pattern := regexp.MustCompile(`(?m)^` + prefix)
	short := *e
	short.Param = pattern.ReplaceAllString(e.Param, "")
	short.Message = pattern.ReplaceAllString(e.Message, "")
	if short.Param == "" {
		short.Param, short.Message = "provider", "provider"+short.Message
	}
	return &short
}

func (a *Admin) flatKeys(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
	keys := []FlatKey{}
	for _, p := range a.Config.Snapshot().Providers {
		for _, k := range p.Keys {
			keys = append(keys, FlatKey{k.ID, k.Name, p.Name, modelList(k.Models)})
		}
	}
	return answer(keys)
}

// provider is what may be shown of a provider.
func (a *Admin) provider(p *config.Provider) Provider {
	kind := a.kind(p)
	out := Provider{
		Name: p.Name, Kind: p.Kind, Title: kind.Title, Keyless: keyless(p, kind), Source: string(p.Source), Keys: a.keys(p),
		NetworkConfig:            network(p.Network),
		ConcurrencyAndBufferSize: ConcurrencyConfig{p.Concurrency, p.Queue},
		ProxyConfig:              proxy(p.Proxy),
		SendBackRawRequest:       p.SendBackRawRequest,
		SendBackRawResponse:      p.SendBackRawResponse,
	}
	if p.Custom != nil {
		out.Title = p.Name
		out.CustomProviderConfig = &CustomConfig{p.Custom.Base, p.Custom.Keyless, p.Custom.Allowed, p.Custom.Paths}
	}
	out.ProviderStatus, out.Description = providerStatus(out)
	return out
}

func (a *Admin) kind(p *config.Provider) Kind {
	i := slices.IndexFunc(a.Kinds, func(k Kind) bool { return k.Name == p.Kind })
	if i < 0 {
		return Kind{Name: p.Kind, Title: p.Name}
	}
	return a.Kinds[i]
}

func keyless(p *config.Provider, kind Kind) bool {
	if p.Custom != nil {
		return p.Custom.Keyless
	}
	return kind.Keyless
}

// providerStatus is error where no key can be used; then it says why.
func providerStatus(p Provider) (status, why string) {
	if p.Keyless {
		return "active", ""
	}
	why = "it has no key; add one"
	for _, k := range p.Keys {
		switch {
		case !k.Enabled:
			why = "its keys are disabled; enable one"
		case k.Status != "error":
			return "active", ""
		default:
			why = "the key " + k.Name + ": " + k.Description
		}
	}
	return "error", why
}

func network(n config.Network) NetworkConfig {
	retries, initial, longest := n.RetryPolicy()
	out := NetworkConfig{
		MaxRetries: retries, RetryBackoffInitial: initial.Milliseconds(), RetryBackoffMax: longest.Milliseconds(),
		BaseURL: n.BaseURL, MaxConnsPerHost: n.MaxConns,
		DefaultRequestTimeoutInSeconds: int(n.Timeout / time.Second),
		StreamIdleTimeoutInSeconds:     int(n.StreamIdle / time.Second),
		KeepAliveTimeoutInSeconds:      int(n.KeepAlive / time.Second),
		EnforceHTTP2:                   n.HTTP2, InsecureSkipVerify: n.Insecure, CACertPEM: n.CA,
	}
	if g := n.Guard; g != nil {
		out.StreamThroughputGuard = &StreamGuard{g.Minimum, int(g.Window / time.Second)}
	}
	if len(n.ExtraHeaders)+len(n.SecretHeaders) > 0 {
		out.ExtraHeaders = map[string]string{}
	}
	for name, value := range n.ExtraHeaders {
		out.ExtraHeaders[name] = value
	}
	for _, h := range n.SecretHeaders {
		out.ExtraHeaders[h.Name] = redacted(h)
	}
	return out
}

// redacted is a secret as a text: its reference where it comes from the environment.
func redacted(f config.SecretField) string {
	if f.Ref.Variable() != "" {
		return string(f.Ref)
	}
	return config.Redact(f.Value)
}

func proxy(p config.Proxy) ProxyConfig {
	out := ProxyConfig{Type: p.Type, URL: p.URL, Username: p.Username, CACertPEM: p.CA}
	if p.Type == "" {
		out.Type = "none"
	}
	switch {
	case p.Password.Ref.Variable() != "":
		out.Password = string(p.Password.Ref)
	case p.Password.Ref != "":
		out.Password = "<REDACTED>"
	}
	return out
}

func (a *Admin) keys(p *config.Provider) []Key {
	keys := []Key{}
	for _, k := range p.Keys {
		keys = append(keys, a.key(p, k))
	}
	return keys
}

// key is what may be shown of a key.
func (a *Admin) key(p *config.Provider, k *config.Key) Key {
	out := Key{
		ID: k.ID, Name: k.Name, Value: secretValue(config.SecretField{Ref: k.Ref, Value: k.Value, Problem: k.Problem}), Models: modelList(k.Models), BlacklistedModels: k.Denied,
		Weight: k.Weight, Enabled: k.Enabled, Aliases: aliases(k), Status: "error", Description: k.Trouble(),
	}
	out.Options, out.Config = a.options(p, k)
	if out.BlacklistedModels == nil {
		out.BlacklistedModels = []string{}
	}
	if out.Description == "" {
		out.Status, out.Description = a.Health(p.Name, k.ID)
	}
	return out
}

func modelList(m config.ModelList) []string {
	switch {
	case m.All:
		return []string{"*"}
	case m.List == nil:
		return []string{}
	}
	return m.List
}
