package admin

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"heimdall/gateway/exchange"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// shown is the dialect in which the log shows every conversation.
const shown = "chat"

// detail is a record with its bodies, as they are and in one common shape.
func (a *Admin) detail(r *exchange.Record) LogDetail {
	d := LogDetail{
		LogEntry: entry(r), RawRequest: body(r.Request), RawResponse: body(a.legible(r)), Warnings: []Warning{},
		AttemptTrail: []Attempt{}, DecodedBecause: r.DecodedBecause, UpstreamLatency: known(r.Upstream),
		ConfigVersion: r.ConfigVersion, Routing: []RoutingStep{},
	}
	if r.Fallback > 0 {
		d.PrimaryProvider, d.PrimaryModel = r.PrimaryProvider, r.PrimaryModel
	}
	if c := r.Cost; c.Known {
		d.CostDetails = &CostDetails{c.Input, c.CacheRead, c.CacheWrite, c.Output, c.Reasoning, c.Request, c.Total}
	}
	for _, s := range r.Routing {
		d.Routing = append(d.Routing, RoutingStep(s))
	}
	for _, w := range r.Warnings {
		d.Warnings = append(d.Warnings, Warning(w))
	}
	for _, t := range r.Attempts {
		d.AttemptTrail = append(d.AttemptTrail, Attempt{t.Provider, t.Model, t.KeyName, t.Status, t.Error, t.Fallback, milliseconds(t.Duration)})
	}
	if r.Op != llm.OpChat {
		return d
	}
	if req := a.request(r); req != nil {
		d.InputHistory, d.Tools, d.Params = a.showRequest(req)
	}
	if resp := a.response(r); resp != nil {
		d.OutputMessage = a.showResponse(resp)
	}
	return d
}

// inFlight is the detail of a row whose bodies are not in the log yet.
func inFlight(e LogEntry) LogDetail {
	const why = "the request is still running"
	return LogDetail{
		LogEntry: e, RawRequest: Body{Missing: why}, RawResponse: Body{Missing: why}, Warnings: []Warning{},
		AttemptTrail: []Attempt{}, Routing: []RoutingStep{},
	}
}

// legible is what the provider sent, as text where it came in binary frames.
func (a *Admin) legible(r *exchange.Record) exchange.Body {
	b := r.Response
	if d, ok := a.Dialects(r.UpstreamDialect); ok && d.Text != nil && r.Stream && len(b.Data) > 0 && !looksLikeJSON(b.Data) {
		cut := b.Cut()
		b.Data = d.Text(b.Data)
		if !cut {
			b.Size = int64(len(b.Data))
		}
	}
	return b
}

func body(b exchange.Body) Body {
	out := Body{Text: strings.ToValidUTF8(string(b.Data), string(utf8.RuneError)), Size: b.Size, Cut: b.Cut()}
	switch {
	case b.Size == 0:
		out.Missing = "there was none"
	case len(b.Data) == 0:
		out.Missing, out.Cut = "it was not kept: the log keeps no content, or had to make room", false
	}
	return out
}

// request decodes what the client sent; nil where that can't be read.
func (a *Admin) request(r *exchange.Record) *llm.Request {
	d, ok := a.Dialects(r.Dialect)
	if !ok || len(r.Request.Data) == 0 || r.Request.Cut() {
		return nil
	}
	req, err := d.Server.DecodeRequest(dialect.Path{Model: r.RequestedModel, Stream: r.Stream}, r.Request.Data)
	if err != nil {
		return nil
	}
	return req
}

// response decodes what the provider sent; nil where that can't be read. Of a stream that broke off it is what came.
func (a *Admin) response(r *exchange.Record) *llm.Response {
	d, ok := a.Dialects(r.UpstreamDialect)
	if !ok || len(r.Response.Data) == 0 {
		return nil
	}
	if !r.Stream || looksLikeJSON(r.Response.Data) {
		resp, err := d.Client.DecodeResponse(r.Response.Data)
		if err != nil || r.HTTPStatus >= 400 {
			return nil
		}
		return resp
	}
	resp, err := llm.Fold(whole(d.Client.Decoder(), r.Response.Data))
	if err != nil {
		return nil
	}
	return resp
}

func looksLikeJSON(b []byte) bool {
	return strings.HasPrefix(strings.TrimSpace(string(b[:min(len(b), 64)])), "{")
}

// whole yields the events of a logged stream, and finishes what it did not.
func whole(d dialect.Decoder, data []byte) func(yield func(llm.Event) bool) {
	return func(yield func(llm.Event) bool) {
		open := map[int]bool{}
		for _, e := range d.Close(d.Feed(nil, data)) {
			switch e.Type {
			case llm.EventError:
				continue
			case llm.EventBlockStart, llm.EventDelta:
				open[e.Choice] = true
			case llm.EventFinish:
				delete(open, e.Choice)
			case llm.EventStart, llm.EventBlockEnd, llm.EventUsage:
			}
			if !yield(e) {
				return
			}
		}
		for choice := range open {
			if !yield(llm.Event{Type: llm.EventFinish, Choice: choice, Finish: &llm.Finish{Reason: llm.FinishOther}}) {
				return
			}
		}
	}
}

// showRequest splits a request into its messages, its tools and everything else.
func (a *Admin) showRequest(req *llm.Request) (messages, tools, params json.RawMessage) {
	chat, ok := a.Dialects(shown)
	if !ok {
		return nil, nil, nil
	}
	data, _, err := chat.Client.EncodeRequest(req)
	var fields map[string]json.RawMessage
	if err != nil || json.Unmarshal(data, &fields) != nil {
		return nil, nil, nil
	}
	messages, tools = fields["messages"], fields["tools"]
	for _, name := range []string{"messages", "tools", "model", "stream", "stream_options"} {
		delete(fields, name)
	}
	params, err = json.Marshal(fields)
	if err != nil {
		return messages, tools, nil
	}
	return messages, tools, params
}

func (a *Admin) showResponse(resp *llm.Response) json.RawMessage {
	chat, ok := a.Dialects(shown)
	if !ok {
		return nil
	}
	data, _ := chat.Server.EncodeResponse(resp)
	var answer struct {
		Choices []struct {
			Message json.RawMessage `json:"message"`
		} `json:"choices"`
	}
	if json.Unmarshal(data, &answer) != nil || len(answer.Choices) == 0 {
		return nil
	}
	return answer.Choices[0].Message
}
