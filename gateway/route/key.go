package route

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"heimdall/providers"
)

// Key is one credential and what it may be used for. Models and Denied count what callers ask for, whatever the provider
// calls it.
type Key struct {
	providers.Credential
	Weight  float64 // share of the traffic; 0 = only when it is pinned, or where all keys have 0
	Models  Models
	Denied  Models // wins
	Aliases map[string]Alias
	Problem string // why the key cannot be used; "" = it can
}

// Alias is what a key calls a model. Options are all options of the key for it.
type Alias struct {
	Model   string
	Options map[string]string
}

// Models is a list of models: all there are, or just those in it.
type Models struct {
	All      bool
	Names    []string
	patterns []*regexp.Regexp
}

// patternPrefix begins an entry that is a pattern (RE2, the whole name in any case).
const patternPrefix = "regex:"

// NewModels makes a list of names and patterns.
func NewModels(all bool, list []string) (Models, error) {
	m := Models{All: all}
	for _, entry := range list {
		pattern, ok := strings.CutPrefix(entry, patternPrefix)
		if !ok {
			m.Names = append(m.Names, entry)
			continue
		}
		re, err := regexp.Compile(`(?i)\A(?:` + pattern + `)\z`)
		if err != nil {
			return Models{}, fmt.Errorf("model pattern %q: %w", entry, err)
		}
		m.patterns = append(m.patterns, re)
	}
	return m, nil
}

// Has reports whether a model is in the list.
func (m *Models) Has(model string) bool {
	return m.All || slices.Contains(m.Names, model) ||
		len(m.patterns) > 0 && slices.ContainsFunc(m.patterns, func(re *regexp.Regexp) bool { return re.MatchString(model) })
}

// serves reports whether the key may be used for a model. A call that asks for none is for any key.
func (k *Key) serves(model string) bool {
	if model == "" {
		return true
	}
	if k.Denied.Has(model) {
		return false
	}
	if k.Models.Has(model) {
		return true
	}
	_, named := k.Aliases[model]
	return named
}

// call is the credential for a model, and what the provider calls the model there.
func (k *Key) call(model string) (providers.Credential, string) {
	a, ok := k.Aliases[model]
	if !ok {
		return k.Credential, model
	}
	c := k.Credential
	c.Options = a.Options
	return c, a.Model
}
