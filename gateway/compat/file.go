package compat

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"heimdall/gateway/config"
)

// ParseFile reads a config.json. Relative paths in it start at dir. What has no effect, or should be mended, is in the
// file's Problems; what is wrong is one error that names every path.
func (d *Decoder) ParseFile(data []byte, dir string) (*config.File, error) {
	p := fileParser{Decoder: d, report: &report{}, dir: dir, file: &config.File{}, empty: emptyIsNone}
	o, err := p.parse(data)
	if err != nil {
		return nil, err
	}
	p.version(o)
	p.truth(o)
	p.plugins(o)
	p.client(o)
	p.auth(o)
	p.logsStore(o)
	p.configStore(o)
	p.providers(o)
	p.holders(o)
	p.prices(o)
	p.complexity(o)
	p.rules(o)
	p.framework(o)
	later(o)
	o.done()
	if err := config.Invalid(p.errors); err != nil {
		return nil, err
	}
	p.file.Problems = p.warnings
	return p.file, nil
}

type fileParser struct {
	*Decoder
	*report
	dir   string
	file  *config.File
	empty emptyList
}

func (p *fileParser) piece(id string, content any, guess bool, apply func(*config.Draft) error) {
	text, err := json.Marshal(content)
	if err != nil {
		p.fail(id, "cannot be read again: %s", err)
	}
	p.file.Pieces = append(p.file.Pieces, config.Piece{ID: id, Content: text, Guess: guess, Apply: apply})
}

// version decides what an empty list of models means.
func (p *fileParser) version(o *object) {
	n := 2
	o.integer("version", &n)
	switch n {
	case 1:
		p.empty = emptyIsAll
	case 2:
	default:
		p.fail("version", "must be 1 (an empty list of models means all) or 2 (it means none)")
	}
}

func (p *fileParser) truth(o *object) {
	source := "split"
	o.text("source_of_truth", &source)
	switch source {
	case "split":
	case "config.json":
		p.file.Authoritative = true
	default:
		p.fail("source_of_truth", `must be "split" or "config.json"`)
	}
}

// client reads the section under both names that it has had.
func (p *fileParser) client(o *object) {
	for _, name := range []string{"client", "client_config"} {
		if c, _ := o.child(name); c != nil {
			p.piece(name, c.fields, false, client(c))
		}
	}
}

// auth reads the section in both places where it may be.
func (p *fileParser) auth(o *object) {
	sections := []*object{}
	if a, _ := o.child("auth_config"); a != nil {
		sections = append(sections, a)
	}
	if g, _ := o.child("governance"); g != nil {
		if a, _ := g.child("auth_config"); a != nil {
			sections = append(sections, a)
		}
		p.ungoverned(g)
	}
	for _, a := range sections {
		password, _ := credential(a, "admin_password", p.env)
		raw := a.fields["admin_password"]
		if password != "" && !strings.Contains(string(raw), "env.") {
			p.warn(a.at("admin_password"), "the password is readable in the file; its hash is stored now, so the field can go, or use env.NAME")
		}
		content := map[string]any{"section": a.fields, "password": password}
		p.piece("auth:"+a.path, content, password != "", auth(a, p.env))
	}
}

func (p *fileParser) logsStore(o *object) {
	l, _ := o.child("logs_store")
	if l == nil {
		return
	}
	var e edits
	var on bool
	var days int
	if l.truth("enabled", &on) {
		e.add(func(d *config.Draft) error { d.Client.EnableLogging = d.Client.EnableLogging && on; return nil })
	}
	if l.integer("retention_days", &days) {
		e.add(func(d *config.Draft) error { d.Client.LogRetentionDays = days; return nil })
	}
	content := maps.Clone(l.fields)
	file, database := p.store(l, "clickhouse")
	if p.file.LogStore = database; database != nil {
		delete(content, "config") // it may hold a password, and is read at every start
	}
	if file != nil {
		var path string
		if file.text("path", &path) && path != "" {
			e.add(func(d *config.Draft) error { d.Logs.Path = p.absolute(path); return nil })
		}
		file.done()
	}
	l.idle("the log writes as it needs", "writer")
	l.neutral("is not served by this version", "object_storage")
	l.neutral("is not served by this version", "object_storage_exclude_fields")
	l.done()
	p.piece("logs", content, false, e.apply)
}

func (p *fileParser) absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(p.dir, path)
}

func (p *fileParser) configStore(o *object) {
	s, _ := o.child("config_store")
	if s == nil {
		return
	}
	on := true
	s.truth("enabled", &on)
	if !on {
		p.warn("config_store.enabled", "has no effect: the configuration is always stored, so that the window can change it")
	}
	file, database := p.store(s)
	if file != nil {
		var path string
		if file.text("path", &path) && p.absolute(path) != filepath.Join(p.dir, "config.db") {
			p.warn("config_store.config.path", "has no effect: the configuration is stored in config.db in the app folder")
		}
		file.done()
	}
	p.file.ConfigStore = database
	s.neutral("is not served by this version", "vault_store")
	s.done()
}

func (p *fileParser) providers(o *object) {
	all, given := o.child("providers")
	p.file.HasProviders = given && all != nil
	if all == nil {
		return
	}
	for _, name := range sortedKeys(all.fields) {
		if one, _ := all.child(name); one != nil {
			p.provider(name, one)
		}
	}
}

func (p *fileParser) provider(name string, o *object) {
	e := provider(o)
	keys, _ := o.elements("keys")
	builtin := slices.ContainsFunc(p.kinds, func(k config.KindInfo) bool { return k.Name == name && !k.Custom })
	if !builtin && (e.Custom == nil || e.Custom.None()) {
		p.warn(o.path, "this version has no such provider; for one of your own add custom_provider_config")
		return
	}
	content := map[string]json.RawMessage{}
	for field, raw := range o.fields {
		if field != "keys" {
			content[field] = raw
		}
	}
	p.literals(o, e)
	kind := name
	if e.Custom != nil && e.Custom.Base != "" {
		kind = e.Custom.Base
	}
	apply := func(d *config.Draft) error {
		if d.Provider(name) != nil {
			return d.EditProvider(name, config.SourceFile, e)
		}
		return d.AddProvider(name, config.SourceFile, e)
	}
	p.piece("provider/"+name, content, false, apply)
	for i, k := range keys {
		p.key(name, kind, i, k, apply)
	}
	o.done()
}

// literals points out secrets that stand in the file.
func (p *fileParser) literals(o *object, e config.ProviderEdit) {
	if e.Proxy != nil && e.Proxy.Password != nil && e.Proxy.Password.Text.Reveal() != "" {
		p.warn(o.at("proxy_config.password"), literal)
	}
	if e.Network == nil {
		return
	}
	for _, name := range sortedKeys(e.Network.Headers) {
		if in := e.Network.Headers[name]; in.Ref == "" && config.Sensitive(name) {
			p.warn(o.at("network_config.extra_headers."+name), literal)
		}
	}
}

const literal = "the secret is readable in the file; it was copied to the keychain, so replace it by env.NAME or take it out"

func (p *fileParser) key(provider, kind string, i int, o *object, ensure func(*config.Draft) error) {
	e := p.Decoder.key(o, kind, p.empty)
	if e.Name == nil {
		name := provider + "-" + strconv.Itoa(i+1)
		e.Name = &name
	}
	if e.Value != nil && e.Value.Text.Reveal() != "" {
		p.warn(o.at("value"), literal)
	}
	for _, name := range sortedKeys(e.Options) {
		if option, _ := p.kind(kind).Option(name); option.Type == "secret" && e.Options[name].Text.Reveal() != "" {
			p.warn(o.at(name), literal)
		}
	}
	if e.Models == nil {
		e.Models = &config.ModelList{All: true}
		if p.empty == emptyIsNone {
			p.warn(o.at("models"), `is absent, so the key may be used for every model; write ["*"] to say so`)
		}
	}
	e.LooseEmpty = false
	p.piece("key/"+provider+"/"+*e.Name, map[string]any{"key": o.fields, "empty": p.empty}, false, func(d *config.Draft) error {
		if d.Provider(provider) == nil {
			if err := ensure(d); err != nil {
				return err
			}
		}
		return d.PutKey(provider, config.SourceFile, e)
	})
}

// later names the sections that belong to parts which this version does not have.
func later(o *object) {
	o.skip("$schema")
	o.idle("keys are in the keychain, or sealed with a key from there", "encryption_key")
	o.idle("there is one environment: this machine", "env_label")
	if s, _ := o.child("server"); s != nil {
		s.idle("headers of any usual size are read", "read_buffer_size")
		s.done()
	}
	for _, name := range []string{
		"alerting", "webhooks", "mcp", "vector_store", "skills_registry", "websocket",
		"guardrails_config", "audit_logs", "cluster_config", "load_balancer_config", "large_payload_optimization",
		"scim_config", "access_profiles", "feature_flags", "circuit_breaker_config", "proxy_config",
	} {
		if raw, ok := o.value(name); ok && !empty(raw) {
			o.warn(name, "is not served by this version")
		}
	}
}
