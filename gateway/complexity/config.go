package complexity

import (
	"cmp"
	"slices"
	"strings"
)

// Config is how requests are graded. What is zero, a boundary or a whole list, is as Default has it.
type Config struct {
	SimpleMedium     float64 `json:"simple_medium,omitempty"` // the score from which a request is MEDIUM, between 0 and 1
	MediumComplex    float64 `json:"medium_complex,omitempty"`
	ComplexReasoning float64 `json:"complex_reasoning,omitempty"`

	// Words and phrases, in any case. Two of Reasoning make a question REASONING, and one does that is much about code
	// or technology; each of the others moves the score.
	Code      []string `json:"code,omitempty"`
	Reasoning []string `json:"reasoning,omitempty"`
	Technical []string `json:"technical,omitempty"`
	Simple    []string `json:"simple,omitempty"`
}

// MaxKeyword is how long a keyword may be, in bytes.
const MaxKeyword = 100

// Default are the built-in settings.
func Default() Config {
	return Config{
		SimpleMedium: 0.15, MediumComplex: 0.35, ComplexReasoning: 0.60,
		Code: split(codeWords), Reasoning: split(reasoningWords), Technical: split(technicalWords), Simple: split(simpleWords),
	}
}

func split(list string) []string { return strings.Split(strings.TrimSpace(list), "\n") }

// IsZero reports whether everything is as Default has it.
func (c Config) IsZero() bool {
	return cmp.Or(c.SimpleMedium, c.MediumComplex, c.ComplexReasoning) == 0 && len(c.Code)+len(c.Reasoning)+len(c.Technical)+len(c.Simple) == 0
}

// Filled is the config with the built-in settings in the place of what is zero.
func (c Config) Filled() Config {
	d := Default()
	return Config{
		SimpleMedium: cmp.Or(c.SimpleMedium, d.SimpleMedium), MediumComplex: cmp.Or(c.MediumComplex, d.MediumComplex),
		ComplexReasoning: cmp.Or(c.ComplexReasoning, d.ComplexReasoning),
		Code:             given(c.Code, d.Code), Reasoning: given(c.Reasoning, d.Reasoning),
		Technical: given(c.Technical, d.Technical), Simple: given(c.Simple, d.Simple),
	}
}

func given(list, otherwise []string) []string {
	if len(list) > 0 {
		return list
	}
	return otherwise
}

// Stripped is the config without what is as Default has it, so that it follows when the built-in settings get better.
func (c Config) Stripped() Config {
	d := Default()
	for _, n := range []struct {
		own     *float64
		builtin float64
	}{{&c.SimpleMedium, d.SimpleMedium}, {&c.MediumComplex, d.MediumComplex}, {&c.ComplexReasoning, d.ComplexReasoning}} {
		if *n.own == n.builtin {
			*n.own = 0
		}
	}
	for _, l := range []struct {
		own     *[]string
		builtin []string
	}{{&c.Code, d.Code}, {&c.Reasoning, d.Reasoning}, {&c.Technical, d.Technical}, {&c.Simple, d.Simple}} {
		if slices.Equal(*l.own, l.builtin) {
			*l.own = nil
		}
	}
	return c
}

// Tidy makes of keywords what is compared: lower case, single spaces, each once, in their order.
func Tidy(list []string) []string {
	out := make([]string, 0, len(list))
	for _, k := range list {
		if k = strings.ToLower(strings.Join(strings.Fields(k), " ")); !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// HasWord reports whether a keyword holds a letter or a digit, without which it is found nowhere.
func HasWord(keyword string) bool {
	w := words{text: []byte(keyword)}
	return w.next()
}
