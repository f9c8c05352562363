package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/providers/llm"
)

func TestAliasesAreStored(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	given := map[string]config.Alias{"fast": {Model: "m-1"}, "eu": {Model: "m-2", Description: "in Europe", Options: map[string]string{"endpoint": "https://eu.test"}}}
	w.update(t, add("cloud", config.KeyEdit{Options: inputs("region", "us"), Aliases: given}))
	first := func() *config.Key { return w.start(t, nil).Snapshot().Provider("cloud").Keys[0] }
	k := first()
	if diff := cmp.Diff(given, k.Aliases); diff != "" {
		t.Error(diff)
	}
	edit := func(e config.KeyEdit) {
		t.Helper()
		w.update(t, func(d *config.Draft) error { return d.EditKey("cloud", k.ID, e) })
	}
	edit(config.KeyEdit{Denied: []string{"m-3"}})
	if len(first().Aliases) != 2 {
		t.Error("aliases that are not named go")
	}
	edit(config.KeyEdit{Aliases: map[string]config.Alias{}})
	if first().Aliases != nil {
		t.Error("aliases that were taken away stay")
	}
}

func TestModelNamesAndAliases(t *testing.T) {
	models := func(names ...string) config.KeyEdit {
		return config.KeyEdit{Value: text("v"), Models: &config.ModelList{List: names}}
	}
	aliases := func(name string, a config.Alias) config.KeyEdit {
		return config.KeyEdit{Options: inputs("region", "us"), Aliases: map[string]config.Alias{name: a}}
	}
	cases := []struct {
		name, provider, param, says string
		key                         config.KeyEdit
	}{
		{"a pattern", "alpha", "", "", models("regex:^gpt-4.*$", "gpt-5")},
		{"a broken pattern", "alpha", "providers.alpha.keys[0].models", "entry 1, regex:(, is no valid RE2 pattern", models("gpt-5", "regex:(")},
		{"an empty pattern", "alpha", "providers.alpha.keys[0].models", "entry 0", models("regex: ")},
		{"a broken denied pattern", "alpha", "providers.alpha.keys[0].blacklisted_models", "regex:[", config.KeyEdit{Value: text("v"), Denied: []string{"regex:["}}},
		{"an alias without a model", "cloud", "providers.cloud.keys[0].aliases.a.model_id", "own name", aliases("a", config.Alias{})},
		{"an alias without a name", "cloud", "providers.cloud.keys[0].aliases", "name", aliases(" ", config.Alias{Model: "m"})},
		{"an unknown option", "cloud", "providers.cloud.keys[0].aliases.a.zone", "cloud", aliases("a", config.Alias{Model: "m", Options: map[string]string{"zone": "x"}})},
		{"a secret", "cloud", "providers.cloud.keys[0].aliases.a.secret_key", "cloud", aliases("a", config.Alias{Model: "m", Options: map[string]string{"secret_key": "x"}})},
		{"no address", "cloud", "providers.cloud.keys[0].aliases.a.endpoint", "address", aliases("a", config.Alias{Model: "m", Options: map[string]string{"endpoint": "x"}})},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := newWorld().start(t, nil).Update(t.Context(), add(c.provider, c.key))
			if c.param == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if e := llm.AsError(err); err == nil || e.Param != c.param || !strings.Contains(e.Message, c.says) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestRetriesAndSlowStreams(t *testing.T) {
	none, many := 0, 11
	cases := []struct {
		name, field string
		network     config.Network
	}{
		{"the defaults", "", config.Network{}},
		{"none", "", config.Network{Retries: &none, RetryInitial: time.Second, RetryMax: time.Second}},
		{"too many", "max_retries", config.Network{Retries: &many}},
		{"too soon", "retry_backoff_initial", config.Network{RetryInitial: 99 * time.Millisecond}},
		{"before it began", "retry_backoff_initial", config.Network{RetryInitial: 6 * time.Second}},
		{"for ever", "retry_backoff_max", config.Network{RetryMax: time.Hour}},
		{"fast streams", "", config.Network{Guard: &config.StreamGuard{Minimum: 100_000, Window: time.Minute}}},
		{"hardly fast streams", "", config.Network{Guard: &config.StreamGuard{Minimum: 1, Window: time.Second}}},
		{"as slow as can be", "stream_throughput_guard.minimum_output_characters_per_second", config.Network{Guard: &config.StreamGuard{Window: time.Second}}},
		{"faster than any", "stream_throughput_guard.minimum_output_characters_per_second", config.Network{Guard: &config.StreamGuard{Minimum: 100_001, Window: time.Second}}},
		{"measured for no time", "stream_throughput_guard.probe_window_in_seconds", config.Network{Guard: &config.StreamGuard{Minimum: 1}}},
		{"measured for too long", "stream_throughput_guard.probe_window_in_seconds", config.Network{Guard: &config.StreamGuard{Minimum: 1, Window: 61 * time.Second}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			err := w.start(t, nil).Update(t.Context(), func(d *config.Draft) error {
				return d.EditProvider("play", config.SourceAPI, config.ProviderEdit{Network: &config.NetworkEdit{Network: c.network}})
			})
			if c.field != "" {
				if e := llm.AsError(err); err == nil || e.Param != "providers.play.network_config."+c.field {
					t.Error(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.network, w.start(t, nil).Snapshot().Provider("play").Network); diff != "" {
				t.Error(diff)
			}
		})
	}
	if n, initial, longest := (config.Network{}).RetryPolicy(); n != 2 || initial != 500*time.Millisecond || longest != 5*time.Second {
		t.Error(n, initial, longest)
	}
}
