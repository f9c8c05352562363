package rule

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"heimdall/gateway/complexity"
)

// Rule is one routing rule. Expression "" always matches. Scope is virtual_key, team, customer or global ("" as well);
// ScopeID is whose requests it is asked for.
type Rule struct {
	ID         string
	Name       string
	Enabled    bool
	Chain      bool // where it matched, all rules are asked again
	Expression string
	Targets    []Target
	Fallbacks  []string // provider/model, or provider/ to keep the model
	Scope      string
	ScopeID    string
	Priority   int // lower first
}

// Target is where a rule sends a request. "" leaves provider or model as they are. Key is the id of the key to use.
type Target struct {
	Provider string
	Model    string
	Key      string
	Weight   float64 // its part of the sum of all
}

// Options are how a Set decides.
type Options struct {
	MaxDepth int            // how often chained rules may be asked again for one request; 0 = never
	Draw     func() float64 // a random number from 0 up to 1; nil = one of math/rand

	Complexity complexity.Config // how requests are graded
}

// Set are the rules of one configuration. It may be used by many at once; nil has no rules.
type Set struct {
	rules  []compiled // in the order in which they are asked
	errors map[string]*Error
	depth  int
	draw   func() float64
	// grade makes the analyzer when the first rule asks for it: most sets have none that does.
	grade func() *complexity.Analyzer
}

type compiled struct {
	Rule
	program *Program
}

// New compiles the rules. Those that are switched off, have no target or are wrong are never asked; nil where none is left to
// ask and none is wrong.
func New(rules []Rule, o Options) *Set {
	s := &Set{errors: map[string]*Error{}, depth: o.MaxDepth, draw: o.Draw, grade: sync.OnceValue(func() *complexity.Analyzer { return complexity.New(o.Complexity) })}
	if s.draw == nil {
		s.draw = rand.Float64
	}
	for _, r := range rules {
		program, err := Compile(r.Expression)
		switch {
		case err != nil:
			s.errors[r.ID] = err
		case r.Enabled && len(r.Targets) > 0:
			s.rules = append(s.rules, compiled{r, program})
		}
	}
	if len(s.rules) == 0 && len(s.errors) == 0 {
		return nil
	}
	slices.SortStableFunc(s.rules, func(a, b compiled) int {
		return cmp.Or(rank(a.Scope)-rank(b.Scope), cmp.Compare(a.Priority, b.Priority), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return s
}

// Error is what is wrong with the expression of the rule with that id; nil where nothing is.
func (s *Set) Error(id string) *Error {
	if s == nil {
		return nil
	}
	return s.errors[id]
}

// Empty reports whether no rule is ever asked.
func (s *Set) Empty() bool { return s == nil || len(s.rules) == 0 }

// scopes is the order in which rules are asked.
var scopes = []string{"virtual_key", "team", "customer"}

func rank(scope string) int {
	if i := slices.Index(scopes, scope); i >= 0 {
		return i
	}
	return len(scopes)
}
