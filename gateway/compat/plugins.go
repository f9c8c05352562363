package compat

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"heimdall/gateway/config"
	"heimdall/gateway/metrics"
)

// pluginKind is a plugin that can be set. Secrets are the places of values in its config that prove who we are, with *
// for any name or number; check reads a config and reports what is wrong.
type pluginKind struct {
	name    string
	on      bool // works where it was never set
	secrets [][]string
	check   func(*object)
}

var pluginKinds = []pluginKind{
	{"otel", false, [][]string{{"headers", "*"}, {"profiles", "*", "headers", "*"}}, func(o *object) { otelConfig(o) }},
	{"telemetry", true, [][]string{{"push_gateway", "basic_auth", "password"}}, telemetryConfig},
}

// laterPlugins are Bifrost's that this version does without, and why nobody needs to set those that it has otherwise.
var laterPlugins = map[string]string{
	"governance": "virtual keys count wherever there are any; client_config.enforce_auth_on_inference makes them mandatory",
	"logging":    "the request log is set in client_config and settings",
	"routing":    "rules count wherever there are any",
}

func findPluginKind(name string) (pluginKind, bool) {
	i := slices.IndexFunc(pluginKinds, func(k pluginKind) bool { return k.name == name })
	if i < 0 {
		return pluginKind{}, false
	}
	return pluginKinds[i], true
}

// Plugins are those that can be set.
func (d *Decoder) Plugins() (all []config.PluginKind) {
	for _, k := range pluginKinds {
		all = append(all, config.PluginKind{Name: k.name, On: k.on})
	}
	return all
}

// noPlugin says of a name what there is in its place.
func noPlugin(name string) string {
	if why := laterPlugins[name]; why != "" {
		return name + " is no plugin that can be set: " + why
	}
	var names []string
	for _, k := range pluginKinds {
		names = append(names, k.name)
	}
	return "the plugin " + strconv.Quote(name) + " is not served by this version, which has " + strings.Join(names, " and ")
}

// CreatePlugin reads the body of POST /api/plugins.
func (d *Decoder) CreatePlugin(body []byte) (name string, e config.PluginEdit, warnings []string, err error) {
	r := &report{strict: true}
	o, err := r.parse(body)
	if err != nil {
		return "", e, nil, err
	}
	if !o.text("name", &name) && len(r.errors) == 0 {
		r.fail("name", "is missing; give the plugin's name")
	}
	if name != "" {
		e = editPlugin(o, name)
	}
	return name, e, r.texts(), config.Invalid(r.errors)
}

// EditPlugin reads the body of PUT /api/plugins/{name}.
func (d *Decoder) EditPlugin(name string, body []byte) (e config.PluginEdit, warnings []string, err error) {
	r := &report{strict: true}
	o, err := r.parse(body)
	if err != nil {
		return e, nil, err
	}
	var echo string
	if o.text("name", &echo) && echo != name {
		r.fail("name", "is %q, unlike the one in the path; a plugin can't be renamed", echo)
	}
	e = editPlugin(o, name)
	return e, r.texts(), config.Invalid(r.errors)
}

// editPlugin reads what describes a plugin, but its name.
func editPlugin(o *object, name string) (e config.PluginEdit) {
	kind, ok := findPluginKind(name)
	if !ok {
		o.fail("name", "%s", noPlugin(name))
		return e
	}
	e.Enabled = flag(o, "enabled")
	o.neutral("the plugin is built in, so it is read from nowhere", "path")
	o.neutral("the plugin's place is fixed", "order")
	var placement string
	if o.text("placement", &placement) && placement != "" && placement != "builtin" {
		o.unserved(o.at("placement"), "the plugin's place is fixed; leave it out")
	}
	o.idle("a changed entry counts by itself", "version")
	o.skip("actualName", "isCustom", "status", "message", "warnings", "name")
	if c, given := o.child("config"); given {
		e.Config, e.Secrets = json.RawMessage("{}"), map[string]config.Input{}
		if c != nil {
			if off := e.Enabled != nil && !*e.Enabled; !off || len(c.fields) > 0 {
				kind.check(c)
			}
			e.Config = pluginSecrets(kind, o.fields["config"], e.Secrets)
		}
	}
	o.done()
	return e
}

// pluginSecrets takes the secrets out of a config and gives back what is left.
func pluginSecrets(kind pluginKind, raw json.RawMessage, found map[string]config.Input) json.RawMessage {
	for _, path := range kind.secrets {
		raw = takeSecrets(raw, nil, path, found)
	}
	return raw
}

// takeSecrets takes out those below a place. What can't be read stays; the check of the config has reported it.
func takeSecrets(raw json.RawMessage, at, rest []string, found map[string]config.Input) json.RawMessage {
	if rest[0] == "*" {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil && len(rest) > 1 {
			for i := range list {
				list[i] = takeSecrets(list[i], append(slices.Clip(at), strconv.Itoa(i)), rest[1:], found)
			}
			return encoded(list, raw)
		}
	}
	o := &object{report: &report{}}
	if json.Unmarshal(raw, &o.fields) != nil || o.fields == nil {
		return raw
	}
	names := []string{rest[0]}
	if rest[0] == "*" {
		names = sortedKeys(o.fields)
	}
	for _, name := range names {
		value, ok := o.value(name)
		switch {
		case !ok:
		case len(rest) > 1:
			o.fields[name] = takeSecrets(value, append(slices.Clip(at), name), rest[1:], found)
		default:
			if in, ok := secret(o, name); ok {
				found[config.Pointer(append(slices.Clip(at), name)...)] = in
				delete(o.fields, name)
			}
		}
	}
	return encoded(o.fields, raw)
}

func encoded(v any, otherwise json.RawMessage) json.RawMessage {
	out, err := json.Marshal(v)
	if err != nil {
		return otherwise
	}
	return out
}

// telemetryConfig checks the config of the plugin that counts.
func telemetryConfig(o *object) {
	if _, err := metrics.ParseConfig(encoded(o.fields, nil)); err != nil {
		for line := range strings.Lines(err.Error()) {
			path, message, ok := strings.Cut(strings.TrimSpace(line), ": ")
			if !ok {
				path, message = "", line
			}
			o.fail(strings.TrimSuffix(o.at(path), "."), "%s", message)
		}
	}
	o.known = sortedKeys(o.fields)
}

// plugins reads the file's plugins. Of those that are no plugins here it reads what they ask for otherwise: whether
// governance makes virtual keys mandatory. The client section, where it says that too, wins.
func (p *fileParser) plugins(o *object) {
	list, given := o.elements("plugins")
	p.file.HasPlugins = given
	for _, one := range list {
		var name string
		one.text("name", &name)
		if kind, ok := findPluginKind(name); ok {
			p.plugin(one, kind)
			continue
		}
		on := true
		one.truth("enabled", &on)
		if !on {
			continue
		}
		c, _ := one.child("config")
		if name != "governance" {
			p.warn(one.path, "%s", noPlugin(name))
			continue
		}
		var mandatory bool
		if c != nil && c.truth("is_vk_mandatory", &mandatory) {
			p.piece("plugin/governance", mandatory, false, func(d *config.Draft) error { d.Client.EnforceKey = mandatory; return nil })
			c.done()
		}
	}
}

func (p *fileParser) plugin(o *object, kind pluginKind) {
	e := editPlugin(o, kind.name)
	readable := false
	for _, name := range sortedKeys(e.Secrets) {
		if e.Secrets[name].Text.Reveal() != "" {
			p.warn(o.at("config")+strings.ReplaceAll(name, "/", "."), literal)
			readable = true
		}
	}
	p.piece(config.PluginPiece(kind.name), o.fields, readable, func(d *config.Draft) error {
		return d.PutPlugin(kind.name, config.SourceFile, e)
	})
}
