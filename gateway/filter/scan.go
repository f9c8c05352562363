package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a filter, so that none takes long.
const (
	maxLength = 16 << 10 // bytes
	maxDepth  = 64       // brackets and negations within each other
)

// operators are those that a term may have, and what others may have meant.
var operators = map[string]Op{
	":": Has, "=": Is, "!=": NotIs, "<": Less, "<=": AtMost, ">": More, ">=": AtLeast, "~": Matches, "!~": NotMatches,
	":=": Is, ":!=": NotIs, ":<": Less, ":<=": AtMost, ":>": More, ":>=": AtLeast, ":~": Matches, ":!~": NotMatches,
}

var misspelt = map[string]Op{
	"==": Is, "===": Is, "=>": AtLeast, "=<": AtMost, "<>": NotIs, "!==": NotIs, "!": NotIs, "!:": NotIs, "=!": NotIs, "::": Has,
	"=~": Matches, "~=": Matches, "~~": Matches, "!=~": NotMatches, "~!": NotMatches, "<<": Less, ">>": More,
}

func isOperator(c byte) bool { return strings.IndexByte(":=<>!~", c) >= 0 }

// scanner walks over a filter.
type scanner struct {
	text string
	pos  int
}

func (s *scanner) rest() string { return s.text[s.pos:] }
func (s *scanner) done() bool   { return s.pos >= len(s.text) }

// peek is the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.done() {
		return 0
	}
	return s.text[s.pos]
}

// isBlank reports whether r separates.
func isBlank(r rune) bool { return r <= ' ' || unicode.IsSpace(r) }

// space skips white space, and reports whether there was any.
func (s *scanner) space() bool {
	from := s.pos
	for !s.done() {
		r, n := utf8.DecodeRuneInString(s.rest())
		if !isBlank(r) {
			break
		}
		s.pos += n
	}
	return s.pos > from
}

// run takes what stands there up to white space, brackets, commas, quotes and what stop names.
func (s *scanner) run(stop func(byte) bool) string {
	from := s.pos
	for !s.done() {
		c := s.text[s.pos]
		if c < utf8.RuneSelf {
			if c <= ' ' || c == '(' || c == ')' || c == ',' || c == '"' || stop != nil && stop(c) {
				break
			}
			s.pos++
			continue
		}
		r, n := utf8.DecodeRuneInString(s.rest())
		if unicode.IsSpace(r) {
			break
		}
		s.pos += n
	}
	return s.text[from:s.pos]
}

// operator takes a run of the characters that operators are made of.
func (s *scanner) operator() string {
	from := s.pos
	for !s.done() && isOperator(s.text[s.pos]) {
		s.pos++
	}
	return s.text[from:s.pos]
}

// keyword takes the word if it is the next one.
func (s *scanner) keyword(word string) bool {
	r := s.rest()
	if len(r) < len(word) || !strings.EqualFold(r[:len(word)], word) {
		return false
	}
	after := scanner{text: s.text, pos: s.pos + len(word)}
	if !after.done() && after.peek() != '(' && after.peek() != ')' && after.peek() != '"' && !after.space() {
		return false
	}
	if after.space(); isOperator(after.peek()) && after.peek() != '!' {
		return false // it is a field
	}
	s.pos += len(word)
	return true
}

// quoted takes a text in quotes, where \" is a quote and \\ a backslash. closed is false where the second one is missing.
func (s *scanner) quoted() (text string, closed bool) {
	s.pos++
	from := s.pos
	var b strings.Builder
	for !s.done() {
		c := s.text[s.pos]
		if c == '"' {
			text = s.text[from:s.pos]
			s.pos++
			if b.Len() > 0 {
				b.WriteString(text)
				text = b.String()
			}
			return text, true
		}
		if c == '\\' && s.pos+1 < len(s.text) && (s.text[s.pos+1] == '"' || s.text[s.pos+1] == '\\') {
			b.WriteString(s.text[from:s.pos])
			s.pos++
			from = s.pos
			b.WriteByte(s.text[s.pos])
			from++
		}
		s.pos++
	}
	b.WriteString(s.text[from:])
	return b.String(), false
}

// slashed takes a regular expression in slashes, where \/ is a slash.
func (s *scanner) slashed() (pattern string, closed bool) {
	s.pos++
	var b strings.Builder
	for !s.done() {
		c := s.text[s.pos]
		s.pos++
		switch {
		case c == '/':
			return b.String(), true
		case c == '\\' && !s.done():
			if s.text[s.pos] != '/' {
				b.WriteByte(c)
			}
			c = s.text[s.pos]
			s.pos++
		}
		b.WriteByte(c)
	}
	return b.String(), false
}

// pattern takes a regular expression that stands there bare: up to white space, or to a bracket that it did not open.
func (s *scanner) pattern() string {
	from, open := s.pos, 0
	for !s.done() {
		r, n := utf8.DecodeRuneInString(s.rest())
		if r == '(' {
			open++
		}
		if r == ')' {
			open--
		}
		if isBlank(r) || open < 0 {
			break
		}
		s.pos += n
	}
	return s.text[from:s.pos]
}
