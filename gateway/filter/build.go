package filter

import (
	"strings"
	"time"
)

// All holds where all of the parts hold; parts that are nil select everything.
func All(parts ...Expr) Expr {
	var all And
	for _, p := range parts {
		switch p := p.(type) {
		case nil:
		case And:
			all = append(all, p...)
		default:
			all = append(all, p)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

// Any holds where one of the parts holds. Of no parts it selects everything.
func Any(parts ...Expr) Expr {
	var one Or
	for _, p := range parts {
		switch p := p.(type) {
		case nil:
			return nil
		case Or:
			one = append(one, p...)
		default:
			one = append(one, p)
		}
	}
	switch len(one) {
	case 0:
		return nil
	case 1:
		return one[0]
	}
	return one
}

// Negate holds where e does not.
func Negate(e Expr) Expr {
	switch e := e.(type) {
	case nil:
		return None()
	case Not:
		return e.Of
	default:
		return Not{Of: e}
	}
}

// None selects nothing: each request has an ID.
func None() Expr { return Not{Of: Known(ID)} }

// OneOf holds where the field is exactly one of the values. Of no values it selects everything.
func OneOf(f Field, values ...string) Expr { return texts(f, "", Is, values) }

// Like holds where the field is one of the values but for case, where * stands for any characters; for Text, where the
// words are said. Of no values it selects everything.
func Like(f Field, values ...string) Expr { return texts(f, "", Has, values) }

// Meta holds where the metadata of that key is exactly one of the values. Of no values it selects everything.
func Meta(key string, values ...string) Expr {
	return texts(Metadata, strings.ToLower(key), Is, values)
}

func texts(f Field, key string, op Op, values []string) Expr {
	if len(values) == 0 {
		return nil
	}
	t := &Term{Field: f, Key: key, Op: op, Values: make([]Value, len(values))}
	status := about(f).Kind == KindStatus
	for i, v := range values {
		t.Values[i].Text = v
		if status {
			t.Values[i].Number, _ = statusCode(v)
		}
	}
	return t
}

// Compare holds where the field, a number in the unit of its kind, compares so with n.
func Compare(f Field, op Op, n float64) Expr {
	return &Term{Field: f, Op: op, Values: []Value{{Text: about(f).Kind.write(n), Number: n}}}
}

// Since holds for requests that began at t or later, Before for those that began earlier. Both count microseconds.
func Since(t time.Time) Expr  { return moment(AtLeast, t) }
func Before(t time.Time) Expr { return moment(Less, t) }

func moment(op Op, t time.Time) Expr {
	t = t.UTC().Truncate(time.Microsecond)
	return &Term{Field: Time, Op: op, Values: []Value{{Text: t.Format(time.RFC3339Nano), Number: stamp(t)}}}
}

// Known holds where the field has a value at all: numbers are at least 0, texts match *.
func Known(f Field) Expr { return known(f, "") }

func known(f Field, key string) *Term {
	k := about(f).Kind
	if k.Numeric() || k == KindStatus {
		return &Term{Field: f, Key: key, Op: AtLeast, Values: []Value{{Text: k.write(0)}}}
	}
	return &Term{Field: f, Key: key, Op: Has, Values: []Value{{Text: "*"}}}
}

// isKnown reports whether the term is one of Known, of a field that may be missing.
func (t *Term) isKnown() bool {
	if len(t.Values) != 1 || about(t.Field).always() {
		return false
	}
	if k := about(t.Field).Kind; k == KindText || k == KindChoice {
		return t.Op == Has && t.Values[0].Text == "*"
	}
	return t.Op == AtLeast && t.Values[0].Number == 0
}

// Walk calls visit for every Term.
func Walk(e Expr, visit func(*Term)) {
	switch e := e.(type) {
	case And:
		for _, p := range e {
			Walk(p, visit)
		}
	case Or:
		for _, p := range e {
			Walk(p, visit)
		}
	case Not:
		Walk(e.Of, visit)
	case *Term:
		visit(e)
	}
}

// Uses reports whether e asks for the field.
func Uses(e Expr, f Field) bool {
	found := false
	Walk(e, func(t *Term) { found = found || t.Field == f })
	return found
}
