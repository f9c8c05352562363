package catalog

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The names of prices that a patch may hold, in US dollars per token; flatName is per call.
const (
	flatName  = "cost_per_request"
	batchTail = "_batches"
	aboveMark = "_above_"
	aboveTail = "k_tokens"
)

var patchNames = map[string]class{
	"input_cost_per_token":                      input,
	"output_cost_per_token":                     output,
	"cache_read_input_token_cost":               cacheRead,
	"cache_creation_input_token_cost":           cacheWrite,
	"cache_creation_input_token_cost_above_1hr": cacheWriteHour,
	"input_cost_per_audio_token":                inputAudio,
	"output_cost_per_audio_token":               outputAudio,
	"input_cost_per_image_token":                inputImage,
	"output_cost_per_image_token":               outputImage,
	"output_cost_per_reasoning_token":           reasoning,
	flatName:                                    request,
}

// uncounted says by a part of a price's name what it would have to count. The first that fits is meant.
var uncounted = []struct{ part, what string }{
	{"_priority", "service tiers"}, {"_flex", "service tiers"}, {"_fast", "service tiers"},
	{"pixel", "pixels"}, {"second", "seconds"}, {"per_image", "pictures"}, {"character", "characters"},
	{"page", "pages"}, {"query", "queries"}, {"session", "sessions"}, {"web_search", "searches"},
	{"multiplier", "regions and hours"}, {"cache_read_input_image", "cached pictures"}, {"cache_creation_input_audio", "cached audio"},
}

// patch is what an override puts in place of the catalogue's rates, and what a batch costs.
type patch struct {
	rates rates
	batch rates
}

// field is one price of a patch. above is the length of the input from which on it counts; batch says that it is the
// price of batches.
type field struct {
	class class
	above int64
	batch bool
}

func fieldOf(name string) (field, bool) {
	if c, ok := patchNames[name]; ok {
		return field{class: c}, true
	}
	if base, ok := strings.CutSuffix(name, batchTail); ok {
		c, known := patchNames[base]
		return field{class: c, batch: true}, known && (c == input || c == output)
	}
	i := strings.LastIndex(name, aboveMark)
	if i < 0 {
		return field{}, false
	}
	digits, ok := strings.CutSuffix(name[i+len(aboveMark):], aboveTail)
	thousands, err := strconv.ParseUint(digits, 10, 32)
	c, known := patchNames[name[:i]]
	return field{class: c, above: int64(thousands) * 1000}, ok && err == nil && known && c != request
}

// ValidatePatch says which price of a patch cannot be used, and why.
func ValidatePatch(patch map[string]float64) error {
	if len(patch) == 0 {
		return errors.New("give at least one price, such as input_cost_per_token")
	}
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		if _, ok := fieldOf(name); !ok {
			return unusable(name)
		}
		if v := patch[name]; math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return fmt.Errorf("%s must be a number from 0 on", name)
		}
	}
	return nil
}

func unusable(name string) error {
	for _, u := range uncounted {
		if strings.Contains(name, u.part) {
			return fmt.Errorf("%s cannot be used: %s are not counted", name, u.what)
		}
	}
	return fmt.Errorf("%s is no price that is known", name)
}

func newPatch(prices map[string]float64) (patch, error) {
	var p patch
	if err := ValidatePatch(prices); err != nil {
		return p, err
	}
	for name, v := range prices {
		f, _ := fieldOf(name)
		if f.class != request {
			v = rounded(v * 1e6)
		}
		switch {
		case f.batch:
			p.batch.set(f.class, v)
		case f.above > 0:
			p.rates.setTier(tier{class: f.class, from: f.above, price: v})
		default:
			p.rates.set(f.class, v)
		}
	}
	return p, nil
}

// Per1M is a patch for people: by class and per million tokens, such as input, output_above_200k or input_batches; the
// price of a call stays as it is.
func Per1M(patch map[string]float64) map[string]float64 {
	out := make(map[string]float64, len(patch))
	for name, v := range patch {
		f, ok := fieldOf(name)
		if !ok {
			continue
		}
		if f.class != request {
			v = rounded(v * 1e6)
		}
		out[f.short()] = v
	}
	return out
}

// PerToken is the way back from Per1M.
func PerToken(per1M map[string]float64) (map[string]float64, error) {
	out := make(map[string]float64, len(per1M))
	for _, short := range slices.Sorted(maps.Keys(per1M)) {
		name := longNames()[short]
		if base, above, cut := strings.Cut(short, aboveMark); cut {
			name = longNames()[base] + aboveMark + above + "_tokens"
		}
		f, ok := fieldOf(name)
		if !ok {
			return nil, fmt.Errorf("%q is no class of tokens; known are %s", short, strings.Join(slices.Sorted(maps.Keys(longNames())), ", "))
		}
		v := per1M[short]
		if f.class != request {
			v = rounded(v / 1e6)
		}
		out[name] = v
	}
	return out, nil
}

// short is what people call the price.
func (f field) short() string {
	switch {
	case f.batch:
		return classNames[f.class] + batchTail
	case f.above > 0:
		return classNames[f.class] + aboveMark + strconv.FormatInt(f.above/1000, 10) + "k"
	}
	return classNames[f.class]
}

// longNames are the names of a patch by what people call them, but for those that depend on the length of the input.
var longNames = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for name, c := range patchNames {
		out[classNames[c]] = name
	}
	for _, c := range []class{input, output} {
		out[classNames[c]+batchTail] = out[classNames[c]] + batchTail
	}
	return out
})

// rounded drops what scaling adds behind the digits that people wrote.
func rounded(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	if err != nil {
		return v
	}
	return r
}
