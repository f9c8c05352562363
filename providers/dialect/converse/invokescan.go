package converse

import (
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/eventstream"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// invokeTee reads usage, finish and error off the stream of any model: what the messages dialect says, what this one
// says, or what stands plainly in the chunks, in this order.
type invokeTee struct {
	messages dialect.Tee
	own      tee
	plain    plainScan
	split    eventstream.Splitter
	data     []byte
	text     []byte
	err      error
}

func (t *invokeTee) Feed(p []byte) {
	if t.err != nil {
		return
	}
	if err := t.split.Feed(p, t.frame); err != nil {
		t.err = err
	}
}

func (t *invokeTee) Result() dialect.Scan {
	s, own, plain := t.messages.Result(), t.own.Result(), t.plain.result()
	for _, other := range []dialect.Scan{own, plain} {
		if !s.HasUsage && other.HasUsage {
			s.Usage, s.HasUsage = other.Usage, true
		}
		if !s.Done && other.Done {
			s.Finish, s.Done = other.Finish, true
		}
		if s.Err == nil {
			s.Err = other.Err
		}
	}
	return s
}

func (t *invokeTee) frame(frame []byte) {
	m, err := eventstream.Parse(frame)
	if t.err == nil {
		t.err = err
	}
	if t.err != nil {
		return
	}
	if string(m.Header(eventType)) != "chunk" {
		if e := streamError(m); e != nil && t.own.out.Err == nil {
			t.own.out.Err = e
		}
		return
	}
	if t.data, err = unwrap(t.data[:0], m.Payload); err == nil && rawjson.IsObject(t.data) {
		t.chunk(t.data)
	}
}

func (t *invokeTee) chunk(data []byte) {
	it := rawjson.Object(data)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "type":
			t.text = sse.AppendData(t.text[:0], data)
			t.messages.Feed(t.text)
		case "messageStop":
			t.own.stop(v)
		case "metadata":
			if u, ok, _ := rawjson.Get(v, "usage"); ok && rawjson.IsObject(u) {
				t.own.usage = append(t.own.usage[:0], u...)
			}
		default:
			t.plain.member(&it)
		}
	}
}

// plainScan gathers what the answers of models say that speak no dialect of ours.
type plainScan struct {
	usage   llm.Usage
	cached  int64 // tokens that came from the cache, beside the input
	wrote   int64
	counted bool
	reason  string
	ended   bool
}

func (p *plainScan) read(obj []byte) {
	it := rawjson.Object(obj)
	for it.Next() {
		p.member(&it)
	}
}

// member reads one member of an answer, of a chunk or of what is nested in them.
func (p *plainScan) member(it *rawjson.Iter) {
	v := it.Value()
	if rawjson.IsNull(v) {
		return
	}
	switch string(it.Key()) {
	case metricsKey:
		p.ended = true
		p.nested(v)
	case "usage":
		p.nested(v)
	case "results", "outputs", "generations", "choices":
		p.list(v)
	case "prompt_token_count", "inputTextTokenCount", "inputTokenCount", "prompt_tokens":
		larger(&p.usage.Input, v)
		p.counted = true
	case "generation_token_count", "totalOutputTextTokenCount", "outputTokenCount", "completion_tokens", "tokenCount":
		larger(&p.usage.Output, v)
		p.counted = true
	case "cacheReadInputTokenCount":
		larger(&p.cached, v)
	case "cacheWriteInputTokenCount":
		larger(&p.wrote, v)
	case "stop_reason", "finish_reason", "completionReason":
		if rawjson.IsString(v) && len(v) > 2 {
			_ = dialect.String(&p.reason, v)
		}
	}
}

func (p *plainScan) nested(v []byte) {
	if rawjson.IsObject(v) {
		p.read(v)
	}
}

func (p *plainScan) list(v []byte) {
	if !rawjson.IsArray(v) {
		return
	}
	it := rawjson.Array(v)
	for it.Next() {
		p.nested(it.Value())
	}
}

// reasons are the words of the models for why they stopped, in small letters.
var reasons = map[string]string{
	"stop": llm.FinishStop, "finish": llm.FinishStop, "finished": llm.FinishStop, "complete": llm.FinishStop, "endoftext": llm.FinishStop,
	"length": llm.FinishLength, "max_tokens": llm.FinishLength,
	"tool_calls": llm.FinishTools, "tool_call": llm.FinishTools, "tool_use": llm.FinishTools,
	"content_filtered": llm.FinishFilter, "content_filter": llm.FinishFilter, "error_toxic": llm.FinishFilter,
}

func (p *plainScan) result() (s dialect.Scan) {
	s.Usage, s.HasUsage = p.usage, p.counted
	s.Usage.CacheRead, s.Usage.CacheWrite = p.cached, p.wrote
	s.Usage.Input += p.cached + p.wrote
	s.Done = p.ended || p.reason != ""
	if p.reason != "" {
		reason, ok := reasons[strings.ToLower(p.reason)]
		if !ok {
			reason = llm.FinishOther
		}
		s.Finish = llm.Finish{Reason: reason, Raw: p.reason}
	}
	return s
}
