package generate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

const grounded = `"groundingMetadata":{"webSearchQueries":["q"],"groundingChunks":[{"web":{"uri":"https://a","title":"A"}},` +
	`{"retrievedContext":{"text":"t"}},{"web":{"uri":"https://b"}}],"groundingSupports":[` +
	`{"segment":{"startIndex":7,"endIndex":10,"text":"wid"},"groundingChunkIndices":[0,1,7]},` +
	`{"segment":{"startIndex":99,"endIndex":102,"text":"日"},"groundingChunkIndices":[0]}]}`

// citedParts shows where the first choice of an answer cites.
func citedParts(r *llm.Response) string {
	var b strings.Builder
	for _, p := range r.Choices[0].Parts {
		if p.Kind != llm.PartText {
			continue
		}
		fmt.Fprintf(&b, "(%s)", p.Text)
		for _, c := range p.Citations {
			b.WriteString(" " + c.URL)
			if c.Start != nil {
				fmt.Fprintf(&b, "@%d-%d", *c.Start, *c.End)
			}
		}
		b.WriteString("; ")
	}
	return b.String()
}

// TestGrounding: places in bytes of the whole text become characters of their part. A segment that is elsewhere is looked
// for, and what is no page stays in this dialect.
func TestGrounding(t *testing.T) {
	body := func(parts string) []byte {
		return []byte(`{"responseId":"r","modelVersion":"m","candidates":[{"index":0,"finishReason":"STOP","content":{"role":"model","parts":[` +
			parts + `]},` + grounded + `}]}`)
	}
	for parts, want := range map[string]string{
		`{"text":"日本 wide"}`: "(日本 wide) https://a@3-6 https://a@0-1 https://b; ",
		`{"text":"日本"},{"text":"hm","thought":true},{"text":" wide"}`: "(日本) https://a@0-1; ( wide) https://a@1-4 https://b; ",
		`{"text":"日本 wide"},{"text":"","thoughtSignature":"c2ln"}`:    "(日本 wide) https://a@3-6 https://a@0-1 https://b; (); ",
		`{"text":"no"}`: "(no) https://a https://a https://b; ",
		`{"functionCall":{"name":"f","args":{}}}`: "",
	} {
		r, err := decodeResponse(body(parts))
		if err != nil {
			t.Fatal(err)
		}
		if got := citedParts(r); got != want {
			t.Errorf("%s: %s, want %s", parts, got, want)
		}
		if err := dialecttest.ResponseIdentity(New(), body(parts)); err != nil {
			t.Errorf("%s: %v", parts, err)
		}
	}
}

// TestStreamGrounding: what an answer rests on comes with its last frame, where a signature may end the text.
func TestStreamGrounding(t *testing.T) {
	frame := func(parts, more string) string {
		return `data: {"responseId":"r","modelVersion":"m","candidates":[{"index":0,"content":{"role":"model","parts":[` + parts + `]}` + more + "}]}\n\n"
	}
	for _, test := range []struct{ last, want string }{
		{frame(`{"text":"de"}`, `,"finishReason":"STOP",`+grounded), "(日本 wide) https://a@3-6 https://a@0-1 https://b; "},
		{frame(`{"text":"de"}`, `,`+grounded) + frame(`{"text":"!"}`, `,"finishReason":"STOP",`+grounded),
			"(日本 wide!) https://a@3-6 https://a@0-1 https://b; "},
		{frame(`{"text":"","thoughtSignature":"c2ln"}`, `,"finishReason":"STOP",`+grounded), "(日本 wi) https://a@0-1 https://b; (); () https://a; "},
	} {
		in := frame(`{"text":"日本 wi"}`, "") + test.last
		r, err := llm.Fold(slices.Values(dialecttest.Decode(New(), []byte(in))))
		if err != nil {
			t.Fatal(err)
		}
		if got := citedParts(r); got != test.want {
			t.Errorf("%s: %s, want %s", in, got, test.want)
		}
	}
}
