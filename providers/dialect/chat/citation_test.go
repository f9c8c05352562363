package chat

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const cite1 = `{"type":"url_citation","url_citation":{"url":"https://a","start_index":1,"end_index":3}}`

// citedParts shows where the first choice of an answer cites.
func citedParts(r *llm.Response) string {
	var b strings.Builder
	for _, p := range r.Choices[0].Parts {
		fmt.Fprintf(&b, "%s(%s)", p.Kind, p.Text)
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

func TestCitations(t *testing.T) {
	const late = `{"type":"url_citation","url_citation":{"url":"https://b","start_index":4,"end_index":6}}`
	parts := `[{"type":"text","text":"日本 "},{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"wide"}]`
	for _, test := range []struct{ message, want string }{
		{`{"content":"wide","annotations":[` + cite1 + `]}`, "text(wide) https://a@1-3; "},
		{`{"content":` + parts + `,"annotations":[` + cite1 + `,` + late + `]}`,
			"text(日本 ) https://a@1-3; reasoning(hm); text(wide) https://b@1-3; "},
		{`{"content":` + parts + `,"annotations":[{"type":"url_citation","url_citation":{"url":"https://c"}}]}`,
			"text(日本 ); reasoning(hm); text(wide) https://c; "},
		{`{"content":"wide","annotations":[` + cite1 + `,{"type":"file","file":1}]}`, "text(wide); "},
		{`{"content":null,"annotations":[` + cite1 + `]}`, ""},
	} {
		body := []byte(`{"id":"i","model":"m","choices":[{"index":0,"finish_reason":"stop","message":` + test.message + `}]}`)
		if err := dialecttest.ResponseIdentity(New(), body); err != nil {
			t.Errorf("%s: %v", test.message, err)
		}
		r, err := decodeResponse(body)
		if err != nil {
			t.Fatal(err)
		}
		if got := citedParts(r); got != test.want {
			t.Errorf("%s: %s, want %s", test.message, got, test.want)
		}
		out, warnings := encodeResponse(r)
		v, _, _ := rawjson.Get([]byte(test.message), annotations)
		if !strings.Contains(string(out), `"annotations":`+string(v)) || len(warnings) > 0 {
			t.Errorf("%s became %s, %v", test.message, out, warnings)
		}
	}
}

// TestStreamCitations: citations go to the text that is open, wherever they come; those in front of it wait.
func TestStreamCitations(t *testing.T) {
	chunk := func(delta, finish string) string {
		return `data: {"id":"i","model":"m","choices":[{"index":0,"delta":` + delta + `,"finish_reason":` + finish + "}]}\n\n"
	}
	list := `"annotations":[` + cite1 + `]`
	for _, test := range []struct {
		stream []string
		want   string
	}{
		{[]string{`{"content":"wi"}`, `{"content":"de",` + list + `}`, `{"content":"!"}`}, "text(wide!) https://a@1-3; "},
		{[]string{`{"content":"",` + list + `}`, `{"content":"wide"}`}, "text(wide) https://a@1-3; "},
		{[]string{`{` + list + `}`, `{"reasoning":"hm"}`, `{"content":"wide"}`}, "reasoning(hm); text(wide) https://a@1-3; "},
		{[]string{`{"content":"wide"}`, `{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}],` + list + `}`},
			"text(wide) https://a@1-3; call(); "},
		{[]string{`{"content":"wide"}`, `{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]}`, `{` + list + `}`},
			"text(wide); call(); text() https://a; "},
	} {
		in := ""
		for _, delta := range test.stream {
			in += chunk(delta, "null")
		}
		in += chunk(`{}`, `"stop"`) + "data: [DONE]\n\n"
		r, err := llm.Fold(slices.Values(dialecttest.Decode(New(), []byte(in))))
		if err != nil {
			t.Fatal(err)
		}
		if got := citedParts(r); got != test.want {
			t.Errorf("%s: %s, want %s", in, got, test.want)
		}
		if err := dialecttest.StreamIdentity(New(), []byte(in)); err != nil {
			t.Errorf("%s: %v", in, err)
		}
	}
}
