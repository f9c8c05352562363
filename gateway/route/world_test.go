package route

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers"
	"heimdall/providers/all"
	"heimdall/providers/auth"
	"heimdall/providers/dialect"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

const answer = `{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`

// world is a router with a clock of its own, upstreams that answer by script, and a note of all that happens.
type world struct {
	*Router
	t      *testing.T
	now    time.Time
	random *rand.Rand
	script func(provider, key string) (fake.Reply, error)

	mu     sync.Mutex
	events []string // provider:key for a call, the length of a pause
	held   int
	spent  []exchange.Spent
	open   fake.Doer
}

// wire is the way to one provider of a world.
type wire struct {
	w    *world
	name string
}

func (d wire) Do(ctx context.Context, r *transport.Request) (*transport.Response, error) {
	key := ""
	for _, f := range r.Header {
		if strings.EqualFold(f.Name, "Authorization") {
			key = strings.TrimPrefix(f.Value, "Bearer ")
		}
	}
	d.w.note(strings.TrimSuffix(d.name+":"+key, ":"))
	reply, err := d.w.script(d.name, key)
	if err != nil {
		return nil, err
	}
	d.w.mu.Lock() // a call has the reply that was set for it
	defer d.w.mu.Unlock()
	d.w.open.Script = func(*transport.Request) fake.Reply { return reply }
	return d.w.open.Do(ctx, r)
}

func (w *world) note(event string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, event)
}

// happened tells what happened since it was last asked.
func (w *world) happened() string {
	out := strings.Join(w.events, " ")
	w.events = nil
	return out
}

func newWorld(t *testing.T, list ...*Provider) *world {
	w := &world{t: t, now: time.Unix(1_700_000_000, 0), random: rand.New(rand.NewPCG(1, 2))}
	w.script = func(string, string) (fake.Reply, error) { return ok(), nil }
	clock := func() time.Time { return w.now }
	steady := func() float64 { return 0.5 } // pauses are as long as their mean
	dialects := all.Dialects()
	for _, p := range list {
		p.Doer = wire{w, p.Name}
	}
	w.Router = New(Options{
		Providers: list, Health: NewHealth(clock, steady), Sessions: NewSessions(clock), Draw: steady,
		Catalog: NewCatalog(clock, dialects["chat"].Client.DecodeError),
		Dialect: func(name string) (dialect.Dialect, bool) { d, ok := dialects[name]; return d, ok },
		Wait: func(ctx context.Context, d time.Duration) error {
			w.note(d.String())
			w.now = w.now.Add(d)
			return ctx.Err()
		},
	})
	return w
}

// provider makes one with keys: name=weight, or name.
func provider(name string, keys ...string) *Provider {
	table := &providers.Table{About: providers.Info{Name: name, BaseURL: "http://" + name + ".test"}, Auth: auth.Bearer, Routes: map[llm.Op][]providers.Endpoint{
		llm.OpChat:   {{Dialect: "chat", Method: "POST", Version: "/v1", Path: "/chat/completions"}},
		llm.OpModels: {{Method: "GET", Path: "/models"}},
	}}
	p := &Provider{Target: providers.Target{Name: name, Provider: table, Features: providers.Probe(table)},
		Retry: Retry{Max: 2, Initial: time.Second, Longest: 5 * time.Second}}
	for _, k := range keys {
		weight := 1.0
		if before, after, ok := strings.Cut(k, "="); ok {
			k = before
			_, _ = fmt.Sscan(after, &weight)
		}
		p.Keys = append(p.Keys, Key{Credential: providers.Credential{KeyID: k, KeyName: k, Value: k}, Weight: weight, Models: Models{All: true}})
	}
	return p
}

func ok() fake.Reply {
	return fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "application/json"}, Body: answer}
}

func fails(status int, message string, header ...string) fake.Reply {
	r := fake.Reply{Status: status, Header: map[string]string{"Content-Type": "application/json"}, Body: `{"error":{"message":"` + message + `"}}`}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header[header[i]] = header[i+1]
	}
	return r
}

type header http.Header

func (h header) Get(name string) string { return http.Header(h).Get(name) }

func (h header) HasPrefix(prefix string) (has bool) {
	h.Each(prefix, func(string, string) { has = true })
	return has
}

func (h header) Each(prefix string, f func(name, value string)) {
	for n, v := range h {
		if strings.HasPrefix(n, prefix) {
			f(n, v[0])
		}
	}
}

var chatRow = exchange.Row{Method: "POST", Path: "/v1/chat/completions", Op: llm.OpChat, Dialect: "chat"}

// ask makes an exchange. more goes into the body; fields are names and values of its header.
func (w *world) ask(model, more string, fields ...string) *exchange.Exchange {
	h := http.Header{}
	for i := 0; i+1 < len(fields); i += 2 {
		h.Set(fields[i], fields[i+1])
	}
	x := &exchange.Exchange{ID: "x", Row: &chatRow, Method: "POST", Path: chatRow.Path, Header: header(h), Query: url.Values{},
		Raw: []byte(`{"model":"` + model + `","messages":[{"role":"user","content":"hi"}]` + more + `}`), Start: w.now, Record: &exchange.Record{}}
	d, _ := w.Dialect("chat")
	x.SetDialect(d)
	var err error
	if x.Peek, err = d.Server.Peek(x.Named(), x.Raw); err != nil {
		w.t.Fatal(err)
	}
	return x
}

// send sends an exchange and reads a streamed answer to its end. The text is the status and what was said.
func (w *world) send(x *exchange.Exchange) string {
	w.t.Helper()
	reply, err := w.Handle(w.t.Context(), x)
	if err != nil {
		e := llm.AsError(err)
		return fmt.Sprint(e.Status, " ", e.Message)
	}
	if reply.Stream == nil {
		reply.Release()
		return fmt.Sprint(reply.Status)
	}
	body, err := io.ReadAll(reply.Stream)
	if err := errors.Join(err, reply.Stream.Close()); err != nil {
		w.t.Error(err)
	}
	return fmt.Sprint(reply.Status, " ", string(body))
}

// caller is a sender whose limits are a script, and who counts what is held.
type caller struct {
	w      *world
	shares []exchange.Share
	may    func(provider, model string) error
	keys   []string
	refuse func(exchange.Need) error
}

func (c *caller) Shares(string) []exchange.Share { return append([]exchange.Share(nil), c.shares...) }

func (c *caller) May(provider, model string) error {
	if c.may == nil {
		return nil
	}
	return c.may(provider, model)
}

func (c *caller) Keys(string) []string { return c.keys }

func (c *caller) Afford(n exchange.Need) error {
	if c.refuse == nil {
		return nil
	}
	return c.refuse(n)
}

func (c *caller) Hold(n exchange.Need) (exchange.Hold, error) {
	if err := c.Afford(n); err != nil {
		return nil, err
	}
	c.w.held++
	return &held{w: c.w}, nil
}

type held struct {
	w    *world
	done bool
}

func (h *held) Settle(s exchange.Spent) {
	if h.done {
		h.w.t.Error("settled twice")
	}
	h.done = true
	h.w.held--
	h.w.spent = append(h.w.spent, s)
}

// instant answers at once, and costs as little as can be.
type instant struct{}

func (instant) Do(context.Context, *transport.Request) (*transport.Response, error) {
	return &transport.Response{Status: 200, ContentType: "application/json", Body: []byte(answer), Release: func() {},
		Header: func(string) string { return "" }, Each: func(func(name, value []byte)) {}}, nil
}
