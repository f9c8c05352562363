package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"heimdall/gateway/admin"
	"heimdall/gateway/config"
	"heimdall/gateway/route"
	"heimdall/providers"
	"heimdall/providers/transport"
)

const (
	// Long enough for a model that thinks for minutes before it says a word.
	defaultTimeout = 10 * time.Minute
	// Providers that think long send keep-alives; five silent minutes mean that nothing will come.
	defaultIdle = 5 * time.Minute
)

// upstreams keeps the connection pools of providers across configurations.
type upstreams struct {
	env   func(name string) string
	cut   bool // a cassette plays: nobody is reached
	mu    sync.Mutex
	pools map[string]pool
}

// pool is a provider's connections, and what they were made for.
type pool struct {
	way  way
	doer interface {
		transport.Doer
		Close()
	}
}

// way is how a provider is reached.
type way struct {
	transport.Options
	http2 bool
}

func newUpstreams(env func(name string) string, cut bool) *upstreams {
	return &upstreams{env: env, cut: cut, pools: map[string]pool{}}
}

func (u *upstreams) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, p := range u.pools {
		p.doer.Close()
	}
}

// doer is the provider's own way out where it has one, else a pool of connections. A pool lives as long as nothing
// changes that its connections depend on.
func (u *upstreams) doer(p *config.Provider, kind providers.Provider) (transport.Doer, error) {
	if u.cut {
		return unreachable{}, nil
	}
	if d := kind.Info().Doer; d != nil {
		return d, nil
	}
	way := u.way(p)
	u.mu.Lock()
	defer u.mu.Unlock()
	have, ok := u.pools[p.Name]
	if ok && have.way == way {
		return have.doer, nil
	}
	next := pool{way: way}
	var err error
	if way.http2 {
		next.doer, err = transport.NewHTTP2(way.Options)
	} else {
		next.doer, err = transport.NewClient(way.Options)
	}
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", p.Name, err)
	}
	if ok {
		have.doer.Close() // the idle ones; what is in flight goes on
	}
	u.pools[p.Name] = next
	return next.doer, nil
}

func (u *upstreams) way(p *config.Provider) way {
	n := p.Network
	w := way{transport.Options{MaxConns: n.MaxConns, KeepAlive: n.KeepAlive, CA: n.CA, Insecure: n.Insecure}, n.HTTP2}
	switch p.Proxy.Type {
	case "http", "socks5":
		address := p.Proxy.URL
		if !strings.Contains(address, "://") {
			address = p.Proxy.Type + "://" + address
		}
		w.Proxy = transport.Proxy{HTTP: address, HTTPS: address}
	case "environment":
		w.Proxy = transport.Environment(u.env)
	default:
		return w
	}
	w.Proxy.Username, w.Proxy.Password, w.Proxy.CA = p.Proxy.Username, p.Proxy.Password.Value.Reveal(), p.Proxy.CA
	return w
}

// providers makes what a snapshot configures ready for traffic.
func (u *upstreams) providers(s *config.Snapshot, kinds map[string]providers.Provider) ([]*route.Provider, error) {
	var out []*route.Provider
	for _, p := range s.Providers {
		kind, err := provider(p, kinds)
		if err != nil {
			return nil, err
		}
		doer, err := u.doer(p, kind)
		if err != nil {
			return nil, err
		}
		one := &route.Provider{
			Target: providers.Target{
				Name: p.Name, Provider: kind, Features: providers.Probe(kind), BaseURL: p.Network.BaseURL, Headers: headers(p),
				Secrets: secrets(p, kinds), Timeout: orDefault(p.Network.Timeout, defaultTimeout), Idle: orDefault(p.Network.StreamIdle, defaultIdle),
				Doer: doer, Raw: providers.Raw{Request: p.SendBackRawRequest, Response: p.SendBackRawResponse},
			},
			Keyless: kind.Info().Keyless,
		}
		if g := p.Network.Guard; g != nil {
			one.Guard = providers.Guard{Minimum: g.Minimum, Window: g.Window}
		}
		one.Retry.Max, one.Retry.Initial, one.Retry.Longest = p.Network.RetryPolicy()
		if p.Custom != nil {
			one.Allowed, one.Paths = p.Custom.Allowed, p.Custom.Paths
		}
		if p.Concurrency > 0 {
			one.Gate = route.NewGate(p.Concurrency, p.Queue)
		}
		for _, k := range p.Keys {
			if !k.Enabled {
				continue
			}
			made, err := key(k)
			if err != nil {
				return nil, fmt.Errorf("provider %s, key %q: %w", p.Name, k.Name, err)
			}
			one.Keys = append(one.Keys, made)
		}
		out = append(out, one)
	}
	return out, nil
}

func provider(p *config.Provider, kinds map[string]providers.Provider) (providers.Provider, error) {
	kind := kinds[served(p)]
	if kind == nil {
		return nil, fmt.Errorf("provider %s: this program has no provider of kind %q", p.Name, served(p))
	}
	if p.Custom != nil {
		kind = providers.NewCustom(p.Name, kind, p.Custom.Keyless)
	}
	return kind, nil
}

// served is the built-in kind that serves a provider: its own, or its base.
func served(p *config.Provider) string {
	if p.Custom != nil {
		return p.Custom.Base
	}
	return p.Kind
}

func headers(p *config.Provider) map[string]string {
	out := maps.Clone(p.Network.ExtraHeaders)
	for _, h := range p.Network.SecretHeaders {
		if v := h.Value.Reveal(); v != "" {
			if out == nil {
				out = map[string]string{}
			}
			out[h.Name] = v
		}
	}
	return out
}

// secrets are the values that nobody may see, besides those of the keys: in headers, in keys' options and in the proxy.
func secrets(p *config.Provider, kinds map[string]providers.Provider) []string {
	var out []string
	for _, h := range p.Network.SecretHeaders {
		out = append(out, h.Value.Reveal())
	}
	out = append(out, p.Proxy.Password.Value.Reveal())
	hidden := map[string]bool{}
	for _, o := range keyOptions(kinds[served(p)].Info()) {
		hidden[o.Name] = o.Type == "secret"
	}
	for _, k := range p.Keys {
		for _, s := range k.Secrets {
			if hidden[s.Name] {
				out = append(out, s.Value.Reveal())
			}
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

func key(k *config.Key) (out route.Key, err error) {
	options := maps.Clone(k.Options)
	for _, s := range k.Secrets {
		if options == nil {
			options = map[string]string{}
		}
		options[s.Name] = s.Value.Reveal()
	}
	out = route.Key{
		Credential: providers.Credential{KeyID: k.ID, KeyName: k.Name, Value: k.Value.Reveal(), Options: options},
		Weight:     k.Weight, Aliases: aliases(k, options), Problem: k.Trouble(),
	}
	if out.Models, err = route.NewModels(k.Models.All, k.Models.List); err != nil {
		return out, err
	}
	out.Denied, err = route.NewModels(false, k.Denied)
	return out, err
}

// aliases are those of a key, each with all the options that count for it.
func aliases(k *config.Key, options map[string]string) map[string]route.Alias {
	if len(k.Aliases) == 0 {
		return nil
	}
	out := make(map[string]route.Alias, len(k.Aliases))
	for name, a := range k.Aliases {
		own := options
		if len(a.Options) > 0 {
			own = make(map[string]string, len(options)+len(a.Options))
			maps.Copy(own, options)
			maps.Copy(own, a.Options)
		}
		out[name] = route.Alias{Model: a.Model, Options: own}
	}
	return out
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// kindInfos is what the configuration must know of the built-in providers, and of those that users make.
func kindInfos(list []providers.Provider) []config.KindInfo {
	var out []config.KindInfo
	var bases []string
	for _, p := range list {
		i := p.Info()
		k := config.KindInfo{Name: i.Name, Keyless: i.Keyless, FirstRun: i.Doer != nil && i.Keyless, KeyOptions: keyOptions(i), ValueOptional: valueOptional(i)}
		if i.EnvKey != "" {
			k.Variables = []string{i.EnvKey}
		}
		if i.Compatible != "" {
			bases = append(bases, i.Name)
		}
		out = append(out, k)
	}
	return append(out, config.KindInfo{Name: providers.CustomKind, Custom: true, Bases: bases})
}

func keyOptions(i *providers.Info) []config.KeyOption {
	var out []config.KeyOption
	for _, o := range i.Options {
		if o.Scope == "key" && o.Name != "value" {
			out = append(out, config.KeyOption{Name: o.Name, Type: o.Type, Required: o.Required})
		}
	}
	return out
}

// valueOptional reports whether a key may go without a value: it has options, and none says that the value must be there.
func valueOptional(i *providers.Info) bool {
	has := func(is func(providers.Option) bool) bool {
		return slices.ContainsFunc(i.Options, func(o providers.Option) bool { return o.Scope == "key" && is(o) })
	}
	return has(func(providers.Option) bool { return true }) && !has(func(o providers.Option) bool { return o.Name == "value" && o.Required })
}

// kindsShown is the same for the page's forms.
func kindsShown(list []providers.Provider) []admin.Kind {
	var out []admin.Kind
	for _, p := range list {
		out = append(out, kindShown(p.Info()))
	}
	return append(out, kindShown(providers.CustomInfo(list)))
}

func kindShown(i *providers.Info) admin.Kind {
	k := admin.Kind{
		Name: i.Name, Title: i.Title, Icon: i.Icon, DocsURL: i.DocsURL, About: i.About, BaseURL: i.BaseURL,
		Keyless: i.Keyless, Custom: i.Custom, Models: i.Models, Options: []admin.Option{},
	}
	if i.Doer != nil {
		k.BaseURL = "" // it is reached without any
	}
	for _, o := range i.Options {
		shown := admin.Option{Name: o.Name, Label: o.Label, Type: o.Type, Scope: o.Scope, Required: o.Required, Placeholder: o.Placeholder, Help: o.Help}
		for _, c := range o.Choices {
			shown.Choices = append(shown.Choices, admin.Choice{Value: c.Value, Label: c.Label})
		}
		k.Options = append(k.Options, shown)
	}
	return k
}
