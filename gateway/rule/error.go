package rule

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
)

// Error is what is wrong with an expression, and where; Line and Column count from 1, Column in letters.
type Error struct {
	Message string
	Line    int
	Column  int
}

func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// at is what is wrong with a part of an expression.
func at(tree *ast.AST, id int64, message string) *Error {
	where := tree.SourceInfo().GetStartLocation(id)
	return &Error{message, max(where.Line(), 1), max(where.Column(), 0) + 1}
}

// earliest is the issue that stands first in the expression.
func earliest(issues *cel.Issues) *common.Error {
	list := issues.Errors()
	found := list[0]
	for _, e := range list[1:] {
		if cmp.Or(e.Location.Line()-found.Location.Line(), e.Location.Column()-found.Location.Column()) < 0 {
			found = e
		}
	}
	return found
}

// misspelt is what the reading of an expression stumbled on.
func misspelt(expression string, issues *cel.Issues) *Error {
	e := earliest(issues)
	out := &Error{plain(e.Message), max(e.Location.Line(), 1), max(e.Location.Column(), 0) + 1}
	rest := after(expression, out.Line, out.Column)
	switch text := strings.TrimPrefix(e.Message, "Syntax error: "); {
	case strings.Contains(text, "size exceeds"), strings.Contains(text, "recursion"):
		out.Message = fmt.Sprintf("is too long or too deep; at most %d letters and %d brackets in each other", maxLength, maxDepth)
	case strings.HasPrefix(rest, "=") && !strings.HasPrefix(rest, "=="):
		out.Message = "write == to compare two values"
	case strings.HasPrefix(rest, "&"):
		out.Message = "write && for and"
	case strings.HasPrefix(rest, "|"):
		out.Message = "write || for or"
	case strings.HasPrefix(rest, "and "), strings.HasPrefix(rest, "AND "):
		out.Message = "write && instead of and"
	case strings.HasPrefix(rest, "or "), strings.HasPrefix(rest, "OR "):
		out.Message = "write || instead of or"
	case strings.HasPrefix(rest, `"`), strings.HasPrefix(rest, "'"):
		out.Message = "this quote is not closed, or the text before it has no end"
	case strings.TrimSpace(rest) == "":
		out.Message = "the expression ends too early; something is missing here"
	case strings.HasPrefix(text, "reserved identifier: "):
		out.Message = strings.TrimPrefix(text, "reserved identifier: ") + " is a reserved word"
	case unexpected.MatchString(text):
		out.Message = fmt.Sprintf("%s is not expected here", unexpected.FindStringSubmatch(text)[1])
	}
	return out
}

var unexpected = regexp.MustCompile(`(?s)^(?:mismatched|extraneous) input ('.+?') expecting`)

// after is the expression from a place on.
func after(expression string, line, column int) string {
	for range line - 1 {
		_, expression, _ = strings.Cut(expression, "\n")
	}
	letters := []rune(expression)
	return string(letters[min(column-1, len(letters)):])
}

var (
	unknown  = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	overload = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'$`)
	noField  = regexp.MustCompile(`^type '([^']*)' does not support field selection$`)
)

// mistaken is what an expression means that cannot be.
func mistaken(tree *ast.AST, issues *cel.Issues) *Error {
	e := earliest(issues)
	out := at(tree, e.ExprID, plain(e.Message))
	if m := unknown.FindStringSubmatch(e.Message); m != nil {
		called := isCall(tree, e.ExprID)
		if out.Message = stranger(m[1], called); called {
			out.Column -= len(m[1])
		}
	}
	if m := overload.FindStringSubmatch(e.Message); m != nil {
		out.Message = misfit(m[1], m[2])
		out.Column -= calledAt(m[1])
	}
	if m := noField.FindStringSubmatch(e.Message); m != nil {
		out.Message = word(m[1]) + " has no parts that could be named after a dot"
	}
	return out
}

// stranger says that a name means nothing here.
func stranger(name string, called bool) string {
	if called {
		return suggest("there is no function "+name, name, functions)
	}
	return suggest("there is no variable "+name, name, vocabulary())
}

// isCall reports whether a part of an expression calls a function.
func isCall(tree *ast.AST, id int64) (called bool) {
	visit(tree, func(e ast.Expr) { called = called || e.ID() == id && e.Kind() == ast.CallKind })
	return called
}

// calledAt is how far the name of a function stands before the place that the language gives for a call, its bracket.
func calledAt(function string) int {
	if strings.ContainsAny(function, "_@") {
		return 0
	}
	return len(function)
}

// functions are those that are suggested in the place of an unknown one.
var functions = []string{"startsWith", "endsWith", "contains", "matches", "size", "has", "int", "double", "string"}

func suggest(text, name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return text + "; did you mean " + near + "?"
	}
	return text + "; there are " + strings.Join(known, ", ")
}

// misfit says that a function cannot be used with what it is given.
func misfit(function, arguments string) string {
	operator := strings.Trim(function, "_@")
	kinds := strings.Split(strings.NewReplacer("(", "", ")", "", ".", ",").Replace(arguments), ",")
	for i, k := range kinds {
		kinds[i] = word(strings.TrimSpace(k))
	}
	switch {
	case operator == "[_]":
		return "the name of an entry must be a text in quotes"
	case len(kinds) == 2:
		return fmt.Sprintf("%s does not go together with %s and %s", operator, kinds[0], kinds[1])
	}
	return fmt.Sprintf("%s cannot be used here", operator)
}

// word names a type in plain words.
func word(t string) string {
	switch {
	case t == "string":
		return "a text"
	case t == "bool":
		return "true or false"
	case t == "int" || t == "uint":
		return "a whole number"
	case t == "double":
		return "a number with a fraction"
	case strings.HasPrefix(t, "map"):
		return "a table"
	case strings.HasPrefix(t, "list"):
		return "a list"
	}
	return t
}

// plain is a message of the language as a part of a sentence.
func plain(message string) string {
	message, _, _ = strings.Cut(strings.TrimPrefix(message, "Syntax error: "), " expecting {")
	return message
}
