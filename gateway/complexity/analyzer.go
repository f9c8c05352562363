package complexity

import (
	"fmt"
	"strings"
)

// Tier is how much a request asks of a model; "" = it asks nothing that could be graded.
type Tier string

const (
	Simple    Tier = "SIMPLE"
	Medium    Tier = "MEDIUM"
	Complex   Tier = "COMPLEX"
	Reasoning Tier = "REASONING"
)

// Tiers are all tiers, the least first.
var Tiers = []Tier{Simple, Medium, Complex, Reasoning}

// Grade is what the analyzer says of a request. Score is from 0 to 1. Reasons say what it was made of, without a word of
// the request.
type Grade struct {
	Tier    Tier
	Score   float64
	Reasons []string
}

func (g Grade) String() string {
	return fmt.Sprintf("%s (score %.2f: %s)", g.Tier, g.Score, strings.Join(g.Reasons, ", "))
}

// How many bytes of a body's texts are looked at, as they are written.
const (
	lastLimit    = 16 << 10
	earlierLimit = 2 << 10 // of each
	systemLimit  = 4 << 10
)

// Analyzer grades requests by one config. It may be used by many at once.
type Analyzer struct {
	config     Config
	vocabulary vocabulary
}

// New makes an analyzer.
func New(c Config) *Analyzer {
	c = c.Filled()
	return &Analyzer{c, newVocabulary([kinds][]string{code: c.Code, reasoning: c.Reasoning, technical: c.Technical, simple: c.Simple})}
}

// Grade grades a request by its body, in whatever dialect it is. The last question counts most; the model's instructions
// and the questions before can only add to it.
func (a *Analyzer) Grade(body []byte) Grade {
	var q question
	q.read(body, 0)
	if q.last == nil {
		return Grade{}
	}
	text := make([]byte, 0, min(len(q.last), lastLimit)+1)
	last := a.weigh(gather(text, q.last, lastLimit), true)
	if q.system != nil {
		last.help(a.weigh(gather(text[:0], q.system, systemLimit), false))
	}
	g := Grade{Score: last.score(a.config), Reasons: last.reasons()}
	if with := last.blended(g.Score, a.history(&q, text)); with > g.Score {
		g.Score = with
		g.Reasons = append(g.Reasons, "earlier questions")
	}
	g.Tier = a.config.tier(g.Score)
	return g
}

// history is the score of the questions before the last one: each counts half of the one after it.
func (a *Analyzer) history(q *question, text []byte) float64 {
	sum, weights, weight := 0.0, 0.0, 1.0
	for _, turn := range q.earlier {
		if turn == nil {
			break
		}
		signals := a.weigh(gather(text[:0], turn, earlierLimit), true)
		sum, weights = sum+weight*signals.score(a.config), weights+weight
		weight /= 2
	}
	if weights == 0 {
		return 0
	}
	return sum / weights
}

func (c Config) tier(score float64) Tier {
	switch {
	case score < c.SimpleMedium:
		return Simple
	case score < c.MediumComplex:
		return Medium
	case score < c.ComplexReasoning:
		return Complex
	}
	return Reasoning
}
