package chat

import (
	"encoding/json"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

const request = `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA","detail":"x"}}]},` +
	`{"role":"assistant","content":null,"reasoning_details":[{"type":"reasoning.text","text":"t","signature":"s"}],"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},` +
	`{"role":"tool","tool_call_id":"1","content":"r"}],"tools":[{"type":"function","function":{"name":"f"}}],"stop":"x","reasoning":{"effort":"low"},"y":1}`

const response = `{"id":"i","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a","refusal":null,"x":1},` +
	`"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`

func FuzzPeek(f *testing.F) {
	f.Add([]byte(request))
	f.Add([]byte(`{"model":"a","stream":true,"stream_options":{"include_usage":true}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := dialect.PeekBody(in)
		r, decodeErr := decodeRequest(in)
		if decodeErr == nil && (err != nil || p.Model != r.Model || p.Stream != r.Stream) {
			t.Fatalf("peek %+v, %v; decoded %q, %v", p, err, r.Model, r.Stream)
		}
	})
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add([]byte(request))
	f.Add([]byte(`{"messages":[{"role":"system","content":"a"}],"tool_choice":{"type":"function","function":{"name":"f"}}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := New().Server.DecodeRequest(dialect.Path{}, in)
		if err != nil {
			return
		}
		out, _, err := encodeRequest(r)
		if err != nil || !json.Valid(out) {
			t.Fatalf("%q became %s (%v)", in, out, err)
		}
	})
}

func FuzzDecodeResponse(f *testing.F) {
	f.Add([]byte(response))
	f.Add([]byte(`{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"z"}],"tool_calls":[{"id":"x","type":"custom"}]}}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := decodeResponse(in)
		scan(in)
		if err != nil {
			return
		}
		if out, _ := encodeResponse(r); !json.Valid(out) {
			t.Fatalf("%q became %s", in, out)
		}
	})
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte(chunk(`{"delta":{"role":"assistant","content":"a","z":1}}`)+chunk(`{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}}`)+
		chunk(`{"delta":{},"finish_reason":"stop","logprobs":{"content":[1]}}`)+"data: [DONE]\n\n"), byte(3))
	f.Add([]byte(chunk(`{"delta":{"reasoning":"a","reasoning_details":[{"type":"reasoning.encrypted","data":"d"}]}}`)+`data: {"error":{"message":"x"}}`), byte(1))
	f.Fuzz(func(t *testing.T, in []byte, size byte) {
		whole := dialecttest.Decode(New(), in)
		pieces := dialecttest.Decode(New(), in, int(size)%9+1)
		if len(whole) != len(pieces) {
			t.Fatalf("%d events whole, %d in pieces", len(whole), len(pieces))
		}
		tee := New().Client.Tee()
		tee.Feed(in)
		tee.Result()
		dialecttest.Encode(New(), &llm.Request{}, whole)
	})
}
