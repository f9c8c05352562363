package govern

import (
	"slices"
	"strings"
)

// How many outputs of a model are remembered, of how many it takes to judge by them, and for how many models.
const (
	outputsKept   = 100
	outputsEnough = 20
	modelsKept    = 256
)

// outputUnknown is what an answer is taken to have in tokens when nothing is known of it.
const outputUnknown = 1024

// model is one model of a provider.
type model struct{ provider, name string }

// outputs remembers how long a model's last answers were.
type outputs struct {
	ring   [outputsKept]int64
	sorted [outputsKept]int64
	n      int // how many there are
	oldest int // place in ring of the one to be replaced next
}

func (o *outputs) add(v int64) {
	if o.n == outputsKept {
		at, _ := slices.BinarySearch(o.sorted[:], o.ring[o.oldest])
		copy(o.sorted[at:], o.sorted[at+1:])
		o.n--
	}
	at, _ := slices.BinarySearch(o.sorted[:o.n], v)
	copy(o.sorted[at+1:], o.sorted[at:o.n])
	o.sorted[at] = v
	o.n++
	o.ring[o.oldest] = v
	o.oldest = (o.oldest + 1) % outputsKept
}

// long is the length that 95 of 100 answers do not exceed.
func (o *outputs) long() int64 {
	return o.sorted[(o.n*95+99)/100-1]
}

// likely is how many tokens an answer may have: what the model's answers have, or what the client allows where that is
// less. allowed 0 = the client does not say.
func (l *Ledger) likely(m model, allowed int64) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	likely := int64(outputUnknown)
	if o := l.outputs[m]; o != nil && o.n >= outputsEnough {
		likely = o.long()
	}
	if allowed > 0 {
		return min(allowed, likely)
	}
	return likely
}

// answered remembers how long an answer was. Names are copied: they may be parts of a request. The lock is held.
func (l *Ledger) answered(m model, tokens int64) {
	if tokens <= 0 {
		return
	}
	o := l.outputs[m]
	if o == nil {
		if len(l.outputs) >= modelsKept {
			for old := range l.outputs { // any one: those in use come back
				delete(l.outputs, old)
				break
			}
		}
		o = &outputs{}
		l.outputs[model{strings.Clone(m.provider), strings.Clone(m.name)}] = o
	}
	o.add(tokens)
}
