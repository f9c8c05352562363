package catalog

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidatePatch(t *testing.T) {
	for name, want := range map[string]string{
		"input_cost_per_token":                                        "",
		"output_cost_per_token_above_128k_tokens":                     "",
		"input_cost_per_token_above_272k_tokens":                      "",
		"cache_read_input_token_cost":                                 "",
		"cache_creation_input_token_cost_above_200k_tokens":           "",
		"cache_creation_input_token_cost_above_1hr":                   "",
		"cache_creation_input_token_cost_above_1hr_above_200k_tokens": "",
		"input_cost_per_audio_token":                                  "",
		"output_cost_per_reasoning_token":                             "",
		"input_cost_per_token_batches":                                "",
		"cost_per_request":                                            "",
		"cost_per_request_batches":                                    "no price that is known",
		"output_cost_per_pixel":                                       "pixels are not counted",
		"output_cost_per_image_high_quality":                          "pictures are not counted",
		"input_cost_per_audio_per_second":                             "seconds are not counted",
		"input_cost_per_character":                                    "characters are not counted",
		"ocr_cost_per_page":                                           "pages are not counted",
		"output_cost_per_token_priority":                              "service tiers are not counted",
		"input_cost_per_token_above_200k_tokens_priority":             "service tiers are not counted",
		"inputCostPerToken":                                           "no price that is known",
		"_above_200k_tokens":                                          "no price that is known",
	} {
		err := ValidatePatch(map[string]float64{name: 1e-6})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name)):
			t.Errorf("%s: want an error with %q, got %v", name, want, err)
		}
	}
	for _, v := range []float64{-1, math.NaN(), math.Inf(1)} {
		if err := ValidatePatch(map[string]float64{"input_cost_per_token": v}); err == nil {
			t.Errorf("%v is let through", v)
		}
	}
}

func TestPricesForPeople(t *testing.T) {
	patch := map[string]float64{
		"input_cost_per_token": 2.5e-6, "output_cost_per_token_above_200k_tokens": 1.1e-5, "input_cost_per_token_batches": 7e-7,
		"cache_creation_input_token_cost_above_1hr": 6e-6, "cost_per_request": 0.005,
	}
	per1M := map[string]float64{"input": 2.5, "output_above_200k": 11, "input_batches": 0.7, "cache_write_1h": 6, "request": 0.005}
	if diff := cmp.Diff(per1M, Per1M(patch)); diff != "" {
		t.Error(diff)
	}
	back, err := PerToken(per1M)
	if diff := cmp.Diff(patch, back); diff != "" || err != nil {
		t.Error(err, diff)
	}
	for _, class := range []string{"inputs", "input_above_lots", "nothing_above_200k", "input_above_200k_tokens"} {
		if _, err := PerToken(map[string]float64{class: 1}); err == nil || !strings.Contains(err.Error(), class) {
			t.Errorf("%s: %v", class, err)
		}
	}
}
