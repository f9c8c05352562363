package route

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"heimdall/providers"
	"heimdall/providers/fake"
)

func models(t *testing.T, list ...string) Models {
	t.Helper()
	m, err := NewModels(false, list)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestModels(t *testing.T) {
	m := models(t, "gpt-4o", "regex:claude-.*-4", "regex:a|b")
	for name, want := range map[string]bool{"gpt-4o": true, "GPT-4o": false, "gpt-4o-mini": false, "claude-haiku-4": true, "CLAUDE-opus-4": true,
		"claude-haiku-4-5": false, "my-claude-x-4": false, "a": true, "B": true, "ab": false} {
		if m.Has(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	if _, err := NewModels(false, []string{"regex:("}); err == nil || !strings.Contains(err.Error(), "regex:(") {
		t.Errorf("a bad pattern: %v", err)
	}
}

func TestWhichKeysServe(t *testing.T) {
	w := newWorld(t)
	cred := func(id string) providers.Credential {
		return providers.Credential{KeyID: id + "-id", KeyName: id, Value: id}
	}
	everything := Models{All: true}
	for _, c := range []struct {
		name   string
		keys   []Key
		model  string
		header []string
		only   []string
		want   string // what is called
		gets   string
	}{
		{"allowed", []Key{{Credential: cred("a"), Models: models(t, "x"), Weight: 1}, {Credential: cred("b"), Models: models(t, "m"), Weight: 1}}, "m", nil, nil, "p:b", "200"},
		{"denied wins", []Key{{Credential: cred("a"), Models: everything, Denied: models(t, "regex:m.*"), Weight: 1}, {Credential: cred("b"), Models: everything, Weight: 1e-9}}, "m", nil, nil, "p:b", "200"},
		{"weight 0 is not drawn", []Key{{Credential: cred("a"), Models: everything}, {Credential: cred("b"), Models: everything, Weight: 1e-9}}, "m", nil, nil, "p:b", "200"},
		{"but where all have 0", []Key{{Credential: cred("a"), Models: models(t, "x")}, {Credential: cred("b"), Models: everything}}, "m", nil, nil, "p:b", "200"},
		{"and where it is pinned", []Key{{Credential: cred("a"), Models: everything}, {Credential: cred("b"), Models: everything, Weight: 1}}, "m", []string{"X-Bf-Api-Key", "a"}, nil, "p:a", "200"},
		{"the id counts more than the name", []Key{{Credential: cred("a"), Models: everything, Weight: 1}, {Credential: cred("b"), Models: everything, Weight: 1}}, "m", []string{"X-Bf-Api-Key", "a", "X-Bf-Api-Key-Id", "b-id"}, nil, "p:b", "200"},
		{"an unknown pin", []Key{{Credential: cred("a"), Models: everything, Weight: 1}}, "m", []string{"X-Bf-Api-Key", "z"}, nil, "", `400 no key found with name "z" for provider: p`},
		{"a pin that does not serve the model", []Key{{Credential: cred("a"), Models: models(t, "x"), Weight: 1}}, "m", []string{"X-Bf-Api-Key", "a"}, nil, "", "400 no keys found that support model: m"},
		{"none serves the model", []Key{{Credential: cred("a"), Models: models(t, "x"), Weight: 1}}, "m", nil, nil, "", "400 no keys found that support model: m"},
		{"only some may be used", []Key{{Credential: cred("a"), Models: everything, Weight: 1e9}, {Credential: cred("b"), Models: everything, Weight: 1}}, "m", nil, []string{"b-id"}, "p:b", "200"},
		{"none may be used", []Key{{Credential: cred("a"), Models: everything, Weight: 1}}, "m", nil, []string{}, "", "400 no keys found that support model: m (provider p); allow it in the models of one of the keys that the virtual key may use"},
		{"a key with a problem", []Key{{Credential: cred("a"), Models: everything, Weight: 1, Problem: "A is not set"}}, "m", nil, nil, "", `502 no usable key for p: key "a": A is not set`},
		{"an alias serves", []Key{{Credential: cred("a"), Models: models(t, "x"), Weight: 1e9}, {Credential: cred("b"), Models: models(t, "x"), Aliases: map[string]Alias{"m": {Model: "own"}}, Weight: 1}}, "m", nil, nil, "p:b", "200"},
		{"unless it is denied", []Key{{Credential: cred("b"), Denied: models(t, "m"), Aliases: map[string]Alias{"m": {Model: "own"}}, Weight: 1}}, "m", nil, nil, "", "400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := provider("p")
			p.Keys = c.keys
			w = newWorld(t, p)
			x := w.ask("p/"+c.model, "", c.header...)
			if c.only != nil {
				x.Caller = &caller{w: w, keys: c.only}
			}
			if gets := w.send(x); !strings.HasPrefix(gets, c.gets) {
				t.Errorf("gets %s", gets)
			}
			if got := w.happened(); got != c.want {
				t.Errorf("happened: %q", got)
			}
		})
	}
}

// Keys may call one model differently: each attempt asks for what its key calls it.
func TestAliasesByKey(t *testing.T) {
	p := provider("p", "a=1e9", "b=1")
	p.Keys[0].Aliases = map[string]Alias{"m": {Model: "m-of-a", Options: map[string]string{"region": "x"}}}
	w := newWorld(t, p)
	w.script = func(_, key string) (fake.Reply, error) {
		if key == "a" {
			return fails(429, "slow"), nil
		}
		return ok(), nil
	}
	x := w.ask("p/m", "")
	if got := w.send(x); got != "200" {
		t.Error(got)
	}
	rec := x.Record
	if a := rec.Attempts; len(a) != 2 || a[0].Model != "m-of-a" || a[1].Model != "m" || rec.Model != "m" || rec.KeyName != "b" {
		t.Errorf("%+v, %+v", a, rec)
	}
	if c, model := p.Keys[0].call("m"); model != "m-of-a" || c.Options["region"] != "x" || c.Value != "a" {
		t.Errorf("%s %+v", model, c)
	}
}

// The draws follow the weights: chi-squared of 3 degrees of freedom stays below 16.27 but once in a thousand times, and
// the seed is fixed.
func TestWeightsAreKept(t *testing.T) {
	weights := map[string]float64{"a": 1, "b": 2, "c": 3, "d": 4}
	p := provider("p", "a=1", "b=2", "c=3", "d=4", "idle=0")
	w := newWorld(t, p)
	random := rand.New(rand.NewPCG(7, 8))
	s := pool{up: w.providers["p"], model: "m"}
	seen := map[string]float64{}
	const n = 20_000
	for range n {
		i, well, err := s.choose(random.Float64)
		if err != nil || !well {
			t.Fatal(well, err)
		}
		seen[p.Keys[i].KeyID]++
	}
	chi := 0.0
	for key, weight := range weights {
		want := n * weight / 10
		chi += (seen[key] - want) * (seen[key] - want) / want
	}
	if chi > 16.27 || seen["idle"] > 0 {
		t.Errorf("chi-squared %.2f: %v", chi, seen)
	}
}

func TestSessionsStayWithTheirKey(t *testing.T) {
	w := newWorld(t, provider("p", "a", "b", "c"))
	w.Draw = w.random.Float64
	ask := func(model string, fields ...string) string {
		t.Helper()
		w.send(w.ask("p/"+model, "", fields...))
		return w.happened()
	}
	first := map[string]bool{}
	for range 30 {
		first[ask("m")] = true
	}
	if len(first) != 3 {
		t.Fatalf("without a session: %v", first)
	}
	mine := ask("m", "X-Bf-Session-Id", "s")
	for range 20 {
		w.now = w.now.Add(59 * time.Minute) // each call counts anew
		if got := ask("m", "X-Bf-Session-Id", "s"); got != mine {
			t.Fatalf("went from %s to %s", mine, got)
		}
	}
	// The key has had enough: the session moves on, and stays there.
	w.script = func(_, key string) (fake.Reply, error) {
		if "p:"+key == mine {
			return fails(429, "slow", "Retry-After", "30"), nil
		}
		return ok(), nil
	}
	moved := strings.Fields(ask("m", "X-Bf-Session-Id", "s"))
	if len(moved) != 2 || moved[0] != mine {
		t.Fatalf("limited: %v", moved)
	}
	w.script = func(string, string) (fake.Reply, error) { return ok(), nil }
	for range 10 {
		if got := ask("m", "X-Bf-Session-Id", "s"); got != moved[1] {
			t.Fatalf("went on to %s, want %s", got, moved[1])
		}
	}
	over := map[string]bool{}
	for range 30 {
		w.now = w.now.Add(time.Minute)
		over[ask("m", "X-Bf-Session-Id", "t", "X-Bf-Session-Ttl", "60")] = true
	}
	if len(over) != 3 {
		t.Errorf("sessions that are over: %v", over)
	}
}

func TestSessionLengths(t *testing.T) {
	w := newWorld(t)
	for text, want := range map[string]time.Duration{"": time.Hour, "30m": 30 * time.Minute, "1800": 30 * time.Minute, "soon": time.Hour, "-5": time.Hour, "-1m": time.Hour} {
		if got := ageOf(w.ask("m", "", "X-Bf-Session-Ttl", text).Header); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
	if got := sessionOf(w.ask("m", "", "X-Claude-Code-Session-Id", "c").Header); got != "c" {
		t.Error(got)
	}
	s := NewSessions(func() time.Time { return w.now })
	for i := range 3 * maxSessions {
		s.bind(session{id: string(rune(i))}, "k", time.Hour)
		if len(s.bound) > maxSessions {
			t.Fatalf("%d sessions", len(s.bound))
		}
	}
}
