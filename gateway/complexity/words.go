package complexity

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// words walks a text word by word: letters and digits, with the + and # behind them, in lower case. Of scripts that put
// no spaces between words each letter is one.
type words struct {
	text []byte
	at   int
	word [MaxKeyword]byte
	n    int // of word; more than it holds where the word is longer
}

// next goes to the next word; false at the end.
func (w *words) next() bool {
	w.n = 0
	for w.at < len(w.text) {
		r, size := rune(w.text[w.at]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(w.text[w.at:])
		}
		switch {
		case alone(r):
			if w.n > 0 {
				return true
			}
			w.at += size
			w.put(r)
			return true
		case letter(r), w.n > 0 && (r == '+' || r == '#'):
			w.put(r)
		case w.n > 0:
			return true
		}
		w.at += size
	}
	return w.n > 0
}

// put adds a letter to the word, in lower case.
func (w *words) put(r rune) {
	if r < utf8.RuneSelf {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		if w.n < len(w.word) {
			w.word[w.n] = byte(r)
		}
		w.n++
		return
	}
	var buf [utf8.UTFMax]byte
	n := utf8.EncodeRune(buf[:], unicode.ToLower(r))
	if w.n+n <= len(w.word) {
		copy(w.word[w.n:], buf[:n])
	}
	w.n += n
}

// current is the word; nil where it is longer than any keyword.
func (w *words) current() []byte {
	if w.n > len(w.word) {
		return nil
	}
	return w.word[:w.n]
}

func letter(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// alone reports whether a letter is a word: Thai and what is written in East Asia but Korean.
func alone(r rune) bool {
	return r >= 0x0E00 && (r <= 0x0EFF || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana))
}

// kind is what a keyword says of a text.
type kind int

const (
	code kind = iota
	reasoning
	technical
	simple
	kinds
)

// phrase is a keyword by its words but the first.
type phrase struct {
	kind kind
	id   int
	rest []string
}

// vocabulary are the keywords by their first word, those with most words first.
type vocabulary map[string][]phrase

func newVocabulary(lists [kinds][]string) vocabulary {
	v, id := vocabulary{}, 0
	for k, list := range lists {
		for _, keyword := range list {
			w := words{text: []byte(keyword)}
			if !w.next() {
				continue
			}
			first := string(w.current())
			p := phrase{kind: kind(k), id: id}
			for id++; w.next(); {
				p.rest = append(p.rest, string(w.current()))
			}
			v[first] = append(v[first], p)
		}
	}
	for _, list := range v {
		slices.SortStableFunc(list, func(a, b phrase) int { return len(b.rest) - len(a.rest) })
	}
	return v
}

// find is the longest keyword that begins at the current word, and goes to its last word.
func (v vocabulary) find(w *words) (phrase, bool) {
	for _, p := range v[string(w.current())] {
		if len(p.rest) == 0 {
			return p, true
		}
		if ahead := *w; ahead.follows(p.rest) {
			*w = ahead
			return p, true
		}
	}
	return phrase{}, false
}

// follows goes on word by word as long as these come.
func (w *words) follows(rest []string) bool {
	for _, want := range rest {
		if !w.next() || string(w.current()) != want {
			return false
		}
	}
	return true
}
