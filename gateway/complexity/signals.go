package complexity

import (
	"bytes"
	"fmt"
)

// What each signal adds to the score at most. They sum up to 1; simple takes away.
const (
	codeWeight      = 0.30
	reasoningWeight = 0.25
	technicalWeight = 0.20
	lengthWeight    = 0.15
	stepsWeight     = 0.10
	simpleWeight    = 0.10

	systemPart = 0.25 // of what a signal of the instructions adds to the question's own
)

const (
	longText   = 400 // words from which on a question counts as long
	manySteps  = 4   // steps and further questions from which on there are many
	shortText  = 30  // words up to which a greeting makes a question simple
	followUp   = 6   // words up to which a question may lean on those before it
	enoughHits = 3   // keywords of a kind, after which more say no more
)

// signals are what a text shows.
type signals struct {
	hits  [kinds]hits
	words int
	steps int            // listed steps, and questions after the first
	lift  [kinds]float64 // what the instructions add, as a part of each signal
}

// hits are the keywords of one kind that a text has, each counted once.
type hits struct {
	n    int // at most enoughHits
	seen [enoughHits]int
}

func (h *hits) add(id int) {
	if h.n == enoughHits {
		return
	}
	for _, old := range h.seen[:h.n] {
		if old == id {
			return
		}
	}
	h.seen[h.n] = id
	h.n++
}

// strength makes a part of 1 of the hits: the first says most.
func (h *hits) strength() float64 { return [enoughHits + 1]float64{0, 0.5, 0.8, 1}[h.n] }

// fence is the keyword that a block of code is.
const fence = -1

// weigh reads a text. Its shape counts where it is a question.
func (a *Analyzer) weigh(text []byte, shape bool) (s signals) {
	w := words{text: text}
	for w.next() {
		s.words++
		if p, ok := a.vocabulary.find(&w); ok {
			s.hits[p.kind].add(p.id)
			s.words += len(p.rest)
		}
	}
	if !shape {
		return s
	}
	if bytes.Contains(text, []byte("```")) {
		s.hits[code].add(fence)
	}
	s.steps = listed(text) + max(0, bytes.Count(text, []byte("?"))-1)
	return s
}

// listed counts the lines that begin as those of a list: with a bullet, or with a number and a dot or bracket.
func listed(text []byte) (n int) {
	for line := range bytes.Lines(text) {
		line = bytes.TrimLeft(line, " \t")
		rest := bytes.TrimLeft(line, "0123456789")
		switch {
		case len(rest) < 2 || rest[1] != ' ':
		case len(rest) < len(line) && (rest[0] == '.' || rest[0] == ')'), len(rest) == len(line) && (rest[0] == '-' || rest[0] == '*'):
			n++
		}
	}
	return n
}

// help has the instructions of the model add to a question: what it is about, not how it is asked.
func (s *signals) help(system signals) {
	for _, k := range []kind{code, technical} {
		s.lift[k] = systemPart * system.hits[k].strength()
	}
}

// score is from 0 to 1. A question that asks for reasoning gets at least that tier's.
func (s *signals) score(c Config) float64 {
	of := func(k kind) float64 { return min(1, s.hits[k].strength()+s.lift[k]) }
	score := codeWeight*of(code) + reasoningWeight*of(reasoning) + technicalWeight*of(technical) +
		lengthWeight*min(1, float64(s.words)/longText) + stepsWeight*min(1, float64(s.steps)/manySteps)
	if s.hits[simple].n > 0 && s.words <= shortText {
		score -= simpleWeight * s.hits[simple].strength()
	}
	if s.deep() {
		score = max(score, c.ComplexReasoning)
	}
	return min(1, max(0, score))
}

// deep reports whether a question asks for reasoning: twice, or once in a matter of code or technology.
func (s *signals) deep() bool {
	return s.hits[reasoning].n > 1 || s.hits[reasoning].n == 1 && max(s.hits[code].n, s.hits[technical].n) == enoughHits
}

// blended is the score with that of the questions before: a short question that is none of small talk leans on them.
func (s *signals) blended(score, before float64) float64 {
	if before == 0 || s.hits[simple].n > 0 {
		return score
	}
	part := 0.4
	if s.words <= followUp {
		part = 0.65
	}
	return (1-part)*score + part*before
}

// reasons say what the score is made of.
func (s *signals) reasons() []string {
	out := []string{fmt.Sprintf("%d words", s.words)}
	for k, name := range [kinds]string{"code", "reasoning", "technical", "simple"} {
		switch n := s.hits[k].n; {
		case n == enoughHits:
			out = append(out, fmt.Sprintf("%s %d or more", name, n))
		case n > 0:
			out = append(out, fmt.Sprintf("%s %d", name, n))
		}
	}
	if s.steps > 0 {
		out = append(out, fmt.Sprintf("steps %d", s.steps))
	}
	if s.lift[code]+s.lift[technical] > 0 {
		out = append(out, "instructions")
	}
	return out
}
