package chat

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

const (
	thinkingA    = `{"type":"thinking","thinking":[{"type":"text","text":"I "}]}`
	thinkingB    = `{"type":"thinking","thinking":[{"type":"reference","reference_ids":[1]},{"type":"text","text":"look"},{"type":"text","text":"."}],"closed":true}`
	thinkingBoth = `{"type":"thinking","thinking":[{"type":"text","text":"I look."},{"type":"reference","reference_ids":[1]}],"closed":true}`
)

func thought(extra string) llm.Part {
	return llm.Part{Kind: llm.PartReasoning, Text: "I look.", Extra: llm.Extra{name: json.RawMessage(extra)}}
}

// TestThinkingWhole: a thought in the content is a thought, and stays where it stood.
func TestThinkingWhole(t *testing.T) {
	const content = `"content":[` + thinkingBoth + `,{"type":"text","text":"So."},` + thinkingA + `]`
	body := []byte(`{"id":"i","choices":[{"message":{"role":"assistant",` + content + `},"finish_reason":"stop"}]}`)
	r, err := decodeResponse(body)
	if err != nil {
		t.Fatal(err)
	}
	want := thought(`{"type":"thinking","thinking":[{"type":"reference","reference_ids":[1]}],"closed":true}`)
	if diff := cmp.Diff(want, r.Choices[0].Parts[0], dialecttest.Same); diff != "" {
		t.Error(diff)
	}
	if err := dialecttest.ResponseIdentity(New(), body); err != nil {
		t.Error(err)
	}
	if out, _ := encodeResponse(r); !bytes.Contains(out, []byte(content)) || bytes.Contains(out, []byte("reasoning")) {
		t.Errorf("answered as %s", out)
	}
	request := []byte(`{"model":"m","messages":[{"role":"assistant",` + content + `}]}`)
	if err := dialecttest.RequestIdentity(New(), dialect.Path{}, request); err != nil {
		t.Error(err)
	}
	req, err := decodeRequest(request)
	if err != nil {
		t.Fatal(err)
	}
	if out, _, _ := encodeRequest(req); !bytes.Contains(out, []byte(content)) || bytes.Contains(out, []byte("reasoning")) {
		t.Errorf("sent back as %s", out)
	}
	if _, err := decodeRequest([]byte(`{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":1}]}]}]}`)); err == nil ||
		!strings.Contains(err.Error(), "messages[0].content[0].thinking[0].text: must be a string") {
		t.Error(err)
	}
}

// TestThinkingStreamed: the pieces of a thought in the content are one thought; reasoning in another field is another.
func TestThinkingStreamed(t *testing.T) {
	in := chunk(`{"delta":{"reasoning_content":"First."}}`) +
		chunk(`{"delta":{"content":[`+thinkingA+`]}}`) + chunk(`{"delta":{"content":[`+thinkingB+`]}}`) +
		chunk(`{"delta":{"reasoning_content":"Last."}}`) +
		chunk(`{"delta":{"content":"So."}}`) + chunk(`{"delta":{},"finish_reason":"stop"}`) + "data: [DONE]\n\n"
	r, e := fold(t, in)
	if e != nil {
		t.Fatal(e)
	}
	want := []llm.Part{
		{Kind: llm.PartReasoning, Text: "First."},
		thought(`{"type":"thinking","thinking":[{"type":"reference","reference_ids":[1]}],"closed":true}`),
		{Kind: llm.PartReasoning, Text: "Last."},
		{Kind: llm.PartText, Text: "So."},
	}
	if diff := cmp.Diff(want, r.Choices[0].Parts, dialecttest.Same); diff != "" {
		t.Error(diff)
	}
	plain := chunk(`{"delta":{"content":[`+thinkingA+`]}}`) + chunk(`{"delta":{"content":[`+thinkingB+`]},"logprobs":{"content":[]}}`) +
		chunk(`{"delta":{"content":[{"type":"thinking","thinking":[]}]}}`) + chunk(`{"delta":{"content":"So."}}`) +
		chunk(`{"delta":{"content":[{"type":"thinking","thinking":[]}]}}`) + chunk(`{"delta":{},"finish_reason":"stop"}`) + "data: [DONE]\n\n"
	for law, err := range map[string]error{
		"identity": dialecttest.StreamIdentity(New(), []byte(plain)),
		"chop":     dialecttest.Chop(New(), []byte(in), rand.New(rand.NewPCG(1, 2))),
		"cut":      dialecttest.Cut(New(), []byte(in), rand.New(rand.NewPCG(1, 2))),
	} {
		if err != nil {
			t.Errorf("%s: %v", law, err)
		}
	}
	out, warnings := dialecttest.Encode(New(), nil, dialecttest.Decode(New(), []byte(in)))
	for _, want := range []string{`"content":[` + thinkingA + `]`, `"text":"look."},{"type":"reference","reference_ids":[1]}],"closed":true}]`} {
		if !bytes.Contains(out, []byte(want)) || len(warnings) > 0 {
			t.Errorf("%s is not in %s, %v", want, out, warnings)
		}
	}
	if bytes.Contains(out, []byte(`"thinking":[]`)) {
		t.Errorf("a piece says nothing: %s", out)
	}
}
