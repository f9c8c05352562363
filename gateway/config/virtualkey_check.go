package config

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

var idText = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`)

// virtualKey checks a virtual key. What it names and is not there is in lost.
func (v *validator) virtualKey(k *VirtualKey) {
	v.label(k.at("name"), k.Name)
	v.id(k.at("id"), k.ID)
	if k.TeamID != "" && k.CustomerID != "" {
		v.say(k.at("team_id"), "a key belongs to a team or to a customer, not to both; leave one of them out")
	}
	for name := range k.Metadata {
		if name == "" || len(name) > 128 {
			v.say(k.at("metadata"), "names must be 1 to 128 characters long")
		}
	}
	v.allowance(strings.TrimSuffix(k.at(""), "."), k.Allowance)
	for i, g := range k.Grants {
		at := fmt.Sprintf("%s[%d]", k.at("provider_configs"), i)
		switch {
		case g.Provider == "":
			v.say(at+".provider", "is missing; name the provider")
		case slices.ContainsFunc(k.Grants[:i], func(o *Grant) bool { return o.Provider == g.Provider }):
			v.say(at+".provider", "%s is there twice; give each provider once", g.Provider)
		}
		if w := g.Weight; w != nil && (math.IsNaN(*w) || *w < 0 || math.IsInf(*w, 0)) {
			v.say(at+".weight", "must be 0 or more, or null for a provider that is used only by its name or by a rule")
		}
		v.modelNames(at+".allowed_models", g.Models.List)
		v.modelNames(at+".blacklisted_models", g.Denied)
		v.allowance(at, g.Allowance)
	}
	for i, t := range k.Tools {
		if t.Server == "" {
			v.say(fmt.Sprintf("%s[%d].mcp_client_name", k.at("mcp_configs"), i), "is missing; name the MCP server")
		}
	}
}

// label checks a name that people give.
func (v *validator) label(path, name string) {
	if name == "" || len(name) > 128 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		v.say(path, "must be 1 to 128 characters on one line")
	}
}

func (v *validator) id(path, id string) {
	if !idText.MatchString(id) {
		v.say(path, "must have letters, digits, '.', '_', ':' and '-' only, at most 128 of them")
	}
}
