package compat

import (
	"encoding/json"
	"slices"
	"strings"

	"heimdall/gateway/config"
)

// aliasMembers are what Bifrost lets an alias say besides its model. A kind serves those of them that are options of
// its keys.
var aliasMembers = []string{
	"region", "api_version", "anthropic_version", "endpoint", "project_id", "project_number", "force_single_region",
	"inference_profile_arn", "use_deployments_endpoint",
}

// aliases reads what a key calls models by other names: the provider's own name of each, or an object that has more to
// say. null takes all away.
func aliases(o *object, kind config.KindInfo, e *config.KeyEdit) {
	c, given := o.child("aliases")
	if !given {
		return
	}
	e.Aliases = map[string]config.Alias{}
	if c == nil {
		return
	}
	for _, name := range sortedKeys(c.fields) {
		if a, ok := alias(c, name, kind); ok {
			e.Aliases[name] = a
		}
	}
}

func alias(all *object, name string, kind config.KindInfo) (a config.Alias, ok bool) {
	if json.Unmarshal(all.fields[name], &a.Model) == nil {
		a.Model = strings.TrimSpace(a.Model)
		return a, true
	}
	c, _ := all.child(name)
	if c == nil {
		return a, false
	}
	c.text("model_id", &a.Model)
	a.Model = strings.TrimSpace(a.Model)
	c.text("description", &a.Description)
	served := []string{"model_id", "description"}
	for _, option := range kind.KeyOptions {
		if option.Type == "secret" {
			continue
		}
		served = append(served, option.Name)
		if value := aliasOption(c, option.Name); value != "" {
			if a.Options == nil {
				a.Options = map[string]string{}
			}
			a.Options[option.Name] = value
		}
	}
	c.skipEmpty()
	c.idle("a model's dialect follows from its name", "model_name", "model_family")
	for _, member := range aliasMembers {
		if _, there := c.fields[member]; there && !slices.Contains(c.known, member) {
			c.skip(member)
			c.unserved(c.at(member), "can't be set for one model here; what can: %s", strings.Join(served, ", "))
		}
	}
	c.done()
	return a, true
}

func aliasOption(c *object, name string) string {
	raw, ok := c.value(name)
	if !ok {
		return ""
	}
	text, ok := optionText(c, name, raw)
	if ok && strings.HasPrefix(text, "env.") {
		c.fail(c.at(name), "must be the value itself; only options of the whole key can come from the environment")
	}
	return strings.TrimSpace(text)
}

// deployments reads the older way to write aliases, in a kind's own block; an alias of the same name counts.
func deployments(c *object, e *config.KeyEdit) {
	d, _ := c.child("deployments")
	if d == nil {
		return
	}
	for _, name := range sortedKeys(d.fields) {
		var model string
		if !d.text(name, &model) {
			continue
		}
		if e.Aliases == nil {
			e.Aliases = map[string]config.Alias{}
		}
		if _, newer := e.Aliases[name]; !newer {
			e.Aliases[name] = config.Alias{Model: strings.TrimSpace(model)}
		}
	}
}
