package route

import (
	"slices"
	"strings"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// more reports whether there is anything besides the first candidate. It costs nothing.
func (p *plan) more(x *exchange.Exchange) bool {
	return x.Peek.Fallbacks || len(p.ruled) > 0 || len(p.shares) > 1
}

// fallbacks are the candidates after the first: those of the request, then those of the rules, and where neither names
// any, the others among which the first was drawn. The warnings tell what is passed over.
func (r *Router) fallbacks(x *exchange.Exchange, p *plan) (list []candidate, passed []llm.Warning) {
	pass := func(what, why string) {
		passed = append(passed, llm.Warning{Field: "fallbacks", Why: what + " is passed over: " + why})
	}
	add := func(provider, model, what string) {
		up := r.providers[provider]
		if model == "" {
			model = p.first.model
		}
		same := func(c candidate) bool { return c.up == up && c.model == model }
		switch {
		case up == nil:
			pass(what, "the provider "+provider+" is not configured")
		case !same(p.first) && !slices.ContainsFunc(list, same):
			list = append(list, candidate{up: up, model: model, index: len(list) + 1})
		}
	}
	named := func(text string) {
		provider, model, ok := strings.Cut(text, "/")
		if !ok || provider == "" {
			pass(`"`+text+`"`, "write provider/model")
			return
		}
		add(provider, model, `"`+text+`"`)
	}
	asked := x.Peek.Fallbacks && askedFallbacks(x.Raw, named, add, pass)
	for _, f := range p.ruled {
		named(f)
	}
	if !asked && len(p.ruled) == 0 {
		for _, s := range p.shares {
			add(s.Provider, p.first.model, s.Provider)
		}
	}
	return list, passed
}

// askedFallbacks reads the fallbacks of a body, strings like provider/model or objects, and reports whether it has any.
func askedFallbacks(raw []byte, named func(text string), add func(provider, model, what string), pass func(what, why string)) (any bool) {
	v, ok, err := rawjson.Get(raw, "fallbacks")
	if err != nil || !ok || rawjson.IsNull(v) {
		return false
	}
	if !rawjson.IsArray(v) {
		pass("fallbacks", "it must be a list")
		return false
	}
	it := rawjson.Array(v)
	for it.Next() {
		any = true
		one := it.Value()
		switch {
		case rawjson.IsString(one):
			text, _ := rawjson.Unquote(one)
			named(text)
		case rawjson.IsObject(one):
			provider, model := member(one, "provider"), member(one, "model")
			if provider == "" {
				named(model)
				continue
			}
			add(provider, model, `"`+provider+"/"+model+`"`)
		default:
			pass(string(one), `write "provider/model"`)
		}
	}
	return any
}

func member(obj []byte, key string) string {
	v, ok, err := rawjson.Get(obj, key)
	if err != nil || !ok || !rawjson.IsString(v) {
		return ""
	}
	s, _ := rawjson.Unquote(v)
	return s
}

// ordered puts those that are left out for their health behind all others. Where one of them is on its way back, it
// keeps its place for its share of the calls.
func (r *Router) ordered(list []candidate) (out []candidate, well int) {
	ailing := func(c candidate) bool {
		share := c.up.breaker.share()
		return share == 0 || share < 1 && r.Draw() >= share
	}
	var late []candidate
	for _, c := range list {
		if ailing(c) {
			late = append(late, c)
			continue
		}
		out = append(out, c)
	}
	return append(out, late...), len(out)
}
