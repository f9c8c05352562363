package gateway

import (
	"fmt"
	"maps"
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
	mu    sync.Mutex
	pools map[string]pool
}

type pool struct {
	maxConns int
	client   *transport.Client
}

func newUpstreams() *upstreams { return &upstreams{pools: map[string]pool{}} }

func (u *upstreams) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, p := range u.pools {
		p.client.Close()
	}
}

// doer is the provider's own way out where it has one, else a pool of connections.
func (u *upstreams) doer(p *config.Provider, kind providers.Provider) transport.Doer {
	if d := kind.Info().Doer; d != nil {
		return d
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	have, ok := u.pools[p.Name]
	if !ok || have.maxConns != p.Network.MaxConns {
		have = pool{p.Network.MaxConns, transport.NewClient(p.Network.MaxConns)}
		u.pools[p.Name] = have
	}
	return have.client
}

// providers makes what a snapshot configures ready for traffic.
func (u *upstreams) providers(s *config.Snapshot, kinds map[string]providers.Provider) ([]*route.Provider, error) {
	var out []*route.Provider
	for _, p := range s.Providers {
		kind, err := provider(p, kinds)
		if err != nil {
			return nil, err
		}
		one := &route.Provider{
			Target: providers.Target{
				Name: p.Name, Provider: kind, Features: providers.Probe(kind), BaseURL: p.Network.BaseURL, Headers: headers(p), Secrets: secretHeaders(p),
				Timeout: orDefault(p.Network.Timeout, defaultTimeout), Idle: orDefault(p.Network.StreamIdle, defaultIdle),
				Doer: u.doer(p, kind),
			},
			Keyless: kind.Info().Keyless,
		}
		if p.Concurrency > 0 {
			one.Gate = route.NewGate(p.Concurrency, p.Queue)
		}
		for _, k := range p.Keys {
			if k.Enabled {
				one.Keys = append(one.Keys, key(k))
			}
		}
		out = append(out, one)
	}
	return out, nil
}

func provider(p *config.Provider, kinds map[string]providers.Provider) (providers.Provider, error) {
	name := p.Kind
	if p.Custom != nil {
		name = p.Custom.Base
	}
	kind := kinds[name]
	if kind == nil {
		return nil, fmt.Errorf("provider %s: this program has no provider of kind %q", p.Name, name)
	}
	if p.Custom != nil {
		kind = providers.NewCustom(p.Name, kind, p.Custom.Keyless)
	}
	return kind, nil
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

// secretHeaders are the values in headers that nobody may see.
func secretHeaders(p *config.Provider) []string {
	var out []string
	for _, h := range p.Network.SecretHeaders {
		out = append(out, h.Value.Reveal())
	}
	return out
}

func key(k *config.Key) route.Key {
	return route.Key{
		Credential: providers.Credential{KeyID: k.ID, KeyName: k.Name, Value: k.Value.Reveal(), Options: k.Options},
		Weight:     k.Weight, All: k.Models.All, Models: k.Models.List, Denied: k.Denied, Problem: k.Problem,
	}
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
		k := config.KindInfo{Name: i.Name, Keyless: i.Keyless, FirstRun: i.Doer != nil && i.Keyless, KeyOptions: keyOptions(i)}
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

func keyOptions(i *providers.Info) []string {
	var out []string
	for _, o := range i.Options {
		if o.Scope == "key" && o.Name != "value" {
			out = append(out, o.Name)
		}
	}
	return out
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
