package filter

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// value reads one value of a term: a Value, or what else has to hold instead of it.
func (p *parser) value(c clause, text string, from int, quoted bool) (Value, Expr, *Error) {
	if text == "" {
		if c.op == NotIs {
			return Value{}, nil, p.mend(c.from, p.pos, "the value is empty; for requests with one write has:"+c.name, "has:"+c.name)
		}
		return Value{}, nil, p.mend(c.from, p.pos, "the value is empty; for requests without one write missing:"+c.name, "missing:"+c.name)
	}
	switch c.Kind {
	case KindText:
		return Value{Text: text}, nil, nil
	case KindWords:
		if !hasWord(text) {
			return Value{}, nil, p.wrong(from, p.pos, "there is no word to search for")
		}
		return Value{Text: text}, nil, nil
	case KindChoice, KindFlag:
		return p.choice(c, text, from)
	case KindStatus:
		return p.status(c, text, from)
	case KindTime:
		return p.time(c, text, from)
	default:
		return p.number(c, text, from, quoted)
	}
}

// flags are other words for true and false.
var flags = map[string]string{"yes": "true", "no": "false", "on": "true", "off": "false", "1": "true", "0": "false"}

func (p *parser) choice(c clause, text string, from int) (Value, Expr, *Error) {
	lower := strings.ToLower(text)
	if c.Kind == KindFlag {
		if meant, ok := flags[lower]; ok {
			lower = meant
		}
	}
	for _, choice := range c.Choices {
		if lower == choice {
			return Value{Text: choice}, nil, nil
		}
	}
	if c.Kind != KindFlag && c.op == Has && strings.Contains(text, "*") {
		return Value{Text: lower}, nil, nil
	}
	return Value{}, nil, p.noChoice(c, text, from, "")
}

// noChoice says what the words are.
func (p *parser) noChoice(c clause, text string, from int, also string) *Error {
	words := strings.Join(c.Choices[:len(c.Choices)-1], ", ") + " or " + c.Choices[len(c.Choices)-1] + also
	message := fmt.Sprintf("%s is %s, not %s", c.Field, words, text)
	if near := closest(text, c.Choices); near != "" {
		return p.mend(from, p.pos, message+"; did you mean "+near+"?", near)
	}
	return p.wrong(from, p.pos, message)
}

func (p *parser) status(c clause, text string, from int) (Value, Expr, *Error) {
	if code, ok := statusCode(text); ok {
		return Value{Text: strconv.Itoa(int(code)), Number: code}, nil, nil
	}
	if c.op.ordered() {
		return Value{}, nil, p.wrong(from, p.pos, fmt.Sprintf("%s %s needs an HTTP status such as 400, not %s", c.name, c.op, text))
	}
	lower := strings.ToLower(text)
	class := len(lower) == 3 && lower[0] >= '1' && lower[0] <= '5' && lower[1:] == "xx"
	switch {
	case class && c.op == Has:
		return Value{Text: lower[:1] + "*"}, nil, nil
	case class && c.op == NotIs:
		return Value{}, nil, p.mend(c.from, p.pos, "a class of statuses goes with a colon: -status:"+lower, "-"+c.name+":"+lower)
	case class:
		return Value{}, nil, p.mend(c.from, p.pos, "a class of statuses goes with a colon: status:"+lower, c.name+":"+lower)
	case c.op == Has && strings.Contains(text, "*"):
		return Value{Text: lower}, nil, nil
	}
	for _, choice := range c.Choices {
		if lower == choice {
			return Value{Text: choice}, nil, nil
		}
	}
	return Value{}, nil, p.noChoice(c, text, from, ", or an HTTP status such as 404 or 4xx")
}

// samples are values as they are written, for messages.
var samples = map[Kind]string{
	KindCount: "a number such as 3 or 10k", KindBytes: "a size such as 100 or 4KB", KindMoney: "an amount in US dollars such as 0.05",
	KindDuration: "a time such as 250ms or 2s", KindTime: "a time such as 2026-01-31, 2026-01-31T12:00 or 2h for two hours ago",
}

func (p *parser) number(c clause, text string, from int, quoted bool) (Value, Expr, *Error) {
	if n, ok := c.Kind.number(text); ok {
		return Value{Text: c.Kind.write(n), Number: n}, nil, nil
	}
	if text == "*" && c.op == Has {
		return Value{}, known(c.Field, c.key), nil
	}
	if low, high, ok := strings.Cut(text, ".."); ok && !quoted {
		return p.between(c, from, low, high, func(op Op, s string) (Expr, bool) {
			n, ok := c.Kind.number(s)
			return Compare(c.Field, op, n), ok
		})
	}
	return Value{}, nil, p.noNumber(c, text, from)
}

func (p *parser) noNumber(c clause, text string, from int) *Error {
	message := fmt.Sprintf("%s needs %s, not %s", c.name, samples[c.Kind], text)
	switch strings.ToLower(text) {
	case "none", "unknown", "null", "missing", "nil":
		if c.Kind != KindTime {
			return p.mend(c.from, p.pos, message+"; for requests of which it is not known write missing:"+c.name, "missing:"+c.name)
		}
	}
	return p.wrong(from, p.pos, message)
}

// between makes a range of two ends, of which one may be left out.
func (p *parser) between(c clause, from int, low, high string, end func(Op, string) (Expr, bool)) (Value, Expr, *Error) {
	if c.op != Has {
		with := string(c.Field) + ":" + low + ".." + high
		if c.op == NotIs {
			with = "-" + with
		}
		return Value{}, nil, p.mend(c.from, p.pos, "a range goes with a colon: "+with, with)
	}
	var parts []Expr
	for _, side := range [...]struct {
		op   Op
		text string
	}{{AtLeast, low}, {AtMost, high}} {
		if side.text == "" {
			continue
		}
		e, ok := end(side.op, side.text)
		if !ok {
			return Value{}, nil, p.noNumber(c, side.text, from)
		}
		parts = append(parts, e)
	}
	if len(parts) == 0 {
		return Value{}, nil, p.wrong(from, p.pos, "the range has no ends: write one of them, as in 1..5")
	}
	return Value{}, All(parts...), nil
}

// time reads a time; with a colon it is a day, a month or all that came since.
func (p *parser) time(c clause, text string, from int) (Value, Expr, *Error) {
	if low, high, ok := strings.Cut(text, ".."); ok {
		return p.between(c, from, low, high, func(op Op, s string) (Expr, bool) {
			w, ok := when(s, p.now)
			if op == AtMost && !w.from.Equal(w.to) { // the last day belongs to the range
				return ending(w.to), ok
			}
			return &Term{Field: Time, Op: op, Values: []Value{{Text: s, Number: stamp(w.from)}}}, ok
		})
	}
	w, ok := when(text, p.now)
	if !ok {
		return Value{}, nil, p.noNumber(c, text, from)
	}
	v := Value{Text: text, Number: stamp(w.from)}
	since := &Term{Field: Time, Op: AtLeast, Values: []Value{v}}
	switch {
	case c.op != Has || w.from.Equal(w.to) && !w.back:
		return v, nil, nil
	case w.back || strings.EqualFold(text, "today"):
		return Value{}, since, nil
	case strings.EqualFold(text, "yesterday"):
		return Value{}, All(since, &Term{Field: Time, Op: Less, Values: []Value{{Text: "today", Number: stamp(w.to)}}}), nil
	}
	return Value{}, All(since, ending(w.to)), nil
}

// ending holds for what began before the midnight that a day or a month ends with.
func ending(t time.Time) Expr {
	return &Term{Field: Time, Op: Less, Values: []Value{{Text: t.Format(layoutDay), Number: stamp(t)}}}
}
