package completions

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

func FuzzPeek(f *testing.F) {
	f.Add(seed(f, "request.json"))
	f.Add([]byte(`{"model":"a","prompt":["b"]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := dialect.PeekBody(in)
		r, decodeErr := decodeRequest(in)
		if decodeErr == nil && (err != nil || p.Model != r.Model || p.Stream != r.Stream) {
			t.Fatalf("peek %+v, %v; decoded %q, %v", p, err, r.Model, r.Stream)
		}
	})
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add(seed(f, "request.json"))
	f.Add([]byte(`{"prompt":["a"],"logprobs":0,"stop":"x"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := New().Server.DecodeRequest(dialect.Path{}, in)
		if err != nil {
			return
		}
		out, _, err := encodeRequest(r)
		if err != nil || !json.Valid(out) {
			t.Fatalf("%q became %s (%v)", in, out, err)
		}
		if _, err := decodeRequest(out); err != nil {
			t.Fatalf("%q became %s (%v)", in, out, err)
		}
	})
}

func FuzzDecodeResponse(f *testing.F) {
	f.Add(seed(f, "response.golden"))
	f.Add([]byte(`{"choices":[{"text":"a","log_probs":null}],"model":"m"}`))
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
	f.Add(seed(f, "stream.sse"), byte(3))
	f.Add([]byte(chunk(`{"text":"a","finish_reason":"x"}`)+`data: {"error":{"message":"x"}}`), byte(1))
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
