package dialect

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/llm"
)

func TestPaths(t *testing.T) {
	err := At("messages", AtIndex(2, At("content", AtIndex(0, At("text", Bad("must be a string"))))))
	e := Invalid(err)
	if e.Message != "messages[2].content[0].text: must be a string" || e.Param != "messages[2].content[0].text" || e.Status != 400 {
		t.Errorf("%+v", e)
	}
	if At("x", nil) != nil || AtIndex(1, nil) != nil {
		t.Error("no error became one")
	}
	if got := At("x", errors.New("boom")).Error(); got != "x: boom" {
		t.Error(got)
	}
}

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		header map[string]string
		want   time.Duration
	}{
		{map[string]string{"Retry-After": "3"}, 3 * time.Second},
		{map[string]string{"Retry-After": "0.5"}, time.Second / 2},
		{map[string]string{"Retry-After": "9", "Retry-After-Ms": "250"}, 250 * time.Millisecond},
		{map[string]string{"Retry-After": "Sun, 22 Nov 2026 10:00:30 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 30 * time.Second},
		{map[string]string{"Retry-After": "Sun, 22 Nov 2026 10:00:30 GMT"}, 0},
		{map[string]string{"Retry-After": "soon"}, 0},
		{map[string]string{"Retry-After": "-4"}, 0},
		{nil, 0},
	} {
		if got := RetryAfter(func(name string) string { return c.header[name] }); got != c.want {
			t.Errorf("%v: %v, want %v", c.header, got, c.want)
		}
	}
}

func TestLosses(t *testing.T) {
	l := Losses{Own: "a"}
	x := llm.Extra{"a": []byte(`{"kept":1}`), "b": []byte(`{"kept":2,"gone":3,"empty":null}`)}
	l.Extra("tools[0]", x)
	l.Extra("tools[0]", x)
	l.Extra("", llm.Extra{"a": []byte(`{"own":1}`)})
	want := []llm.Warning{{Field: "tools[0].gone", Why: "the a dialect has no field for it"}}
	if diff := cmp.Diff(want, l.List()); diff != "" {
		t.Error(diff)
	}
}

// TestFailureInStream: without a status the words alone must do.
func TestFailureInStream(t *testing.T) {
	for _, c := range []struct {
		body   string
		kind   llm.ErrorKind
		status int
	}{
		{`{"type":"error","error":{"type":"overloaded_error","message":"x"}}`, llm.KindOverloaded, 503},
		{`{"error":{"type":"rate_limit_error","message":"x"}}`, llm.KindProviderLimited, 429},
		{`{"error":{"type":"invalid_request_error","message":"x"}}`, llm.KindInvalidRequest, 400},
		{`{"error":{"type":"authentication_error","message":"x"}}`, llm.KindAuthFailed, 401},
		{`{"error":{"code":504,"message":"x"}}`, llm.KindTimeout, 504},
		{`{"error":{"message":"x"}}`, llm.KindServerError, 502},
		{`{"error":{"message":{"deep":1}}}`, llm.KindServerError, 502},
	} {
		e := ReadFailure([]byte(c.body)).Error()
		if e.Kind != c.kind || e.Status != c.status || e.Message == "" {
			t.Errorf("%s: %+v", c.body, e)
		}
	}
}
