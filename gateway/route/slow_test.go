package route

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"heimdall/providers"
	"heimdall/providers/fake"
)

// streamedAt is an answer that brings so many characters a second.
func streamedAt(characters int) (fake.Reply, string) {
	frame := func(text, finish string) string {
		return fake.SSE(`{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"` + text + `"},"finish_reason":` + finish + `}]}`)
	}
	r := fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "text/event-stream"}}
	all := ""
	for range 9 {
		p := fake.Piece{After: time.Second, Data: frame(strings.Repeat("x", characters), "null")}
		r.Pieces = append(r.Pieces, p)
		all += p.Data
	}
	end := frame("", `"stop"`) + "data: [DONE]\n\n"
	r.Pieces = append(r.Pieces, fake.Piece{Data: end})
	return r, all + end
}

// A stream that is too slow counts as one that failed before it began: the next key or provider answers, and the client
// gets one whole answer.
func TestSlowStreams(t *testing.T) {
	slow, _ := streamedAt(10)
	fast, whole := streamedAt(100)
	guard := providers.Guard{Minimum: 50, Window: 4500 * time.Millisecond}
	const said = "503 p sends 11.1 characters per second, and the minimum is 50"
	for _, c := range []struct {
		name   string
		says   map[string]fake.Reply // by provider and key
		guard  providers.Guard
		more   string
		want   string
		gets   string
		serves string // the provider
	}{
		{"fast", map[string]fake.Reply{"p:a": fast}, guard, `,"fallbacks":["q/m"]`, "p:a", "200 " + whole, "p"},
		{"slow, without a guard", map[string]fake.Reply{"p:a": slow}, providers.Guard{}, `,"fallbacks":["q/m"]`, "p:a", "200 data", "p"},
		{"a slow key", map[string]fake.Reply{"p:a": slow, "p:b": fast}, guard, "", "p:a 1s p:a 2s p:b", "200 " + whole, "p"},
		{"a slow provider", map[string]fake.Reply{"p:a": slow, "p:b": slow, "q:c": fast}, guard, `,"fallbacks":["q/m"]`, "p:a 1s p:a 2s p:b q:c", "200 " + whole, "q"},
		{"all are slow", map[string]fake.Reply{"p:a": slow, "p:b": slow, "q:c": slow}, guard, `,"fallbacks":["q/m"]`, "p:a 1s p:a 2s p:b q:c 1s q:c 2s q:c", said, "p"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, q := provider("p", "a=1e12", "b=1"), provider("q", "c")
				p.Guard, q.Guard = c.guard, c.guard
				w := newWorld(t, p, q)
				w.script = func(provider, key string) (fake.Reply, error) { return c.says[provider+":"+key], nil }
				x := w.ask("p/m", `,"stream":true,"stream_options":{"include_usage":true}`+c.more)
				x.Caller = &caller{w: w}
				gets := w.send(x)
				if got := w.happened(); got != c.want {
					t.Errorf("happened: %s\nwant:     %s", got, c.want)
				}
				if !strings.HasPrefix(gets, c.gets) || strings.HasPrefix(c.gets, "200 "+whole) && gets != c.gets {
					t.Errorf("the client gets %s\nwant %s", gets, c.gets)
				}
				calls := strings.Count(c.want, ":")
				if rec := x.Record; rec.Provider != c.serves || len(rec.Attempts) != calls {
					t.Errorf("%s, attempts %+v", rec.Provider, rec.Attempts)
				}
				if first := x.Record.Attempts[0]; first.Status == 200 && first.Duration != time.Second {
					t.Errorf("the first words came after %s", first.Duration)
				}
				for i, a := range x.Record.Attempts {
					if last := i == calls-1 && c.gets != said; last != (a.Status == 200) || !last && a.Status != 503 {
						t.Errorf("attempt %d: %+v", i, a)
					}
				}
				if w.open.Open() != 0 || w.held != 0 {
					t.Errorf("%d answers are still open, %d are held", w.open.Open(), w.held)
				}
			})
		})
	}
}
