package responses

import (
	"encoding/json"
	"os"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

func seed(f *testing.F, name string) []byte {
	f.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		f.Fatal(err)
	}
	return b
}

func FuzzRequest(f *testing.F) {
	f.Add(seed(f, "request.json"))
	f.Add([]byte(`{"model":"a","input":"b","stream":true}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := peek(in)
		r, decodeErr := New().Server.DecodeRequest(dialect.Path{}, in)
		if decodeErr != nil {
			return
		}
		if err != nil || p.Model != r.Model || p.Stream != r.Stream {
			t.Fatalf("peek %+v, %v; decoded %q, %v", p, err, r.Model, r.Stream)
		}
		out, _, err := encodeRequest(r)
		if err != nil || !json.Valid(out) {
			t.Fatalf("%q became %s (%v)", in, out, err)
		}
		if _, err := decodeRequest(out); err != nil {
			t.Fatalf("%q became %s: %v", in, out, err)
		}
		if out, _, err := (countClient{}).EncodeRequest(r); err != nil || !json.Valid(out) {
			t.Fatalf("%q counts %s (%v)", in, out, err)
		}
	})
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte(`{"id":"i","created_at":1,"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"a"}],"encrypted_content":"e"},` +
		`{"type":"message","role":"assistant","content":[{"type":"output_text","text":"a","annotations":[]},{"type":"refusal","refusal":"b"}]},{"type":"function_call","call_id":"c","name":"n","namespace":"s","arguments":"{}"},` +
		`{"type":"custom_tool_call","input":"x"},{"type":"z"}],"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := decodeResponse(in)
		scan(in)
		if err != nil {
			return
		}
		if out, _ := encodeResponse(nil, r); !json.Valid(out) {
			t.Fatalf("%q became %s", in, out)
		}
		r.Extra = nil
		if out, _ := encodeResponse(nil, r); !json.Valid(out) {
			t.Fatalf("%q made anew became %s", in, out)
		}
	})
}

func FuzzStream(f *testing.F) {
	f.Add(seed(f, "stream.sse"), byte(3))
	f.Add([]byte(frame(created)+frame(spoken)+frame(completed)), byte(1))
	f.Fuzz(func(t *testing.T, in []byte, size byte) {
		whole := dialecttest.Decode(New(), in)
		pieces := dialecttest.Decode(New(), in, int(size)%9+1)
		if len(whole) != len(pieces) {
			t.Fatalf("%d events whole, %d in pieces", len(whole), len(pieces))
		}
		tee := New().Client.Tee()
		tee.Feed(in)
		tee.Result()
		out, _ := dialecttest.Encode(New(), &llm.Request{}, whole)
		for _, e := range dialecttest.Decode(New(), out) {
			if e.Type == llm.EventError && whole[len(whole)-1].Type != llm.EventError {
				t.Fatalf("%q became %s: %v", in, out, e.Err)
			}
		}
	})
}
