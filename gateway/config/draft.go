package config

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Draft is a copy of the configuration that an edit may change. A key or secret header whose Ref is empty and whose
// Value is not holds a new secret: the manager stores it and writes the reference.
type Draft struct {
	Client    Client
	Auth      Auth
	Settings  Settings
	Logs      Logs
	Providers []*Provider // sorted by name
	Sessions  map[string]Session

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
	KeyOptions []string // names of the options that belong to a key, besides its value
	FirstRun   bool     // is added at the first run, so that it works at once
}

func defaults(kinds []KindInfo) *Draft {
	return &Draft{
		Client: Client{EnableLogging: true, LogRetentionDays: 365, MaxBodyMB: 100},
		Settings: Settings{
			Host: "127.0.0.1", Port: 8080, Theme: "system", WindowIdleMinutes: 5,
		},
		Logs:     Logs{BodyCapKB: 4096, MaxSizeMB: 2048},
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

func (d *Draft) clone() *Draft {
	c := *d
	c.Client.AllowedOrigins = slices.Clone(d.Client.AllowedOrigins)
	c.Client.AllowedHosts = slices.Clone(d.Client.AllowedHosts)
	c.Sessions = maps.Clone(d.Sessions)
	c.seen = maps.Clone(d.seen)
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
		c.Custom = &custom
	}
	c.Network.ExtraHeaders = maps.Clone(p.Network.ExtraHeaders)
	c.Network.SecretHeaders = slices.Clone(p.Network.SecretHeaders)
	c.Keys = make([]*Key, len(p.Keys))
	for i, k := range p.Keys {
		key := *k
		key.Models.List = slices.Clone(k.Models.List)
		key.Denied = slices.Clone(k.Denied)
		key.Options = maps.Clone(k.Options)
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
		for i, k := range p.Keys {
			s := keySlot(p, k)
			s.path = keyPath(p, i, "value")
			all = append(all, s)
		}
	}
	return all
}

func keySlot(p *Provider, k *Key) held {
	path := fmt.Sprintf("providers.%s.keys.value", p.Name)
	for i, one := range p.Keys {
		if one == k {
			path = keyPath(p, i, "value")
		}
	}
	return held{owner: "key " + k.ID, path: path, ref: &k.Ref, value: &k.Value, problem: &k.Problem}
}

func headerSlot(p *Provider, h *SecretHeader) held {
	return held{
		owner: "header " + p.Name + " " + h.Name,
		path:  "providers." + p.Name + ".network_config.extra_headers." + h.Name,
		ref:   &h.Ref, value: &h.Value, problem: &h.Problem,
	}
}

func keyPath(p *Provider, i int, field string) string {
	return fmt.Sprintf("providers.%s.keys[%d].%s", p.Name, i, field)
}
