package providertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// conversation has a turn of every kind that all dialects know, the given number of them.
func conversation(model string, turns int, stream bool) *llm.Request {
	text := func(role llm.Role, s string) llm.Message {
		return llm.Message{Role: role, Parts: []llm.Part{{Kind: llm.PartText, Text: s}}}
	}
	limit := int64(64)
	all := []llm.Message{
		text(llm.RoleSystem, "turn-0: be kind"),
		text(llm.RoleUser, "turn-1: what's the weather in Zürich?"),
		{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartCall, Call: &llm.ToolCall{ID: "call_1", Name: "weather", Arguments: `{"city":"turn-2"}`}}}},
		{Role: llm.RoleTool, Parts: []llm.Part{{Kind: llm.PartResult, Result: &llm.ToolResult{ID: "call_1",
			Parts: []llm.Part{{Kind: llm.PartText, Text: "turn-3: sun"}}}}}},
		text(llm.RoleAssistant, "turn-4: it is sunny"),
		text(llm.RoleUser, "turn-5: and tomorrow?"),
		text(llm.RoleAssistant, "turn-6: rain"),
		text(llm.RoleUser, "turn-7: thanks"),
	}
	return &llm.Request{Model: model, Messages: all[:turns], Stream: stream, Params: llm.Params{MaxTokens: &limit},
		Tools: []llm.Tool{{Name: "weather", Description: "tells it", Schema: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}}}`)}}}
}

// request is a whole conversation as a client of a dialect sends it.
func (s *suite) request(t *testing.T, d dialect.Dialect, stream bool) []byte {
	t.Helper()
	return s.turns(t, d, 8, stream)
}

func (s *suite) turns(t *testing.T, d dialect.Dialect, n int, stream bool) []byte {
	t.Helper()
	r := conversation(s.model(), n, stream)
	if textOnly(d) {
		r.Messages, r.Tools = r.Messages[1:2], nil
	}
	body, _, err := d.Client.EncodeRequest(r)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// answer is one that says something, thinks and calls a tool, as an upstream of a dialect sends it.
func answer(d dialect.Dialect, stream bool) []byte {
	call := &llm.ToolCall{ID: "call_9", Name: "weather", Arguments: `{"city":"Bern"}`}
	usage := &llm.Usage{Input: 31, CacheRead: 7, Output: 17, Reasoning: 0}
	if !stream {
		body, _ := d.Server.EncodeResponse(&llm.Response{ID: "id_1", Model: "some-model", Created: 1700000000, Usage: usage,
			Choices: []llm.Choice{{Parts: []llm.Part{{Kind: llm.PartText, Text: "let me see… ☀"}, {Kind: llm.PartCall, Call: call}},
				Finish: llm.Finish{Reason: llm.FinishTools}}}})
		return body
	}
	req := &llm.Request{Stream: true, Params: llm.Params{IncludeUsage: true}}
	body, _ := dialecttest.Encode(d, req, []llm.Event{
		{Type: llm.EventStart, Meta: &llm.Meta{ID: "id_1", Model: "some-model", Created: 1700000000}},
		{Type: llm.EventBlockStart, Part: llm.Part{Kind: llm.PartText}},
		{Type: llm.EventDelta, Part: llm.Part{Kind: llm.PartText, Text: "let me "}},
		{Type: llm.EventDelta, Part: llm.Part{Kind: llm.PartText, Text: "see… ☀"}},
		{Type: llm.EventBlockEnd},
		{Type: llm.EventBlockStart, Block: 1, Part: llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{ID: call.ID, Name: call.Name}}},
		{Type: llm.EventDelta, Block: 1, Part: llm.Part{Kind: llm.PartCall, Call: &llm.ToolCall{Arguments: call.Arguments}}},
		{Type: llm.EventBlockEnd, Block: 1},
		{Type: llm.EventFinish, Finish: &llm.Finish{Reason: llm.FinishTools}},
		{Type: llm.EventUsage, Usage: usage},
	})
	return body
}

func header(d dialect.Dialect, stream bool) map[string]string {
	if stream {
		return map[string]string{"Content-Type": d.Server.ContentType()}
	}
	return map[string]string{"Content-Type": "application/json"}
}

// edits are the members of a body that the gateway may change on its way to an upstream of the client's own dialect:
// its own, and those that the endpoint names.
func (s *suite) edits(d dialect.Dialect) []string {
	out := []string{"model", "stream_options", "fallbacks"}
	for _, e := range s.Endpoints(llm.OpChat, s.model()) {
		if e.Dialect == d.Name {
			for _, edit := range e.Edits {
				out = append(out, edit.Keys()...)
			}
		}
	}
	return out
}

// raw sends an odd but valid body and compares it, member by member and byte by byte, with what arrives.
func (s *suite) raw(t *testing.T) {
	for _, d := range s.upstreams(t) {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/stream %v", d.Name, stream), func(t *testing.T) {
				odd := bytes.Replace(s.request(t, d, stream), []byte("{"), []byte("{ \"x_first\" : 1.0e+2,\n\t\"x_\\u0041\":\"\\u00e9\\/\", "), 1)
				odd = append(bytes.TrimSuffix(odd, []byte("}")), " , \"x_last\":[ 1 , {\"b\":null,\"a\":12345678901234567890} ] }\n"...)
				for _, asked := range []string{s.model(), "named/" + s.model()} {
					body := odd
					if !d.ModelInPath {
						var err error
						if body, err = rawjson.Set(nil, odd, "model", rawjson.AppendString(nil, asked)); err != nil {
							t.Fatal(err)
						}
					}
					before := bytes.Clone(body)
					upstream := answering(200, header(d, stream), answer(d, stream))
					do(t, s.call(t, d, body, stream, upstream))
					if !bytes.Equal(before, body) {
						t.Error("the client's own body was changed")
					}
					got := []byte(sent(t, upstream))
					named := s.edits(d)
					if diff := cmp.Diff(members(t, before, named), members(t, got, named)); diff != "" {
						t.Error(diff)
					}
					if model, there, _ := rawjson.Get(got, "model"); there && string(model) != string(rawjson.AppendString(nil, s.model())) {
						t.Errorf("the upstream was asked for %s", model)
					}
				}
			})
		}
	}
}

// members are the members of a body that must arrive as they are, in their order.
func members(t *testing.T, body []byte, edits []string) (out []string) {
	t.Helper()
	it := rawjson.Object(body)
	for it.Next() {
		if key := string(it.Key()); !slices.Contains(edits, key) {
			out = append(out, key+" = "+string(it.Value()))
		}
	}
	if it.Err() != nil {
		t.Fatal(it.Err())
	}
	return out
}

// prefix adds turns one by one: what was sent up to the end of a turn's words must stay as it was, byte by byte, or the
// upstream's prompt cache is cold again.
func (s *suite) prefix(t *testing.T) {
	for _, client := range append(s.upstreams(t), s.others(t)...) {
		if textOnly(client) {
			continue
		}
		var before string
		for n := 2; n <= 8; n++ {
			upstream := answering(200, header(s.upstreams(t)[0], false), answer(s.upstreams(t)[0], false))
			if slices.ContainsFunc(s.upstreams(t), func(d dialect.Dialect) bool { return d.Name == client.Name }) {
				upstream = answering(200, header(client, false), answer(client, false))
			}
			do(t, s.call(t, client, s.turns(t, client, n, false), false, upstream))
			now := sent(t, upstream)
			mark := fmt.Sprintf("turn-%d", n-1)
			at := strings.Index(now, mark)
			if at < 0 {
				t.Fatalf("%s: %s did not arrive in %s", client.Name, mark, now)
			}
			if !strings.HasPrefix(now, before) {
				t.Errorf("%s: turn %d changes what came before it:\n%s\n%s", client.Name, n-1, before, now)
			}
			before = now[:at+len(mark)]
		}
	}
}

// usage checks that the scan of what goes by tells what decoding it would.
func (s *suite) usage(t *testing.T) {
	for _, d := range s.upstreams(t) {
		for _, stream := range []bool{false, true} {
			body := answer(d, stream)
			_, seen := do(t, s.call(t, d, s.request(t, d, stream), stream, answering(200, header(d, stream), body)))
			want, err := whole(d, body, stream)
			if err != nil {
				t.Fatal(err)
			}
			if !seen.Scan.HasUsage || !seen.Scan.Done {
				t.Fatalf("%s, stream %v: seen %+v", d.Name, stream, seen.Scan)
			}
			if diff := cmp.Diff(*want.Usage, seen.Scan.Usage, dialecttest.Same); diff != "" {
				t.Errorf("%s, stream %v: %s", d.Name, stream, diff)
			}
		}
	}
}

// whole decodes an answer.
func whole(d dialect.Dialect, body []byte, stream bool) (*llm.Response, error) {
	if !stream {
		return d.Client.DecodeResponse(body)
	}
	return llm.Fold(slices.Values(dialecttest.Decode(d, body)))
}

// loss adds a field that no other dialect knows, to a request and to an answer: it must be named in a warning, and what
// was said must arrive.
func (s *suite) loss(t *testing.T) {
	own := s.upstreams(t)[0]
	for _, client := range s.others(t) {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/stream %v", client.Name, stream), func(t *testing.T) {
				body := rawjson.AppendMembers(nil, s.request(t, client, stream), rawjson.Member{Key: "x_knob", Value: []byte("1")})
				upstream := answer(own, stream)
				if !stream {
					upstream = rawjson.AppendMembers(nil, upstream, rawjson.Member{Key: "x_note", Value: []byte(`"n"`)})
				}
				doer := answering(200, header(own, stream), upstream)
				out, seen := do(t, s.call(t, client, body, stream, doer))
				carried(t, seen.Warnings, "x_knob", []byte(sent(t, doer)))
				if !stream {
					carried(t, seen.Warnings, "x_note", out)
				}
				got, err := whole(client, out, stream)
				if err != nil {
					t.Fatalf("%v in %s", err, out)
				}
				want, err := whole(own, upstream, stream)
				if err != nil {
					t.Fatal(err)
				}
				if a, b := dialecttest.Text(want), dialecttest.Text(got); a != b {
					t.Errorf("%s became %s", a, b)
				}
			})
		}
	}
}

// carried checks that a field arrived, or that a warning names it.
func carried(t *testing.T, warnings []llm.Warning, field string, arrived []byte) {
	t.Helper()
	if _, there, _ := rawjson.Get(arrived, field); there {
		return
	}
	if !slices.ContainsFunc(warnings, func(w llm.Warning) bool { return w.Field == field && w.Why != "" }) {
		t.Errorf("%s was lost without a word: %v", field, warnings)
	}
}
