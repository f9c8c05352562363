package route

import (
	"slices"
	"strconv"

	"heimdall/providers/llm"
)

// pool is what is left of a provider's keys for one exchange.
type pool struct {
	up    *upstream
	model string
	pin   pin
	only  []string // the ids of the keys that the caller may use; nil = all
	marks []mark   // by the place of the key; nil = nothing happened yet
}

// pin names the one key that is to be used: by its id, or by its name.
type pin struct{ id, name string }

func (p pin) none() bool { return p.id == "" && p.name == "" }

func (p pin) is(k *Key) bool {
	if p.id != "" {
		return p.id == k.KeyID
	}
	return p.name == k.KeyName
}

// mark is what happened to a key.
type mark uint8

const (
	fresh mark = iota
	tried      // others come first
	dead       // the provider does not take it
)

func (s *pool) mark(i int, m mark) {
	if s.marks == nil {
		s.marks = make([]mark, len(s.up.Keys))
	}
	s.marks[i] = m
}

func (s *pool) at(i int) mark {
	if s.marks == nil {
		return fresh
	}
	return s.marks[i]
}

// fits reports whether the call may use a key, whatever happened to it.
func (s *pool) fits(k *Key) bool {
	return k.Problem == "" && s.meant(k)
}

// meant is fits for a key that could be used.
func (s *pool) meant(k *Key) bool {
	return (s.pin.none() || s.pin.is(k)) && (s.only == nil || slices.Contains(s.only, k.KeyID)) && k.serves(s.model)
}

// class is which keys are drawn from.
type class int

const (
	healthy class = iota // fresh ones, by the share that their health leaves them
	untried              // fresh ones
	living               // all but the dead
)

// weight is the part of a key in a draw among a class; even counts all keys the same.
func (s *pool) weight(i int, c class, even bool) float64 {
	k := &s.up.Keys[i]
	if m := s.at(i); m == dead || m == tried && c != living || !s.fits(k) {
		return 0
	}
	w := k.Weight
	if even {
		w = 1
	}
	if c == healthy {
		w *= s.up.keys[i].share()
	}
	return w
}

// even reports whether the weights say nothing: all are 0, or one key is pinned.
func (s *pool) even() bool {
	if !s.pin.none() {
		return true
	}
	for i := range s.up.Keys {
		if k := &s.up.Keys[i]; k.Weight > 0 && s.meant(k) {
			return false
		}
	}
	return true
}

// choose draws a key by weight. well is false where only keys are left that are better left alone; the error says why
// there is none at all.
func (s *pool) choose(draw func() float64) (i int, well bool, err error) {
	even := s.even()
	for _, c := range [...]class{healthy, untried, living} {
		last, n, total := -1, 0, 0.0
		for i := range s.up.Keys {
			if w := s.weight(i, c, even); w > 0 {
				last, n, total = i, n+1, total+w
			}
		}
		if n > 1 {
			last = s.draw(c, even, draw()*total, last)
		}
		if n > 0 {
			return last, c == healthy, nil
		}
	}
	return -1, false, s.none()
}

// draw takes the key that stands at a place in the sum of the weights.
func (s *pool) draw(c class, even bool, at float64, last int) int {
	for i := range s.up.Keys {
		w := s.weight(i, c, even)
		if w <= 0 {
			continue
		}
		if at -= w; at < 0 {
			return i
		}
	}
	return last
}

// find is the place of a key that may be used and is well; -1 = it is not, or no more.
func (s *pool) find(id string) int {
	even := s.even()
	for i := range s.up.Keys {
		if s.up.Keys[i].KeyID == id && s.weight(i, healthy, even) > 0 {
			return i
		}
	}
	return -1
}

// left counts the keys that are not dead, and those among them that were not tried.
func (s *pool) left() (alive, unused int) {
	even := s.even()
	for i := range s.up.Keys {
		if s.weight(i, living, even) > 0 {
			alive++
		}
		if s.weight(i, untried, even) > 0 {
			unused++
		}
	}
	return alive, unused
}

// again makes the tried keys fresh; the last one only where there is no other.
func (s *pool) again(last int) {
	for i, m := range s.marks {
		if m == tried && i != last {
			s.marks[i] = fresh
		}
	}
}

// none says why no key can be used.
func (s *pool) none() error {
	p := s.up
	pinned, problem := false, ""
	for i := range p.Keys {
		k := &p.Keys[i]
		pinned = pinned || s.pin.is(k)
		if k.Problem != "" && s.meant(k) {
			problem = "key " + strconv.Quote(k.KeyName) + ": " + k.Problem
		}
	}
	switch {
	case !s.pin.none() && !pinned:
		what, which := "id", s.pin.id
		if which == "" {
			what, which = "name", s.pin.name
		}
		return &llm.Error{Kind: llm.KindInvalidRequest, Status: 400, Type: "invalid_request_error", Message: "no key found with " + what + " \"" + which + "\" for provider: " + p.Name}
	case p.Keyless && len(p.Keys) == 0:
		return nil
	case problem != "":
		return llm.Errorf(llm.KindNoCredentials, "no usable key for %s: %s", p.Name, problem)
	case len(p.Keys) == 0:
		return llm.Errorf(llm.KindNoCredentials, "%s has no key yet: add one in the window (Providers) or with POST /api/providers/%s/keys", p.Name, p.Name)
	}
	advice := "allow it in the models of one of its keys"
	if s.only != nil {
		advice = "allow it in the models of one of the keys that the virtual key may use"
	}
	return &llm.Error{Kind: llm.KindModelUnavailable, Status: 400, Type: "model_not_available", Param: "model",
		Message: "no keys found that support model: " + s.model + " (provider " + p.Name + "); " + advice}
}
