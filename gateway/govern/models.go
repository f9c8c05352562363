package govern

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// names is a list of models: exact names and patterns.
type names struct {
	exact    map[string]bool
	patterns []*regexp.Regexp
}

const patternPrefix = "regex:"

func newNames(list []string) (names, error) {
	n := names{exact: map[string]bool{}}
	for _, entry := range list {
		pattern, ok := strings.CutPrefix(entry, patternPrefix)
		if !ok {
			n.exact[entry] = true
			n.exact[bare(entry)] = true
			continue
		}
		if _, err := regexp.Compile(pattern); err != nil { // as it was written
			return names{}, fmt.Errorf("model pattern %q: %w", entry, err)
		}
		re, err := regexp.Compile(`(?i)\A(?:` + pattern + `)\z`)
		if err != nil {
			return names{}, fmt.Errorf("model pattern %q: %w", entry, err)
		}
		n.patterns = append(n.patterns, re)
	}
	return n, nil
}

// has reports whether a model is in the list. An entry with a provider before it means the model without one, too.
func (n *names) has(model string) bool {
	return n.exact[model] || slices.ContainsFunc(n.patterns, func(re *regexp.Regexp) bool { return re.MatchString(model) })
}

// bare is a model's name without a provider before it.
func bare(model string) string {
	_, name, ok := strings.Cut(model, "/")
	if !ok {
		return model
	}
	return name
}

// grant is a Grant that is ready to be asked.
type grant struct {
	Grant
	models names
	denied names
	keyIDs []string // never nil
	level  *level   // nil = no bound
}

func newGrant(g Grant, level *level) (*grant, error) {
	models, err := newNames(g.Models)
	if err != nil {
		return nil, err
	}
	denied, err := newNames(g.Denied)
	if err != nil {
		return nil, err
	}
	return &grant{Grant: g, models: models, denied: denied, keyIDs: append([]string{}, g.KeyIDs...), level: level}, nil
}

// may reports whether the model may be used. Who denies a model also denies it under a longer name.
func (g *grant) may(model string) bool {
	return (g.AllModels || g.models.has(model)) && !g.denied.has(model) && !g.denied.has(bare(model))
}
