package config

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Draft is a copy of the configuration that an edit may change. What the entities of Governance point to is shared with
// other copies: an edit replaces it. A key or secret header whose Ref is empty and whose
// Value is not holds a new secret: the manager stores it and writes the reference.
type Draft struct {
	Client    Client
	Auth      Auth
	Settings  Settings
	Logs      Logs
	Providers []*Provider // sorted by name
	Plugins   []*Plugin   // those that were set, sorted by name
	Sessions  map[string]Session
	Pause     Pause
	Views     []LogView // an edit replaces the list
	AppNames  []AppName // an edit replaces the list
	Governance

	install string            // names this installation's master key; made once
	seen    map[string]string // pieces of the file and variables of the environment that were taken, with their hash
	kinds   []KindInfo
}

// KindInfo is what the configuration must know of a kind of provider.
type KindInfo struct {
	Name       string
	Keyless    bool
	Custom     bool     // users name the providers of this kind, and may have several
	Bases      []string // of a custom kind: what base_provider_type may be
	Variables  []string // environment variables that hold its key, best first
	KeyOptions []KeyOption
	FirstRun   bool // is added at the first run, so that it works at once

	ValueOptional bool // a key of it may go without a value: other options authenticate too
}

// KeyOption is an option that belongs to a key besides its value. Type is that of the provider's Info.Options.
type KeyOption struct {
	Name     string
	Type     string
	Required bool
}

// Option finds an option of the kind's keys.
func (k KindInfo) Option(name string) (KeyOption, bool) {
	i := slices.IndexFunc(k.KeyOptions, func(o KeyOption) bool { return o.Name == name })
	if i < 0 {
		return KeyOption{}, false
	}
	return k.KeyOptions[i], true
}

const (
	defaultStreamKeepAlive = 15 * time.Second
	defaultRoutingDepth    = 10
)

func defaults(kinds []KindInfo) *Draft {
	return &Draft{
		Client: Client{EnableLogging: true, LogRetentionDays: 365, MaxBodyMB: 100, StreamKeepAlive: defaultStreamKeepAlive, RoutingDepth: defaultRoutingDepth},
		Settings: Settings{
			Host: "127.0.0.1", Port: 8080, Theme: "system", WindowIdleMinutes: 5,
		},
		Logs:     Logs{BodyCapKB: 4096, MaxSizeMB: 1024, ErrorDays: 365},
		Sessions: map[string]Session{},
		seen:     map[string]string{},
		kinds:    kinds,
	}
}

// Provider finds a provider by its name; nil where there is none.
func (d *Draft) Provider(name string) *Provider {
	for _, p := range d.Providers {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// DropSessions ends every session but the one with that token hash ("" = all).
func (d *Draft) DropSessions(but string) {
	maps.DeleteFunc(d.Sessions, func(hash string, _ Session) bool { return hash != but })
}

// AddSession keeps a session and forgets those that are over.
func (d *Draft) AddSession(hash string, s Session, now time.Time) {
	maps.DeleteFunc(d.Sessions, func(_ string, old Session) bool { return !now.Before(old.Expires) })
	d.Sessions[hash] = s
}

func (d *Draft) kind(name string) (KindInfo, bool) {
	i := slices.IndexFunc(d.kinds, func(k KindInfo) bool { return k.Name == name })
	if i < 0 {
		return KindInfo{}, false
	}
	return d.kinds[i], true
}

// kindOf says which kind serves a provider: that of its name, or the custom one where it is described as custom.
func (d *Draft) kindOf(p *Provider) string {
	if p.Custom == nil {
		return p.Name
	}
	for _, k := range d.kinds {
		if k.Custom {
			return k.Name
		}
	}
	return p.Name
}

// keyKind is the kind whose options the provider's keys have: its own, or its base.
func (d *Draft) keyKind(p *Provider) KindInfo {
	name := p.Kind
	if p.Custom != nil {
		name = p.Custom.Base
	}
	kind, _ := d.kind(name)
	return kind
}

func (d *Draft) clone() *Draft {
	c := *d
	c.Client.AllowedOrigins = slices.Clone(d.Client.AllowedOrigins)
	c.Client.AllowedHosts = slices.Clone(d.Client.AllowedHosts)
	c.Client.HeaderFilter.Allow = slices.Clone(d.Client.HeaderFilter.Allow)
	c.Client.HeaderFilter.Deny = slices.Clone(d.Client.HeaderFilter.Deny)
	c.Client.RequiredHeaders = slices.Clone(d.Client.RequiredHeaders)
	c.Governance = d.Governance.clone()
	c.Sessions = maps.Clone(d.Sessions)
	c.seen = maps.Clone(d.seen)
	c.Plugins = clonePlugins(d.Plugins)
	c.Providers = make([]*Provider, len(d.Providers))
	for i, p := range d.Providers {
		c.Providers[i] = p.clone()
	}
	return &c
}

func (p *Provider) clone() *Provider {
	c := *p
	if p.Custom != nil {
		custom := *p.Custom
		custom.Allowed, custom.Paths = maps.Clone(p.Custom.Allowed), maps.Clone(p.Custom.Paths)
		c.Custom = &custom
	}
	c.Network.ExtraHeaders = maps.Clone(p.Network.ExtraHeaders)
	c.Network.SecretHeaders = slices.Clone(p.Network.SecretHeaders)
	c.Keys = make([]*Key, len(p.Keys))
	for i, k := range p.Keys {
		key := *k
		key.Models.List = slices.Clone(k.Models.List)
		key.Denied = slices.Clone(k.Denied)
		key.Options, key.Aliases = maps.Clone(k.Options), maps.Clone(k.Aliases)
		key.Secrets = slices.Clone(k.Secrets)
		c.Keys[i] = &key
	}
	return &c
}

// slots are all places of the draft where a secret is.
func (d *Draft) slots() []held {
	var all []held
	for _, p := range d.Providers {
		for i := range p.Network.SecretHeaders {
			all = append(all, headerSlot(p, &p.Network.SecretHeaders[i]))
		}
		if p.Proxy.Type != "" {
			all = append(all, proxySlot(p, &p.Proxy.Password))
		}
		for _, k := range p.Keys {
			all = append(all, keySlot(p, k))
			for i := range k.Secrets {
				all = append(all, optionSlot(p, k, &k.Secrets[i]))
			}
		}
	}
	for _, p := range d.Plugins {
		for i := range p.Secrets {
			all = append(all, p.slot(&p.Secrets[i]))
		}
	}
	return all
}

func keySlot(p *Provider, k *Key) held {
	return held{owner: "key " + k.ID, path: pathOf(p, k, "value"), ref: &k.Ref, value: &k.Value, problem: &k.Problem}
}

func optionSlot(p *Provider, k *Key, o *SecretField) held {
	return o.slot("key "+k.ID+" "+o.Name, pathOf(p, k, o.Name))
}

func headerSlot(p *Provider, h *SecretField) held {
	return h.slot("header "+p.Name+" "+h.Name, "providers."+p.Name+".network_config.extra_headers."+h.Name)
}

func proxySlot(p *Provider, password *SecretField) held {
	return password.slot("proxy "+p.Name, "providers."+p.Name+".proxy_config.password")
}

func (f *SecretField) slot(owner, path string) held {
	return held{owner: owner, path: path, ref: &f.Ref, value: &f.Value, problem: &f.Problem}
}

// pathOf is the path of a key's field. The key's place is found: the keys may just be being replaced.
func pathOf(p *Provider, k *Key, field string) string {
	if i := slices.Index(p.Keys, k); i >= 0 {
		return keyPath(p, i, field)
	}
	return fmt.Sprintf("providers.%s.keys.%s", p.Name, field)
}

func keyPath(p *Provider, i int, field string) string {
	return fmt.Sprintf("providers.%s.keys[%d].%s", p.Name, i, field)
}
