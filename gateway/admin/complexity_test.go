package admin

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
)

func TestComplexity(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	builtin := do[Complexity](w, "GET", "/api/routing/complexity", "")
	if b := builtin.TierBoundaries; b != (TierBoundaries{0.15, 0.35, 0.6}) || !slices.Contains(builtin.Keywords.Code, "python") || len(builtin.Keywords.Simple) == 0 {
		t.Errorf("built in: %+v", builtin)
	}
	for _, path := range []string{"/api/routing/complexity", "/api/governance/complexity", "/api/routing/complexity-analyzer-config", "/api/governance/complexity-analyzer-config"} {
		want := builtin
		want.TierBoundaries.SimpleMedium, want.Keywords.Simple = 0.2, []string{"hallo"}
		changed := do[Complexity](w, "PUT", path, `{"tier_boundaries":{"simple_medium":0.2},"keywords":{"simple_keywords":["Hallo"]}}`)
		if diff := cmp.Diff(want, changed); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
		want.Keywords.Code = []string{"cobol"}
		do[Complexity](w, "PUT", path, `{"keywords":{"code":["cobol"]}}`)
		if diff := cmp.Diff(want, do[Complexity](w, "GET", path, "")); diff != "" {
			t.Errorf("%s: what is left out does not stay: %s", path, diff)
		}

		// What was read can be written back.
		version := w.Config.Snapshot().Version
		echo, _ := json.Marshal(want)
		do[Complexity](w, "PUT", path, string(echo))
		if w.Config.Snapshot().Version != version {
			t.Errorf("%s: an echo changed something", path)
		}
		if diff := cmp.Diff(builtin, do[Complexity](w, "POST", path+"/reset", "")); diff != "" {
			t.Errorf("%s: reset: %s", path, diff)
		}
	}
	if !w.Config.Snapshot().Complexity.IsZero() {
		t.Error("something is left after a reset")
	}
	for body, param := range map[string]string{
		`{"tier_boundaries":{"simple_medium":0.5}}`: "tier_boundaries.medium_complex",
		`{"tier_boundaries":{"simple":0.5}}`:        "tier_boundaries.simple",
		`{"keywords":{"code_keywords":[]}}`:         "keywords.code_keywords",
		`{"keywords":{"code_keywords":["-"]}}`:      "keywords.code_keywords",
		`{"tiers":{}}`:                              "tiers",
	} {
		w.fail("PUT", "/api/routing/complexity", body, 400, param)
	}
}
