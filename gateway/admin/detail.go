package admin

import (
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
	"heimdall/providers/llm"
)

// shown is the dialect in which the log shows every conversation.
const shown = "chat"

// detail is a record with its bodies, as they are and in one common shape.
func (a *Admin) detail(r *exchange.Record) LogDetail {
	d := newDetail(entry(r))
	d.RawRequest, d.UpstreamRequest = body(r.Request), body(r.Sent)
	d.RawResponse, d.ClientResponse = body(a.transcript.Legible(r.UpstreamDialect, r, r.Response)), body(a.transcript.Legible(r.Dialect, r, r.Answer))
	d.DecodedBecause, d.UpstreamLatency, d.ConfigVersion = r.DecodedBecause, known(r.Upstream), r.ConfigVersion
	d.RequestHeaders, d.ResponseHeaders, d.Spans = headerFields(r.Header), headerFields(r.ResponseHeader), spans(r)
	upstream, client := a.upstreamSide(r), a.clientSide(r)
	d.UpstreamFrames, d.ClientFrames = upstream.count(), client.count()
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
	if req := a.transcript.Request(r); req != nil {
		d.InputHistory, d.Tools, d.Params = a.showRequest(req)
	}
	if resp := a.transcript.Response(r); resp != nil {
		d.OutputMessage = a.showResponse(resp)
	}
	return d
}

// newDetail is a detail of which no more than the row is known.
func newDetail(e LogEntry) LogDetail {
	return LogDetail{
		LogEntry: e, Warnings: []Warning{}, AttemptTrail: []Attempt{}, Routing: []RoutingStep{}, RequestHeaders: []HeaderField{},
		ResponseHeaders: []HeaderField{}, Spans: []Span{}, Replays: []string{},
	}
}

// inFlight is the detail of a row whose bodies are not in the log yet.
func inFlight(e LogEntry) LogDetail {
	d := newDetail(e)
	why := Body{Missing: "the request is still running"}
	d.RawRequest, d.UpstreamRequest, d.RawResponse, d.ClientResponse = why, why, why, why
	return d
}

// headerFields are the fields of a header that is in lines, without what proves who somebody is.
func headerFields(lines []byte) []HeaderField {
	out := []HeaderField{}
	for name, value := range exchange.Lines(exchange.MaskHeader(lines)) {
		if value == exchange.Masked {
			out = append(out, HeaderField{Name: name, Masked: true})
			continue
		}
		out = append(out, HeaderField{Name: name, Value: value})
	}
	return out
}

func spans(r *exchange.Record) []Span {
	out := make([]Span, len(r.Spans))
	for i, s := range r.Spans {
		out[i] = Span{string(s.Phase), s.Attempt, milliseconds(s.Start), milliseconds(s.Duration)}
	}
	return out
}

// maxReplays is how many repetitions of a request are named.
const maxReplays = 100

// replaysOf are the requests that repeat the one with that id, the newest first.
func (a *Admin) replaysOf(ctx context.Context, id string) ([]string, error) {
	page, err := a.Logs.Search(ctx, observe.Query{Where: filter.OneOf(filter.Parent, id), SortBy: "timestamp", Limit: maxReplays})
	if err != nil {
		return nil, err
	}
	out := make([]string, len(page.Records))
	for i, r := range page.Records {
		out[i] = r.ID
	}
	return out, nil
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
