package config_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/period"
	"heimdall/providers/llm"
)

func ptr[T any](v T) *T { return &v }

func spend(usd float64) config.AllowanceEdit {
	return config.AllowanceEdit{Budgets: []config.BudgetEdit{{Max: &usd, Every: period.Period{N: 1, Unit: 'd'}}}}
}

func TestLimitsOfModelsAndProviders(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	var vk, limit string
	w.update(t, func(d *config.Draft) (err error) {
		if vk, _, err = d.AddVirtualKey(config.SourceAPI, now, config.VirtualKeyEdit{Name: ptr("dev")}); err != nil {
			return err
		}
		limit, err = d.AddModelLimit(config.SourceAPI, now, config.ModelLimitEdit{Model: ptr("gpt-4o"), Provider: ptr("play"), Key: ptr("dev"), Allowance: spend(5)})
		return err
	})
	w.update(t, func(d *config.Draft) error {
		return d.EditProviderLimit("play", now, config.ProviderLimitEdit{Allowance: spend(9)})
	})
	s := w.start(t, nil).Snapshot()
	l := s.ModelLimits[0]
	if l.ID != limit || l.Key != vk || l.Allowance.Budgets[0].Max != 5 || len(s.ProviderLimits) != 1 || s.ProviderLimits[0].Allowance.Budgets[0].Max != 9 {
		t.Fatalf("%+v %+v", l, s.ProviderLimits)
	}

	try := func(edit func(*config.Draft) error) string {
		err := w.m.Update(t.Context(), edit)
		if err == nil {
			return "taken"
		}
		return llm.AsError(err).Param
	}
	add := func(e config.ModelLimitEdit) func(*config.Draft) error {
		return func(d *config.Draft) error { _, err := d.AddModelLimit(config.SourceAPI, now, e); return err }
	}
	got := []string{
		try(add(config.ModelLimitEdit{})),
		try(add(config.ModelLimitEdit{Model: ptr("gpt-4o"), Provider: ptr("play"), Key: ptr(vk)})),
		try(add(config.ModelLimitEdit{Model: ptr("m"), Provider: ptr("gone")})),
		try(add(config.ModelLimitEdit{Model: ptr("m"), Key: ptr("nobody")})),
		try(add(config.ModelLimitEdit{Model: ptr("m"), Allowance: spend(-1)})),
		try(add(config.ModelLimitEdit{ID: limit, Model: ptr("m")})),
		try(func(d *config.Draft) error {
			return d.EditProviderLimit("play", now, config.ProviderLimitEdit{Allowance: spend(-1)})
		}),
	}
	want := []string{
		`governance.model_configs[""].model_name`, `governance.model_configs["gpt-4o"].model_name`, `governance.model_configs["m"].provider`,
		`governance.model_configs["m"].scope_id`, `governance.model_configs["m"].budgets[0].max_limit`, "id", "governance.providers.play.budgets[0].max_limit",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	// The file finds limits without an id by what they are of.
	w.update(t, func(d *config.Draft) error {
		return d.PutModelLimit(config.SourceFile, now, config.ModelLimitEdit{Model: ptr("gpt-4o"), Provider: ptr("play"), Key: ptr("dev"), Allowance: spend(7)})
	})
	if all := w.m.Snapshot().ModelLimits; len(all) != 1 || all[0].ID != limit || all[0].Allowance.Budgets[0].Max != 7 {
		t.Errorf("%+v", all[0])
	}
	w.update(t, func(d *config.Draft) error { return d.DeleteVirtualKey(vk) })
	w.update(t, func(d *config.Draft) error { return d.DeleteProvider("play") })
	if s := w.m.Snapshot(); len(s.ModelLimits) != 0 || len(s.ProviderLimits) != 0 {
		t.Error("limits outlive what they are of")
	}
}

func TestAnAuthoritativeFileDropsLimits(t *testing.T) {
	w := newWorld()
	now := time.Now()
	limit := func(model, key string) config.Piece {
		return config.Piece{ID: config.HolderModel + "/" + config.LimitName(model, "", key), Content: []byte(model), Apply: func(d *config.Draft) error {
			return d.PutModelLimit(config.SourceFile, now, config.ModelLimitEdit{Model: &model, Key: &key, Allowance: spend(1)})
		}}
	}
	price := func(name string) config.Piece {
		return config.Piece{ID: config.HolderPrice + "/" + name, Content: []byte(name), Apply: func(d *config.Draft) error {
			d.PutPrice(config.SourceFile, now, config.PriceEdit{Name: &name, Pattern: &name, Patch: map[string]float64{"input_cost_per_token": 1}})
			return nil
		}}
	}
	start := func(pieces ...config.Piece) (models, prices []string) {
		s := w.start(t, &config.File{Pieces: pieces, Authoritative: true, Holders: []string{config.HolderModel, config.HolderPrice}}).Snapshot()
		for _, l := range s.ModelLimits {
			models = append(models, l.Model)
		}
		for _, p := range s.Prices {
			prices = append(prices, p.Name)
		}
		return models, prices
	}
	start(limit("a", ""), limit("b", ""), price("p"), price("q"))
	models, prices := start(limit("b", ""), price("q"))
	if diff := cmp.Diff([][]string{{"b"}, {"q"}}, [][]string{models, prices}); diff != "" {
		t.Error(diff)
	}
}
