package gatewaytest

import (
	"slices"
	"strings"
	"testing"

	"heimdall/gateway/admin"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// TestConversation: a conversation of a client that names no session is one all the same, from its first request on;
// what stands alone is none.
func TestConversation(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Script: func(*transport.Request) fake.Reply { return answers(chatAnswer) }})
	say := func(turns ...string) {
		t.Helper()
		var messages []string
		for i, text := range turns {
			messages = append(messages, `{"role":"`+[]string{"user", "assistant"}[i%2]+`","content":"`+text+`"}`)
		}
		if a := g.Do("POST", "/openai/chat/completions", `{"model":"gpt-4o-mini","messages":[`+strings.Join(messages, ",")+`]}`); a.Status != 200 {
			t.Fatal(a.Body)
		}
	}
	say("Why is the build red?")
	say("What is a monad?")
	say("Why is the build red?", "hi", "And now?")
	say("Name this conversation: Why is the build red?")
	say("Why is the build red?", "hi", "And now?", "hi", "Thanks.")
	first := g.Rows()[0].ID
	var list admin.LogSessions
	Eventually(t, "the log knows the session", func() bool {
		g.JSON("GET", "/api/logs/sessions", "", &list)
		return len(list.Sessions) > 0 && list.Sessions[0].Count == 3
	})
	if s := list.Sessions; len(s) != 1 || s[0].SessionID != first || s[0].Title != "Why is the build red?" {
		t.Errorf("the sessions are %s", encoded(s))
	}
	var sessions []string
	for _, r := range g.Rows() {
		sessions = append(sessions, r.SessionID)
	}
	if want := []string{first, "", first, "", first}; !slices.Equal(sessions, want) {
		t.Errorf("the rows belong to %q, want %q", sessions, want)
	}
}
