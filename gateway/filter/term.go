package filter

import (
	"fmt"
	"slices"
	"strings"
)

// clause is a term while it is read: what stands from where to where.
type clause struct {
	*Info
	key  string
	name string // as it was written
	from int    // of the field
	op   Op
}

// term reads an operator and what is behind it. The field's name stands at from to end.
func (p *parser) term(from, end int, name, key string, spaced bool) (Expr, *Error) {
	at := p.pos
	written := p.operator()
	op, ok := operators[written]
	if !ok {
		meant, known := misspelt[written]
		if !known {
			return nil, p.wrong(at, p.pos, "there is no operator "+written+": use : = != < <= > >= ~ or !~")
		}
		return nil, p.mend(at, p.pos, "there is no operator "+written+"; did you mean "+string(meant)+"?", string(meant))
	}
	if e, ok, err := p.special(clause{name: name, from: from, op: op}); ok {
		return e, err
	}
	info, ok := lookup(name)
	if !ok {
		return nil, p.noField(from, end, name)
	}
	c := clause{Info: info, key: strings.ToLower(key), name: p.text[from:end], from: from, op: op}
	if info.Field == Metadata && c.key == "" {
		return nil, p.wrong(from, end, name+" needs a key: meta.team:blue")
	}
	if err := p.fits(c, at); err != nil {
		return nil, err
	}
	if spaced || p.space() {
		p.space()
		if p.nextTerm() {
			return nil, p.wrong(from, at+len(written), "there is no value after "+p.text[from:at+len(written)])
		}
	}
	if op == Matches || op == NotMatches {
		return p.regexp(c)
	}
	return p.values(c)
}

func (p *parser) noField(from, end int, name string) *Error {
	if near := nearest(name); near != "" {
		return p.mend(from, end, fmt.Sprintf("there is no field %s; did you mean %s?", name, near), near)
	}
	word := scanner{text: p.text, pos: from}
	written := word.run(nil)
	return p.mend(from, word.pos, fmt.Sprintf("there is no field %s; to search for the text put it in quotes", name), quote(written))
}

// fits checks that the field can be compared so.
func (p *parser) fits(c clause, at int) *Error {
	can := ":, = and !="
	switch c.Kind {
	case KindWords:
		switch c.op {
		case Has:
			return nil
		case Is:
			return p.mend(at, p.pos, c.Title+" is searched for words: use :", ":")
		default:
			return p.wrong(at, p.pos, c.Title+" is searched for words: use :, or - before it for what does not have them")
		}
	case KindText, KindChoice:
		if !c.op.ordered() {
			return nil
		}
		can = ":, =, !=, ~ and !~"
	case KindStatus:
		return nil
	case KindFlag:
		if !c.op.ordered() && c.op != Matches && c.op != NotMatches {
			return nil
		}
	default:
		if c.op != Matches && c.op != NotMatches {
			return nil
		}
		can = ":, =, !=, <, <=, > and >="
	}
	return p.wrong(at, p.pos, fmt.Sprintf("%s can't be compared by %s: use %s", c.Field, c.op, can))
}

// ordered reports whether it asks for less or more.
func (o Op) ordered() bool { return o == Less || o == AtMost || o == More || o == AtLeast }

// nextTerm reports whether what stands there is a term of its own rather than a value, or nothing.
func (p *parser) nextTerm() bool {
	at := p.scanner
	if at.done() || at.keyword("AND") || at.keyword("OR") || at.keyword("NOT") {
		return true
	}
	name := at.run(isOperator)
	name, _, _ = strings.Cut(name, ".")
	_, known := lookup(name)
	return known && isOperator(at.peek())
}

// regexp reads a pattern.
func (p *parser) regexp(c clause) (Expr, *Error) {
	from := p.pos
	var pattern string
	switch p.peek() {
	case '"':
		var err *Error
		if pattern, err = p.quote(); err != nil {
			return nil, err
		}
	case '/':
		var closed bool
		if pattern, closed = p.slashed(); !closed {
			err := p.mend(len(p.text), len(p.text), "this pattern is not closed", "/")
			err.Column, err.Length = from, 1
			return nil, err
		}
		if after := p.scanner; !after.done() && after.peek() != ')' && !after.space() {
			slashed := p.text[from:p.pos]
			p.pos = from
			whole := p.pattern()
			return nil, p.mend(from, p.pos, "there is more behind the pattern "+slashed+": put all of it in quotes", quote(whole))
		}
	default:
		pattern = p.pattern()
	}
	if pattern == "" {
		return nil, p.wrong(c.from, p.pos, "there is no pattern after "+c.name+string(c.op))
	}
	if _, err := Regexp(pattern); err != nil {
		return nil, p.wrong(from, p.pos, err.Error())
	}
	return &Term{Field: c.Field, Key: c.key, Op: c.op, Values: []Value{{Text: pattern}}}, nil
}

// values reads one value or a list.
func (p *parser) values(c clause) (Expr, *Error) {
	t := &Term{Field: c.Field, Key: c.key, Op: c.op}
	var others []Expr
	err := p.list(c, func(text string, from int, quoted bool) *Error {
		v, other, err := p.value(c, text, from, quoted)
		switch {
		case err != nil:
			return err
		case other != nil:
			others = append(others, other)
		default:
			t.Values = append(t.Values, v)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(t.Values) > 0 {
		others = slices.Insert(others, 0, Expr(t))
	}
	return Any(others...), nil
}

// list calls item for each value that stands there.
func (p *parser) list(c clause, item func(text string, from int, quoted bool) *Error) *Error {
	open, many := p.pos, c.op == Has || c.op == Is || c.op == NotIs
	bracket := p.peek() == '('
	if bracket {
		p.pos++
		p.space()
	}
	for n := 1; ; n++ {
		if n > 1 && !many {
			return p.wrong(c.from, p.pos, fmt.Sprintf("%s takes one value: use :, = or != with a list", c.op))
		}
		if err := p.item(c, item); err != nil {
			return err
		}
		end := p.pos
		p.space()
		switch {
		case p.peek() == ',':
			p.pos++
			if p.space(); p.done() || p.peek() == ')' {
				return p.mend(end, p.pos, "there is no value after the comma", "")
			}
		case bracket && p.keyword("OR"):
			p.space()
		case bracket && p.peek() == ')':
			p.pos++
			return nil
		case bracket && p.done():
			err := p.mend(len(p.text), len(p.text), "this bracket is not closed", ")")
			err.Column, err.Length = open, 1
			return err
		case bracket:
			return p.mend(end, p.pos, "the values of a list are separated by commas", ", ")
		default:
			p.pos = end
			return nil
		}
	}
}

// item reads one value of a list.
func (p *parser) item(c clause, item func(text string, from int, quoted bool) *Error) *Error {
	from := p.pos
	if p.peek() == '"' {
		text, err := p.quote()
		if err != nil {
			return err
		}
		return item(text, from, true)
	}
	text := p.run(nil)
	if text == "" {
		return p.wrong(c.from, max(p.pos, c.from+1), "there is no value after "+c.name+string(c.op))
	}
	return item(text, from, false)
}

// special reads what is behind a name that is no field: has, missing, since, until. ok is false where it is none.
func (p *parser) special(c clause) (e Expr, ok bool, err *Error) {
	switch strings.ToLower(c.name) {
	case "has":
		e, err = p.presence(c, false)
	case "missing":
		e, err = p.presence(c, true)
	case "since", "after":
		e, err = p.bound(c, AtLeast)
	case "until", "before":
		e, err = p.bound(c, Less)
	default:
		return nil, false, nil
	}
	return e, true, err
}

// colon checks that what is no field is followed by a colon.
func (p *parser) colon(c clause) *Error {
	if c.op == Has || c.op == Is {
		p.space()
		return nil
	}
	at := c.from + len(c.name)
	return p.mend(at, p.pos, c.name+" goes with a colon: "+c.name+":", ":")
}

// presence reads the fields of has: and missing:.
func (p *parser) presence(c clause, missing bool) (Expr, *Error) {
	if err := p.colon(c); err != nil {
		return nil, err
	}
	var parts []Expr
	c.op = Has
	err := p.list(c, func(text string, from int, _ bool) *Error {
		name, key := text, ""
		if i := strings.IndexByte(text, '.'); i > 0 {
			name, key = text[:i], strings.ToLower(text[i+1:])
		}
		info, ok := lookup(name)
		switch {
		case !ok || (key != "") != (info.Field == Metadata):
			if near := nearest(text); near != "" && !ok {
				return p.mend(from, p.pos, fmt.Sprintf("there is no field %s; did you mean %s?", text, near), near)
			}
			if ok && info.Field == Metadata {
				return p.wrong(from, p.pos, text+" needs a key: "+c.name+":meta.team")
			}
			return p.wrong(from, p.pos, fmt.Sprintf("there is no field %s; %s names a field: %s:cost", text, c.name, c.name))
		case info.always():
			return p.wrong(from, p.pos, fmt.Sprintf("%s can't be asked of %s: every request has it", c.name, info.Field))
		}
		var e Expr = known(info.Field, key)
		if missing {
			e = Negate(e)
		}
		parts = append(parts, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return Any(parts...), nil
}

// bound reads the time of since: and until:.
func (p *parser) bound(c clause, op Op) (Expr, *Error) {
	if err := p.colon(c); err != nil {
		return nil, err
	}
	c.Info, c.op = about(Time), op
	return p.values(c)
}
