package sqlstore

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// exchanged is one request and its answer, as bytes.
type exchanged struct{ request, response []byte }

// traffic makes what a benchmark writes. Nothing in it repeats but what repeats in life, too.
type traffic struct {
	*rand.Rand
	words    []string
	tools    string // what each request of an agent begins with
	sessions []strings.Builder
}

func newTraffic() *traffic {
	t := &traffic{Rand: rand.New(rand.NewPCG(1, 2)), sessions: make([]strings.Builder, 20)}
	for range 5000 {
		word := make([]byte, 2+t.IntN(9))
		for i := range word {
			word[i] = "etaoinshrdlucmfwypvbgkjqxz"[min(t.IntN(26), t.IntN(26))]
		}
		t.words = append(t.words, string(word))
	}
	t.tools = `{"model":"openai/gpt","stream":false,"tools":[` + t.message("tool", 5000) + `],"messages":[`
	return t
}

// message is a JSON object of some n bytes.
func (t *traffic) message(role string, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"role":"%s","content":"`, role)
	for b.Len() < n {
		at := min(t.IntN(len(t.words)), t.IntN(len(t.words)), t.IntN(len(t.words)))
		b.WriteString(t.words[at])
		b.WriteString([...]string{" ", " ", " ", ", ", ".\\n"}[t.IntN(5)])
	}
	b.WriteString(`"}`)
	return b.String()
}

func (t *traffic) answer(message string) []byte {
	return fmt.Appendf(nil, `{"id":"chatcmpl-%x","object":"chat.completion","created":%d,"choices":[{"index":0,"finish_reason":"stop",`+
		`"message":%s}],"usage":{"prompt_tokens":%d,"completion_tokens":%d}}`, t.Uint64(), t.Uint32(), message, t.IntN(9000), t.IntN(900))
}

// agents is twenty sessions that send their whole history each time, and among them requests that stand alone.
func (t *traffic) agents() exchanged {
	if t.IntN(10) < 3 {
		return t.single(1000+t.IntN(6000), 300+t.IntN(1500))
	}
	session := &t.sessions[t.IntN(len(t.sessions))]
	if session.Len() == 0 || session.Len() > 60_000 {
		session.Reset()
		session.WriteString(t.tools)
		session.WriteString(t.message("system", 2000))
	}
	session.WriteString("," + t.message("user", 200+t.IntN(2500)))
	request := session.String() + "]}"
	reply := t.message("assistant", 200+t.IntN(1000))
	session.WriteString("," + reply)
	return exchanged{[]byte(request), t.answer(reply)}
}

// single is a request without a history, in words.
func (t *traffic) single(request, response int) exchanged {
	return exchanged{
		[]byte(`{"model":"openai/gpt","messages":[` + t.message("user", request) + "]}"),
		t.answer(t.message("assistant", response)),
	}
}

// noise is characters at random: nothing but their choice can be compressed.
func (t *traffic) noise(request, response int) exchanged {
	text := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[t.IntN(64)]
		}
		return b
	}
	return exchanged{text(request), text(response)}
}
