package filter

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Parse reads a filter. Its error is an *Error.
//
//	filter = every part of it, with or without AND between them; OR between them binds less
//	part   = NOT part, -part, ( filter ), a term, or words that are searched for: timeout "out of memory"
//	term   = field operator value, or has:field, missing:field, since:time, until:time
//	value  = word, "text" or a list of them: error,cancelled or (error, cancelled); after ~ and !~ a pattern: gpt-.* or /gpt .*/
//
// A value with a * in it stands for all that look so: model:gpt*. Numbers have units: latency>2s, tokens>10k,
// size>4KB, cost>$0.05; and ranges: latency:1s..5s. A time is a point: a date is its first moment and 2h is two hours
// ago, so time>2h is what began since; time:2h says the same, and time:2026-01-31 is all of that day. Dates are in the
// time zone of now.
func Parse(text string, now time.Time) (Expr, error) {
	e, err := parse(text, now)
	if err != nil {
		return nil, err
	}
	return e, nil
}

func parse(text string, now time.Time) (Expr, *Error) {
	p := &parser{scanner: scanner{text: text}, now: now}
	if len(text) > maxLength {
		return nil, p.wrong(0, len(text), "the filter is longer than 16 KB: shorten it")
	}
	if at := unusable(text); at >= 0 {
		return nil, p.mend(at, at+1, "there is a byte that is no character", "")
	}
	if p.space(); p.done() {
		return nil, nil
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if !p.done() {
		return nil, p.mend(p.pos, p.pos+1, "this bracket closes none", "")
	}
	return e, nil
}

// unusable is where the text has what no database takes for text; −1 = nowhere.
func unusable(text string) int {
	if utf8.ValidString(text) {
		return strings.IndexByte(text, 0)
	}
	for i, r := range text {
		if _, n := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && n == 1 {
			return i
		}
	}
	return -1
}

type parser struct {
	scanner
	now   time.Time
	depth int
	// The word before what is read next, that needs something behind it: AND, OR, NOT, - or (.
	before   string
	beforeAt int
}

// wrong is an error about text[from:to] that nobody can mend, mend one that is mended by other text in its place.
func (p *parser) wrong(from, to int, message string) *Error {
	return &Error{Text: p.text, Column: from, Length: to - from, Message: message}
}

func (p *parser) mend(from, to int, message, with string) *Error {
	e := p.wrong(from, to, message)
	before, after := p.text[:from], p.text[to:]
	if with == "" && (from == 0 || before[from-1] == ' ') {
		after = strings.TrimLeft(after, " ")
	}
	e.Repair = strings.TrimSpace(before + with + after)
	return e
}

func (p *parser) or() (Expr, *Error) {
	var parts []Expr
	for {
		e, err := p.and()
		if err != nil {
			return nil, err
		}
		if parts = append(parts, e); !p.word("OR") {
			return Any(parts...), nil
		}
	}
}

func (p *parser) and() (Expr, *Error) {
	var parts []Expr
	for {
		e, err := p.part()
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
		if p.space(); p.word("AND") {
			continue
		}
		if at := p.scanner; p.done() || p.peek() == ')' || at.keyword("OR") {
			return All(parts...), nil
		}
	}
}

// word takes a keyword that needs something behind it.
func (p *parser) word(k string) bool {
	at := p.pos
	if !p.keyword(k) {
		return false
	}
	p.before, p.beforeAt = k, at
	return true
}

func (p *parser) part() (Expr, *Error) {
	p.space()
	negative := p.peek() == '-' || p.peek() == '!' && !isNegatedOperator(p.rest())
	switch {
	case p.done() || p.peek() == ')':
		return nil, p.nothing()
	case negative:
		p.before, p.beforeAt = p.rest()[:1], p.pos
		p.pos++
		if at := p.scanner; at.space() || at.done() {
			return nil, p.nothing()
		}
		return p.negation()
	case p.word("NOT"):
		return p.negation()
	case p.peek() == '(':
		return p.bracket()
	case p.peek() == '"':
		return p.phrase()
	case p.peek() == ',':
		return nil, p.mend(p.pos, p.pos+1, "a list goes behind a field: model:a,b", "")
	case isOperator(p.peek()):
		from := p.pos
		op := p.operator()
		return nil, p.mend(from, p.pos, "there is no field before "+op, "")
	}
	return p.plain()
}

func isNegatedOperator(s string) bool { return len(s) > 1 && (s[1] == '=' || s[1] == '~') }

// nothing says what needs something behind it.
func (p *parser) nothing() *Error {
	switch p.before {
	case "(":
		return p.mend(p.beforeAt, min(p.pos+1, len(p.text)), "there is nothing in the brackets", "")
	case "":
		return p.mend(p.pos, min(p.pos+1, len(p.text)), "this bracket closes none", "")
	}
	return p.mend(p.beforeAt, p.beforeAt+len(p.before), "there is nothing after "+p.before, "")
}

func (p *parser) deeper() *Error {
	if p.depth++; p.depth > maxDepth {
		return p.wrong(p.pos, p.pos, "more than 64 brackets within each other: leave some out")
	}
	return nil
}

func (p *parser) negation() (Expr, *Error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	e, err := p.part()
	if err != nil {
		return nil, err
	}
	p.depth--
	return Negate(e), nil
}

func (p *parser) bracket() (Expr, *Error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	from := p.pos
	p.before, p.beforeAt = "(", from
	p.pos++
	if p.space(); p.done() {
		return nil, p.mend(from, from+1, "there is nothing in the brackets", "")
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.peek() != ')' {
		err := p.mend(len(p.text), len(p.text), "this bracket is not closed", ")")
		err.Column, err.Length = from, 1
		return nil, err
	}
	p.pos++
	p.depth--
	return e, nil
}

// phrase is text in quotes that is searched for.
func (p *parser) phrase() (Expr, *Error) {
	from := p.pos
	text, err := p.quote()
	if err != nil {
		return nil, err
	}
	return p.search(text, from)
}

func (p *parser) quote() (string, *Error) {
	from := p.pos
	text, closed := p.quoted()
	if !closed {
		err := p.mend(len(p.text), len(p.text), "this quote is not closed", `"`)
		err.Column, err.Length = from, 1
		return "", err
	}
	return text, nil
}

// search is a Term of Text.
func (p *parser) search(text string, from int) (Expr, *Error) {
	if !hasWord(text) {
		return nil, p.mend(from, p.pos, "there is no word to search for", "")
	}
	return &Term{Field: Text, Op: Has, Values: []Value{{Text: text}}}, nil
}

// plain is a word that is searched for, or a term.
func (p *parser) plain() (Expr, *Error) {
	from := p.pos
	for _, k := range [...]string{"AND", "OR"} {
		if at := p.scanner; at.keyword(k) {
			return nil, p.mend(from, at.pos, "there is nothing before "+k, "")
		}
	}
	name := p.run(isOperator)
	key, quotedKey := "", false
	if i := strings.IndexByte(name, '.'); i > 0 {
		if info, ok := lookup(name[:i]); ok && info.Field == Metadata {
			name, key = name[:i], name[i+1:]
			if quotedKey = key == "" && p.peek() == '"'; quotedKey {
				var err *Error
				if key, err = p.quote(); err != nil {
					return nil, err
				}
			}
		}
	}
	end := p.pos
	spaced := p.space()
	if isOperator(p.peek()) && (p.peek() != '!' || isNegatedOperator(p.rest())) {
		return p.term(from, end, name, key, spaced)
	}
	p.pos = end
	if quotedKey {
		return nil, p.wrong(from, end, "there is no operator after the key")
	}
	switch word := p.text[from:end]; word {
	case "&", "&&":
		return nil, p.mend(from, end, "there is no operator "+word, "AND")
	case "|", "||":
		return nil, p.mend(from, end, "there is no operator "+word, "OR")
	default:
		return p.search(word, from)
	}
}
