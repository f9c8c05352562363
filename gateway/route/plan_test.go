package route

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/exchange"
	"heimdall/gateway/rule"
	"heimdall/providers"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
)

func down(names ...string) func(string, string) (fake.Reply, error) {
	return func(provider, _ string) (fake.Reply, error) {
		for _, n := range names {
			if n == provider {
				return fails(429, n+" is down"), nil
			}
		}
		return ok(), nil
	}
}

// unretried makes providers that are called once.
func unretried(names ...string) (list []*Provider) {
	for _, n := range names {
		p := provider(n, "k")
		p.Retry.Max = 0
		list = append(list, p)
	}
	return list
}

func TestFallbacks(t *testing.T) {
	refused := &llm.Error{Kind: llm.KindBudgetExceeded, Status: 402, Message: "the budget is used up"}
	for _, c := range []struct {
		name   string
		body   string
		down   []string
		refuse string // whose calls the sender's limits refuse
		want   string
		gets   string
		record string // provider/model, fallback, primary
		warns  int
	}{
		{"none is needed", `,"fallbacks":["b/x"]`, nil, "", "a:k", "200", "a/m 0 /", 0},
		{"in their order", `,"fallbacks":["b/x",{"provider":"c","model":"y"}]`, []string{"a", "b"}, "", "a:k b:k c:k", "200", "c/y 2 a/m", 0},
		{"the model is kept", `,"fallbacks":["b/"]`, []string{"a"}, "", "a:k b:k", "200", "b/m 1 a/m", 0},
		{"all fail", `,"fallbacks":["b/x","c/y"]`, []string{"a", "b", "c"}, "", "a:k b:k c:k", "429 a is down", "a/m 0 /", 0},
		{"what cannot be read or is not there", `,"fallbacks":["x","nobody/y",7,"b/x","a/m"]`, []string{"a"}, "", "a:k b:k", "200", "b/x 1 a/m", 3},
		{"no list", `,"fallbacks":"b/x"`, []string{"a"}, "", "a:k", "429 a is down", "a/m 0 /", 1},
		{"a refusal goes on", `,"fallbacks":["b/x"]`, nil, "a", "b:k", "200", "b/x 1 a/m", 0},
		{"all are refused or fail", `,"fallbacks":["b/x"]`, []string{"b"}, "a", "b:k", "402 the budget is used up", "a/m 0 /", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, unretried("a", "b", "c")...)
			w.script = down(c.down...)
			x := w.ask("a/m", c.body)
			x.Caller = &caller{w: w, refuse: func(n exchange.Need) error {
				if n.Provider == c.refuse {
					return refused
				}
				return nil
			}}
			gets := w.send(x)
			rec := x.Record
			if got := w.happened(); got != c.want || !strings.HasPrefix(gets, c.gets) {
				t.Errorf("happened %s, want %s; gets %s", got, c.want, gets)
			}
			if got := fmt.Sprintf("%s/%s %d %s/%s", rec.Provider, rec.Model, rec.Fallback, rec.PrimaryProvider, rec.PrimaryModel); got != c.record {
				t.Errorf("record: %s, want %s", got, c.record)
			}
			if len(rec.Warnings) != c.warns {
				t.Errorf("warnings: %v", rec.Warnings)
			}
			if w.held != 0 {
				t.Errorf("%d calls are still held", w.held)
			}
		})
	}
	t.Run("not for a wrong request", func(t *testing.T) {
		w := newWorld(t, unretried("a", "b")...)
		w.script = func(string, string) (fake.Reply, error) { return fails(400, "bad"), nil }
		if got := w.send(w.ask("a/m", `,"fallbacks":["b/x"]`)) + " " + w.happened(); got != "400 bad a:k" {
			t.Error(got)
		}
	})
	t.Run("not for a client that left", func(t *testing.T) {
		w := newWorld(t, unretried("a", "b")...)
		ctx, leave := context.WithCancel(t.Context())
		w.script = func(string, string) (fake.Reply, error) { leave(); return fake.Reply{}, context.Canceled }
		_, err := w.Handle(ctx, w.ask("a/m", `,"fallbacks":["b/x"]`))
		if got := w.happened(); got != "a:k" || llm.AsError(err).Kind != llm.KindCancelled {
			t.Error(got, err)
		}
	})
}

// A client that leaves while the gateway waits ends the wait.
func TestLeavingEndsThePause(t *testing.T) {
	w := newWorld(t, provider("a", "k"))
	w.script = down("a")
	ctx, leave := context.WithCancel(t.Context())
	w.Options.Wait = wait
	began := make(chan struct{})
	w.script = func(string, string) (fake.Reply, error) {
		close(began)
		return fails(429, "slow", "Retry-After", "9"), nil
	}
	go func() { <-began; leave() }()
	if _, err := w.Handle(ctx, w.ask("a/m", "")); llm.AsError(err).Kind != llm.KindCancelled {
		t.Error(err)
	}
	if got := w.happened(); got != "a:k" {
		t.Error(got)
	}
}

func TestSharesDivideTheTraffic(t *testing.T) {
	seed := []exchange.Share{{Provider: "azure", Weight: 0.8}, {Provider: "openai", Weight: 0.2}}
	w := newWorld(t, unretried("azure", "openai", "other")...)
	w.Draw = w.random.Float64
	ask := func(model, more string, shares []exchange.Share) (string, *exchange.Record) {
		t.Helper()
		x := w.ask(model, more)
		x.Caller = &caller{w: w, shares: shares}
		w.send(x)
		return w.happened(), x.Record
	}
	n := map[string]int{}
	for range 2000 {
		got, _ := ask("m", "", seed)
		n[got]++
	}
	if n["azure:k"] < 1530 || n["azure:k"] > 1670 || n["azure:k"]+n["openai:k"] != 2000 { // four standard deviations
		t.Errorf("drawn: %v", n)
	}
	if got, rec := ask("m", "", seed); len(rec.Routing) != 1 || rec.Routing[0].Engine != "governance" || rec.Routing[0].Message != "m is divided among azure (80 %), openai (20 %): "+strings.TrimSuffix(got, ":k")+" was drawn" {
		t.Errorf("steps: %+v", rec.Routing)
	}
	if got, rec := ask("other/m", "", seed); got != "other:k" || rec.Routing != nil {
		t.Errorf("named with its provider: %s %v", got, rec.Routing)
	}
	w.script = down("azure", "openai")
	if got, _ := ask("m", "", seed); got != "azure:k openai:k" && got != "openai:k azure:k" {
		t.Errorf("the others are fallbacks: %s", got)
	}
	if got, _ := ask("m", `,"fallbacks":["other/x"]`, seed); got != "azure:k other:k" && got != "openai:k other:k" {
		t.Errorf("unless the request names some: %s", got)
	}
	w = newWorld(t, unretried("azure", "openai")...)
	w.providers["azure"].breaker.rest("down", 1e9)
	for range 5 {
		if got, _ := ask("m", "", seed); got != "openai:k" {
			t.Errorf("one is left out: %s", got)
		}
	}
}

func TestRulesComeFirst(t *testing.T) {
	w := newWorld(t, unretried("a", "b", "c")...)
	w.Rules = rule.New([]rule.Rule{
		{ID: "1", Name: "free", Enabled: true, Expression: `headers["x-tier"] == "free"`, Targets: []rule.Target{{Provider: "b", Model: "small", Weight: 1}}, Fallbacks: []string{"c/"}},
		{ID: "2", Name: "pin", Enabled: true, Expression: `model == "pinned"`, Targets: []rule.Target{{Key: "other", Weight: 1}}},
		{ID: "3", Name: "gone", Enabled: true, Expression: `model == "gone"`, Targets: []rule.Target{{Provider: "nobody", Weight: 1}}},
	}, rule.Options{})
	w.script = down("b")
	x := w.ask("a/m", "", "X-Tier", "free", "X-Bf-Api-Key", "mine")
	x.Caller = &caller{w: w, shares: []exchange.Share{{Provider: "a", Weight: 1}}}
	if got := w.send(x) + " " + w.happened(); got != "200 b:k c:k" || x.Record.Model != "small" {
		t.Errorf("%s, %s", got, x.Record.Model)
	}
	if got := w.send(w.ask("a/pinned", "", "X-Bf-Api-Key", "k")); !strings.Contains(got, `no key found with id "other" for provider: a`) {
		t.Errorf("the rule's pin: %s", got)
	}
	if got := w.send(w.ask("a/gone", "")); !strings.Contains(got, `the provider "nobody", which is not configured`) {
		t.Error(got)
	}
	test := w.ask("a/m", "", "X-Tier", "free")
	w.happened()
	test.KeyID = "k"
	if got := w.send(test) + " " + w.happened(); got != "200 a:k" {
		t.Errorf("a test call goes where it is sent: %s", got)
	}
}

func TestWhatACallerMayHave(t *testing.T) {
	w := newWorld(t, unretried("a", "b")...)
	x := w.ask("a/m", `,"fallbacks":["b/m"]`)
	x.Caller = &caller{w: w, may: func(provider, _ string) error {
		if provider == "a" {
			return llm.Errorf(llm.KindProviderBlocked, "not a")
		}
		return nil
	}}
	if got := w.send(x) + " " + w.happened(); got != "200 b:k" {
		t.Errorf("with a fallback: %s", got)
	}
	x.Raw, x.Peek.Fallbacks = []byte(`{"model":"a/m"}`), false
	if got := w.send(x) + " " + w.happened(); got != "403 not a " {
		t.Errorf("without: %s", got)
	}
}

// A client's own key is used where it asks for that, and goes to no provider but the one that it names.
func TestDirectKeys(t *testing.T) {
	for _, c := range []struct {
		name    string
		own     bool
		unasked bool
		header  []string
		want    string
	}{
		{"asked", true, false, []string{"X-Bf-Direct-Key", "true", "Authorization", "Bearer mine"}, "a:mine b:k"},
		{"another field", true, false, []string{"X-Bf-Direct-Key", "true", "X-Goog-Api-Key", "mine"}, "a:mine b:k"},
		{"not asked", true, false, []string{"Authorization", "Bearer mine"}, "a:k b:k"},
		{"not asked, but usual", true, true, []string{"Authorization", "Bearer mine"}, "a:mine b:k"},
		{"not allowed", false, false, []string{"X-Bf-Direct-Key", "true", "Authorization", "Bearer mine"}, "a:k b:k"},
		{"a virtual key", true, false, []string{"X-Bf-Direct-Key", "true", "Authorization", "Bearer sk-bf-1"}, "a:k b:k"},
		{"in other letters", true, false, []string{"X-Bf-Direct-Key", "true", "Authorization", "bearer SK-BF-1", "X-Api-Key", "mine"}, "a:mine b:k"},
		{"bare", true, false, []string{"X-Bf-Direct-Key", "true", "Authorization", "mine"}, "a:mine b:k"},
		{"no key", true, false, []string{"X-Bf-Direct-Key", "true", "Authorization", "Basic mine"}, "a:k b:k"},
	} {
		w := newWorld(t, unretried("a", "b")...)
		w.script = down("a")
		w.Own, w.OwnUnasked, w.Authorization = c.own, c.unasked, true
		x := w.ask("a/m", `,"fallbacks":["b/m"]`, c.header...)
		if got := w.send(x) + " " + w.happened(); got != "200 "+c.want {
			t.Errorf("%s: %s", c.name, got)
		}
		if a := x.Record.Attempts[0]; (a.KeyID == provided) != strings.Contains(c.want, "mine") {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
}

// A key that comes with a place of its own goes there alone: nothing configured goes along, and what happens there says
// nothing of the provider. It is made of what is not the gateway's.
func TestKeysWithAPlace(t *testing.T) {
	for _, c := range []struct {
		name, base string
		header     []string
		sent       string // where, with which key, and with which team; "" = no call
		gets       string
		failures   int // that the provider is blamed for
	}{
		{"away", "", []string{"X-Bf-Direct-Key", "true", "X-Place", "http://there.test", "X-Api-Key", "mine"}, "http://there.test/v1/chat/completions mine ", "500", 0},
		{"a proxy in between", "http://proxy.test", []string{"X-Bf-Direct-Key", "true", "X-Place", "http://there.test", "X-Api-Key", "mine"}, "http://proxy.test/v1/chat/completions mine blue", "500", 1},
		{"no place", "", []string{"X-Bf-Direct-Key", "true", "X-Api-Key", "mine"}, "http://a.test/v1/chat/completions mine blue", "500", 1},
		{"not asked", "", []string{"X-Place", "http://there.test", "X-Api-Key", "mine"}, "http://a.test/v1/chat/completions k blue", "500", 1},
		{"refused", "", []string{"X-Bf-Direct-Key", "true", "X-Place", "http://there.test", "X-Api-Key", "sk-bf-1"}, "", "400 a place without a key", 0},
	} {
		p := unretried("a")[0]
		p.BaseURL, p.Headers = c.base, map[string]string{"X-Team": "blue"}
		p.Features.Base = func(configured string, own providers.Credential) (string, error) {
			for _, at := range []string{configured, own.Options["place"]} {
				if at != "" {
					return at, nil
				}
			}
			return "http://a.test", nil
		}
		p.Features.Bring = func(b providers.Brought) (own providers.Credential, ok bool, err error) {
			if own.Value = b.Value; b.Header("X-Place") == "" || b.Value == "" {
				if b.Header("X-Place") != "" {
					err = llm.Errorf(llm.KindInvalidRequest, "a place without a key")
				}
				return own, false, err
			}
			own.Options = map[string]string{"place": b.Header("X-Place")}
			return own, true, nil
		}
		w := newWorld(t, p)
		w.open.Remember = true
		w.script = func(string, string) (fake.Reply, error) { return fails(500, "it broke"), nil }
		w.Own, w.Authorization = true, true
		if got := w.send(w.ask("a/m", "", c.header...)); !strings.HasPrefix(got, c.gets) {
			t.Errorf("%s: %s", c.name, got)
		}
		got := ""
		for _, s := range w.open.Seen() {
			got += s.URL + " " + strings.TrimPrefix(s.Header["Authorization"], "Bearer ") + " " + s.Header["X-Team"]
		}
		if got != c.sent {
			t.Errorf("%s: sent %s", c.name, got)
		}
		if n := w.Health.State("a", "").Failures; n != c.failures {
			t.Errorf("%s: %d failures are the provider's", c.name, n)
		}
	}
}

func TestSearch(t *testing.T) {
	w := newWorld(t, unretried("a", "b", "c")...)
	w.script = func(name, _ string) (fake.Reply, error) {
		if name == "a" {
			return fake.Reply{Status: 200, Body: `{"data":[{"id":"else"}]}`}, nil
		}
		return fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "application/json"}, Body: strings.Replace(answer, `{"id"`, `{"data":[{"id":"m"}],"id"`, 1)}, nil
	}
	x := w.ask("m", "")
	if got := w.send(x); got != "200" || x.Record.Provider != "b" || len(x.Record.Routing) != 1 || !strings.Contains(x.Record.Routing[0].Message, "(b, c): the first one is used") {
		t.Errorf("%s %+v", got, x.Record)
	}
	x = w.ask("m", "")
	x.Caller = &caller{w: w, may: func(provider, _ string) error {
		if provider == "b" {
			return llm.Errorf(llm.KindProviderBlocked, "not b")
		}
		return nil
	}}
	if w.send(x); x.Record.Provider != "c" {
		t.Errorf("the first that may be used: %s", x.Record.Provider)
	}
	if got := w.send(w.ask("z", "")); !strings.HasPrefix(got, "400 provider is required in model field") {
		t.Error(got)
	}
}

func TestExplain(t *testing.T) {
	a := provider("a", "k1=3", "k2=1", "idle=0")
	a.Keys[2].Problem = ""
	w := newWorld(t, a, provider("b", "k"))
	w.providers["a"].keys[1].rest("slow", 1e9)
	x := w.ask("m", "")
	x.Caller = &caller{w: w, shares: []exchange.Share{{Provider: "a", Weight: 1}, {Provider: "b", Weight: 3}}, may: func(provider, _ string) error {
		if provider == "a" {
			return llm.Errorf(llm.KindModelBlocked, "no m")
		}
		return nil
	}}
	got := w.Explain(t.Context(), x)
	want := []Candidate{
		{Provider: "b", Model: "m", Share: 0.75, Keys: []CandidateKey{{ID: "k", Name: "k", Weight: 1, Share: 1, State: "closed"}}},
		{Provider: "a", Model: "m", Share: 0.25, Fallback: 1, Refused: "no m", Keys: []CandidateKey{
			{ID: "k1", Name: "k1", Weight: 3, Share: 1, State: "closed"}, {ID: "k2", Name: "k2", Weight: 1, State: "open"},
			{ID: "idle", Name: "idle", State: "closed", Refused: "its weight is 0"}}},
	}
	if diff := cmp.Diff(want, got.Candidates); diff != "" || len(got.Steps) != 1 || got.Refusal != nil {
		t.Errorf("%s %+v", diff, got)
	}
	if got := w.happened(); got != "" {
		t.Errorf("it called %s", got)
	}
	if got := w.Explain(t.Context(), w.ask("nobody/m", "")); got.Refusal == nil {
		t.Errorf("%+v", got)
	}
}

func TestExplainShowsEveryTargetOfARule(t *testing.T) {
	w := newWorld(t, provider("a", "k"), provider("b", "k"))
	w.Rules = rule.New([]rule.Rule{{ID: "r", Name: "r", Enabled: true, Expression: `model == "m"`, Fallbacks: []string{"b/other"}, Targets: []rule.Target{
		{Provider: "a", Weight: 0.5}, {Provider: "b", Model: "mini", Weight: 0.3}, {Provider: "gone", Weight: 0.2}}}}, rule.Options{Draw: func() float64 { return 0.6 }})
	broke := map[string]bool{}
	ask := func() string {
		x := w.ask("m", "")
		x.Caller = &caller{w: w, refuse: func(n exchange.Need) error {
			if broke[n.Provider] {
				return llm.Errorf(llm.KindBudgetExceeded, "broke")
			}
			return nil
		}}
		got := w.Explain(t.Context(), x)
		out := ""
		for _, c := range got.Candidates {
			out += fmt.Sprintf("%s/%s %.1f %d %s; ", c.Provider, c.Model, c.Share, c.Fallback, c.Refused)
		}
		if got.Refusal != nil {
			out += "refused: " + got.Refusal.Error()
		}
		return out
	}
	const gone = "gone/m 0.2 0 the provider gone is not configured; "
	if got := ask(); got != "b/mini 0.3 0 ; "+gone+"a/m 0.5 0 ; b/other 0.0 1 ; " {
		t.Error(got)
	}
	broke["b"] = true
	if got := ask(); got != "b/mini 0.3 0 broke; "+gone+"a/m 0.5 0 ; b/other 0.0 1 broke; " {
		t.Error(got)
	}
	broke["a"] = true
	if got := ask(); got != "b/mini 0.3 0 broke; "+gone+"a/m 0.5 0 broke; b/other 0.0 1 broke; refused: broke" {
		t.Error(got)
	}
	if w.held != 0 || w.happened() != "" {
		t.Error("something was reserved or called")
	}
}
