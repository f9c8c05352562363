package providertest_test

import (
	"testing"

	"heimdall/providers"
	"heimdall/providers/all"
	"heimdall/providers/providertest"
)

func TestProviders(t *testing.T) {
	for _, p := range all.List() {
		t.Run(p.Info().Name, func(t *testing.T) { providertest.Run(t, p) })
		if p.Info().Compatible != "" {
			t.Run("custom on "+p.Info().Name, func(t *testing.T) { providertest.Run(t, providers.NewCustom("my box", p, true)) })
		}
	}
}
