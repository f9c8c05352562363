package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// common are the parameters that every conversation has, whatever its dialect calls them: each sets one of the canonical
// ones from its JSON, null takes it away.
var common = map[string]func(p *llm.Params, value []byte) error{
	"max_tokens":        func(p *llm.Params, v []byte) error { return json.Unmarshal(v, &p.MaxTokens) },
	"temperature":       func(p *llm.Params, v []byte) error { return json.Unmarshal(v, &p.Temperature) },
	"top_p":             func(p *llm.Params, v []byte) error { return json.Unmarshal(v, &p.TopP) },
	"top_k":             func(p *llm.Params, v []byte) error { return json.Unmarshal(v, &p.TopK) },
	"seed":              func(p *llm.Params, v []byte) error { return json.Unmarshal(v, &p.Seed) },
	"presence_penalty":  func(p *llm.Params, v []byte) error { return json.Unmarshal(v, &p.PresencePenalty) },
	"frequency_penalty": func(p *llm.Params, v []byte) error { return json.Unmarshal(v, &p.FrequencyPenalty) },
	"stop":              setStop,
	"reasoning_effort":  setEffort,
}

func setStop(p *llm.Params, v []byte) error {
	p.Stop = nil
	if !rawjson.IsString(v) {
		return json.Unmarshal(v, &p.Stop)
	}
	var one string
	err := json.Unmarshal(v, &one)
	p.Stop = []string{one}
	return err
}

func setEffort(p *llm.Params, v []byte) error {
	var effort *string
	if err := json.Unmarshal(v, &effort); err != nil || effort == nil {
		p.Reasoning = nil
		return err
	}
	if p.Reasoning == nil {
		p.Reasoning = &llm.Reasoning{}
	}
	p.Reasoning.Effort, p.Reasoning.Budget, p.Reasoning.Enabled = *effort, nil, nil
	return nil
}

// fixed are members of a body that say what is asked of whom; they have places of their own in a replay, or stay.
var fixed = []string{"model", "stream", "fallbacks"}

// replaceParams replaces parameters in the body of a request. One that the body has under the name is replaced there;
// one that every conversation has, where the dialect has it. All else of the body stays as it was written.
func replaceParams(d dialect.Dialect, at dialect.Path, op llm.Op, body []byte, params map[string]json.RawMessage) ([]byte, error) {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if slices.Contains(fixed, name) {
			return nil, refuseParam("params."+name, "can't be replaced like this: name another model with model and provider; streams stay streams")
		}
		next, err := replaceParam(d, at, op, body, name, bytes.TrimSpace(params[name]))
		if err != nil {
			return nil, err
		}
		body = next
	}
	return body, nil
}

func replaceParam(d dialect.Dialect, at dialect.Path, op llm.Op, body []byte, name string, value []byte) ([]byte, error) {
	set, shared := common[name]
	if op == llm.OpChat && shared {
		return replaceCommon(d, at, body, name, value, set)
	}
	if _, there, err := rawjson.Get(body, name); err != nil || !there {
		return nil, refuseParam("params."+name, "this request has no such parameter; it has %s; every conversation has %s",
			membersOf(body), strings.Join(slices.Sorted(maps.Keys(common)), ", "))
	}
	next, err := put(body, name, value)
	if err == nil {
		_, err = d.Server.DecodeRequest(at, next)
	}
	if err != nil {
		return nil, refuseParam("params."+name, "%s", llm.AsError(err).Message)
	}
	return next, nil
}

// replaceCommon tries the places where a dialect may have a parameter, and takes the first where it is read again.
func replaceCommon(d dialect.Dialect, at dialect.Path, body []byte, name string, value []byte, set func(*llm.Params, []byte) error) ([]byte, error) {
	was, err := d.Server.DecodeRequest(at, body)
	if err != nil {
		return nil, err
	}
	want, err := d.Server.DecodeRequest(at, body) // apart from the other: nothing of it is shared
	if err != nil {
		return nil, err
	}
	if err := set(&want.Params, value); err != nil {
		return nil, refuseParam("params."+name, "%s is no value for it", value)
	}
	var wrong error
	places := []func() ([]byte, error){
		func() ([]byte, error) { return put(body, name, value) },
		func() ([]byte, error) { return transplant(d, was, want, body) },
		func() ([]byte, error) { return encoded(d, want) },
	}
	if _, there, err := rawjson.Get(body, name); err == nil && !there && stated(was.Params, set) {
		places = places[1:] // the body says it by another name, which must not stand beside this one
	}
	for _, place := range places {
		next, err := place()
		if err != nil {
			continue
		}
		got, err := d.Server.DecodeRequest(at, next)
		if err != nil {
			wrong = err
			continue
		}
		if taken(was.Params, want.Params, got.Params) {
			return next, nil
		}
	}
	if wrong != nil {
		return nil, refuseParam("params."+name, "%s", llm.AsError(wrong).Message)
	}
	return nil, refuseParam("params."+name, "requests of this kind (%s) have no place for it", d.Name)
}

// stated reports whether parameters have a value for one of them.
func stated(p llm.Params, set func(*llm.Params, []byte) error) bool {
	without := p
	return set(&without, []byte("null")) == nil && !reflect.DeepEqual(p, without)
}

// taken reports whether a request says what was wanted. How much a model is to think has a unit of its own in every
// dialect, so there it is enough that it says something else than before.
func taken(was, want, got llm.Params) bool {
	thought, wanted, thinks := was.Reasoning, want.Reasoning, got.Reasoning
	was.Reasoning, want.Reasoning, got.Reasoning = nil, nil, nil
	if reflect.DeepEqual(thought, wanted) || wanted == nil {
		return reflect.DeepEqual(wanted, thinks) && same(want, got)
	}
	return thinks != nil && !reflect.DeepEqual(thought, thinks)
}

// same compares parameters; an empty list is none.
func same(a, b llm.Params) bool {
	if len(a.Stop)+len(b.Stop) == 0 {
		a.Stop, b.Stop = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

func encoded(d dialect.Dialect, r *llm.Request) ([]byte, error) {
	body, _, err := d.Client.EncodeRequest(r)
	return body, err
}

// transplant changes in body what makes the dialect's own text of two requests differ.
func transplant(d dialect.Dialect, was, want *llm.Request, body []byte) ([]byte, error) {
	before, err := encoded(d, was)
	if err != nil {
		return nil, err
	}
	after, err := encoded(d, want)
	if err != nil {
		return nil, err
	}
	return mergeObjects(body, before, after)
}

// errElsewhere says that a body has something under another name than its dialect's own text of it.
var errElsewhere = errors.New("the body says it elsewhere")

// mergeObjects sets in body every member that differs between two objects, and removes those that only the first has.
func mergeObjects(body, before, after []byte) ([]byte, error) {
	var old, fresh map[string]json.RawMessage
	if err := json.Unmarshal(before, &old); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(after, &fresh); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(fresh)) {
		value := []byte(fresh[name])
		if bytes.Equal(old[name], value) {
			continue
		}
		mine, there, err := rawjson.Get(body, name)
		if err != nil || !there && old[name] != nil {
			return nil, errElsewhere
		}
		if rawjson.IsObject(mine) && rawjson.IsObject(old[name]) && rawjson.IsObject(value) {
			if value, err = mergeObjects(mine, old[name], value); err != nil {
				return nil, err
			}
		}
		next, err := put(body, name, value)
		if err != nil {
			return nil, err
		}
		body = next
	}
	for name := range old {
		if _, kept := fresh[name]; !kept {
			if _, there, err := rawjson.Get(body, name); err != nil || !there {
				return nil, errElsewhere
			}
			next, err := rawjson.Delete(nil, body, name)
			if err != nil {
				return nil, err
			}
			body = next
		}
	}
	return body, nil
}

// put sets a member of an object; null takes it away.
func put(object []byte, name string, value []byte) ([]byte, error) {
	if rawjson.IsNull(value) {
		return rawjson.Delete(nil, object, name)
	}
	return rawjson.Set(nil, object, name, value)
}

// membersOf names what a body has at its top.
func membersOf(body []byte) string {
	var names []string
	it := rawjson.Object(body)
	for it.Next() {
		names = append(names, string(it.Key()))
	}
	return strings.Join(names, ", ")
}
