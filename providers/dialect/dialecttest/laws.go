package dialecttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// Same compares canonical values; raw JSON by what it says, not how it is spaced or ordered.
var Same = cmp.Options{
	cmp.Comparer(sameFinish),
	cmp.FilterValues(func(a, b json.RawMessage) bool { return true }, cmp.Comparer(sameJSON)),
}

// sameFinish lets the word be filled in that a provider left out.
func sameFinish(a, b llm.Finish) bool {
	raw := a.Raw == b.Raw || a.Raw == "" || b.Raw == ""
	return raw && a.Reason == b.Reason && cmp.Equal(a.Extra, b.Extra, cmp.Comparer(sameJSON))
}

func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && cmp.Equal(x, y)
}

// Decode reads a stream in pieces of the given sizes, the last of them again and again.
func Decode(d dialect.Dialect, stream []byte, sizes ...int) []llm.Event {
	dec := d.Client.Decoder()
	var events []llm.Event
	for i := 0; len(stream) > 0; i++ {
		n := len(stream)
		if len(sizes) > 0 {
			n = min(n, max(1, sizes[min(i, len(sizes)-1)]))
		}
		piece := bytes.Clone(stream[:n]) // a decoder that keeps its input would see this overwritten
		events = dec.Feed(events, piece)
		for j := range piece {
			piece[j] = '#'
		}
		stream = stream[n:]
	}
	return dec.Close(events)
}

// Encode writes a stream.
func Encode(d dialect.Dialect, req *llm.Request, events []llm.Event) ([]byte, []llm.Warning) {
	enc := d.Server.Encoder(req)
	var out []byte
	for _, e := range events {
		out = enc.Encode(out, e)
	}
	return enc.Close(out), enc.Warnings()
}

// RequestIdentity checks that a request survives its own dialect, and that it is valid JSON on the way. Path is what its
// URL says.
func RequestIdentity(d dialect.Dialect, path dialect.Path, body []byte) error {
	first, err := d.Server.DecodeRequest(path, body)
	if err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	out, warnings, err := d.Client.EncodeRequest(first)
	if err != nil || !json.Valid(out) {
		return fmt.Errorf("encode: %v, %s", err, out)
	}
	if len(warnings) > 0 {
		return fmt.Errorf("its own dialect loses %v", warnings)
	}
	second, err := d.Server.DecodeRequest(path, out)
	if err != nil {
		return fmt.Errorf("decode what was encoded: %w", err)
	}
	if diff := cmp.Diff(first, second, Same); diff != "" {
		return errors.New(diff)
	}
	peek, err := d.Server.Peek(path, body)
	if err != nil || peek.Model != first.Model || peek.Stream != first.Stream {
		return fmt.Errorf("peek sees %+v (%v), decoding %q, %v", peek, err, first.Model, first.Stream)
	}
	return nil
}

// ResponseIdentity checks that a whole answer survives its own dialect.
func ResponseIdentity(d dialect.Dialect, body []byte) error {
	first, err := d.Client.DecodeResponse(body)
	if err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	out, warnings := d.Server.EncodeResponse(first)
	if !json.Valid(out) {
		return fmt.Errorf("encoded to %s", out)
	}
	if len(warnings) > 0 {
		return fmt.Errorf("its own dialect loses %v", warnings)
	}
	second, err := d.Client.DecodeResponse(out)
	if err != nil {
		return fmt.Errorf("decode what was encoded: %w", err)
	}
	if diff := cmp.Diff(first, second, Same); diff != "" {
		return errors.New(diff)
	}
	return sameScan(d.Client.Scan(body), first)
}

// StreamIdentity checks that a stream, folded, survives its own dialect.
func StreamIdentity(d dialect.Dialect, stream []byte) error {
	events := Decode(d, stream)
	first, err := llm.Fold(slices.Values(events))
	if err != nil {
		return fmt.Errorf("fold: %w", err)
	}
	req := &llm.Request{Stream: true, Params: llm.Params{IncludeUsage: true}}
	out, warnings := Encode(d, req, events)
	if len(warnings) > 0 {
		return fmt.Errorf("its own dialect loses %v", warnings)
	}
	second, err := llm.Fold(slices.Values(Decode(d, out)))
	if err != nil {
		return fmt.Errorf("fold what was encoded: %w", err)
	}
	if diff := cmp.Diff(first, second, Same); diff != "" {
		return errors.New(diff)
	}
	return nil
}

// Usage checks that the tee sees in a stream what the decoder sees.
func Usage(d dialect.Dialect, stream []byte) error {
	r, err := llm.Fold(slices.Values(Decode(d, stream)))
	if err != nil {
		return err
	}
	for _, size := range []int{len(stream), 7} {
		tee := d.Client.Tee()
		for p := stream; len(p) > 0; {
			n := min(size, len(p))
			tee.Feed(p[:n])
			p = p[n:]
		}
		if err := sameScan(tee.Result(), r); err != nil {
			return err
		}
	}
	return nil
}

func sameScan(s dialect.Scan, r *llm.Response) error {
	if !s.Done || len(r.Choices) == 0 {
		return fmt.Errorf("scan has done %v; the answer has %d choices", s.Done, len(r.Choices))
	}
	if r.Usage != nil && s.HasUsage {
		if diff := cmp.Diff(*r.Usage, s.Usage, Same); diff != "" {
			return fmt.Errorf("usage: %s", diff)
		}
	} else if (r.Usage != nil) != s.HasUsage {
		return fmt.Errorf("scan has usage: %v", s.HasUsage)
	}
	if diff := cmp.Diff(r.Choices[0].Finish, s.Finish, Same); diff != "" && len(r.Choices) == 1 {
		return fmt.Errorf("finish: %s", diff)
	}
	return nil
}

// Chop checks that a stream gives the same events however it is cut up: at every byte if it is short, else at random.
func Chop(d dialect.Dialect, stream []byte, rng *rand.Rand) error {
	want := Decode(d, stream)
	check := func(sizes ...int) error {
		got := Decode(d, stream, sizes...)
		if reflect.DeepEqual(want, got) { // far quicker than a diff
			return nil
		}
		return fmt.Errorf("in pieces of %v: %s", sizes, cmp.Diff(want, got))
	}
	if err := check(1); err != nil {
		return err
	}
	for _, cut := range cutsOf(stream, rng) {
		if cut > 0 && cut < len(stream) {
			if err := check(cut, len(stream)); err != nil {
				return err
			}
		}
	}
	return nil
}

// short is the length up to which every cut is tried; longer streams are cut at this many random places.
const short, some = 3000, 25

func cutsOf(stream []byte, rng *rand.Rand) (cuts []int) {
	if len(stream) <= short {
		for i := range stream {
			cuts = append(cuts, i)
		}
		return cuts
	}
	for range some {
		cuts = append(cuts, rng.IntN(len(stream)))
	}
	return cuts
}

// Cut checks that a stream that breaks off ends in an error, unless everything but its very end is there.
func Cut(d dialect.Dialect, stream []byte, rng *rand.Rand) error {
	whole, err := llm.Fold(slices.Values(Decode(d, stream)))
	if err != nil {
		return err
	}
	for _, cut := range cutsOf(stream, rng) {
		events := Decode(d, stream[:cut])
		r, err := llm.Fold(slices.Values(events))
		last := llm.Event{}
		if len(events) > 0 {
			last = events[len(events)-1]
		}
		var e *llm.Error
		switch {
		case err == nil && Text(r) == Text(whole):
		case err == nil:
			return fmt.Errorf("cut at %d of %d it looks whole but is not", cut, len(stream))
		case last.Type != llm.EventError || !errors.As(err, &e) || e.Kind != llm.KindTruncated:
			return fmt.Errorf("cut at %d of %d: %v, last event %v", cut, len(stream), err, last.Type)
		}
	}
	return nil
}

// Text is what a model said in an answer: reasoning, text, refusals and calls of the first choice, the things that must
// survive every dialect.
func Text(r *llm.Response) string {
	if len(r.Choices) == 0 {
		return ""
	}
	return Said(r.Choices[0].Parts)
}

// Said is Text for parts; pieces of one kind are put together, because dialects part them differently.
func Said(parts []llm.Part) string {
	said := map[llm.Kind]*strings.Builder{}
	for _, kind := range []llm.Kind{llm.PartReasoning, llm.PartText, llm.PartCall} {
		said[kind] = &strings.Builder{}
	}
	for _, p := range parts {
		switch p.Kind {
		case llm.PartReasoning:
			said[p.Kind].WriteString(p.Text)
		case llm.PartText, llm.PartRefusal:
			said[llm.PartText].WriteString(p.Text)
		case llm.PartCall:
			fmt.Fprintf(said[p.Kind], "%s(%s) ", p.Call.Name, arguments(p.Call.Arguments))
		case llm.PartMedia, llm.PartResult, llm.PartOpaque:
		}
	}
	return fmt.Sprintf("thought %q said %q called %q", said[llm.PartReasoning], said[llm.PartText], said[llm.PartCall])
}

func arguments(s string) string {
	var v any
	if s == "" {
		s = "{}"
	}
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	out, err := json.Marshal(v)
	if err != nil {
		return s
	}
	return string(out)
}
