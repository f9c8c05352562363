package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

const (
	maxLength = 16 << 10 // of an expression, in letters
	maxDepth  = 100      // of its brackets
	maxCost   = 250_000  // in the language's own unit, at worst, of one evaluation
	maxText   = 2 << 10  // what a text of a request is taken to be at worst, in letters
)

// tierVariable is the variable that has no value where a request has no text.
const tierVariable = "complexity_tier"

// variables are what an expression may ask for, besides headers and params.
var variables = map[string]*cel.Type{
	"model": cel.StringType, "provider": cel.StringType, "request_type": cel.StringType,
	"virtual_key_id": cel.StringType, "virtual_key_name": cel.StringType, "team_id": cel.StringType, "team_name": cel.StringType,
	"customer_id": cel.StringType, "customer_name": cel.StringType,
	"budget_used": cel.DoubleType, "tokens_used": cel.DoubleType, "request": cel.DoubleType,
	tierVariable: cel.StringType,
}

// tables are the variables whose entries are looked up by name.
var tables = []string{"headers", "params"}

// language is what expressions are checked against. It is made for the first of them: most gateways have no rule.
var language = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.CrossTypeNumericComparisons(true), cel.ParserRecursionLimit(maxDepth), cel.ParserExpressionSizeLimit(maxLength),
		cel.Function(holds, cel.Overload("holds_bool", []*cel.Type{cel.BoolType}, cel.BoolType, cel.OverloadIsNonStrict(), cel.UnaryBinding(known))),
	}
	for name, t := range variables {
		options = append(options, cel.Variable(name, t))
	}
	for _, name := range tables {
		options = append(options, cel.Variable(name, cel.MapType(cel.StringType, cel.StringType)))
	}
	return cel.NewEnv(options...)
})

// known makes of a comparison that could not be made one that is false.
func known(v ref.Val) ref.Val {
	if types.IsUnknownOrError(v) {
		return types.False
	}
	return v
}

// Program is a compiled expression. It may be used by many at once.
type Program struct{ program cel.Program } // nil = it always matches

// Compile reads an expression; an empty one always matches. It refuses one that could take long.
func Compile(expression string) (*Program, *Error) {
	if strings.TrimSpace(expression) == "" {
		return &Program{}, nil
	}
	if !utf8.ValidString(expression) {
		return nil, &Error{"must be valid UTF-8", 1, 1}
	}
	env, err := language()
	if err != nil {
		return nil, &Error{err.Error(), 1, 1}
	}
	parsed, issues := env.Parse(expression)
	if issues.Err() != nil {
		return nil, misspelt(expression, issues)
	}
	tree := parsed.NativeRep()
	if err := review(tree); err != nil {
		return nil, err
	}
	guard(tree)
	checked, issues := env.Check(parsed)
	if issues.Err() != nil {
		return nil, mistaken(tree, issues)
	}
	if t := checked.OutputType(); !t.IsExactType(cel.BoolType) {
		return nil, &Error{fmt.Sprintf("must be true or false in the end, not %s; compare it with something", word(t.String())), 1, 1}
	}
	worst, err := env.EstimateCost(checked, sizes{})
	if err != nil || worst.Max > maxCost {
		return nil, &Error{"would take too long to ask of each request; make it simpler", 1, 1}
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, &Error{plain(err.Error()), 1, 1}
	}
	return &Program{program}, nil
}

// matches reports whether a request is one that the expression means.
func (p *Program) matches(v *view) (bool, error) {
	if p.program == nil {
		return true, nil
	}
	result, _, err := p.program.Eval(v)
	if err != nil {
		return false, err
	}
	matched, ok := result.(types.Bool)
	if !ok {
		return false, errors.New("it is neither true nor false")
	}
	return bool(matched), nil
}

// sizes says how long texts and lists are at worst where the language does not know it.
type sizes struct{}

// EstimateSize is the size of a value that comes from outside.
func (sizes) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	if node.ComputedSize() != nil || node.Expr() != nil && node.Expr().Kind() == ast.LiteralKind {
		return nil
	}
	switch node.Type().Kind() {
	case types.StringKind, types.BytesKind, types.ListKind, types.MapKind:
		return &cost.SizeEstimate{Min: 0, Max: maxText}
	default:
		return nil
	}
}

// EstimateCallCost leaves the cost of every function as the language has it.
func (sizes) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

// vocabulary are the names of all variables, in the order of the alphabet.
func vocabulary() []string {
	all := slices.Clone(tables)
	for name := range variables {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
