package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	kindProvider = "provider"
	kindKey      = "key"
	kindClient   = "client"
	kindAuth     = "auth"
	kindSettings = "settings"
	kindLogs     = "logs"
	kindSession  = "session"
	kindFile     = "file"
)

type clientJSON struct {
	EnableLogging         bool     `json:"enable_logging"`
	DisableContentLogging bool     `json:"disable_content_logging"`
	LogRetentionDays      int      `json:"log_retention_days"`
	AllowedOrigins        []string `json:"allowed_origins,omitempty"`
	AllowedHosts          []string `json:"allowed_hosts,omitempty"`
	MaxBodyMB             int      `json:"max_body_mb"`
}

type authJSON struct {
	Enabled            bool   `json:"enabled"`
	Username           string `json:"username,omitempty"`
	PasswordHash       string `json:"password_hash,omitempty"`
	DisableOnInference bool   `json:"disable_on_inference,omitempty"`
}

type settingsJSON struct {
	Host              string `json:"host"`
	Port              int    `json:"port"`
	Theme             string `json:"theme"`
	Stopped           bool   `json:"stopped,omitempty"`
	WindowIdleMinutes int    `json:"window_idle_minutes"`
	Install           string `json:"install"`
}

type logsJSON struct {
	Path      string `json:"path,omitempty"`
	BodyCapKB int    `json:"body_cap_kb"`
	MaxSizeMB int    `json:"max_size_mb"`
}

type providerJSON struct {
	Kind        string            `json:"kind"`
	Base        string            `json:"base,omitempty"`
	Keyless     bool              `json:"keyless,omitempty"`
	BaseURL     string            `json:"base_url,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	HeaderRefs  map[string]Ref    `json:"header_refs,omitempty"`
	TimeoutMS   int64             `json:"timeout_ms,omitempty"`
	IdleMS      int64             `json:"stream_idle_ms,omitempty"`
	MaxConns    int               `json:"max_conns,omitempty"`
	Concurrency int               `json:"concurrency,omitempty"`
	Queue       int               `json:"queue,omitempty"`
	Source      Source            `json:"source"`
}

type keyJSON struct {
	Provider string            `json:"provider"`
	Position int               `json:"position"`
	Name     string            `json:"name"`
	Ref      Ref               `json:"ref,omitempty"`
	Models   ModelList         `json:"models"`
	Denied   []string          `json:"denied,omitempty"`
	Weight   float64           `json:"weight"`
	Enabled  bool              `json:"enabled"`
	Options  map[string]string `json:"options,omitempty"`
	Source   Source            `json:"source"`
}

type sessionJSON struct {
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

type fileJSON struct {
	Hash string `json:"hash"`
}

// name identifies an entity.
type name struct{ kind, id string }

// encode gives the draft's entities. It is called only when every secret has its reference.
func (d *Draft) encode() (map[name]json.RawMessage, error) {
	e := encoder{out: map[name]json.RawMessage{}}
	c, a, s, l := d.Client, d.Auth, d.Settings, d.Logs
	e.put(kindClient, kindClient, clientJSON(c))
	e.put(kindAuth, kindAuth, authJSON(a))
	e.put(kindSettings, kindSettings, settingsJSON{s.Host, s.Port, s.Theme, s.Stopped, s.WindowIdleMinutes, d.install})
	e.put(kindLogs, kindLogs, logsJSON(l))
	for _, p := range d.Providers {
		e.provider(p)
	}
	for hash, s := range d.Sessions {
		e.put(kindSession, hash, sessionJSON(s))
	}
	for id, hash := range d.seen {
		e.put(kindFile, id, fileJSON{hash})
	}
	return e.out, e.err
}

type encoder struct {
	out map[name]json.RawMessage
	err error
}

func (e *encoder) put(kind, id string, v any) {
	data, err := json.Marshal(v)
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("encode %s %s: %w", kind, id, err)
	}
	e.out[name{kind, id}] = data
}

func (e *encoder) provider(p *Provider) {
	n := p.Network
	j := providerJSON{
		Kind: p.Kind, BaseURL: n.BaseURL, Headers: n.ExtraHeaders, TimeoutMS: n.Timeout.Milliseconds(),
		IdleMS: n.StreamIdle.Milliseconds(), MaxConns: n.MaxConns, Concurrency: p.Concurrency, Queue: p.Queue, Source: p.Source,
	}
	if p.Custom != nil {
		j.Base, j.Keyless = p.Custom.Base, p.Custom.Keyless
	}
	for _, h := range n.SecretHeaders {
		if j.HeaderRefs == nil {
			j.HeaderRefs = map[string]Ref{}
		}
		j.HeaderRefs[h.Name] = h.Ref
	}
	e.put(kindProvider, p.Name, j)
	for i, k := range p.Keys {
		e.put(kindKey, k.ID, keyJSON{p.Name, i, k.Name, k.Ref, k.Models, k.Denied, k.Weight, k.Enabled, k.Options, k.Source})
	}
}

// changes are what turns the old entities into the new ones.
func changes(from, to map[name]json.RawMessage) []Entity {
	var out []Entity
	for n, data := range to {
		if !bytes.Equal(from[n], data) {
			out = append(out, Entity{n.kind, n.id, data})
		}
	}
	for n := range from {
		if _, ok := to[n]; !ok {
			out = append(out, Entity{Kind: n.kind, ID: n.id})
		}
	}
	slices.SortFunc(out, func(a, b Entity) int { return strings.Compare(a.Kind+"\x00"+a.ID, b.Kind+"\x00"+b.ID) })
	return out
}

// decode reads entities over the defaults.
func decode(entities []Entity, kinds []KindInfo) (*Draft, error) {
	d := decoder{draft: defaults(kinds), keys: map[string][]keyAt{}}
	for _, e := range entities {
		if err := d.entity(e); err != nil {
			return nil, fmt.Errorf("read the stored %s %q: %w", e.Kind, e.ID, err)
		}
	}
	d.placeKeys()
	return d.draft, nil
}

type decoder struct {
	draft *Draft
	keys  map[string][]keyAt
}

type keyAt struct {
	position int
	key      *Key
}

func (d *decoder) entity(e Entity) error {
	switch e.Kind {
	case kindProvider:
		return d.provider(e)
	case kindKey:
		return d.key(e)
	case kindClient:
		j, err := read[clientJSON](e)
		d.draft.Client = Client(j)
		return err
	case kindAuth:
		j, err := read[authJSON](e)
		d.draft.Auth = Auth(j)
		return err
	case kindSettings:
		j, err := read[settingsJSON](e)
		d.draft.Settings = Settings{j.Host, j.Port, j.Theme, j.Stopped, j.WindowIdleMinutes}
		d.draft.install = j.Install
		return err
	case kindLogs:
		j, err := read[logsJSON](e)
		d.draft.Logs = Logs(j)
		return err
	case kindSession:
		j, err := read[sessionJSON](e)
		d.draft.Sessions[e.ID] = Session(j)
		return err
	case kindFile:
		j, err := read[fileJSON](e)
		d.draft.seen[e.ID] = j.Hash
		return err
	}
	return fmt.Errorf("unknown kind; a newer version may have written it")
}

func read[T any](e Entity) (v T, err error) {
	return v, json.Unmarshal(e.Data, &v)
}

func (d *decoder) provider(e Entity) error {
	j, err := read[providerJSON](e)
	if err != nil {
		return err
	}
	p := &Provider{Name: e.ID, Kind: j.Kind, Concurrency: j.Concurrency, Queue: j.Queue, Source: j.Source}
	if j.Base != "" {
		p.Custom = &Custom{Base: j.Base, Keyless: j.Keyless}
	}
	p.Network = Network{
		BaseURL: j.BaseURL, ExtraHeaders: j.Headers, MaxConns: j.MaxConns,
		Timeout: time.Duration(j.TimeoutMS) * time.Millisecond, StreamIdle: time.Duration(j.IdleMS) * time.Millisecond,
	}
	for _, name := range slices.Sorted(maps.Keys(j.HeaderRefs)) {
		p.Network.SecretHeaders = append(p.Network.SecretHeaders, SecretHeader{Name: name, Ref: j.HeaderRefs[name]})
	}
	d.draft.Providers = append(d.draft.Providers, p)
	return nil
}

func (d *decoder) key(e Entity) error {
	j, err := read[keyJSON](e)
	if err != nil {
		return err
	}
	d.keys[j.Provider] = append(d.keys[j.Provider], keyAt{j.Position, &Key{
		ID: e.ID, Name: j.Name, Ref: j.Ref, Models: j.Models, Denied: j.Denied, Weight: j.Weight, Enabled: j.Enabled,
		Options: j.Options, Source: j.Source,
	}})
	return nil
}

func (d *decoder) placeKeys() {
	slices.SortFunc(d.draft.Providers, func(a, b *Provider) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range d.draft.Providers {
		keys := d.keys[p.Name]
		slices.SortFunc(keys, func(a, b keyAt) int { return a.position - b.position })
		for _, k := range keys {
			p.Keys = append(p.Keys, k.key)
		}
	}
}
