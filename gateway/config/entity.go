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
	kindPause    = "pause"
	kindPlugin   = "plugin"
	kindViews    = "log_views"
	kindAppNames = "app_names"

	kindVirtualKey    = "virtual_key"
	kindTeam          = "team"
	kindCustomer      = "customer"
	kindProviderLimit = "provider_limit"
	kindModelLimit    = "model_limit"
	kindRule          = "rule"
	kindPrice         = "price"
	kindComplexity    = "complexity"
)

type clientJSON struct {
	EnableLogging         bool     `json:"enable_logging"`
	DisableContentLogging bool     `json:"disable_content_logging"`
	LogRetentionDays      int      `json:"log_retention_days"`
	AllowedOrigins        []string `json:"allowed_origins,omitempty"`
	AllowedHosts          []string `json:"allowed_hosts,omitempty"`
	MaxBodyMB             int      `json:"max_body_mb"`
	AllowDirectKeys       bool     `json:"allow_direct_keys,omitempty"`
	AllowRawOverride      bool     `json:"allow_raw_override,omitempty"`
	AllowStorageOverride  bool     `json:"allow_storage_override,omitempty"`
	LoggingHeaders        []string `json:"logging_headers,omitempty"`
	PrometheusLabels      []string `json:"prometheus_labels,omitempty"`
	AllowedFields         []string `json:"allowed_fields,omitempty"`
	DeniedFields          []string `json:"denied_fields,omitempty"`
	StreamKeepAliveMS     int64    `json:"stream_keep_alive_ms"`
	DirectKeysUnasked     bool     `json:"direct_keys_unasked,omitempty"`
	EnforceKey            bool     `json:"enforce_key,omitempty"`
	RequiredHeaders       []string `json:"required_headers,omitempty"`
	DeleteExpiredKeys     bool     `json:"delete_expired_keys,omitempty"`
	RefuseUnpriced        bool     `json:"refuse_unpriced,omitempty"`
	RoutingDepth          int      `json:"routing_depth"`
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
	Path        string `json:"path,omitempty"`
	BodyCapKB   int    `json:"body_cap_kb"`
	MaxSizeMB   int    `json:"max_size_mb"`
	ErrorDays   int    `json:"error_days,omitempty"`
	ContentDays int    `json:"content_days,omitempty"`
}

type providerJSON struct {
	Kind        string            `json:"kind"`
	Base        string            `json:"base,omitempty"`
	Keyless     bool              `json:"keyless,omitempty"`
	Allowed     map[string]bool   `json:"allowed,omitzero"` // {} allows nothing
	Paths       map[string]string `json:"paths,omitempty"`
	BaseURL     string            `json:"base_url,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	HeaderRefs  map[string]Ref    `json:"header_refs,omitempty"`
	TimeoutMS   int64             `json:"timeout_ms,omitempty"`
	IdleMS      int64             `json:"stream_idle_ms,omitempty"`
	Guard       *guardJSON        `json:"stream_guard,omitempty"`
	KeepAliveMS int64             `json:"keep_alive_ms,omitempty"`
	MaxConns    int               `json:"max_conns,omitempty"`
	Retries     *int              `json:"retries,omitempty"`
	RetryMS     int64             `json:"retry_initial_ms,omitempty"`
	RetryMaxMS  int64             `json:"retry_max_ms,omitempty"`
	HTTP2       bool              `json:"http2,omitempty"`
	Insecure    bool              `json:"insecure,omitempty"`
	CA          string            `json:"ca,omitempty"`
	Proxy       *proxyJSON        `json:"proxy,omitempty"`
	RawRequest  bool              `json:"raw_request,omitempty"`
	RawResponse bool              `json:"raw_response,omitempty"`
	Concurrency int               `json:"concurrency,omitempty"`
	Queue       int               `json:"queue,omitempty"`
	Source      Source            `json:"source"`
}

type guardJSON struct {
	Minimum  int   `json:"minimum"`
	WindowMS int64 `json:"window_ms"`
}

type proxyJSON struct {
	Type        string `json:"type"`
	URL         string `json:"url,omitempty"`
	Username    string `json:"username,omitempty"`
	PasswordRef Ref    `json:"password_ref,omitempty"`
	CA          string `json:"ca,omitempty"`
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
	Aliases  map[string]Alias  `json:"aliases,omitempty"`
	Options  map[string]string `json:"options,omitempty"`
	Refs     map[string]Ref    `json:"option_refs,omitempty"`
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
	a, s, l := d.Auth, d.Settings, d.Logs
	e.client(d.Client)
	e.put(kindAuth, kindAuth, authJSON(a))
	e.put(kindSettings, kindSettings, settingsJSON{s.Host, s.Port, s.Theme, s.Stopped, s.WindowIdleMinutes, d.install})
	e.put(kindLogs, kindLogs, logsJSON(l))
	for _, p := range d.Providers {
		e.provider(p)
	}
	e.plugins(d.Plugins)
	for hash, s := range d.Sessions {
		e.put(kindSession, hash, sessionJSON(s))
	}
	for id, hash := range d.seen {
		e.put(kindFile, id, fileJSON{hash})
	}
	if d.Pause != (Pause{}) {
		e.put(kindPause, kindPause, d.Pause)
	}
	if len(d.Views) > 0 {
		e.put(kindViews, kindViews, d.Views)
	}
	if len(d.AppNames) > 0 {
		e.put(kindAppNames, kindAppNames, d.AppNames)
	}
	e.governance(d.Governance)
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

func (e *encoder) client(c Client) {
	e.put(kindClient, kindClient, clientJSON{
		EnableLogging: c.EnableLogging, DisableContentLogging: c.DisableContentLogging, LogRetentionDays: c.LogRetentionDays,
		AllowedOrigins: c.AllowedOrigins, AllowedHosts: c.AllowedHosts, MaxBodyMB: c.MaxBodyMB,
		AllowDirectKeys: c.AllowDirectKeys, AllowRawOverride: c.AllowRawOverride, AllowStorageOverride: c.AllowStorageOverride,
		LoggingHeaders: c.LoggingHeaders, PrometheusLabels: c.PrometheusLabels,
		AllowedFields: c.HeaderFilter.Allow, DeniedFields: c.HeaderFilter.Deny, StreamKeepAliveMS: c.StreamKeepAlive.Milliseconds(),
		DirectKeysUnasked: c.DirectKeysUnasked, EnforceKey: c.EnforceKey, RequiredHeaders: c.RequiredHeaders,
		DeleteExpiredKeys: c.DeleteExpiredKeys, RefuseUnpriced: c.RefuseUnpriced, RoutingDepth: c.RoutingDepth,
	})
}

func (e *encoder) governance(g Governance) {
	for _, k := range g.VirtualKeys {
		e.put(kindVirtualKey, k.ID, k)
	}
	for _, o := range g.Teams {
		e.put(kindTeam, o.ID, o)
	}
	for _, o := range g.Customers {
		e.put(kindCustomer, o.ID, o)
	}
	for _, l := range g.ProviderLimits {
		e.put(kindProviderLimit, l.Provider, l)
	}
	for _, l := range g.ModelLimits {
		e.put(kindModelLimit, l.ID, l)
	}
	for _, r := range g.Rules {
		e.put(kindRule, r.ID, r)
	}
	for _, p := range g.Prices {
		e.put(kindPrice, p.ID, p)
	}
	if !g.Complexity.IsZero() {
		e.put(kindComplexity, kindComplexity, g.Complexity)
	}
}

func (e *encoder) provider(p *Provider) {
	n := p.Network
	j := providerJSON{
		Kind: p.Kind, BaseURL: n.BaseURL, Headers: n.ExtraHeaders, TimeoutMS: n.Timeout.Milliseconds(),
		IdleMS: n.StreamIdle.Milliseconds(), MaxConns: n.MaxConns, Concurrency: p.Concurrency, Queue: p.Queue, Source: p.Source,
		KeepAliveMS: n.KeepAlive.Milliseconds(), HTTP2: n.HTTP2, Insecure: n.Insecure, CA: n.CA,
		RawRequest: p.SendBackRawRequest, RawResponse: p.SendBackRawResponse, HeaderRefs: refs(n.SecretHeaders),
		Retries: n.Retries, RetryMS: n.RetryInitial.Milliseconds(), RetryMaxMS: n.RetryMax.Milliseconds(),
	}
	if p.Custom != nil {
		j.Base, j.Keyless, j.Allowed, j.Paths = p.Custom.Base, p.Custom.Keyless, p.Custom.Allowed, p.Custom.Paths
	}
	if g := n.Guard; g != nil {
		j.Guard = &guardJSON{g.Minimum, g.Window.Milliseconds()}
	}
	if x := p.Proxy; x.Type != "" {
		j.Proxy = &proxyJSON{x.Type, x.URL, x.Username, x.Password.Ref, x.CA}
	}
	e.put(kindProvider, p.Name, j)
	for i, k := range p.Keys {
		e.put(kindKey, k.ID, keyJSON{p.Name, i, k.Name, k.Ref, k.Models, k.Denied, k.Weight, k.Enabled, k.Aliases, k.Options, refs(k.Secrets), k.Source})
	}
}

func refs(fields []SecretField) map[string]Ref {
	if len(fields) == 0 {
		return nil
	}
	out := map[string]Ref{}
	for _, f := range fields {
		out[f.Name] = f.Ref
	}
	return out
}

// fields is refs backwards, sorted by name.
func fields(refs map[string]Ref) (out []SecretField) {
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		out = append(out, SecretField{Name: name, Ref: refs[name]})
	}
	return out
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
	d.draft.Governance.sort()
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
	case kindPlugin:
		return d.plugin(e)
	case kindClient:
		return d.client(e)
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
	return d.governance(e)
}

func (d *decoder) governance(e Entity) error {
	g := &d.draft.Governance
	switch e.Kind {
	case kindPause:
		return json.Unmarshal(e.Data, &d.draft.Pause)
	case kindViews:
		return json.Unmarshal(e.Data, &d.draft.Views)
	case kindAppNames:
		return json.Unmarshal(e.Data, &d.draft.AppNames)
	case kindVirtualKey:
		return add(&g.VirtualKeys, e)
	case kindTeam:
		return add(&g.Teams, e)
	case kindCustomer:
		return add(&g.Customers, e)
	case kindProviderLimit:
		return add(&g.ProviderLimits, e)
	case kindModelLimit:
		return add(&g.ModelLimits, e)
	case kindRule:
		return add(&g.Rules, e)
	case kindPrice:
		return add(&g.Prices, e)
	case kindComplexity:
		return json.Unmarshal(e.Data, &g.Complexity)
	}
	return fmt.Errorf("unknown kind; a newer version may have written it")
}

// add reads an entity that is stored as it is.
func add[T any](to *[]*T, e Entity) error {
	v := new(T)
	*to = append(*to, v)
	return json.Unmarshal(e.Data, v)
}

func read[T any](e Entity) (v T, err error) {
	return v, json.Unmarshal(e.Data, &v)
}

func (d *decoder) client(e Entity) error {
	j := clientJSON{StreamKeepAliveMS: defaultStreamKeepAlive.Milliseconds(), RoutingDepth: defaultRoutingDepth} // older versions did not store them
	err := json.Unmarshal(e.Data, &j)
	d.draft.Client = Client{
		EnableLogging: j.EnableLogging, DisableContentLogging: j.DisableContentLogging, LogRetentionDays: j.LogRetentionDays,
		AllowedOrigins: j.AllowedOrigins, AllowedHosts: j.AllowedHosts, MaxBodyMB: j.MaxBodyMB,
		AllowDirectKeys: j.AllowDirectKeys, AllowRawOverride: j.AllowRawOverride, AllowStorageOverride: j.AllowStorageOverride,
		LoggingHeaders: j.LoggingHeaders, PrometheusLabels: j.PrometheusLabels,
		HeaderFilter: HeaderFilter{Allow: j.AllowedFields, Deny: j.DeniedFields}, StreamKeepAlive: milliseconds(j.StreamKeepAliveMS),
		DirectKeysUnasked: j.DirectKeysUnasked, EnforceKey: j.EnforceKey, RequiredHeaders: j.RequiredHeaders,
		DeleteExpiredKeys: j.DeleteExpiredKeys, RefuseUnpriced: j.RefuseUnpriced, RoutingDepth: j.RoutingDepth,
	}
	return err
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func (d *decoder) provider(e Entity) error {
	j, err := read[providerJSON](e)
	if err != nil {
		return err
	}
	p := &Provider{
		Name: e.ID, Kind: j.Kind, Concurrency: j.Concurrency, Queue: j.Queue, Source: j.Source,
		SendBackRawRequest: j.RawRequest, SendBackRawResponse: j.RawResponse,
	}
	if j.Base != "" {
		p.Custom = &Custom{Base: j.Base, Keyless: j.Keyless, Allowed: j.Allowed, Paths: j.Paths}
	}
	if x := j.Proxy; x != nil {
		p.Proxy = Proxy{Type: x.Type, URL: x.URL, Username: x.Username, Password: SecretField{Ref: x.PasswordRef}, CA: x.CA}
	}
	p.Network = Network{
		BaseURL: j.BaseURL, ExtraHeaders: j.Headers, SecretHeaders: fields(j.HeaderRefs), Timeout: milliseconds(j.TimeoutMS),
		StreamIdle: milliseconds(j.IdleMS), KeepAlive: milliseconds(j.KeepAliveMS), MaxConns: j.MaxConns,
		HTTP2: j.HTTP2, Insecure: j.Insecure, CA: j.CA,
		Retries: j.Retries, RetryInitial: milliseconds(j.RetryMS), RetryMax: milliseconds(j.RetryMaxMS),
	}
	if g := j.Guard; g != nil {
		p.Network.Guard = &StreamGuard{Minimum: g.Minimum, Window: milliseconds(g.WindowMS)}
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
		Aliases: j.Aliases, Options: j.Options, Secrets: fields(j.Refs), Source: j.Source,
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
