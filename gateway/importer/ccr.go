package importer

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

type ccrFile struct {
	Providers []ccrProvider  `json:"Providers"`
	Lower     []ccrProvider  `json:"providers"`
	Router    map[string]any `json:"Router"`
}

type ccrProvider struct {
	Name        string         `json:"name"`
	URL         string         `json:"api_base_url"`
	URL2        string         `json:"baseUrl"`
	Key         string         `json:"api_key"`
	Key2        string         `json:"apiKey"`
	Models      []string       `json:"models"`
	Transformer ccrTransformer `json:"transformer"`
}

// ccrTransformer are the adapters of a provider: names, or lists of a name and its options. Those of single models stand
// beside use.
type ccrTransformer map[string]any

// ccr is one reading of claude-code-router's file.
type ccr struct {
	*draft
	names map[string]string // what the file calls a provider → what it is called here
}

// ClaudeCodeRouter reads the config.json of claude-code-router.
func ClaudeCodeRouter(data []byte, builtins []Builtin) (Result, error) {
	var file ccrFile
	var all map[string]any
	if err := lenient(data, &file); err != nil {
		return Result{}, err
	}
	if err := lenient(data, &all); err != nil {
		return Result{}, err
	}
	if file.Providers = append(file.Providers, file.Lower...); len(file.Providers) == 0 {
		return Result{}, fmt.Errorf("`Providers` is missing or empty; claude-code-router's config.json names its providers there")
	}
	c := ccr{draft: newDraft(builtins), names: map[string]string{}}
	for i, p := range file.Providers {
		c.one(fmt.Sprintf("Providers[%d] (%s)", i, p.Name), p)
	}
	c.router(file.Router)
	c.rest(all)
	return c.result()
}

func (c *ccr) one(where string, p ccrProvider) {
	if p.Name == "" {
		c.leave("it has no name", "%s", where)
		return
	}
	base, others := p.Transformer.base()
	name, err := c.provider(endpoint{Name: p.Name, URL: p.URL + p.URL2, Base: base})
	if err != nil {
		c.leave(err.Error(), "%s", where)
		return
	}
	c.names[p.Name] = name
	if key := dollar(p.Key + p.Key2); key != "" {
		models := slices.Compact(slices.Sorted(slices.Values(p.Models)))
		if len(models) == 0 {
			models = []string{"*"}
		}
		c.key(name, p.Name, fields{"value": key, "models": models})
	} else if own := c.draft.providers[name].Custom; own != nil {
		own["is_key_less"] = true
	} else {
		c.leave("it has no key; enter one in Heimdall", "%s: api_key", where)
	}
	if len(others) > 0 {
		c.leave("Heimdall translates requests itself; what the transformers change besides is not taken", "%s: transformer %s", where, strings.Join(others, ", "))
	}
}

// base says whose API a provider speaks, by its adapters; others are the names of the rest.
func (t ccrTransformer) base() (base string, others []string) {
	base = baseOpenAI
	for _, part := range slices.Sorted(maps.Keys(t)) {
		use, _ := t[part].([]any)
		if m, ok := t[part].(map[string]any); ok {
			use, _ = m["use"].([]any)
		}
		for _, one := range use {
			if list, ok := one.([]any); ok && len(list) > 0 {
				one = list[0]
			}
			name, _ := one.(string)
			switch strings.ToLower(name) {
			case "":
			case baseAnthropic, baseGemini:
				base = strings.ToLower(name)
			case baseOpenAI:
			default:
				if !slices.Contains(others, name) {
					others = append(others, name)
				}
			}
		}
	}
	return base, others
}

// ccrRules are the routes that a rule can ask for: by the models that Claude Code names. A route for background work is
// asked for by its small model.
var ccrRules = []struct {
	route, expression string
	priority          int
}{
	{"background", `model.startsWith("claude") && model.contains("haiku")`, 10},
	{"default", `model.startsWith("claude")`, 20},
}

// ccrOthers are the routes that no rule can ask for, and why.
var ccrOthers = map[string]string{
	"think":       "rules can't ask whether a request wants the model to think",
	"longContext": "rules can't ask for the length of a request",
	"webSearch":   "rules can't ask for a request's tools",
	"image":       "rules can't ask for a request's images",
}

func (c *ccr) router(router map[string]any) {
	for _, r := range ccrRules {
		place := strings.TrimSpace(fmt.Sprint(router[r.route]))
		if router[r.route] == nil || place == "" {
			continue
		}
		provider, model, ok := c.place(place)
		if !ok {
			c.leave("it names no provider that was taken", "Router.%s", r.route)
			continue
		}
		made := rule{
			ID: "claude-code-router-" + r.route, Name: "claude-code-router: " + r.route, Expression: r.expression,
			Targets: []target{{Provider: provider, Model: model, Weight: 1}}, Scope: "global", Priority: r.priority,
		}
		if next, ok := router["fallback"].(string); ok {
			if provider, model, ok := c.place(next); ok {
				made.Fallbacks = []string{provider + "/" + model}
			}
		}
		c.rules = append(c.rules, made)
	}
	for _, route := range slices.Sorted(maps.Keys(router)) {
		why, known := ccrOthers[route]
		switch s, isText := router[route].(string); {
		case route == "default" || route == "background" || isText && s == "" || route == "longContextThreshold":
		case route == "fallback" && isText:
		case !known:
			c.leave("Heimdall knows no such route", "Router.%s", route)
		default:
			c.leave(why+"; ask for the model by name instead", "Router.%s", route)
		}
	}
}

// place reads provider,model.
func (c *ccr) place(s string) (provider, model string, ok bool) {
	name, model, ok := strings.Cut(s, ",")
	provider = c.names[strings.TrimSpace(name)]
	return provider, strings.TrimSpace(model), ok && provider != "" && strings.TrimSpace(model) != ""
}

func (c *ccr) rest(all map[string]any) {
	reasons := map[string]string{
		"APIKEY":             "clients that use it need a virtual key of Heimdall's instead; make one and give it to them",
		"PROXY_URL":          "a proxy belongs to a provider; set it there",
		"CUSTOM_ROUTER_PATH": "Heimdall runs no scripts; write rules",
		"transformers":       "Heimdall runs no scripts",
		"fallback":           "fallbacks belong to a rule; add them where you want them",
		"HOST":               "Heimdall listens where its own settings say",
		"PORT":               "Heimdall listens where its own settings say",
		"API_TIMEOUT_MS":     "a timeout belongs to a provider; set it there",
		"LOG":                "Heimdall keeps a log of its own",
		"LOG_LEVEL":          "Heimdall keeps a log of its own",
		"Providers":          "", "providers": "", "Router": "",
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		why, known := reasons[name]
		if !known {
			why = "Heimdall has no such setting"
		}
		if s, isText := all[name].(string); why != "" && all[name] != nil && !(isText && s == "") {
			c.leave(why, "%s", name)
		}
	}
}

var variable = regexp.MustCompile(`^\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))$`)

// dollar turns $NAME and ${NAME} into env.NAME.
func dollar(s string) string {
	s = strings.TrimSpace(s)
	if m := variable.FindStringSubmatch(s); m != nil {
		return "env." + m[1] + m[2]
	}
	return s
}
