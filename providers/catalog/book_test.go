package catalog

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/llm"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func book(t *testing.T, overrides ...Override) *Book {
	t.Helper()
	b, err := New(overrides)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// flat is an override whose input costs so many dollars a token, and its output twice that.
func flat(id, scope, match, pattern string, usd float64) Override {
	return Override{ID: id, Scope: scope, Match: match, Pattern: pattern, Provider: "mine", KeyID: "k1", VirtualKey: "vk1",
		Patch: map[string]float64{"input_cost_per_token": usd, "output_cost_per_token": 2 * usd}}
}

func TestWhatNobodyKnowsIsUnknown(t *testing.T) {
	b := book(t)
	for _, q := range []Query{
		{Vendor: "openai", Model: "no-such-model"},
		{Vendor: "no-such-vendor", Model: "gpt-4o"},
		{Model: "gpt-4o"},
		{Vendor: "groq", Model: "whisper-large-v3"},      // priced by the hour, which nobody counts
		{Vendor: "openai", Model: "gpt-4o", Batch: true}, // no price for batches
	} {
		q.Usage, q.At = llm.Usage{Input: 1000, Output: 1000}, noon
		if got := b.Cost(q); got != (Cost{}) {
			t.Errorf("%+v costs %+v, want unknown", q, got)
		}
	}
}

func TestFreeIsKnown(t *testing.T) {
	got := book(t).Cost(Query{Vendor: "openrouter", Model: "deepseek/deepseek-r1:free", Usage: llm.Usage{Input: 1000, Output: 1000}, At: noon})
	if got != (Cost{Known: true}) {
		t.Errorf("%+v, want known and nothing", got)
	}
}

func TestMoreOfAPartThanOfTheWholeLeavesNothingOfTheWhole(t *testing.T) {
	q := Query{Vendor: "anthropic", Model: "claude-sonnet-4-5", At: noon, Usage: llm.Usage{Input: 100, CacheRead: 1_000_000, Output: 0}}
	if got := book(t).Cost(q); !got.Known || got.Input != 0 || !near(got.Total, 0.3) {
		t.Errorf("%+v", got)
	}
}

func TestVendor(t *testing.T) {
	for _, c := range []struct{ name, url, want string }{
		{"openai", "https://api.openai.com", "openai"},
		{"openai", "http://proxy.local:3000", "openai"},
		{"google", "", "google"},
		{"deepseek", "", "deepseek"},
		{"Mistral", "", "mistral"},
		{"my-seek", "https://api.deepseek.com/v1", "deepseek"},
		{"anything", "https://resource.openai.azure.com", "azure"},
		{"together-ai", "", "together"},
		{"local-openai", "http://localhost:1234/v1", ""},
		{"nobody", "", ""},
		{"", "", ""},
	} {
		if got := Vendor(c.name, c.url); got != c.want {
			t.Errorf("Vendor(%q, %q) = %q, want %q", c.name, c.url, got, c.want)
		}
	}
}

func TestTheMostSpecificOverrideCounts(t *testing.T) {
	all := []Override{
		flat("regex", ScopeGlobal, MatchRegex, "^gpt-.*$", 1),
		flat("short", ScopeGlobal, MatchWildcard, "gpt-*", 2),
		flat("long", ScopeGlobal, MatchWildcard, "gpt-4o*", 3),
		flat("exact", ScopeGlobal, MatchExact, "gpt-4o", 4),
		flat("provider", ScopeProvider, MatchRegex, "gpt", 5),
		flat("key", ScopeProviderKey, MatchRegex, "gpt", 6),
		flat("vk", ScopeVirtualKey, MatchRegex, "gpt", 7),
		flat("vk-provider", ScopeVirtualKeyProvider, MatchRegex, "gpt", 8),
		flat("vk-key", ScopeVirtualKeyProviderKey, MatchRegex, "gpt", 9),
	}
	b := book(t, all...)
	for _, c := range []struct {
		q    Query
		want string
	}{
		{Query{Model: "gpt-4o"}, "exact"},
		{Query{Model: "gpt-4o-mini"}, "long"},
		{Query{Model: "gpt-5"}, "short"},
		{Query{Model: "gpt-"}, "short"},
		{Query{Model: "gpt-4o", Provider: "mine"}, "provider"},
		{Query{Model: "gpt-4o", Provider: "other"}, "exact"},
		{Query{Model: "gpt-4o", Provider: "mine", KeyID: "k1"}, "key"},
		{Query{Model: "gpt-4o", KeyID: "k2", VirtualKey: "vk1"}, "vk"},
		{Query{Model: "gpt-4o", Provider: "mine", KeyID: "k2", VirtualKey: "vk1"}, "vk-provider"},
		{Query{Model: "gpt-4o", Provider: "mine", KeyID: "k1", VirtualKey: "vk1"}, "vk-key"},
		{Query{Model: "claude"}, ""},
	} {
		c.q.Vendor = "openai"
		if m, _ := b.Find(c.q); m.Override != c.want {
			t.Errorf("%+v: override %q, want %q", c.q, m.Override, c.want)
		}
	}
}

func TestAnOverrideIsForItsRequests(t *testing.T) {
	o := flat("chat", ScopeGlobal, MatchExact, "mine", 1)
	o.Requests = []string{"chat_completion", "responses_stream"}
	b := book(t, o)
	for request, want := range map[string]bool{
		"chat_completion": true, "chat_completion_stream": true, "responses": true, "embedding": false, "": false,
	} {
		if got := b.Cost(Query{Model: "mine", Request: request}).Known; got != want {
			t.Errorf("%q: known is %t, want %t", request, got, want)
		}
	}
}

func TestAPatchLiesOverTheCatalogue(t *testing.T) {
	u := llm.Usage{Input: 1_000_000, CacheRead: 500_000, Output: 1_000_000}
	q := Query{Vendor: "anthropic", Model: "claude-haiku-4-5", Usage: u, At: noon}
	o := Override{ID: "o", Scope: ScopeGlobal, Match: MatchExact, Pattern: q.Model, Patch: map[string]float64{
		"output_cost_per_token": 7e-6, "output_cost_per_token_above_200k_tokens": 9e-6, "cost_per_request": 0.25}}
	got, before := book(t, o).Cost(q), book(t).Cost(q)
	want := before
	want.Output, want.Request = 9, 0.25
	want.Total += 9 - before.Output + 0.25
	if diff := cmp.Diff(want, got, cmp.Comparer(near)); diff != "" {
		t.Error(diff)
	}
	q.Usage.Input, q.Usage.CacheRead = 200_000, 0
	if got := book(t, o).Cost(q); !near(got.Output, 7) {
		t.Errorf("below the tier: %+v", got)
	}
}

func TestAPatchAloneNeedsInputAndOutput(t *testing.T) {
	for _, c := range []struct {
		request, prices string
		batch, want     bool
	}{
		{"chat_completion", "input_cost_per_token output_cost_per_token", false, true},
		{"chat_completion", "input_cost_per_token", false, false},
		{"chat_completion", "cost_per_request", false, false},
		{"embedding", "input_cost_per_token", false, true},
		{"chat_completion", "input_cost_per_token output_cost_per_token", true, false},
		{"chat_completion", "input_cost_per_token_batches output_cost_per_token_batches", true, true},
		{"chat_completion", "input_cost_per_token_batches output_cost_per_token_batches", false, false},
		{"chat_completion", "input_cost_per_token_batches", true, false},
	} {
		o := Override{Scope: ScopeGlobal, Match: MatchExact, Pattern: "mine", Patch: map[string]float64{}}
		for _, name := range strings.Fields(c.prices) {
			o.Patch[name] = 1e-6
		}
		got := book(t, o).Cost(Query{Model: "mine", Request: c.request, Batch: c.batch, Usage: llm.Usage{Input: 10, Output: 10}})
		if got.Known != c.want || got.Known != (got.Total > 0) {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

func TestOverridesThatCannotBeUsed(t *testing.T) {
	ok := flat("bad", ScopeGlobal, MatchExact, "x", 1)
	for want, edit := range map[string]func(*Override){
		"no scope":           func(o *Override) { o.Scope = "user" },
		"no way to match":    func(o *Override) { o.Match = "glob" },
		"which models":       func(o *Override) { o.Pattern = " " },
		"ends in *":          func(o *Override) { o.Match = MatchWildcard },
		"pattern: error":     func(o *Override) { o.Match, o.Pattern = MatchRegex, "(" },
		"at least one price": func(o *Override) { o.Patch = nil },
	} {
		o := ok
		edit(&o)
		if _, err := New([]Override{o}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "override bad") {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

func TestCostDoesNotAllocate(t *testing.T) {
	b := book(t, flat("o", ScopeProvider, MatchWildcard, "claude*", 1))
	for _, q := range []Query{
		{Vendor: "anthropic", Model: "claude-sonnet-4-5", At: noon, Usage: llm.Usage{Input: 300_000, Output: 5}},
		{Vendor: "anthropic", Model: "claude-sonnet-4-5", Provider: "mine", Request: "chat_completion_stream", At: noon},
		{Vendor: "deepseek", Model: "deepseek-v4-pro", At: noon},
		{Vendor: "openai", Model: "unheard of", At: noon},
	} {
		if n := testing.AllocsPerRun(100, func() { b.Cost(q) }); n > 0 {
			t.Errorf("%s: %v allocations", q.Model, n)
		}
	}
}

func TestABookRemembersOnlySoMuch(t *testing.T) {
	b := book(t)
	var wait sync.WaitGroup
	for g := range 4 {
		wait.Go(func() {
			for i := range remembered / 2 {
				b.Cost(Query{Vendor: "typesafe", Model: fmt.Sprintf("model-%d-%d", g, i)})
			}
		})
	}
	wait.Wait()
	if n := len(b.found); n != remembered {
		t.Errorf("%d models are remembered, want %d", n, remembered)
	}
}

func TestModels(t *testing.T) {
	o := flat("o", ScopeProvider, MatchExact, "gemini-2.5-pro", 1e-6)
	find := func(models []Model, id string) Model {
		for _, m := range models {
			if m.ID == id {
				return m
			}
		}
		t.Fatalf("no %s", id)
		return Model{}
	}
	b := book(t, o)
	want := Model{Vendor: "google", ID: "gemini-2.5-pro", Name: "Gemini 2.5 Pro", Known: true,
		Prices: map[string]float64{"input": 1.25, "cache_read": 0.125, "output": 10},
		Tiers:  []Tier{{"input", 200000, 2.5}, {"cache_read", 200000, 0.25}, {"output", 200000, 15}}}
	if diff := cmp.Diff(want, find(b.Models("google", ""), want.ID)); diff != "" {
		t.Error(diff)
	}
	want.Override, want.Prices = "o", map[string]float64{"input": 1, "cache_read": 0.125, "output": 2}
	if diff := cmp.Diff(want, find(b.Models("google", "mine"), want.ID)); diff != "" {
		t.Error(diff)
	}
	if m, ok := b.Find(Query{Vendor: "google", Model: "gemini-2.5-pro", Provider: "mine"}); !ok || !cmp.Equal(m, want) {
		t.Errorf("found %+v", m)
	}
	if m, ok := b.Find(Query{Vendor: "google", Model: "no-such-model"}); ok || m.Known {
		t.Errorf("found %+v", m)
	}
}
