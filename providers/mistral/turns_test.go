package mistral

import (
	"strings"
	"testing"

	"heimdall/providers/rawjson"
)

func TestCallIDs(t *testing.T) {
	const fine = `{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"D681PevKs","type":"function"}]},{"role":"tool","tool_call_id":"D681PevKs","content":"1"}]}`
	if out, err := (turns{}).Apply([]byte(fine), nil); err != nil || string(out) != fine {
		t.Errorf("ids that fit: %s %v", out, err)
	}
	body := strings.ReplaceAll(fine, "D681PevKs", "toolu_01abc")
	out, err := (turns{}).Apply([]byte(body), nil)
	if err != nil || rawjson.Valid(out) != nil {
		t.Fatal(err, string(out))
	}
	call, _, _ := rawjson.Get(out, "messages")
	id := fitting("toolu_01abc")
	if n := strings.Count(string(call), `"`+id+`"`); n != 2 || !fits(id) || strings.Contains(string(out), "toolu") {
		t.Errorf("call and result have not the same fitting id: %s", out)
	}
	for _, odd := range []string{`{"messages":7}`, `{}`, `{"messages":[1,{"tool_calls":{}}]}`} {
		if out, err := (turns{}).Apply([]byte(odd), nil); err != nil || string(out) != odd {
			t.Errorf("%s: %s %v", odd, out, err)
		}
	}
}

func TestThoughts(t *testing.T) {
	for in, want := range map[string]string{
		`{"role":"assistant","reasoning_content":"hm","content":"yes"}`:                        `{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"yes"}]}`,
		`{"role":"assistant","reasoning_content":"hm","content":[{"type":"text","text":"a"}]}`: `{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"a"}]}`,
		`{"role":"assistant","reasoning_content":"hm"}`:                                        `{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}`,
		`{"role":"assistant","reasoning_content":null,"content":"yes"}`:                        `{"role":"assistant","content":"yes"}`,
		`{"role":"user","content":"yes"}`:                                                      `{"role":"user","content":"yes"}`,
	} {
		out, err := (turns{}).Apply([]byte(`{"messages":[`+in+`]}`), nil)
		if err != nil || string(out) != `{"messages":[`+want+`]}` {
			t.Errorf("%s: %s %v", in, out, err)
		}
	}
}
