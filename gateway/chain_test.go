package gateway

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
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

// governed is a config file with a virtual key that has a budget and limits at every level that a request passes.
const governed = `{"governance":{
	"customers":[{"id":"customer","name":"customer","budgets":[{"max_limit":1e6,"reset_duration":"1M"}]}],
	"teams":[{"id":"team","name":"team","customer_id":"customer","budgets":[{"max_limit":1e6,"reset_duration":"1M"}]}],
	"model_configs":[{"model_name":"gpt-4o-mini","provider":"openai","budgets":[{"max_limit":1e6,"reset_duration":"1M"}]}],
	"virtual_keys":[{"id":"key","name":"key","value":"sk-bf-governed","team_id":"team","budgets":[{"max_limit":1e6,"reset_duration":"1M"}],
		"rate_limit":{"token_max_limit":1000000000000,"token_reset_duration":"1h","request_max_limit":1000000000000,"request_reset_duration":"1h"},
		"provider_configs":[{"provider":"openai","weight":1,"allowed_models":["*"],"key_ids":["*"],"budgets":[{"max_limit":1e6,"reset_duration":"1M"}]}]}]}}`

// chainFor makes a gateway without listeners whose one provider answers at once, and a function that sends one chat
// request of about 4 KB through its chain. config is that of the gateway; "" = none.
func chainFor(tb testing.TB, logging bool, config string) (send func()) {
	tb.Helper()
	dir := tb.TempDir()
	if config != "" {
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	table := openai.New().(*providers.Table)
	answer := `{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"` +
		strings.Repeat(`A line with \"quotes\" and ünïcode.\n`, 30) + `"},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":250,"total_tokens":1250}}`
	table.About.Doer = instant{[]byte(answer)}
	g, err := New(Options{
		AppDir: dir, Log: slog.New(slog.DiscardHandler), UI: fstest.MapFS{}, Secrets: keychain.NewMem(),
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
	h := plainHeader{"User-Agent": {"test"}, "Content-Type": {"application/json"}, "Authorization": {"Bearer sk-bf-governed"}}
	if config == "" {
		h["Authorization"] = []string{"Bearer unused"}
	}
	chain := *g.chain.Load()
	return func() {
		x := &exchange.Exchange{ID: "id", Row: &row, Method: row.Method, Path: row.Path, Header: h, Raw: raw, Start: time.Now()}
		x.SetDialect(g.dialects[row.Dialect])
		reply, err := chain(context.Background(), x)
		if err != nil || reply.Status != 200 || !bytes.HasPrefix(reply.Body, []byte(`{"id"`)) {
			tb.Fatalf("%v %+v", err, reply)
		}
		if (x.Caller != nil) != (config != "") {
			tb.Fatal("the virtual key is not what the config says")
		}
	}
}

func BenchmarkChain(b *testing.B) {
	for _, c := range []struct {
		name    string
		logging bool
		config  string
	}{{"plain", false, ""}, {"logged", true, ""}, {"governed", false, governed}, {"governed and logged", true, governed}} {
		b.Run(c.name, func(b *testing.B) {
			send := chainFor(b, c.logging, c.config)
			b.ReportAllocs()
			for b.Loop() {
				send()
			}
		})
	}
}

// The hot path's allocations are part of what keeps a gateway in between for free.
func TestChainAllocations(t *testing.T) {
	for _, c := range []struct {
		config string
		most   float64
	}{{"", 23}, {governed, 25}} {
		if n := testing.AllocsPerRun(200, chainFor(t, false, c.config)); n > c.most {
			t.Errorf("a native request allocates %.0f times, at most %.0f are due", n, c.most)
		}
	}
}
