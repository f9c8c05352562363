package messages

import (
	"encoding/json"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
)

const request = `{"model":"m","max_tokens":5,"system":"s","messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},` +
	`{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}]},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},` +
	`{"type":"tool_use","id":"1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"r"}]}],"tools":[{"name":"f","input_schema":{}}],` +
	`"thinking":{"type":"adaptive"},"output_config":{"effort":"low"},"y":1}`

const response = `{"id":"i","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"a"},{"type":"tool_use","id":"1","name":"f","input":{}}],` +
	`"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":2}}`

func FuzzPeek(f *testing.F) {
	f.Add([]byte(request))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := peek(in)
		r, decodeErr := decodeRequest(in)
		if decodeErr == nil && (err != nil || p.Model != r.Model || p.Stream != r.Stream) {
			t.Fatalf("peek %+v, %v; decoded %q, %v", p, err, r.Model, r.Stream)
		}
	})
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add([]byte(request))
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
	f.Add([]byte(head+body+tail), byte(3))
	f.Add([]byte(head+"data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"server_tool_use\",\"input\":{}}}\n\n"+
		"data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n\n"+tail), byte(1))
	f.Fuzz(func(t *testing.T, in []byte, size byte) {
		whole := dialecttest.Decode(New(), in)
		pieces := dialecttest.Decode(New(), in, int(size)%9+1)
		if len(whole) != len(pieces) {
			t.Fatalf("%d events whole, %d in pieces", len(whole), len(pieces))
		}
		tee := New().Client.Tee()
		tee.Feed(in)
		tee.Result()
		dialecttest.Encode(New(), nil, whole)
	})
}
