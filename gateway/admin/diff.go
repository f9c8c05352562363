package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"heimdall/gateway/exchange"
	"heimdall/gateway/jsondiff"
	"heimdall/providers/llm"
)

// diffLogs compares two requests of the log and their answers.
func (a *Admin) diffLogs(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	ids := [2]string{p.text("first"), p.text("second")}
	for i, name := range [...]string{"first", "second"} {
		if ids[i] == "" {
			p.fail(name, "is missing; name an entry of the log")
		}
	}
	if err := p.done(); err != nil {
		return nil, err
	}
	var both [2]*exchange.Record
	for i, id := range ids {
		rec, err := a.ended(ctx, id)
		if err != nil {
			return nil, err
		}
		both[i] = rec
	}
	return answer(a.diff(both[0], both[1]))
}

func (a *Admin) diff(first, second *exchange.Record) LogDiff {
	out := LogDiff{First: entry(first), Second: entry(second), Text: []DiffPart{}, Thought: []DiffPart{}, Calls: []DiffCall{}, Numbers: diffNumbers(first, second)}
	out.Request, out.More = a.diffRequests(first, second)
	said, andSaid := a.transcript.Response(first), a.transcript.Response(second)
	switch {
	case said == nil && andSaid == nil:
		out.Missing = "the log has no answer of either"
	case said == nil:
		out.Missing = "the log has no answer of the first"
	case andSaid == nil:
		out.Missing = "the log has no answer of the second"
	}
	out.Text = diffWords(spoken(said, llm.PartText), spoken(andSaid, llm.PartText))
	out.Thought = diffWords(spoken(said, llm.PartReasoning), spoken(andSaid, llm.PartReasoning))
	out.Calls = diffCalls(calls(said), calls(andSaid))
	return out
}

// spoken is all text of a kind that an answer has.
func spoken(r *llm.Response, kind llm.Kind) string {
	var texts []string
	if r != nil {
		for _, c := range r.Choices {
			for _, p := range c.Parts {
				if p.Kind == kind && p.Text != "" {
					texts = append(texts, p.Text)
				}
			}
		}
	}
	return strings.Join(texts, "\n\n")
}

func calls(r *llm.Response) (out []llm.ToolCall) {
	if r != nil {
		for _, c := range r.Choices {
			for _, p := range c.Parts {
				if p.Call != nil {
					out = append(out, *p.Call)
				}
			}
		}
	}
	return out
}

// diffCalls pairs calls of the same tool in their order.
func diffCalls(first, second []llm.ToolCall) []DiffCall {
	out := []DiffCall{}
	rest := slices.Clone(second)
	for _, c := range first {
		one := arguments(c)
		d := DiffCall{Name: c.Name, First: &one}
		if i := slices.IndexFunc(rest, func(o llm.ToolCall) bool { return o.Name == c.Name }); i >= 0 {
			other := arguments(rest[i])
			d.Second, d.Same = &other, one == other
			d.Arguments = diffWords(one, other)
			rest = slices.Delete(rest, i, i+1)
		} else {
			d.Arguments = diffWords(one, "")
		}
		out = append(out, d)
	}
	for _, c := range rest {
		one := arguments(c)
		out = append(out, DiffCall{Name: c.Name, Second: &one, Arguments: diffWords("", one)})
	}
	return out
}

// arguments are those of a call, written in one way whatever way the model wrote them; what is no JSON stays as it is.
func arguments(c llm.ToolCall) string {
	v, err := jsondiff.Parse([]byte(c.Arguments))
	if err != nil {
		return c.Arguments
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if e.Encode(v) != nil {
		return c.Arguments
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func diffNumbers(first, second *exchange.Record) []DiffNumber {
	out := []DiffNumber{}
	add := func(name, unit string, of func(*exchange.Record) *float64) {
		n := DiffNumber{Name: name, Unit: unit, First: of(first), Second: of(second)}
		if n.First != nil || n.Second != nil {
			out = append(out, n)
		}
	}
	tokens := func(name string, of func(llm.Usage) int64) {
		add(name, "tokens", func(r *exchange.Record) *float64 {
			if !r.HasUsage {
				return nil
			}
			n := float64(of(r.Usage))
			return &n
		})
	}
	tokens("Input", func(u llm.Usage) int64 { return u.Input })
	tokens("Cached input", func(u llm.Usage) int64 { return u.CacheRead })
	tokens("Output", func(u llm.Usage) int64 { return u.Output })
	tokens("Reasoning", func(u llm.Usage) int64 { return u.Reasoning })
	add("Cost", "usd", func(r *exchange.Record) *float64 {
		if !r.Cost.Known {
			return nil
		}
		return &r.Cost.Total
	})
	add("Latency", "ms", func(r *exchange.Record) *float64 { return known(r.Latency) })
	add("First byte", "ms", func(r *exchange.Record) *float64 { return known(r.TTFT) })
	add("At the provider", "ms", func(r *exchange.Record) *float64 { return known(r.Upstream) })
	add("Output per second", "tokens/s", throughput)
	return out
}

// throughput is how many tokens came per second, of a stream since its first byte.
func throughput(r *exchange.Record) *float64 {
	took := r.Latency
	if r.Stream && r.TTFT > 0 {
		took -= r.TTFT
	}
	if !r.HasUsage || r.Usage.Output == 0 || took < time.Millisecond {
		return nil
	}
	n := float64(r.Usage.Output) / took.Seconds()
	return &n
}

// maxFields and maxField bound what is said of requests that differ: places, and bytes of a value.
const maxFields, maxField = 200, 2000

// diffRequests compares what was asked: as it was written where both are of one dialect, else in a common shape.
func (a *Admin) diffRequests(first, second *exchange.Record) (out []DiffField, more bool) {
	out = []DiffField{}
	one, other := parsed(first), parsed(second)
	if first.Dialect != second.Dialect || one == nil || other == nil {
		one, other = a.common(first), a.common(second)
	}
	var changes []jsondiff.Change
	if one != nil && other != nil {
		changes, more = jsondiff.Compare(one, other, maxFields)
	}
	if !slices.ContainsFunc(changes, func(c jsondiff.Change) bool { return c.Path == "model" }) && first.RequestedModel != second.RequestedModel {
		asked, also := quoted(first.RequestedModel), quoted(second.RequestedModel)
		changes = append([]jsondiff.Change{{Path: "model", First: &asked, Second: &also}}, changes...)
	}
	for _, c := range changes {
		out = append(out, DiffField{c.Path, shortened(c.First), shortened(c.Second)})
	}
	return out, more
}

// parsed is the body of a request; nil where the log does not have it, or it is no JSON.
func parsed(r *exchange.Record) any {
	if r.Request.Cut() || len(r.Request.Data) == 0 {
		return nil
	}
	v, err := jsondiff.Parse(r.Request.Data)
	if err != nil {
		return nil
	}
	return v
}

// common is a request in the dialect in which the log shows every conversation; nil where it can't be read.
func (a *Admin) common(r *exchange.Record) any {
	chat, ok := a.Dialects(shown)
	req := a.transcript.Request(r)
	if !ok || req == nil {
		return nil
	}
	data, _, err := chat.Client.EncodeRequest(req)
	if err != nil {
		return nil
	}
	v, err := jsondiff.Parse(data)
	if err != nil {
		return nil
	}
	return v
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(b)
}

func shortened(value *string) *string {
	if value == nil || len(*value) <= maxField {
		return value
	}
	end := maxField
	for !utf8.RuneStart((*value)[end]) {
		end--
	}
	s := (*value)[:end] + "…"
	return &s
}
