package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"heimdall/gateway/compat"
	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/llm"
)

const canary = "sk-canary-0123456789abcdef0123456789"

type memory struct {
	entities map[string]config.Entity
	version  int64
}

func (m *memory) Load(context.Context) ([]config.Entity, int64, error) {
	return slices.Collect(maps.Values(m.entities)), m.version, nil
}

func (m *memory) Apply(_ context.Context, base int64, changes []config.Entity) (int64, error) {
	for _, c := range changes {
		if c.Data == nil {
			delete(m.entities, c.Kind+"/"+c.ID)
			continue
		}
		m.entities[c.Kind+"/"+c.ID] = c
	}
	m.version++
	return m.version, nil
}

type chain map[string]string

func (c chain) Get(item string) (string, error) {
	if value, ok := c[item]; ok {
		return value, nil
	}
	return "", errors.New("the keychain has no such item")
}
func (c chain) Set(item, value string) error { c[item] = value; return nil }
func (c chain) Delete(item string) error     { delete(c, item); return nil }

// journal is a log in memory: the newest first. It knows no filters but the times.
type journal struct {
	records []*exchange.Record
	last    observe.Query
	stats   func(observe.Query, observe.Breakdown) []observe.Group // nil = everything is one group of nothing
	divided []observe.Breakdown                                    // what was asked of it
	size    observe.Size
}

func (j *journal) Search(_ context.Context, q observe.Query) (observe.Page, error) {
	j.last = q
	records := slices.Clone(j.records)
	records = slices.DeleteFunc(records, func(r *exchange.Record) bool {
		return !q.Since.IsZero() && r.Time.Before(q.Since) || !q.Until.IsZero() && !r.Time.Before(q.Until)
	})
	if q.Ascending {
		slices.Reverse(records)
	}
	page := observe.Page{Total: int64(len(records))}
	records = records[min(q.Offset, len(records)):]
	page.Records = records[:min(q.Limit, len(records))]
	return page, nil
}

func (j *journal) Stats(_ context.Context, q observe.Query, b observe.Breakdown) ([]observe.Group, error) {
	j.last, j.divided = q, append(j.divided, b)
	if j.stats == nil {
		return nil, nil
	}
	return j.stats(q, b), nil
}

func (j *journal) Size(context.Context) (observe.Size, error) { return j.size, nil }

func (j *journal) Get(_ context.Context, id string) (*exchange.Record, error) {
	for _, r := range j.records {
		if r.ID == id {
			return r, nil
		}
	}
	return nil, observe.ErrNotFound
}

func (j *journal) Delete(_ context.Context, ids []string) error {
	j.records = slices.DeleteFunc(j.records, func(r *exchange.Record) bool { return slices.Contains(ids, r.ID) })
	return nil
}

type port struct{ state Gateway }

func (p *port) State() Gateway              { return p.state }
func (p *port) Start(context.Context) error { p.state.State = "running"; return nil }
func (p *port) Stop(context.Context) error  { p.state.State = "stopped"; return nil }

// world is a management API and what it stands on.
type world struct {
	*Admin
	t       *testing.T
	store   *memory
	chain   chain
	journal *journal
	port    *port
	call    TestCall
	outcome TestOutcome

	recalculation Recalculation
	log           LogState
	models        []ModelEntry
}

func newWorld(t *testing.T, fixed config.Fixed) *world {
	t.Helper()
	w := &world{t: t, store: &memory{entities: map[string]config.Entity{}}, chain: chain{}, journal: &journal{}, port: &port{}}
	w.port.state = Gateway{State: "running", Address: "http://127.0.0.1:8080", Controllable: true}
	env := func(name string) string { return map[string]string{"SET": canary}[name] }
	kinds := []config.KindInfo{{Name: "alpha"}, {Name: "play", Keyless: true, FirstRun: true},
		{Name: "big-cloud", ValueOptional: true, KeyOptions: []config.KeyOption{{Name: "region", Type: "text"}, {Name: "endpoint", Type: "url"}, {Name: "single", Type: "bool"}, {Name: "client_secret", Type: "secret"}, {Name: "credentials", Type: "secret"}}},
		{Name: "own", Custom: true, Bases: []string{"alpha", "big-cloud"}}}
	m := config.NewManager(config.ManagerOptions{Store: w.store, Secrets: w.chain, Env: env, Fixed: fixed, Kinds: kinds})
	dialects := map[string]dialect.Dialect{"chat": chat.New(), "messages": messages.New()}
	w.Admin = New(Options{
		Config: m, Shapes: compat.NewDecoder(kinds, env), Logs: w.journal, Hub: NewHub(), Gateway: w.port,
		Kinds: []Kind{{Name: "alpha", Title: "Alpha", Models: []string{"a-1", "a-2"}}, {Name: "play", Title: "Play", Keyless: true}, {Name: "big-cloud", Title: "Big Cloud", Options: []Option{
			{Name: "value", Type: "secret", Scope: "key"}, {Name: "base_url", Type: "url", Scope: "network"}, {Name: "region", Type: "text", Scope: "key"}, {Name: "endpoint", Type: "url", Scope: "key"},
			{Name: "single", Type: "bool", Scope: "key"}, {Name: "client_secret", Type: "secret", Scope: "key"}, {Name: "credentials", Type: "secret", Scope: "key"},
		}}},
		Models:  func(context.Context) []ModelEntry { return w.models },
		Refresh: func(context.Context, string, string) error { return nil },
		Health:  func(string, string) (string, string) { return "unknown", "" },
		Prices: func(query, provider string, limit, offset int) ModelPrices {
			return ModelPrices{Dated: fmt.Sprintf("%s %s %d %d", query, provider, limit, offset)}
		},
		Recalculate: func(_ context.Context, r Recalculation) (Recalculated, error) {
			w.recalculation = r
			return Recalculated{TotalMatched: 3, Updated: 2, Skipped: 1}, nil
		},
		LogState: func() LogState { return w.log },
		Simulate: func(context.Context, Simulation) (Simulated, error) { return Simulated{}, nil },
		Breakers: func() Health { return Health{} },
		Call: func(_ context.Context, c TestCall) TestOutcome {
			w.call = c
			return w.outcome
		},
		Dialects: func(name string) (dialect.Dialect, bool) { d, ok := dialects[name]; return d, ok },
		Version:  "v0.1.0", AppDir: "/app", Keychain: "os", ControlToken: "control-token",
	})
	if err := m.Load(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return w
}

type fields map[string]string

func (f fields) Get(name string) string { return f[http.CanonicalHeaderKey(name)] }
func (f fields) HasPrefix(string) bool  { return false }

func (f fields) Each(string, func(name, value string)) {}

// send finds the row of a path, the most particular one, and runs it, as the edge does.
func (w *world) send(ctx context.Context, method, target, body string, header fields) (*exchange.Reply, error) {
	w.t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		w.t.Fatal(err)
	}
	var found *exchange.Row
	var named map[string]string
	for _, row := range w.Rows() {
		if p, ok := params(row.Path, u.Path); ok && row.Method == method && (found == nil || len(p) < len(named)) {
			found, named = &row, p
		}
	}
	if found != nil {
		return found.Handler(ctx, &exchange.Exchange{
			Row: found, Method: method, Path: u.Path, Query: u.Query(), Params: named, Header: header, Raw: []byte(body),
			Peer: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5555},
		})
	}
	w.t.Fatalf("no row for %s %s", method, target)
	return nil, nil
}

func params(pattern, path string) (map[string]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	found := map[string]string{}
	for i, segment := range want {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			found[strings.TrimSuffix(name, "}")] = got[i]
		} else if segment != got[i] {
			return nil, false
		}
	}
	return found, true
}

// do sends a request that must succeed, and decodes its answer.
func do[T any](w *world, method, target, body string) (answer T) {
	w.t.Helper()
	r, err := w.send(w.t.Context(), method, target, body, fields{})
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, target, err)
	}
	if err := json.Unmarshal(r.Body, &answer); err != nil {
		w.t.Fatalf("%s %s: %v in %s", method, target, err, r.Body)
	}
	return answer
}

// fail sends a request that must be refused.
func (w *world) fail(method, target, body string, status int, param string) {
	w.t.Helper()
	_, err := w.send(w.t.Context(), method, target, body, fields{})
	if err == nil {
		w.t.Fatalf("%s %s %s succeeded", method, target, body)
	}
	if e := llm.AsError(err); e.Status != status || e.Param != param {
		w.t.Errorf("%s %s %s: status %d, param %q: %s", method, target, body, e.Status, e.Param, e.Message)
	}
}
