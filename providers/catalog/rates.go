package catalog

import (
	"cmp"
	"slices"

	"heimdall/providers/llm"
)

// class is a kind of tokens with a price of its own, or the call itself.
type class uint8

const (
	input class = iota
	cacheRead
	cacheWrite
	cacheWriteHour
	inputAudio
	inputImage
	cacheReadAudio
	output
	reasoning
	outputAudio
	outputImage
	request
	classes
)

var classNames = [classes]string{"input", "cache_read", "cache_write", "cache_write_1h", "input_audio", "input_image",
	"cache_read_audio", "output", "reasoning", "output_audio", "output_image", "request"}

// rates are prices in US dollars per million tokens, and per call. A class without one is part of the class that it
// belongs to. Free says that no price is meant.
type rates struct {
	has   [classes]bool
	price [classes]float64
	tiers []tier // by where they start, then by class
	free  bool
}

// tier is the price of a class where the whole input is longer than from.
type tier struct {
	class class
	from  int64
	price float64
}

// known says whether the rates price anything that is counted.
func (r *rates) known() bool { return r.free || r.has[input] || r.has[output] || r.has[request] }

func (r *rates) set(c class, price float64) { r.has[c], r.price[c] = true, price }

func (r *rates) setTier(t tier) {
	i, found := slices.BinarySearchFunc(r.tiers, t, func(o, t tier) int {
		return cmp.Or(cmp.Compare(o.from, t.from), cmp.Compare(o.class, t.class))
	})
	if found {
		r.tiers[i] = t
		return
	}
	r.tiers = slices.Insert(r.tiers, i, t)
}

// of is the price of n pieces of a class, where the whole input is that long.
func (r *rates) of(c class, n, length int64) float64 {
	if !r.has[c] || n <= 0 {
		return 0
	}
	price := r.price[c]
	for i := range r.tiers {
		if t := &r.tiers[i]; t.class == c && length > t.from {
			price = t.price
		}
	}
	if c == request {
		return price * float64(n)
	}
	return price * float64(n) / 1e6
}

// count is n where the class has a price of its own, else nothing: then the tokens stay with the class they belong to.
func (r *rates) count(c class, n int64) int64 {
	if r.has[c] {
		return n
	}
	return 0
}

// cost prices a usage: each token in the narrowest class that has a price. More tokens of a part than of the whole,
// which some upstreams report, leave nothing of the whole.
func (r *rates) cost(u *llm.Usage) Cost {
	audioRead := r.count(cacheReadAudio, u.CacheReadAudio)
	read := r.count(cacheRead, u.CacheRead)
	hour := r.count(cacheWriteHour, u.CacheWriteHour)
	write := r.count(cacheWrite, u.CacheWrite)
	audio := r.count(inputAudio, u.InputAudio)
	image := r.count(inputImage, u.InputImage)
	if r.has[cacheRead] {
		read -= audioRead
	}
	if r.has[cacheWrite] {
		write -= hour
	}
	if r.has[inputAudio] && (r.has[cacheRead] || r.has[cacheReadAudio]) {
		audio -= u.CacheReadAudio // cached audio has the price of what is cached
	}
	think := r.count(reasoning, u.Reasoning)
	speech := r.count(outputAudio, u.OutputAudio)
	picture := r.count(outputImage, u.OutputImage)

	n := u.Input
	plain := n - audioRead - max(read, 0) - hour - max(write, 0) - max(audio, 0) - image
	c := Cost{
		Known:      true,
		Input:      r.of(input, plain, n) + r.of(inputAudio, audio, n) + r.of(inputImage, image, n),
		CacheRead:  r.of(cacheRead, read, n) + r.of(cacheReadAudio, audioRead, n),
		CacheWrite: r.of(cacheWrite, write, n) + r.of(cacheWriteHour, hour, n),
		Output:     r.of(output, u.Output-think-speech-picture, n) + r.of(outputAudio, speech, n) + r.of(outputImage, picture, n),
		Reasoning:  r.of(reasoning, think, n),
		Request:    r.of(request, 1, n),
	}
	c.Total = c.Input + c.CacheRead + c.CacheWrite + c.Output + c.Reasoning + c.Request
	return c
}
