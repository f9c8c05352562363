package gateway

import (
	"testing"

	"heimdall/gateway/config"
	"heimdall/providers"
	"heimdall/providers/llm"
)

// A price of the user's own comes before all others: a provider that costs nothing, and one that says what it costs.
func TestOwnPricesComeFirst(t *testing.T) {
	kinds := map[string]providers.Provider{
		"local": &providers.Table{About: providers.Info{Name: "local", Free: true}},
		"shop":  &providers.Table{About: providers.Info{Name: "shop"}},
	}
	s := &config.Snapshot{Providers: []*config.Provider{{Name: "local", Kind: "local"}, {Name: "shop", Kind: "shop"}}}
	usage := llm.Usage{Input: 1_000_000, Raw: []byte(`{"cost":0.25}`)}
	cost := func(provider, model string) any {
		p, err := newPrices(s, kinds)
		if err != nil {
			t.Fatal(err)
		}
		c := p.cost(call{provider: provider, model: model, request: "chat_completion", usage: usage})
		if !c.Known {
			return nil
		}
		return c.Total
	}
	if a, b := cost("local", "m"), cost("shop", "m"); a != 0.0 || b != 0.25 {
		t.Errorf("without own prices: %v and %v", a, b)
	}
	s.Prices = []*config.PriceOverride{
		{ID: "1", Kind: "provider", Provider: "local", Match: "exact", Pattern: "m", Patch: map[string]float64{"input_cost_per_token": 2e-7, "output_cost_per_token": 0}},
		{ID: "2", Kind: "provider", Provider: "shop", Match: "exact", Pattern: "m", Patch: map[string]float64{"input_cost_per_token": 3e-6, "output_cost_per_token": 0}},
	}
	if a, b := cost("local", "m"), cost("shop", "m"); a != 0.2 || b != 3.0 {
		t.Errorf("with own prices: %v and %v", a, b)
	}
	if a := cost("local", "other"); a != 0.0 {
		t.Errorf("another model of it costs %v", a)
	}
}
