package filter

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Verdict says whether an expression holds for a request.
type Verdict int8

const (
	No Verdict = iota
	Unknown
	Yes
)

// Getter says what is known of one request.
type Getter interface {
	// Text is the text of number i, from 0 on, that a field of texts has; of Metadata, key says which. ok is false where
	// there is none, or no further one. An empty text is none.
	Text(f Field, key string, i int) (text string, ok bool)
	// Number is the number that a field has, in the unit of its kind; ok is false where there is none.
	Number(f Field) (n float64, ok bool)
	// Open reports whether the field may have another value than those that are known: the request is still running, or
	// nobody looked.
	Open(f Field) bool
}

// Match judges a request. It is Unknown where it depends on what a field that is Open may still turn out to be; an open
// field that has a value which fits is enough for Yes.
func Match(e Expr, get Getter) Verdict {
	switch e := e.(type) {
	case And:
		least := Yes
		for _, part := range e {
			if least = min(least, Match(part, get)); least == No {
				break
			}
		}
		return least
	case Or:
		most := No
		for _, part := range e {
			if most = max(most, Match(part, get)); most == Yes {
				break
			}
		}
		return most
	case Not:
		return Yes - Match(e.Of, get)
	case *Term:
		return e.match(get)
	}
	return Yes
}

func (t *Term) match(get Getter) Verdict {
	k := about(t.Field).Kind
	fits := false
	if k.Numeric() || k == KindStatus && t.Op.ordered() {
		n, ok := get.Number(t.Field)
		fits = ok && t.fitsNumber(k, n)
	} else {
		fits = t.fitsTexts(get)
	}
	negative := t.Op == NotIs || t.Op == NotMatches
	switch {
	case fits && negative:
		return No
	case fits:
		return Yes
	case get.Open(t.Field):
		return Unknown
	case negative:
		return Yes
	}
	return No
}

// fitsNumber compares; NotIs as if it were Is.
func (t *Term) fitsNumber(k Kind, n float64) bool {
	n = k.grains(n)
	for i := range t.Values {
		v := k.grains(t.Values[i].Number)
		switch t.Op {
		case Less:
			return n < v
		case AtMost:
			return n <= v
		case More:
			return n > v
		case AtLeast:
			return n >= v
		default:
			if n == v {
				return true
			}
		}
	}
	return false
}

// fitsTexts reports whether one of the texts fits; NotIs and NotMatches are taken as if they were Is and Matches.
func (t *Term) fitsTexts(get Getter) bool {
	for i := 0; ; i++ {
		text, ok := get.Text(t.Field, t.Key, i)
		if !ok {
			return false
		}
		if text != "" && t.fitsText(text) {
			return true
		}
	}
}

func (t *Term) fitsText(text string) bool {
	for i := range t.Values {
		v := t.Values[i].Text
		fits := false
		switch t.Op {
		case Matches, NotMatches:
			re, err := Regexp(v)
			fits = err == nil && re.MatchString(text)
		case Has:
			if t.Field == Text {
				fits = Says(text, v)
			} else {
				fits = Glob(v, text)
			}
		default:
			fits = text == v
		}
		if fits {
			return true
		}
	}
	return false
}

// Glob reports whether text is the pattern but for the case of ASCII letters, where each * stands for any characters.
func Glob(pattern, text string) bool {
	p, t, star, from := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && lower(pattern[p]) == lower(text[t]):
			p++
			t++
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Says reports whether the words of phrase stand in the text one after another. See Text.
func Says(text, phrase string) bool {
	for {
		word, rest := nextWord(text)
		if word == "" {
			return false
		}
		if begins(text, phrase) {
			return true
		}
		text = rest
	}
}

// begins reports whether the text's first words are those of phrase.
func begins(text, phrase string) bool {
	for first := true; ; first = false {
		want, rest := nextWord(phrase)
		if want == "" {
			return !first
		}
		word, after := nextWord(text)
		if strings.HasPrefix(rest, "*") {
			if next, _ := nextWord(rest); next == "" {
				return startsFold(word, want)
			}
		}
		if !strings.EqualFold(word, want) {
			return false
		}
		text, phrase = after, rest
	}
}

// startsFold reports whether s begins with start but for case.
func startsFold(s, start string) bool {
	for range start {
		if s == "" {
			return false
		}
		_, n := utf8.DecodeRuneInString(s)
		_, m := utf8.DecodeRuneInString(start)
		if !strings.EqualFold(s[:n], start[:m]) {
			return false
		}
		s, start = s[n:], start[m:]
		if start == "" {
			return true
		}
	}
	return start == ""
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// nextWord is the first word of s, and what is behind it.
func nextWord(s string) (word, rest string) {
	from := strings.IndexFunc(s, inWord)
	if from < 0 {
		return "", ""
	}
	s = s[from:]
	if end := strings.IndexFunc(s, func(r rune) bool { return !inWord(r) }); end >= 0 {
		return s[:end], s[end:]
	}
	return s, ""
}

func hasWord(s string) bool { return strings.IndexFunc(s, inWord) >= 0 }

// maxPattern bounds regular expressions, maxPatterns how many of them are kept compiled.
const maxPattern, maxPatterns = 1000, 64

var patterns struct {
	sync.Mutex
	compiled map[string]*regexp.Regexp
}

// Regexp is the compiled pattern of Matches and NotMatches. Those that were asked for lately are kept.
func Regexp(pattern string) (*regexp.Regexp, error) {
	patterns.Lock()
	defer patterns.Unlock()
	if re, ok := patterns.compiled[pattern]; ok {
		return re, nil
	}
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("the pattern is longer than %d bytes: shorten it", maxPattern)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("the pattern is no regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	if patterns.compiled == nil || len(patterns.compiled) >= maxPatterns {
		patterns.compiled = map[string]*regexp.Regexp{}
	}
	patterns.compiled[pattern] = re
	return re, nil
}
