package all_test

import (
	"testing"

	"heimdall/providers/all"
	"heimdall/providers/catalog"
)

// The models that a provider suggests are models whose price is known.
func TestSuggestedModelsHaveAPrice(t *testing.T) {
	book, err := catalog.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all.List() {
		info := p.Info()
		name := info.Prices
		if name == "" {
			name = info.Name
		}
		vendor := catalog.Vendor(name, "")
		if vendor == "" {
			t.Logf("%s: not in the catalogue", info.Name)
			continue
		}
		for _, m := range info.Models {
			if c := book.Cost(catalog.Query{Vendor: vendor, Model: m}); !c.Known {
				t.Errorf("%s (%s): %s has no price", info.Name, vendor, m)
			}
		}
	}
}
