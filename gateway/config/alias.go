package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"heimdall/providers/transport"
)

// PatternPrefix begins an entry of a list of models that is a regular expression (RE2), not a name.
const PatternPrefix = "regex:"

// modelNames checks the entries of a list of models.
func (v *validator) modelNames(path string, list []string) {
	for i, entry := range list {
		pattern, is := strings.CutPrefix(entry, PatternPrefix)
		if strings.TrimSpace(pattern) == "" {
			v.say(path, "entry %d is empty", i)
			continue
		}
		if _, err := regexp.Compile(pattern); is && err != nil {
			v.say(path, "entry %d, %s, is no valid RE2 pattern: %s", i, entry, err)
		}
	}
}

// setAliases replaces all aliases.
func (k *Key) setAliases(given map[string]Alias) {
	k.Aliases = nil
	if len(given) > 0 {
		k.Aliases = maps.Clone(given)
	}
}

// aliases checks what a key calls models by other names.
func (v *validator) aliases(p *Provider, k *Key, kind KindInfo, at func(string) string) {
	for _, name := range slices.Sorted(maps.Keys(k.Aliases)) {
		alias, path := k.Aliases[name], at("aliases."+name)
		if strings.TrimSpace(name) == "" || !oneWord(name) {
			v.say(at("aliases"), "an alias needs a name, on one line and without spaces around it")
		}
		if strings.TrimSpace(alias.Model) == "" || !oneWord(alias.Model) {
			v.say(path+".model_id", "must be the provider's own name of the model")
		}
		for _, option := range slices.Sorted(maps.Keys(alias.Options)) {
			o, known := kind.Option(option)
			switch value := alias.Options[option]; {
			case !known || o.Type == "secret":
				v.say(path+"."+option, "can't be set for one model of %s", p.Name)
			case o.Type == "url":
				if why := transport.BadURL(value); why != "" {
					v.say(path+"."+option, "%s", why)
				}
			case !oneLine(value):
				v.say(path+"."+option, "has characters that it can't have, such as a line break")
			}
		}
	}
}

// oneWord reports whether a name has no space around it and no control characters.
func oneWord(name string) bool {
	return strings.TrimSpace(name) == name && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' })
}
