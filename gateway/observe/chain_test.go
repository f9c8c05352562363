package observe

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// conversation plays requests into a chain, an hour apart or so, and gives the sessions that they get.
func conversation(c *Chain, bodies ...string) (sessions []string) {
	for i, b := range bodies {
		r := &exchange.Record{ID: fmt.Sprint("r", i), Op: llm.OpChat, Time: time.Unix(int64(1e9+i*1000), 0), Request: exchange.Body{Data: []byte(b), Size: int64(len(b))}}
		c.Continue(r)
		sessions = append(sessions, r.SessionID)
	}
	return sessions
}

func TestChain(t *testing.T) {
	const u1, a1, u2, a2, u3 = `{"role":"user","content":"one"}`, `{"role":"assistant","content":"1"}`, `{"role":"user","content":"two"}`, `{"role":"assistant","content":"2"}`, `{"role":"user","content":"three"}`
	chat := func(messages ...string) string {
		return `{"model":"m","messages":[` + strings.Join(messages, ",") + `]}`
	}
	cases := []struct {
		name   string
		bodies []string
		want   []string
	}{
		{"turns of one conversation", []string{chat(u1), chat(u1, a1, u2), chat(u1, a1, u2, a2, u3)}, []string{"", "r0", "r0"}},
		{"two at once", []string{chat(u1), chat(u2), chat(u1, a1, u2), chat(u2, a2, u3)}, []string{"", "", "r0", "r1"}},
		{"the same again is another", []string{chat(u1), chat(u1)}, []string{"", ""}},
		{"a shorter one is another", []string{chat(u1, a1, u2), chat(u1)}, []string{"", ""}},
		{"tool results", []string{chat(u1), chat(u1, `{"role":"assistant","tool_calls":[]}`, `{"role":"tool","content":"x"}`)}, []string{"", "r0"}},
		{"other dialects", []string{`{"input":[` + u1 + `]}`, `{"input":[` + u1 + `,` + a1 + `,` + u2 + `]}`, `{"contents":[` + u3 + `]}`, `{"contents":[` + u3 + `, ` + u1 + `]}`}, []string{"", "r0", "", "r2"}},
		{"roles that come late", []string{chat(`{"content":"one","role":"user"}`), chat(`{"content":"one","role":"user"}`, a1, u2)}, []string{"", "r0"}},
		{"messages in messages", []string{chat(u1), chat(u1, `{"role":"assistant","content":[{"input":[{"role":"x"}]}]}`, u2), chat(u1, `{"role":"assistant","content":[{"input":[{"role":"x"}]}]}`, u2, a2, u3)}, []string{"", "r0", "r0"}},
		{"spaces", []string{"{\"messages\": [ " + u1 + " ] }", "{\"messages\": [\n" + u1 + " ,\n " + a1 + ",\n" + u2 + "\n]}"}, []string{"", "r0"}},
		{"a mark that moves", []string{
			chat(`{"role":"user","content":[{"type":"text","text":"one","cache_control":{"type":"ephemeral"}}]}`),
			chat(`{"role":"user","content":[{"type":"text","text":"one"}]}`, a1, `{"role":"user","content":[{"cache_control":{"type":"ephemeral"},"type":"text"}]}`),
		}, []string{"", "r0"}},
		{"what can't be read", []string{`{"messages":"x"}`, `{"messages":[`, `{}`, `not json`}, []string{"", "", "", ""}},
		{"too late", append(append([]string{chat(u1)}, make([]string, 22)...), chat(u1, a1, u2)), make([]string, 24)},
	}
	for _, c := range cases {
		if got := conversation(NewChain(), c.bodies...); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestChainLeavesAlone(t *testing.T) {
	body := []byte(`{"messages":[{"role":"user"}]}`)
	for name, r := range map[string]*exchange.Record{
		"a session of its own": {ID: "r", SessionID: "own", Op: llm.OpChat, Request: exchange.Body{Data: body, Size: int64(len(body))}},
		"a cut body":           {ID: "r", Op: llm.OpChat, Request: exchange.Body{Data: body, Size: 1000}},
		"no conversation":      {ID: "r", Op: llm.OpEmbedding, Request: exchange.Body{Data: body, Size: int64(len(body))}},
	} {
		want := r.SessionID
		if NewChain().Continue(r) || r.SessionID != want {
			t.Errorf("%s: %q", name, r.SessionID)
		}
	}
}

func TestChainForgets(t *testing.T) {
	c := NewChain()
	for i := range 3 * maxChains {
		b := fmt.Sprintf(`{"messages":[{"n":%d}]}`, i)
		c.Continue(&exchange.Record{ID: fmt.Sprint(i), Op: llm.OpChat, Request: exchange.Body{Data: []byte(b), Size: int64(len(b))}})
	}
	if len(c.known) != maxChains || c.used.Len() != maxChains {
		t.Errorf("%d and %d are remembered", len(c.known), c.used.Len())
	}
}
