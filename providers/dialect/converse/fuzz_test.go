package converse_test

import (
	"encoding/json"
	"os"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
)

var fuzzed = []dialect.Dialect{own, invoke, count}

func add(f *testing.F, name string) {
	f.Helper()
	in, err := os.ReadFile("testdata/" + name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(in)
}

func FuzzDecodeRequest(f *testing.F) {
	add(f, "request.json")
	f.Add([]byte(invokeBody))
	f.Add([]byte(`{"input":{"converse":{"messages":[{"role":"user","content":[{"text":"hi"},{"cachePoint":{"type":"default"}}]}]}}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, d := range fuzzed {
			p, peekErr := d.Server.Peek(claude, in)
			r, err := d.Server.DecodeRequest(claude, in)
			if err != nil {
				continue
			}
			if peekErr != nil || p.Model != r.Model {
				t.Fatalf("%s: peek %+v, %v", d.Name, p, peekErr)
			}
			for _, to := range fuzzed {
				if out, _, err := to.Client.EncodeRequest(r); err != nil || !json.Valid(out) {
					t.Fatalf("%q became %s (%v)", in, out, err)
				}
			}
		}
	})
}

func FuzzDecodeResponse(f *testing.F) {
	add(f, "stream.response.golden")
	add(f, "invoke.response.golden")
	f.Add([]byte(`{"inputTokens":1}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, d := range fuzzed {
			d.Client.Scan(in)
			r, err := d.Client.DecodeResponse(in)
			if err != nil {
				continue
			}
			for _, to := range fuzzed {
				if out, _ := to.Server.EncodeResponse(r); !json.Valid(out) {
					t.Fatalf("%q became %s", in, out)
				}
			}
		}
	})
}

// FuzzDecoder reads lines as streams, because a random checksum is never right.
func FuzzDecoder(f *testing.F) {
	for _, name := range []string{"stream.txt", "invoke.txt"} {
		in, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(in), byte(3))
	}
	f.Fuzz(func(t *testing.T, in string, size byte) {
		stream := binary(in)
		for _, d := range fuzzed[:2] {
			whole := dialecttest.Decode(d, stream)
			pieces := dialecttest.Decode(d, stream, int(size)%90+1)
			if len(whole) != len(pieces) {
				t.Fatalf("%d events whole, %d in pieces", len(whole), len(pieces))
			}
			tee := d.Client.Tee()
			tee.Feed(stream)
			tee.Result()
			for _, to := range fuzzed[:2] {
				out, _ := dialecttest.Encode(to, nil, whole)
				lines(t, out)
			}
		}
	})
}
