package generate

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/llm"
)

func TestUsage(t *testing.T) {
	for in, want := range map[string]llm.Usage{
		`{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":3,"cachedContentTokenCount":4,"toolUsePromptTokenCount":7,"totalTokenCount":25}`: {
			Input: 17, CacheRead: 4, Output: 8, Reasoning: 3},
		`{"promptTokenCount":90,"promptTokensDetails":[{"modality":"TEXT","tokenCount":9},{"modality":"AUDIO","tokenCount":50},{"modality":"IMAGE","tokenCount":31}],` +
			`"cachedContentTokenCount":40,"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":40}],"toolUsePromptTokenCount":7,"toolUsePromptTokensDetails":[{"modality":"IMAGE","tokenCount":7}],` +
			`"candidatesTokenCount":12,"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":8},{"modality":"AUDIO","tokenCount":4}]}`: {
			Input: 97, CacheRead: 40, Output: 12, InputAudio: 50, InputImage: 38, CacheReadAudio: 40, OutputAudio: 4, OutputImage: 8},
		`{"promptTokenCount":1,"promptTokensDetails":[null,{"tokenCount":1},{"modality":"AUDIO"}],"candidatesTokensDetails":{}}`: {Input: 1},
		`{"totalTokenCount":0}`:                         {},
		`{"thoughtsTokenCount":2,"trafficType":"FLEX"}`: {Output: 2, Reasoning: 2},
	} {
		if got, found := readUsage([]byte(in)); !found || !cmp.Equal(got, want) {
			t.Errorf("%s: %+v, %v", in, got, found)
		}
	}
	if u := decodeUsage([]byte(`{"trafficType":"ON_DEMAND"}`)); u != nil {
		t.Errorf("what counts nothing is %+v", u)
	}
	var out out
	out.usage(&llm.Usage{Input: 9, CacheRead: 2, CacheWrite: 3, Output: 5, Reasoning: 4})
	want := `"usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":2,"cacheWriteTokenCount":3,"candidatesTokenCount":1,"thoughtsTokenCount":4,"totalTokenCount":14}`
	if string(out.w.B) != want {
		t.Errorf("%s", out.w.B)
	}
	out.w.B = nil
	out.usage(&llm.Usage{Input: 40, Output: 14, Reasoning: 112})
	want = `"usageMetadata":{"promptTokenCount":40,"candidatesTokenCount":0,"thoughtsTokenCount":14,"totalTokenCount":54}`
	if lost := out.losses.List(); string(out.w.B) != want || len(lost) != 1 {
		t.Errorf("more thoughts than output: %s, %v", out.w.B, lost)
	}
}

// TestResults: what a tool answered is words where that says all, else JSON, and comes out as it went in.
func TestResults(t *testing.T) {
	for in, want := range map[string]llm.ToolResult{
		`{"output":"sunny"}`:         {Parts: []llm.Part{{Kind: llm.PartText, Text: "sunny"}}},
		`{"error":"{\"a\":1}"}`:      {IsError: true, Parts: []llm.Part{{Kind: llm.PartText, Text: `{"a":1}`}}},
		`{"output":"{\"a\":1}"}`:     {Parts: []llm.Part{{Kind: llm.PartText, Text: `{"output":"{\"a\":1}"}`}}},
		`{"result":"x"}`:             {Parts: []llm.Part{{Kind: llm.PartText, Text: `{"result":"x"}`}}},
		`{"output":"a","error":"b"}`: {Parts: []llm.Part{{Kind: llm.PartText, Text: `{"output":"a","error":"b"}`}}},
		`{}`:                         {},
	} {
		body := `{"contents":[{"role":"user","parts":[{"functionResponse":{"id":"1","name":"f","response":` + in + `}}]}]}`
		r, err := decodeRequest(at, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		want.ID, want.Name = "1", "f"
		if diff := cmp.Diff(&want, r.Messages[0].Parts[0].Result); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
		if out, _, _ := encodeRequest(r); string(out) != body {
			t.Errorf("%s became %s", body, out)
		}
	}
}

// TestCallIDs gives calls without an id one of their own, and each result that of the call it answers.
func TestCallIDs(t *testing.T) {
	call, answer := `{"functionCall":{"name":"f"}}`, `{"functionResponse":{"name":"f","response":{"n":1}}}`
	r, err := decodeRequest(at, []byte(`{"contents":[{"role":"model","parts":[`+call+`,`+call+`]},{"parts":[`+answer+`,`+answer+`]},`+
		`{"role":"model","parts":[`+call+`]},{"parts":[`+answer+`,{"functionResponse":{"name":"g"}}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var calls, results []string
	for _, m := range r.Messages {
		for _, p := range m.Parts {
			if p.Call != nil {
				calls = append(calls, p.Call.ID)
			}
			if p.Result != nil {
				results = append(results, p.Result.ID)
			}
		}
	}
	if diff := cmp.Diff([]string{"call_0", "call_1", "call_2"}, calls); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"call_0", "call_1", "call_2", "call_g"}, results); diff != "" {
		t.Error(diff)
	}
	if out, _, _ := encodeRequest(r); bytes.Contains(out, []byte(`"id"`)) {
		t.Errorf("made-up ids go upstream: %s", out)
	}
}

// TestLateSignature: a signature may come with any piece of a call.
func TestLateSignature(t *testing.T) {
	r, e := fold(t, chunk(`{"functionCall":{"name":"f","willContinue":true}}`, "")+
		chunk(`{"functionCall":{"partialArgs":[{"jsonPath":"$.a","boolValue":true}]},"thoughtSignature":"cw=="}`, `,"finishReason":"STOP"`))
	if e != nil {
		t.Fatal(e)
	}
	out, _ := encodeResponse(r)
	if want := `{"functionCall":{"name":"f","args":{"a":true}},"thoughtSignature":"cw=="}`; !bytes.Contains(out, []byte(want)) {
		t.Errorf("%s is not in %s", want, out)
	}
}

// TestInstruction takes system text in every form that clients write.
func TestInstruction(t *testing.T) {
	for _, in := range []string{`"s"`, `{"parts":[{"text":"s"}]}`, `{"role":"system","parts":[{"text":"s"}]}`, `{"text":"s"}`, `[{"text":"s"}]`} {
		r, err := decodeRequest(at, []byte(`{"contents":[],"systemInstruction":`+in+`}`))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]llm.Message{text(llm.RoleSystem, "s")}, r.Messages); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}
