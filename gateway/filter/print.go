package filter

import "strings"

// Print writes an expression at its shortest. What is nil is written as nothing.
func Print(e Expr) string {
	var b strings.Builder
	printExpr(&b, e, false)
	return b.String()
}

// printExpr writes e; tight where it stands with others that bind as strongly as And.
func printExpr(b *strings.Builder, e Expr, tight bool) {
	switch e := e.(type) {
	case And:
		for i, part := range e {
			if i > 0 {
				b.WriteByte(' ')
			}
			printExpr(b, part, true)
		}
	case Or:
		if tight {
			b.WriteByte('(')
		}
		for i, part := range e {
			if i > 0 {
				b.WriteString(" OR ")
			}
			printExpr(b, part, false)
		}
		if tight {
			b.WriteByte(')')
		}
	case Not:
		printNot(b, e)
	case *Term:
		if e.isKnown() {
			printPresence(b, "has:", e)
			return
		}
		printTerm(b, e)
	}
}

func printNot(b *strings.Builder, e Not) {
	if t, ok := e.Of.(*Term); ok && t.isKnown() {
		printPresence(b, "missing:", t)
		return
	}
	b.WriteByte('-')
	_, and := e.Of.(And)
	if and {
		b.WriteByte('(')
	}
	printExpr(b, e.Of, true)
	if and {
		b.WriteByte(')')
	}
}

func printPresence(b *strings.Builder, word string, t *Term) {
	if t.Field == Metadata && !bareKey(t.Key) { // has:meta.key takes plain keys only
		if word == "missing:" {
			b.WriteByte('-')
		}
		printTerm(b, t)
		return
	}
	b.WriteString(word)
	printField(b, t)
}

func printField(b *strings.Builder, t *Term) {
	b.WriteString(string(t.Field))
	if t.Field != Metadata {
		return
	}
	b.WriteByte('.')
	if bareKey(t.Key) {
		b.WriteString(t.Key)
	} else {
		b.WriteString(quote(t.Key))
	}
}

func printTerm(b *strings.Builder, t *Term) {
	if t.Field == Text && len(t.Values) == 1 {
		if w := t.Values[0].Text; bareWord(w) {
			b.WriteString(w)
		} else {
			b.WriteString(quote(w))
		}
		return
	}
	printField(b, t)
	b.WriteString(string(t.Op))
	pattern := t.Op == Matches || t.Op == NotMatches
	for i, v := range t.Values {
		if i > 0 {
			b.WriteByte(',')
		}
		text := v.Text
		if t.Field == Status && t.Op == Has {
			text = shownStatus(text)
		}
		switch {
		case pattern && barePattern(text), !pattern && bareValue(text):
			b.WriteString(text)
		case pattern && !strings.Contains(text, "/"):
			b.WriteString("/" + text + "/")
		default:
			b.WriteString(quote(text))
		}
	}
}

// shownStatus is a status as people write it: 4xx for 4*.
func shownStatus(s string) string {
	if len(s) == 2 && s[0] >= '1' && s[0] <= '5' && s[1] == '*' {
		return s[:1] + "xx"
	}
	return s
}

var quoting = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func quote(s string) string { return `"` + quoting.Replace(s) + `"` }

// bareValue reports whether a value needs no quotes.
func bareValue(s string) bool {
	sc := scanner{text: s}
	return s != "" && !isOperator(s[0]) && sc.run(nil) == s
}

// bareKey reports whether a key of the metadata needs no quotes.
func bareKey(s string) bool {
	sc := scanner{text: s}
	return s != "" && sc.run(isOperator) == s
}

// bareWord reports whether a text to search for needs no quotes.
func bareWord(s string) bool {
	if !bareKey(s) || s[0] == '-' {
		return false
	}
	switch strings.ToUpper(s) {
	case "AND", "OR", "NOT":
		return false
	}
	return true
}

// barePattern reports whether a regular expression needs no slashes.
func barePattern(s string) bool {
	return bareKey(s) && s[0] != '/'
}
