package generate

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

// arrayOf is the array that says what a stream of events says.
func arrayOf(t *testing.T) []byte {
	t.Helper()
	out, warnings := dialecttest.Encode(NewArray(), &llm.Request{}, dialecttest.Decode(New(), dialecttest.Input(t, "stream.sse")))
	if len(warnings) > 0 {
		t.Error(warnings)
	}
	return out
}

// TestArray: the array has an element for each event, each on lines of its own, and loses nothing.
func TestArray(t *testing.T) {
	out := arrayOf(t)
	var list []json.RawMessage
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	events := strings.Split(strings.TrimSpace(string(dialecttest.Input(t, "stream.golden"))), "\n\n")
	if want := "[" + strings.ReplaceAll(strings.Join(events, "\n,"), "data: ", "") + "\n]"; want != string(out) {
		t.Error(cmp.Diff(want, string(out)))
	}
	for law, err := range map[string]error{
		"identity": dialecttest.StreamIdentity(NewArray(), out),
		"chop":     dialecttest.Chop(NewArray(), out, rand.New(rand.NewPCG(1, 2))),
		"cut":      dialecttest.Cut(NewArray(), out, rand.New(rand.NewPCG(1, 2))),
		"usage":    dialecttest.Usage(NewArray(), out),
		"losses":   dialecttest.StreamLosses(NewArray()),
	} {
		if err != nil {
			t.Errorf("%s: %v", law, err)
		}
	}
	if d := NewArray(); d.Server.ContentType() != "application/json" {
		t.Error(d.Server.ContentType())
	}
}

// TestArrayFails: an error is the last element, whether anything came before it or not.
func TestArrayFails(t *testing.T) {
	failure := llm.Event{Type: llm.EventError, Err: llm.Errorf(llm.KindOverloaded, "busy")}
	const element = `{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}`
	out, _ := dialecttest.Encode(NewArray(), &llm.Request{}, []llm.Event{failure})
	if want := "[" + element + "\n]"; string(out) != want {
		t.Errorf("%s", out)
	}
	begun := []llm.Event{{Type: llm.EventStart, Meta: &llm.Meta{ID: "i"}},
		{Type: llm.EventBlockStart, Part: llm.Part{Kind: llm.PartText}}, {Type: llm.EventDelta, Part: llm.Part{Kind: llm.PartText, Text: "hi"}}}
	out, _ = dialecttest.Encode(NewArray(), &llm.Request{}, append(begun, failure))
	if !json.Valid(out) || !strings.HasSuffix(string(out), "\n,"+element+"\n]") {
		t.Errorf("%s", out)
	}
	if frame := NewArray().Server.ErrorFrame(failure.Err); !strings.HasSuffix(string(out), string(frame)) {
		t.Errorf("%s", frame)
	}
	_, err := llm.Fold(slices.Values(dialecttest.Decode(NewArray(), out, 3)))
	if e := llm.AsError(err); err == nil || e.Kind != llm.KindOverloaded || e.Message != "busy" {
		t.Errorf("it reads as %v", err)
	}
	tee := NewArray().Client.Tee()
	tee.Feed(out[:40])
	tee.Feed(out[40:])
	if s := tee.Result(); s.Err == nil || s.Err.Kind != llm.KindOverloaded || s.Done {
		t.Errorf("%+v", s)
	}
	for _, in := range []string{`oops`, `[{"candidates":[}]`, `[1]`, `[{]`, "data: {}\n\n"} {
		if _, err := llm.Fold(slices.Values(dialecttest.Decode(NewArray(), []byte(in)))); err == nil {
			t.Errorf("%s was read", in)
		}
	}
}

// TestWholeElements: what is given out ends where an element or the array ends, so that an error can follow.
func TestWholeElements(t *testing.T) {
	for in, want := range map[string]int{
		"":                            0,
		"[":                           0,
		"[ {\"a\":\"}\\\"":            0,
		"[{\"a\":{\"b\":[1]}}\n,\r\n": 16,
		"\n,{\"a\":\"\\\\\"}\n,{":     12,
		",{}\n]\n":                    6,
		`[{"a":"\"}"},`:               12,
		"oops":                        4,
	} {
		if n := NewArray().Frames([]byte(in)); n != want {
			t.Errorf("%q: %d, want %d", in, n, want)
		}
	}
	out := arrayOf(t)
	whole := 0
	for n := range out {
		whole = max(whole, NewArray().Frames(out[:n+1]))
		if part := string(out[:whole]); whole > 0 && whole < len(out) && !json.Valid([]byte(part+"\n]")) {
			t.Fatalf("after %d bytes %s is given out", n+1, part)
		}
	}
	if whole != len(out) {
		t.Errorf("%d of %d bytes are given out", whole, len(out))
	}
}

func FuzzArray(f *testing.F) {
	f.Add([]byte(`[{"candidates":[{"content":{"parts":[{"text":"a]}\"\\"}]}}]}`+"\n,\r\n"+`{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"totalTokenCount":1}}`+"\n]\n"), byte(3))
	f.Add([]byte(`{"error":{"message":"x"}}`), byte(1))
	f.Fuzz(func(t *testing.T, in []byte, size byte) {
		whole := dialecttest.Decode(NewArray(), in)
		pieces := dialecttest.Decode(NewArray(), in, int(size)%9+1)
		if len(whole) != len(pieces) {
			t.Fatalf("%d events whole, %d in pieces", len(whole), len(pieces))
		}
		if n := NewArray().Frames(in); n < 0 || n > len(in) {
			t.Fatalf("%d of %d bytes are whole", n, len(in))
		}
		tee := NewArray().Client.Tee()
		tee.Feed(in)
		tee.Result()
		if out, _ := dialecttest.Encode(NewArray(), &llm.Request{}, whole); len(out) > 0 && !json.Valid(out) {
			t.Fatalf("%q became %s", in, out)
		}
	})
}
