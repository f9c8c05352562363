package rule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"

	"heimdall/gateway/complexity"
)

// holds is the function around every comparison that may fail: it is false then. No expression can name it.
const holds = "@holds"

// comparisons are the functions that are false where one of their sides is not there.
var comparisons = []string{
	operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
	operators.In, overloads.StartsWith, overloads.EndsWith, overloads.Contains, overloads.Matches,
}

// review refuses what the language allows and a rule may not: to ask for all header fields at once, patterns that come
// from a request, and tiers that no request can have.
func review(tree *ast.AST) (wrong *Error) {
	single := map[int64]bool{} // uses of a table that ask for one entry
	visit(tree, func(e ast.Expr) {
		switch e.Kind() {
		case ast.CallKind:
			switch call := e.AsCall(); {
			case call.FunctionName() == operators.Index && len(call.Args()) == 2:
				single[call.Args()[0].ID()] = true
			case call.FunctionName() == operators.In && len(call.Args()) == 2:
				single[call.Args()[1].ID()] = true
			case call.FunctionName() == overloads.Matches && len(call.Args()) > 0:
				wrong = first(wrong, pattern(tree, call.Args()[len(call.Args())-1]))
			}
			wrong = first(wrong, tiers(tree, e.AsCall()))
		case ast.SelectKind:
			single[e.AsSelect().Operand().ID()] = true
		default:
		}
	})
	visit(tree, func(e ast.Expr) {
		if e.Kind() == ast.IdentKind && slices.Contains(tables, e.AsIdent()) && !single[e.ID()] {
			wrong = first(wrong, at(tree, e.ID(), fmt.Sprintf(`%[1]s are asked one by one: %[1]s["name"], or "name" in %[1]s`, e.AsIdent())))
		}
	})
	return wrong
}

// pattern checks the pattern of matches.
func pattern(tree *ast.AST, e ast.Expr) *Error {
	if e.Kind() != ast.LiteralKind {
		return at(tree, e.ID(), "the pattern of matches must stand in the expression, as a text in quotes")
	}
	text, ok := e.AsLiteral().(types.String)
	if !ok {
		return nil // the types are checked later
	}
	if _, err := regexp.Compile(string(text)); err != nil {
		return at(tree, e.ID(), "is no regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return nil
}

func isTier(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == tierVariable }

// tiers checks what complexity_tier is compared with.
func tiers(tree *ast.AST, call ast.CallExpr) (wrong *Error) {
	switch call.FunctionName() {
	case operators.Equals, operators.NotEquals, operators.In:
		if slices.ContainsFunc(call.Args(), isTier) {
			for _, side := range call.Args() {
				wrong = first(wrong, tier(tree, side))
			}
		}
	}
	return wrong
}

// tier checks a text, or a list of some.
func tier(tree *ast.AST, e ast.Expr) (wrong *Error) {
	switch e.Kind() {
	case ast.ListKind:
		for _, one := range e.AsList().Elements() {
			wrong = first(wrong, tier(tree, one))
		}
	case ast.LiteralKind:
		if text, ok := e.AsLiteral().(types.String); ok && !slices.Contains(complexity.Tiers, complexity.Tier(text)) {
			return at(tree, e.ID(), fmt.Sprintf("there is no tier %q; there are SIMPLE, MEDIUM, COMPLEX and REASONING", string(text)))
		}
	default:
	}
	return wrong
}

// guard wraps the comparisons that may fail, and writes whole numbers that are compared with percentages as the
// language wants them.
func guard(tree *ast.AST) {
	factory, id := ast.NewExprFactory(), ast.MaxID(tree)
	visit(tree, func(e ast.Expr) {
		if e.Kind() != ast.CallKind || !slices.Contains(comparisons, e.AsCall().FunctionName()) {
			return
		}
		call := e.AsCall()
		sides := call.Args()
		if call.IsMemberFunction() {
			sides = append([]ast.Expr{call.Target()}, sides...)
		}
		decimal(factory, sides)
		if !slices.ContainsFunc(sides, fallible) {
			return
		}
		inner := factory.CopyExpr(e)
		id++
		old := e.ID()
		inner.RenumberIDs(func(n int64) int64 {
			if n == old {
				tree.SourceInfo().SetOffsetRange(id, offset(tree, old))
				return id
			}
			return n
		})
		e.SetKindCase(factory.NewCall(old, holds, inner))
	})
}

// decimal makes a fraction of a whole number that stands beside a percentage.
func decimal(factory ast.ExprFactory, sides []ast.Expr) {
	percentage := func(e ast.Expr) bool {
		return e.Kind() == ast.IdentKind && variables[e.AsIdent()] == types.DoubleType
	}
	if !slices.ContainsFunc(sides, percentage) {
		return
	}
	for _, side := range sides {
		if side.Kind() != ast.LiteralKind {
			continue
		}
		if n, ok := side.AsLiteral().(types.Int); ok {
			side.SetKindCase(factory.NewLiteral(side.ID(), types.Double(n)))
		}
	}
}

// fallible reports whether a side of a comparison may be missing.
func fallible(e ast.Expr) bool {
	switch e.Kind() {
	case ast.LiteralKind:
		return false
	case ast.IdentKind:
		return isTier(e)
	case ast.ListKind:
		return slices.ContainsFunc(e.AsList().Elements(), fallible)
	case ast.CallKind:
		return e.AsCall().FunctionName() != holds
	default:
		return true
	}
}

func visit(tree *ast.AST, f func(ast.Expr)) {
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(f))
}

func offset(tree *ast.AST, id int64) ast.OffsetRange {
	where, _ := tree.SourceInfo().GetOffsetRange(id)
	return where
}

func first(a, b *Error) *Error {
	if a != nil {
		return a
	}
	return b
}
