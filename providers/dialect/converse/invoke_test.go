package converse_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

const invokeBody = `{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["a-beta"],"max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}]}`

func TestInvokeRequest(t *testing.T) {
	path := dialect.Path{Model: "anthropic.claude-x", Stream: true}
	if err := dialecttest.RequestIdentity(invoke, path, []byte(invokeBody)); err != nil {
		t.Error(err)
	}
	req, err := invoke.Server.DecodeRequest(path, []byte(invokeBody))
	if err != nil || req.Model != path.Model || !req.Stream || !req.Params.IncludeUsage {
		t.Fatalf("%+v, %v", req, err)
	}
	out, warnings, err := invoke.Client.EncodeRequest(req)
	want := `{"max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}],"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["a-beta"]}`
	if err != nil || len(warnings) > 0 || string(out) != want {
		t.Errorf("%s, %v, %v", out, warnings, err)
	}
	// The same request by converse keeps the mark and the beta.
	out, lost := encode(t, req)
	want = `{"messages":[{"role":"user","content":[{"text":"hi"},{"cachePoint":{"type":"default"}}]}],"inferenceConfig":{"maxTokens":9},"additionalModelRequestFields":{"anthropic_beta":["a-beta"]}}`
	if string(out) != want || lost != "" {
		t.Errorf("%s (%s)", out, lost)
	}
	// The path decides, whatever the body says.
	said := strings.Replace(invokeBody, "{", `{"model":"other","stream":true,`, 1)
	if r, err := invoke.Server.DecodeRequest(claude, []byte(said)); err != nil || r.Stream || r.Model != claude.Model {
		t.Errorf("%+v, %v", r, err)
	}
	// The provider decides which of its models are asked so, whatever their names.
	req.Model = "some-model"
	if other, _, err := invoke.Client.EncodeRequest(req); err != nil || !strings.Contains(string(other), `"text":"hi"`) {
		t.Errorf("for a model of another name: %s, %v", other, err)
	}
	var e *llm.Error
	for in, want := range map[string]string{
		`{"prompt":"hi"}`:                        "anthropic_version: is missing; only bodies of the Messages API, which have it, can be carried to another provider",
		`[]`:                                     "the body must be a JSON object",
		`{"anthropic_version":"x","messages":5}`: "messages: must be a list of messages",
	} {
		if _, err := invoke.Server.DecodeRequest(path, []byte(in)); !errors.As(err, &e) || e.Status != 400 || e.Message != want {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// TestInvokeScan reads what the answers of models say that speak no dialect of ours.
func TestInvokeScan(t *testing.T) {
	usage := func(in, out, read int64) llm.Usage { return llm.Usage{Input: in, Output: out, CacheRead: read} }
	for name, c := range map[string]struct {
		in     string
		usage  llm.Usage
		finish string
	}{
		"messages":    {`{"type":"message","content":[],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2,"cache_read_input_tokens":4}}`, usage(7, 2, 4), llm.FinishStop},
		"converse":    {`{"output":{"message":{"content":[]}},"stopReason":"max_tokens","usage":{"inputTokens":3,"outputTokens":2,"cacheReadInputTokenCount":4}}`, usage(7, 2, 4), llm.FinishLength},
		"generation":  {`{"generation":"a","prompt_token_count":3,"generation_token_count":2,"stop_reason":"length"}`, usage(3, 2, 0), llm.FinishLength},
		"results":     {`{"inputTextTokenCount":3,"results":[{"tokenCount":2,"outputText":"a","completionReason":"FINISH"}]}`, usage(3, 2, 0), llm.FinishStop},
		"embedding":   {`{"embedding":[0.1],"inputTextTokenCount":3}`, usage(3, 0, 0), ""},
		"choices":     {`{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}`, usage(3, 2, 0), llm.FinishStop},
		"outputs":     {`{"outputs":[{"text":"a","stop_reason":"length"}]}`, llm.Usage{}, llm.FinishLength},
		"generations": {`{"generations":[{"text":"a","finish_reason":"MAX_TOKENS"}]}`, llm.Usage{}, llm.FinishLength},
	} {
		s := invoke.Client.Scan([]byte(c.in))
		s.Usage.Raw = nil
		if !s.Done || s.HasUsage != (c.usage.Input > 0) || s.Usage.Input != c.usage.Input || s.Usage.Output != c.usage.Output ||
			s.Usage.CacheRead != c.usage.CacheRead || s.Finish.Reason != c.finish {
			t.Errorf("%s: %+v", name, s)
		}
	}
	for name, c := range map[string]struct {
		in     string
		finish string
	}{
		"generation": {"chunk {\"generation\":\"a\",\"prompt_token_count\":3,\"generation_token_count\":1,\"stop_reason\":null}\n" +
			"chunk {\"generation\":\"\",\"prompt_token_count\":null,\"generation_token_count\":2,\"stop_reason\":\"stop\"}", llm.FinishStop},
		"metrics": {"chunk {\"outputs\":[{\"text\":\"a\",\"stop_reason\":\"length\"}]," +
			"\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":3,\"outputTokenCount\":2}}", llm.FinishLength},
		"converse": {"chunk {\"messageStop\":{\"stopReason\":\"max_tokens\"}}\n" +
			"chunk {\"metadata\":{\"usage\":{\"inputTokens\":3,\"outputTokens\":2}},\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":30}}", llm.FinishLength},
	} {
		tee := invoke.Client.Tee()
		if tee.Feed(binary(c.in)); true {
			s := tee.Result()
			if !s.Done || !s.HasUsage || s.Usage.Input != 3 || s.Usage.Output != 2 || s.Finish.Reason != c.finish {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}

func TestInvokeStreamEnds(t *testing.T) {
	start := `chunk {"type":"message_start","message":{"id":"i","model":"m","usage":{"input_tokens":3}}}` + "\n"
	for name, c := range map[string]struct {
		in   string
		kind llm.ErrorKind
	}{
		"cut off":         {start, llm.KindTruncated},
		"an exception":    {start + `modelTimeoutException {"message":"x"}`, llm.KindTimeout},
		"an error inside": {start + `chunk {"type":"error","error":{"type":"overloaded_error","message":"x"}}`, llm.KindOverloaded},
		"another model":   {`chunk {"generation":"a"}`, llm.KindServerError},
		"no chunk":        {`chunk 5`, llm.KindServerError},
		"no bytes in it":  {`tomorrow {}`, llm.KindTruncated},
	} {
		events := dialecttest.Decode(invoke, binary(c.in))
		_, err := llm.Fold(slices.Values(events))
		failures := 0
		for _, e := range events {
			if e.Type == llm.EventError {
				failures++
			}
		}
		var e *llm.Error
		if !errors.As(err, &e) || e.Kind != c.kind || failures != 1 {
			t.Errorf("%s: %v, %d failures", name, err, failures)
		}
	}
	enc := invoke.Server.Encoder(nil)
	out := enc.Encode(nil, llm.Event{Type: llm.EventStart, Meta: &llm.Meta{ID: "i"}})
	out = enc.Encode(out, llm.Event{Type: llm.EventError, Err: llm.Errorf(llm.KindRateLimited, "slow")})
	out = enc.Close(enc.Encode(out, llm.Event{Type: llm.EventFinish, Finish: &llm.Finish{}}))
	if got := lines(t, out); got != "throttlingException {\"message\":\"slow\"}\n" {
		t.Errorf("%s", got)
	}
}

func TestCount(t *testing.T) {
	inner := base64.StdEncoding.EncodeToString([]byte(invokeBody))
	for in, want := range map[string]string{
		`{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"hi"}]}],"system":[{"text":"s"}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}]}}}}`: "",
		`{"input":{"invokeModel":{"body":"` + inner + `"}}}`: "",
	} {
		if err := dialecttest.RequestIdentity(count, claude, []byte(in)); err != nil {
			t.Errorf("%s: %v %s", in, err, want)
		}
		req, err := count.Server.DecodeRequest(claude, []byte(in))
		if err != nil || dialecttest.Said(req.Messages[len(req.Messages)-1].Parts) != `thought "" said "hi" called ""` {
			t.Errorf("%s: %+v, %v", in, req, err)
		}
	}
	// Limits and the like do not count.
	out, warnings, err := count.Client.EncodeRequest(&llm.Request{Model: claude.Model, Messages: []llm.Message{text(llm.RoleUser, "hi")},
		Params: llm.Params{MaxTokens: ptr(int64(5)), Seed: ptr(int64(1))}})
	if want := `{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"hi"}]}]}}}`; err != nil || len(warnings) > 0 || string(out) != want {
		t.Errorf("%s, %v, %v", out, warnings, err)
	}
	for in, want := range map[string]string{
		`{}`: "input: must be an object with converse or invokeModel",
		`5`:  "the body must be a JSON object",
		`{"input":{"converse":{"messages":[{"role":"x"}]}}}`: `input.converse.messages[0].role: must be user or assistant, not "x"`,
		`{"input":{"invokeModel":{"body":"?"}}}`:             "input.invokeModel.body: must be base64",
		`{"input":{"invokeModel":{"body":"e30="}}}`:          "input.invokeModel.body.anthropic_version: is missing; only bodies of the Messages API, which have it, can be carried to another provider",
	} {
		var e *llm.Error
		if _, err := count.Server.DecodeRequest(claude, []byte(in)); !errors.As(err, &e) || e.Status != 400 || e.Message != want {
			t.Errorf("%s: %v", in, err)
		}
	}
	if err := dialecttest.ResponseIdentity(count, []byte(`{"inputTokens":18}`)); err != nil {
		t.Error(err)
	}
	r, err := count.Client.DecodeResponse([]byte(`{"inputTokens":18}`))
	if err != nil || r.Usage.Input != 18 || len(r.Choices) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := count.Client.DecodeResponse([]byte(`{"tokens":1}`)); err == nil || !strings.Contains(err.Error(), "inputTokens") {
		t.Error(err)
	}
}
