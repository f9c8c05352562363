package config

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Plugin is a built-in plugin and how it is set. Config is a JSON object without its secrets, whose names say where in
// it they belong, as JSON pointers do (RFC 6901).
type Plugin struct {
	Name    string
	Enabled bool
	Config  json.RawMessage
	Secrets []SecretField // sorted by name
	Source  Source
}

// PluginEdit is a wished change of a plugin. What is nil stays; Config and its Secrets replace what there is.
type PluginEdit struct {
	Enabled *bool
	Config  json.RawMessage
	Secrets map[string]Input
}

// PluginKind is a plugin that there is. On says whether it works where it was never set.
type PluginKind struct {
	Name string
	On   bool
}

type pluginJSON struct {
	Enabled bool            `json:"enabled"`
	Config  json.RawMessage `json:"config"`
	Refs    map[string]Ref  `json:"refs,omitempty"`
	Source  Source          `json:"source"`
}

// Plugin finds a plugin by its name; nil where it was never set.
func (s *Snapshot) Plugin(name string) *Plugin { return findPlugin(s.Plugins, name) }

func findPlugin(list []*Plugin, name string) *Plugin {
	for _, p := range list {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// With is the plugin's config with a text in the place of each secret; "" leaves the place out.
func (p *Plugin) With(text func(SecretField) string) json.RawMessage {
	if len(p.Secrets) == 0 {
		return p.Config
	}
	var tree any
	if !readTree(p.Config, &tree) {
		return p.Config
	}
	for _, s := range p.Secrets {
		if t := text(s); t != "" {
			setAt(tree, pointer(s.Name), t)
		}
	}
	whole, err := json.Marshal(tree)
	if err != nil {
		return p.Config
	}
	return whole
}

// Whole is the config with the secrets that have a value, for the plugin only.
func (p *Plugin) Whole() json.RawMessage {
	return p.With(func(s SecretField) string { return s.Value.Reveal() })
}

func readTree(data json.RawMessage, to *any) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(to) == nil
}

var (
	pointerEscape   = strings.NewReplacer("~", "~0", "/", "~1")
	pointerUnescape = strings.NewReplacer("~1", "/", "~0", "~")
)

// Pointer makes the name of a secret from the names and numbers that lead to its place.
func Pointer(path ...string) string {
	var b strings.Builder
	for _, step := range path {
		b.WriteString("/" + pointerEscape.Replace(step))
	}
	return b.String()
}

func pointer(name string) []string {
	steps := strings.Split(strings.TrimPrefix(name, "/"), "/")
	for i, s := range steps {
		steps[i] = pointerUnescape.Replace(s)
	}
	return steps
}

// at finds a place in a JSON tree; nil where there is none.
func at(tree any, path []string) any {
	for _, step := range path {
		switch node := tree.(type) {
		case map[string]any:
			tree = node[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(node) {
				return nil
			}
			tree = node[i]
		default:
			return nil
		}
	}
	return tree
}

func setAt(tree any, path []string, text string) {
	if node, ok := at(tree, path[:len(path)-1]).(map[string]any); ok {
		node[path[len(path)-1]] = text
	}
}

// AddPlugin sets a plugin that was not set.
func (d *Draft) AddPlugin(name string, source Source, e PluginEdit) error {
	if findPlugin(d.Plugins, name) != nil {
		return conflict("name", "the plugin %q is set already; change it with PUT /api/plugins/%s", name, name)
	}
	return d.PutPlugin(name, source, e)
}

// PutPlugin changes a plugin, or sets one that was not set.
func (d *Draft) PutPlugin(name string, source Source, e PluginEdit) error {
	p := findPlugin(d.Plugins, name)
	if p == nil {
		p = &Plugin{Name: name, Enabled: true, Config: json.RawMessage("{}"), Source: source}
		d.Plugins = append(d.Plugins, p)
		slices.SortFunc(d.Plugins, func(a, b *Plugin) int { return strings.Compare(a.Name, b.Name) })
	}
	if e.Enabled != nil {
		p.Enabled = *e.Enabled
	}
	if e.Config == nil {
		return nil
	}
	return p.set(e)
}

// DeletePlugin puts a plugin back to how it is without being set.
func (d *Draft) DeletePlugin(name string) error {
	if findPlugin(d.Plugins, name) == nil {
		return notFound("the plugin %q is not set", name)
	}
	d.Plugins = slices.DeleteFunc(d.Plugins, func(p *Plugin) bool { return p.Name == name })
	return nil
}

// dropPlugins puts those that are not in the file back.
func (d *Draft) dropPlugins(f *File) {
	d.Plugins = slices.DeleteFunc(d.Plugins, func(p *Plugin) bool {
		return !slices.ContainsFunc(f.Pieces, func(one Piece) bool { return one.ID == PluginPiece(p.Name) })
	})
}

// PluginPiece is the id of the piece of a file that sets a plugin.
func PluginPiece(name string) string { return "plugin/" + name }

func (p *Plugin) set(e PluginEdit) error {
	old := *p
	p.Config, p.Secrets = slices.Clone(e.Config), nil
	for _, name := range slices.Sorted(maps.Keys(e.Secrets)) {
		in := e.Secrets[name]
		field := SecretField{Name: name}
		if text := in.Text.Reveal(); in.Ref == "" && redacted(text) {
			kept := old.means(p, name, text)
			if kept == nil {
				return invalid(p.path(name), "this is a redacted value; write the secret itself, or env.NAME")
			}
			field.Ref, field.Value, field.Problem = kept.Ref, kept.Value, kept.Problem
			p.Secrets = append(p.Secrets, field)
			continue
		}
		if i := slices.IndexFunc(old.Secrets, func(o SecretField) bool { return o.Name == name }); i >= 0 {
			field = old.Secrets[i]
		}
		if err := p.slot(&field).set(in); err != nil {
			return err
		}
		if field.Ref != "" || field.Value.Reveal() != "" {
			p.Secrets = append(p.Secrets, field)
		}
	}
	return nil
}

// means finds the secret that a redacted text stands for: the one that is shown so. Where the text does not tell it from
// others, as that of a short secret, it is the one in the same place, if that place is among things that stayed as they
// were: no collector gets what was another's.
func (p *Plugin) means(now *Plugin, name, text string) *SecretField {
	leaf := func(name string) string { path := pointer(name); return path[len(path)-1] }
	var found *SecretField
	for i := range p.Secrets {
		s := &p.Secrets[i]
		switch {
		case leaf(s.Name) != leaf(name):
		case text != stars && !strings.EqualFold(text, "<redacted>"):
			if Redact(s.Value) == text && (found == nil || s.Name == name) {
				found = s
			}
		case s.Name == name && p.stayed(now, name):
			found = s
		}
	}
	return found
}

// stayed reports whether the members of a list that lead to a place are the same in two configs.
func (p *Plugin) stayed(now *Plugin, name string) bool {
	var before, after any
	if !readTree(p.Config, &before) || !readTree(now.Config, &after) {
		return false
	}
	path := pointer(name)
	for i := range path {
		if _, list := at(before, path[:i]).([]any); list && !reflect.DeepEqual(at(before, path[:i+1]), at(after, path[:i+1])) {
			return false
		}
	}
	return true
}

func (p *Plugin) slot(s *SecretField) held {
	return s.slot("plugin "+p.Name, p.path(s.Name))
}

// path is how errors call the place of a secret.
func (p *Plugin) path(name string) string {
	out := "plugins." + p.Name + ".config"
	for _, step := range pointer(name) {
		if _, err := strconv.Atoi(step); err == nil {
			out += "[" + step + "]"
		} else {
			out += "." + step
		}
	}
	return out
}

func (p *Plugin) clone() *Plugin {
	c := *p
	c.Secrets = slices.Clone(p.Secrets)
	return &c
}

func clonePlugins(list []*Plugin) []*Plugin {
	out := make([]*Plugin, len(list))
	for i, p := range list {
		out[i] = p.clone()
	}
	return out
}

func (e *encoder) plugins(list []*Plugin) {
	for _, p := range list {
		e.put(kindPlugin, p.Name, pluginJSON{p.Enabled, p.Config, refs(p.Secrets), p.Source})
	}
}

func (d *decoder) plugin(e Entity) error {
	j, err := read[pluginJSON](e)
	d.draft.Plugins = append(d.draft.Plugins, &Plugin{Name: e.ID, Enabled: j.Enabled, Config: j.Config, Secrets: fields(j.Refs), Source: j.Source})
	slices.SortFunc(d.draft.Plugins, func(a, b *Plugin) int { return strings.Compare(a.Name, b.Name) })
	return err
}
