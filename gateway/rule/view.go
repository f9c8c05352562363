package rule

import (
	"fmt"
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"

	"heimdall/gateway/complexity"
)

// view shows an Input to an expression. Nothing is looked up that is not asked for.
type view struct {
	in       *Input
	headers  names
	params   names
	measured bool
	used     [3]float64 // budget, tokens, requests

	grade      func() *complexity.Analyzer
	graded     bool
	complexity complexity.Grade
}

// forget drops what was looked up for another provider and model.
func (v *view) forget() { v.measured = false }

// ResolveName finds a variable.
func (v *view) ResolveName(name string) (any, bool) {
	in, who := v.in, &v.in.Identity
	switch name {
	case "model":
		return types.String(in.Model), true
	case "provider":
		return types.String(in.Provider), true
	case "request_type":
		return types.String(in.RequestType), true
	case "headers":
		v.headers.find = in.Header
		return &v.headers, true
	case "params":
		v.params.find, v.params.has = in.Param, in.HasParam
		return &v.params, true
	case "virtual_key_id":
		return types.String(who.VirtualKeyID), true
	case "virtual_key_name":
		return types.String(who.VirtualKeyName), true
	case "team_id":
		return types.String(who.TeamID), true
	case "team_name":
		return types.String(who.TeamName), true
	case "customer_id":
		return types.String(who.CustomerID), true
	case "customer_name":
		return types.String(who.CustomerName), true
	case "budget_used":
		return v.percent(0), true
	case "tokens_used":
		return v.percent(1), true
	case "request":
		return v.percent(2), true
	case tierVariable:
		return v.tier()
	}
	return nil, false
}

// Parent is that of an activation; a view has none.
func (v *view) Parent() interpreter.Activation { return nil }

func (v *view) percent(i int) types.Double {
	if !v.measured && v.in.Used != nil {
		v.used[0], v.used[1], v.used[2] = v.in.Used(v.in.Provider, v.in.Model)
		v.measured = true
	}
	return types.Double(v.used[i])
}

// tier is how complex the request is; it is not there where that has no text.
func (v *view) tier() (any, bool) {
	if !v.graded {
		v.complexity, v.graded = v.grade().Grade(v.in.Body), true
	}
	return types.String(v.complexity.Tier), v.complexity.Tier != ""
}

// names is a table of texts by name whose entries are looked up one by one. What has no value is not in it, but where
// has says otherwise. What asks for all of it is refused when an expression is compiled.
type names struct {
	find func(string) string
	has  func(string) bool
}

// Find looks up a name.
func (n *names) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok || n.find == nil {
		return nil, false
	}
	value := n.find(string(name))
	if value == "" && (n.has == nil || !n.has(string(name))) {
		return nil, false
	}
	return types.String(value), true
}

// Contains reports whether a name is there.
func (n *names) Contains(key ref.Val) ref.Val {
	_, ok := n.Find(key)
	return types.Bool(ok)
}

// Get looks up a name that must be there.
func (n *names) Get(key ref.Val) ref.Val {
	if value, ok := n.Find(key); ok {
		return value
	}
	return types.NewErr("there is no %v", key)
}

// ConvertToNative and the other methods make names a value of the language.
func (n *names) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("a table of names cannot become %s", t)
}
func (n *names) ConvertToType(ref.Type) ref.Val { return types.NewErr("a table of names stays one") }
func (n *names) Equal(other ref.Val) ref.Val    { return types.Bool(other == ref.Val(n)) }
func (n *names) Type() ref.Type                 { return types.MapType }
func (n *names) Value() any                     { return n }
func (n *names) Size() ref.Val                  { return types.IntZero }
func (n *names) Iterator() traits.Iterator {
	return types.NewStringList(types.DefaultTypeAdapter, nil).Iterator()
}

var (
	_ interpreter.Activation = (*view)(nil)
	_ traits.Mapper          = (*names)(nil)
)
