package gateway

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/keychain"
	"heimdall/providers"
	"heimdall/providers/openai"
	"heimdall/providers/transport"
)

// instant is an upstream that answers at once and costs nothing.
type instant struct{ body []byte }

func (i instant) Do(context.Context, *transport.Request) (*transport.Response, error) {
	return &transport.Response{
		Status: 200, ContentType: "application/json", Body: i.body, Release: func() {},
		Header: func(string) string { return "" }, Each: func(func(name, value []byte)) {},
	}, nil
}

type plainHeader http.Header

func (h plainHeader) Get(name string) string { return http.Header(h).Get(name) }

func (h plainHeader) HasPrefix(string) bool { return false }

func (h plainHeader) Each(string, func(name, value string)) {}

// chainFor makes a gateway without listeners whose one provider answers at once, and a function that sends one chat
// request of about 4 KB through its chain.
func chainFor(tb testing.TB, logging bool) (send func()) {
	tb.Helper()
	table := openai.New().(*providers.Table)
	answer := `{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"` +
		strings.Repeat(`A line with \"quotes\" and ünïcode.\n`, 30) + `"},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":250,"total_tokens":1250}}`
	table.About.Doer = instant{[]byte(answer)}
	g, err := New(Options{
		AppDir: tb.TempDir(), Log: slog.New(slog.DiscardHandler), UI: fstest.MapFS{}, Secrets: keychain.NewMem(),
		Providers: []providers.Provider{table},
		Env: func(name string) string {
			if name == "OPENAI_API_KEY" {
				return "sk-test"
			}
			return ""
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = g.Close(context.Background()) })
	if !logging {
		s := *g.manager.Snapshot()
		s.Client.EnableLogging = false
		g.useChain(&s)
	}
	raw := []byte(`{"model":"gpt-4o-mini","temperature":0.7,"messages":[{"role":"user","content":"` + strings.Repeat(`Tell me \"more\", bitte schön. `, 130) + `"}]}`)
	rows := g.inferenceRows()
	row := rows[slices.IndexFunc(rows, func(r exchange.Row) bool { return r.Path == "/openai/v1/chat/completions" })]
	h := plainHeader{"User-Agent": {"test"}, "Content-Type": {"application/json"}, "Authorization": {"Bearer unused"}}
	chain := *g.chain.Load()
	return func() {
		x := &exchange.Exchange{ID: "id", Row: &row, Method: row.Method, Path: row.Path, Header: h, Raw: raw, Start: time.Now()}
		x.SetDialect(g.dialects[row.Dialect])
		reply, err := chain(context.Background(), x)
		if err != nil || reply.Status != 200 || !bytes.HasPrefix(reply.Body, []byte(`{"id"`)) {
			tb.Fatalf("%v %+v", err, reply)
		}
	}
}

func BenchmarkChain(b *testing.B) {
	for name, logging := range map[string]bool{"plain": false, "logged": true} {
		b.Run(name, func(b *testing.B) {
			send := chainFor(b, logging)
			b.ReportAllocs()
			for b.Loop() {
				send()
			}
		})
	}
}

// The hot path's allocations are part of what keeps a gateway in between for free.
func TestChainAllocations(t *testing.T) {
	send := chainFor(t, false)
	if n := testing.AllocsPerRun(200, send); n > 20 {
		t.Errorf("a native request allocates %.0f times", n)
	}
}
