package generate

import (
	"encoding/json"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

const request = `{"system_instruction":{"parts":[{"text":"s"}]},"contents":[{"role":"user","parts":[{"text":"a"},{"inlineData":{"mimeType":"image/png","data":"AA"}}]},` +
	`{"role":"model","parts":[{"text":"t","thought":true,"thoughtSignature":"cw=="},{"functionCall":{"name":"f","args":{}},"thoughtSignature":"cw=="},{"executableCode":{"code":"1"}}]},` +
	`{"parts":[{"functionResponse":{"name":"f","response":{"output":"r"}}}]}],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT"}}]},{"googleSearch":{}}],` +
	`"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},"generationConfig":{"topK":1,"responseMimeType":"application/json","thinkingConfig":{"thinkingBudget":-1}},"y":1}`

const response = `{"candidates":[{"content":{"parts":[{"text":"a"},{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"cw=="}],"role":"model"},"finishReason":"STOP","x":1}],` +
	`"usageMetadata":{"promptTokenCount":1,"totalTokenCount":1},"modelVersion":"m","responseId":"r","createTime":"2026-01-02T03:04:05Z"}`

func FuzzDecodeRequest(f *testing.F) {
	f.Add([]byte(request))
	f.Add([]byte(`{"contents":[],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":3,"nullable":true,"anyOf":[{}]}}]}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := decodeRequest(dialect.Path{Model: "m"}, in)
		if err != nil {
			return
		}
		if _, err := peek(dialect.Path{}, in); err != nil {
			t.Fatalf("decoded, but peek says %v", err)
		}
		out, _, err := encodeRequest(r)
		if err != nil || !json.Valid(out) {
			t.Fatalf("%q became %s (%v)", in, out, err)
		}
		r.Extra = nil // as if from another dialect
		if out, _, err = encodeRequest(r); err != nil || !json.Valid(out) {
			t.Fatalf("%q became %s (%v)", in, out, err)
		}
	})
}

func FuzzDecodeResponse(f *testing.F) {
	f.Add([]byte(response))
	f.Add([]byte(`[{"promptFeedback":{"blockReason":"OTHER"}}]`))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := decodeResponse(in)
		scan(in)
		decodeError(400, nil, in)
		if err != nil {
			return
		}
		if out, _ := encodeResponse(r); !json.Valid(out) {
			t.Fatalf("%q became %s", in, out)
		}
	})
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte(chunk(`{"text":"a","thought":true},{"text":"b"}`, `,"z":1`)+chunk(`{"functionCall":{"name":"f","willContinue":true}}`, "")+
		chunk(`{"functionCall":{"partialArgs":[{"jsonPath":"$.a[1].b","stringValue":"x"}]}}`, `,"finishReason":"STOP"`)), byte(3))
	f.Add([]byte(`data: {"promptFeedback":{"blockReason":"OTHER"}}`+"\n\n"+`data: {"error":{"message":"x"}}`), byte(1))
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

func FuzzUnary(f *testing.F) {
	f.Add([]byte(`{"generateContentRequest":{"contents":[{"parts":[{"text":"a"}]}]}}`))
	f.Add([]byte(`{"requests":[{"content":{"parts":[{"text":"a"}]},"taskType":"CLUSTERING","title":"t"}]}`))
	f.Add([]byte(`{"embeddings":[{"values":[1]}],"embedding":{"values":[1]},"totalTokens":1}`))
	f.Add([]byte(`{"instances":[{"content":"a"}],"parameters":{},"predictions":[{"embeddings":{"values":[1],"statistics":{"token_count":1}}}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, d := range []dialect.Dialect{NewCount(), NewEmbed(), NewEmbeds(), NewPredict()} {
			if r, err := d.Server.DecodeRequest(dialect.Path{Model: "m"}, in); err == nil {
				if out, _, err := d.Client.EncodeRequest(r); err == nil && !json.Valid(out) {
					t.Fatalf("%s: %q became %s", d.Name, in, out)
				}
			}
			d.Client.Scan(in)
			if r, err := d.Client.DecodeResponse(in); err == nil {
				if out, _ := d.Server.EncodeResponse(r); !json.Valid(out) {
					t.Fatalf("%s: %q became %s", d.Name, in, out)
				}
			}
		}
	})
}
