package converse_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/eventstream"
	"heimdall/providers/llm"
)

const (
	head = "messageStart {\"role\":\"assistant\"}\n"
	body = "contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"hi\"}}\ncontentBlockStop {\"contentBlockIndex\":0}\n"
	tail = "messageStop {\"stopReason\":\"end_turn\"}\n"
	meta = "metadata {\"usage\":{\"inputTokens\":3,\"outputTokens\":9},\"metrics\":{\"latencyMs\":1}}\n"
)

func TestStreamEnds(t *testing.T) {
	damaged := binary(head + body + tail)
	damaged[len(damaged)-1] ^= 1
	noPrelude := append(binary(head), "HTTP/1.1 200 OK\r\n"...)
	for _, c := range []struct {
		name string
		in   []byte
		kind llm.ErrorKind
	}{
		{"whole", binary(head + body + tail + meta), ""},
		{"no metadata", binary(head + body + tail), ""},
		{"no messageStart", binary(body + tail + meta), ""},
		{"unknown events", binary(head + "tomorrow {\"x\":1}\n" + body + tail + meta), ""},
		{"block left open", binary(head + strings.Replace(body, "contentBlockStop", "tomorrow", 1) + tail + meta), ""},
		{"text of two kinds under one index", binary(head + "contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"h\"}}\n" +
			"contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"signature\":\"s\"}}}\n" +
			"contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"i\"}}\n" + tail + meta), ""},
		{"more after the end", binary(head + body + tail + body + tail + meta), ""},
		{"nothing", nil, llm.KindTruncated},
		{"no messageStop", binary(head + body), llm.KindTruncated},
		{"only metadata", binary(head + body + meta), llm.KindTruncated},
		{"an exception", binary(head + body + "throttlingException {\"message\":\"slow down\"}\n"), llm.KindProviderLimited},
		{"the model failed", binary(head + "modelStreamErrorException {\"message\":\"x\",\"originalStatusCode\":500}\n"), llm.KindServerError},
		{"a bad request", binary("validationException {\"message\":\"x\"}\n"), llm.KindInvalidRequest},
		{"an internal failure", binary("internalServerException {\"message\":\"x\"}\n"), llm.KindServerError},
		{"unavailable", binary("serviceUnavailableException {\"message\":\"x\"}\n"), llm.KindOverloaded},
		{"an error message", eventstream.Append(nil, nil, eventstream.Header{Name: ":message-type", Value: "error"},
			eventstream.Header{Name: ":error-code", Value: "InternalFailure"}, eventstream.Header{Name: ":error-message", Value: "oops"}), llm.KindServerError},
		{"no JSON", binary(head + "contentBlockDelta {oops}\n"), llm.KindServerError},
		{"no object", binary(head + "contentBlockDelta 5\n"), llm.KindServerError},
		{"a delta without one", binary(head + "contentBlockDelta {}\n"), llm.KindServerError},
		{"damaged bytes", damaged, llm.KindServerError},
		{"no message", noPrelude, llm.KindServerError},
	} {
		r, err := llm.Fold(slices.Values(dialecttest.Decode(own, c.in, 5)))
		var e *llm.Error
		switch errors.As(err, &e); {
		case c.kind == "" && (err != nil || dialecttest.Text(r) != `thought "" said "hi" called ""`):
			t.Errorf("%s: %v, %+v", c.name, err, r)
		case c.kind == "" && c.name != "no metadata" && (r.Usage == nil || r.Usage.Input != 3 || r.Usage.Output != 9):
			t.Errorf("%s: usage %+v", c.name, r.Usage)
		case c.kind != "" && (e == nil || e.Kind != c.kind || e.Message == ""):
			t.Errorf("%s: %v, want %s", c.name, err, c.kind)
		}
	}
}

func encoded(t *testing.T, events ...llm.Event) (kinds string, out []byte) {
	t.Helper()
	out, _ = dialecttest.Encode(own, nil, append([]llm.Event{{Type: llm.EventStart, Meta: &llm.Meta{ID: "i"}}}, events...))
	for line := range strings.Lines(lines(t, out)) {
		kind, _, _ := strings.Cut(line, " ")
		kinds += kind + " "
	}
	return strings.TrimSpace(kinds), out
}

// TestUsageComesLast: the metadata ends the stream, whenever the usage became known.
func TestUsageComesLast(t *testing.T) {
	finish := llm.Event{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishLength}}
	usage := llm.Event{Type: llm.EventUsage, Usage: &llm.Usage{Input: 5, CacheRead: 2, Output: 7}}
	for _, events := range [][]llm.Event{{finish, usage}, {usage, finish}} {
		kinds, out := encoded(t, events...)
		want := head + "messageStop {\"stopReason\":\"max_tokens\"}\n" +
			`metadata {"usage":{"inputTokens":3,"outputTokens":7,"totalTokens":12,"cacheReadInputTokens":2,"cacheWriteInputTokens":0},"metrics":{"latencyMs":0}}` + "\n"
		if diff := cmp.Diff(want, lines(t, out)); diff != "" {
			t.Errorf("%s: %s", kinds, diff)
		}
	}
	if kinds, _ := encoded(t, finish); kinds != "messageStart messageStop" {
		t.Errorf("without usage: %s", kinds)
	}
	if kinds, _ := encoded(t, llm.Event{Type: llm.EventError, Err: llm.Errorf(llm.KindTruncated, "x")}, finish, usage); kinds != "messageStart modelStreamErrorException" {
		t.Errorf("after an error: %s", kinds)
	}
	if kinds, _ := encoded(t, usage); kinds != "messageStart" {
		t.Errorf("without an end: %s", kinds)
	}
}

// TestOverlap: the endpoint's blocks come one after the other, whatever the order in which the pieces arrive.
func TestOverlap(t *testing.T) {
	start := func(block int, id string) llm.Event {
		return llm.Event{Type: llm.EventBlockStart, Block: block, Part: llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{ID: id, Name: "f"}}}
	}
	piece := func(block int, s string) llm.Event {
		return llm.Event{Type: llm.EventDelta, Block: block, Part: llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{Arguments: s}}}
	}
	end := func(block int) llm.Event { return llm.Event{Type: llm.EventBlockEnd, Block: block} }
	finish := llm.Event{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishStop}}
	for name, events := range map[string][]llm.Event{
		"in turns":     {start(0, "a"), piece(0, `{"x":`), start(1, "b"), piece(1, `{"y":`), piece(0, `1}`), piece(1, `2}`), end(0), end(1), finish},
		"one by one":   {start(0, "a"), piece(0, `{"x":1}`), start(1, "b"), piece(1, `{"y":2}`), end(0), end(1), finish},
		"without ends": {start(0, "a"), piece(0, `{"x":`), start(1, "b"), piece(1, `{"y":2}`), piece(0, `1}`), finish},
	} {
		kinds, out := encoded(t, events...)
		if strings.Count(kinds, "contentBlockStart") != 2 || strings.Count(kinds, "contentBlockStop") != 2 ||
			strings.Index(kinds, "contentBlockStop") > strings.LastIndex(kinds, "contentBlockStart") {
			t.Errorf("%s: %s", name, kinds)
		}
		r, err := llm.Fold(slices.Values(dialecttest.Decode(own, out)))
		if err != nil || dialecttest.Text(r) != `thought "" said "" called "f({\"x\":1}) f({\"y\":2}) "` || r.Choices[0].Finish.Reason != llm.FinishTools {
			t.Errorf("%s: %v, %s", name, err, lines(t, out))
		}
	}
}

// TestRedacted: encrypted thoughts whose data comes after their start are still marked as such.
func TestRedacted(t *testing.T) {
	thought := func(kind llm.EventType, p llm.Part) llm.Event {
		p.Kind = llm.PartReasoning
		return llm.Event{Type: kind, Part: p}
	}
	_, out := encoded(t, thought(llm.EventBlockStart, llm.Part{Redacted: true}), thought(llm.EventDelta, llm.Part{Signature: "c2Vj"}),
		llm.Event{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishStop}})
	if want := `"delta":{"reasoningContent":{"redactedContent":"c2Vj"}}`; !strings.Contains(lines(t, out), want) {
		t.Errorf("%s is not in %s", want, lines(t, out))
	}
}

// TestStopReasons reads each word and writes it again, in an answer that calls a tool.
func TestStopReasons(t *testing.T) {
	for raw, reason := range map[string]string{
		"end_turn": llm.FinishStop, "stop_sequence": llm.FinishStop, "max_tokens": llm.FinishLength, "tool_use": llm.FinishTools,
		"model_context_window_exceeded": llm.FinishLength, "guardrail_intervened": llm.FinishFilter, "content_filtered": llm.FinishFilter,
		"refusal": llm.FinishRefusal, "malformed_model_output": llm.FinishOther, "malformed_tool_use": llm.FinishOther,
	} {
		in := `{"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"1","name":"f","input":{}}}]}},"stopReason":"` + raw + `"}`
		r, err := own.Client.DecodeResponse([]byte(in))
		if err != nil || r.Choices[0].Finish.Reason != reason || r.Choices[0].Finish.Raw != raw {
			t.Errorf("%s: %v, %+v", raw, err, r)
			continue
		}
		if out, _ := own.Server.EncodeResponse(r); !strings.Contains(string(out), `"stopReason":"`+raw+`"`) {
			t.Errorf("%s became %s", raw, out)
		}
	}
	for _, c := range []struct {
		in    llm.Finish
		calls bool
		want  string
	}{
		{llm.Finish{Reason: llm.FinishStop, Raw: "stop"}, false, "end_turn"},
		{llm.Finish{Reason: llm.FinishStop, Raw: "stop"}, true, "tool_use"},
		{llm.Finish{Reason: llm.FinishLength, Raw: "length"}, true, "max_tokens"},
		{llm.Finish{Reason: llm.FinishFilter, Raw: "content_filter"}, false, "content_filtered"},
		{llm.Finish{Reason: llm.FinishPause, Raw: "x"}, false, "end_turn"},
		{llm.Finish{Reason: llm.FinishOther, Raw: "eos"}, false, "eos"},
	} {
		r := &llm.Response{Choices: []llm.Choice{{Finish: c.in}}}
		if c.calls {
			r.Choices[0].Parts = []llm.Part{{Kind: llm.PartCall, Call: &llm.ToolCall{Name: "f"}}}
		}
		if out, _ := own.Server.EncodeResponse(r); !strings.Contains(string(out), `"stopReason":"`+c.want+`"`) {
			t.Errorf("%+v: %s, want %s", c.in, out, c.want)
		}
	}
}

func TestForeignResponse(t *testing.T) {
	r := &llm.Response{ID: "x", Model: "m", Choices: []llm.Choice{
		{Parts: []llm.Part{{Kind: llm.PartText, Text: "a"}}, Finish: llm.Finish{Reason: llm.FinishStop}}, {Index: 1}},
		Usage: &llm.Usage{Input: 7, Output: 2, Reasoning: 1, Raw: []byte(`{"prompt_tokens":7}`)}}
	out, warnings := own.Server.EncodeResponse(r)
	want := `{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}},"stopReason":"end_turn",` +
		`"usage":{"inputTokens":7,"outputTokens":2,"totalTokens":9,"cacheReadInputTokens":0,"cacheWriteInputTokens":0},"metrics":{"latencyMs":0}}`
	if string(out) != want || len(warnings) != 2 || warnings[0].Field != "usage.reasoning" || warnings[1].Field != "choices[1]" {
		t.Errorf("%s, %v", out, warnings)
	}
	for _, in := range []string{`{}`, `[]`, `{"output":{}}`, `{"output":{"message":{"content":"x"}}}`, `oops`} {
		var e *llm.Error
		if _, err := own.Client.DecodeResponse([]byte(in)); !errors.As(err, &e) || e.Kind != llm.KindServerError {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestAllocations(t *testing.T) {
	in := []byte(`{"messages":[{"role":"user","content":[{"text":"` + strings.Repeat("hi ", 1000) + `"}]}]}`)
	if n := testing.AllocsPerRun(100, func() { _, _ = own.Server.Peek(claude, in) }); n > 0 {
		t.Errorf("peek allocates %v times", n)
	}
	for name, c := range map[string]struct {
		d                dialect.Dialect
		head, body, tail string
	}{
		"converse": {own, head, body, tail + meta},
		"invoke": {invoke, `chunk {"type":"message_start","message":{"usage":{"input_tokens":3}}}`,
			`chunk {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}`,
			`chunk {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}`},
	} {
		tee := c.d.Client.Tee()
		tee.Feed(binary(c.head))
		frames := binary(c.body)
		feed := func() {
			tee.Feed(frames[:50])
			tee.Feed(frames[50:])
		}
		if feed(); testing.AllocsPerRun(100, feed) != 0 {
			t.Errorf("%s: a warm tee allocates", name)
		}
		tee.Feed(binary(c.tail))
		if s := tee.Result(); !s.Done || s.Usage.Input != 3 || s.Usage.Output != 9 || s.Finish.Reason != llm.FinishStop {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// TestTeeSeesErrors: an exception in a stream is on record, also where it is only relayed.
func TestTeeSeesErrors(t *testing.T) {
	for _, d := range []dialect.Dialect{own, invoke} {
		tee := d.Client.Tee()
		in := binary(head + "throttlingException {\"message\":\"slow down\"}\n")
		for i := range in {
			tee.Feed(in[i : i+1])
		}
		if s := tee.Result(); s.Err == nil || s.Err.Kind != llm.KindProviderLimited || s.Err.Message != "slow down" || s.Done {
			t.Errorf("%s: %+v", d.Name, s)
		}
		tee.Feed(bytes.Repeat([]byte("#"), 100))
		tee.Result()
	}
}
