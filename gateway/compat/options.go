package compat

import (
	"encoding/json"
	"slices"
	"strings"

	"heimdall/gateway/config"
)

// options reads what a kind of provider wants to know with a key: as fields of the key, under options, or in Bifrost's
// <kind>_key_config, which counts where several are given.
func (d *Decoder) options(o *object, kind string, e *config.KeyEdit) {
	allowed := d.kind(kind).KeyOptions
	own := strings.ReplaceAll(kind, "-", "_") + "_key_config"
	take(o, allowed, e)
	for _, name := range []string{"options", own} {
		if len(allowed) == 0 {
			continue
		}
		if c, _ := o.child(name); c != nil {
			if e.Options == nil {
				e.Options = map[string]config.Input{}
			}
			take(c, allowed, e)
			deployments(c, e)
			c.neutral("batch requests are not served by this version", "batch_s3_config")
			unservedOptions(c)
			c.skipEmpty()
			c.done()
		}
	}
	for _, name := range sortedKeys(o.fields) {
		if strings.HasSuffix(name, "_key_config") && !slices.Contains(o.known, name) || name == "options" && len(allowed) == 0 {
			o.neutral("is not served by this version", name)
		}
	}
}

// unservedOptions names the options that Bifrost has for keys of this kind, or of another, and this kind has not.
func unservedOptions(c *object) {
	for _, name := range append([]string{"arn"}, aliasMembers...) {
		if !slices.Contains(c.known, name) {
			c.neutral("is not served by this version", name)
		}
	}
}

func take(from *object, allowed []config.KeyOption, e *config.KeyEdit) {
	for _, option := range allowed {
		raw, ok := from.value(option.Name)
		if !ok {
			continue
		}
		text, ok := optionText(from, option.Name, raw)
		if !ok {
			continue
		}
		in, ok := input(from, option.Name, text)
		if !ok {
			continue
		}
		if e.Options == nil {
			e.Options = map[string]config.Input{}
		}
		e.Options[option.Name] = in
	}
}

// optionText is an option's value as text: a list's entries are joined by spaces, as OAuth writes scopes.
func optionText(o *object, name string, raw json.RawMessage) (string, bool) {
	switch raw[0] {
	case '{':
		return secretText(o, name, raw)
	case '[':
		var items []string
		if !o.list(name, &items) {
			return "", false
		}
		return strings.Join(items, " "), true
	}
	return unquote(raw), true
}

func (d *Decoder) kind(name string) config.KindInfo {
	i := slices.IndexFunc(d.kinds, func(k config.KindInfo) bool { return k.Name == name })
	if i < 0 {
		return config.KindInfo{}
	}
	return d.kinds[i]
}
