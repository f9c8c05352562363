package importer

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// routes makes of each model name an alias where one provider's model stands for it, else a rule.
func (l *litellm) routes() {
	fallbacks := l.fallbacks()
	for _, name := range l.names {
		group := l.groups[name]
		l.alias(name, group)
		d := group[0]
		if len(group) == 1 && len(fallbacks[name]) == 0 && (name == d.model || name == d.provider+"/"+d.model) && l.isBuiltin(d.provider) {
			continue
		}
		l.rule(name, group, fallbacks[name])
	}
	aliases, _ := l.file.Router["model_group_alias"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(aliases)) {
		to := text(aliases[name])
		if m, ok := aliases[name].(map[string]any); ok {
			to = text(m["model"])
		}
		where := "router_settings.model_group_alias." + name
		switch group := l.groups[to]; {
		case group == nil:
			l.leave("there is no model "+strconv.Quote(to)+" among those that were taken", "%s", where)
		case l.groups[name] != nil:
			l.leave("there is a model of that name", "%s", where)
		default:
			l.rule(name, group, fallbacks[to])
		}
	}
}

// alias lets the only key of a model be asked for it by the name that clients use, with its provider in front.
func (l *litellm) alias(name string, group []*deployment) {
	d := group[0]
	if len(group) > 1 || name == d.model || name == d.provider+"/"+d.model {
		return
	}
	for _, k := range l.order {
		if k.provider == d.provider && k.name == d.key {
			k.aliases[name] = d.model
			k.models = append(k.models, name)
		}
	}
}

func (l *litellm) rule(name string, group []*deployment, fallbacks []string) {
	r := rule{
		ID: "litellm-" + slug(name, "model"), Name: "LiteLLM: " + name, Expression: "model == " + strconv.Quote(name),
		Fallbacks: fallbacks, Scope: "global", Priority: 100,
	}
	for i := 2; slices.ContainsFunc(l.rules, func(o rule) bool { return o.ID == r.ID }); i++ {
		r.ID = fmt.Sprintf("litellm-%s-%d", slug(name, "model"), i)
	}
	weights := shares(group)
	for i, d := range group {
		t := target{Provider: d.provider, Model: d.model, Weight: weights[i]}
		if len(l.draft.providers[d.provider].Keys) > 1 {
			t.Key = d.key
		}
		r.Targets = append(r.Targets, t)
	}
	l.rules = append(l.rules, r)
}

// shares add up to 1. Entries without a weight get the mean of the others', all the same where none has one.
func shares(group []*deployment) []float64 {
	sum, given := 0.0, 0
	for _, d := range group {
		if d.weight > 0 {
			sum, given = sum+d.weight, given+1
		}
	}
	mean := 1.0
	if given > 0 {
		mean = sum / float64(given)
	}
	total := sum + mean*float64(len(group)-given)
	out, rest := make([]float64, len(group)), 1.0
	for i, d := range group[:len(group)-1] {
		out[i] = max(math.Round(cmp.Or(d.weight, mean)/total*1e4)/1e4, 1e-4)
		rest -= out[i]
	}
	out[len(group)-1] = max(math.Round(rest*1e4)/1e4, 1e-4)
	return out
}

// fallbacks are the models to try after each model, as provider/model.
func (l *litellm) fallbacks() map[string][]string {
	out := map[string][]string{}
	for _, section := range []struct {
		name   string
		fields map[string]any
	}{{"router_settings", l.file.Router}, {"litellm_settings", l.file.Settings}} {
		list, _ := section.fields["fallbacks"].([]any)
		for i, one := range list {
			entry, _ := one.(map[string]any)
			for _, name := range slices.Sorted(maps.Keys(entry)) {
				where := fmt.Sprintf("%s.fallbacks[%d] (%s)", section.name, i, name)
				if l.groups[name] == nil {
					l.leave("the model is none of those that were taken", "%s", where)
					continue
				}
				names, _ := entry[name].([]any)
				for _, to := range names {
					if group := l.groups[text(to)]; group != nil {
						out[name] = append(out[name], group[0].provider+"/"+group[0].model)
					} else {
						l.leave("there is no model "+strconv.Quote(text(to))+" among those that were taken", "%s", where)
					}
				}
			}
		}
	}
	return out
}

func (l *litellm) finishKeys() {
	for _, k := range l.order {
		slices.Sort(k.models)
		k.fields["models"] = slices.Compact(k.models)
		if slices.Contains(k.models, "*") {
			k.fields["models"] = []string{"*"}
		}
		if len(k.aliases) > 0 {
			k.fields["aliases"] = k.aliases
		}
	}
}

// settings reads what is for all providers and names the rest.
func (l *litellm) settings() {
	l.everywhere("default_request_timeout_in_seconds", l.file.Router["timeout"], l.file.Settings["request_timeout"])
	l.everywhere("max_retries", l.file.Router["num_retries"], l.file.Settings["num_retries"])
	known := map[string]string{
		"fallbacks": "", "num_retries": "", "timeout": "", "request_timeout": "", "model_group_alias": "",
		"context_window_fallbacks": "rules can't ask for the length of a request", "content_policy_fallbacks": "rules can't ask why a request was refused",
		"default_fallbacks": "fallbacks belong to a rule; add them where you want them",
		"routing_strategy":  "Heimdall divides by weight, and leaves out keys that fail",
		"drop_params":       "what a provider doesn't know is left out anyway",
	}
	general := map[string]string{
		"master_key":   "clients that use it need a virtual key of Heimdall's instead; make one and give it to them",
		"database_url": "keys, teams and budgets in LiteLLM's database are not in its file; make virtual keys in Heimdall",
	}
	for _, s := range []struct {
		name    string
		fields  map[string]any
		reasons map[string]string
	}{{"litellm_settings", l.file.Settings, known}, {"router_settings", l.file.Router, known}, {"general_settings", l.file.General, general}} {
		for _, field := range slices.Sorted(maps.Keys(s.fields)) {
			why, read := s.reasons[field]
			if !read {
				why = "Heimdall has no such setting"
			}
			if why != "" {
				l.leave(why, "%s.%s", s.name, field)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.file.Environment)) {
		l.leave("set the variable where Heimdall runs", "environment_variables.%s", name)
	}
	for _, name := range slices.Sorted(maps.Keys(l.file.Others)) {
		l.leave("Heimdall has no such section", "%s", name)
	}
}

// everywhere gives all providers the first of the values that is a whole number.
func (l *litellm) everywhere(field string, values ...any) {
	for _, v := range values {
		n, err := strconv.ParseFloat(text(v), 64)
		if err != nil || n <= 0 {
			continue
		}
		for _, p := range l.draft.providers {
			if p.Network == nil {
				p.Network = fields{}
			}
			p.Network[field] = int(math.Ceil(n))
		}
		return
	}
}
