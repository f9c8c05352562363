package generate

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"heimdall/providers/llm"
)

func TestDecodeError(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		kind   llm.ErrorKind
		wait   time.Duration
		raw    bool
	}{
		{429, `{"error":{"code":429,"message":"check your plan and billing details","status":"RESOURCE_EXHAUSTED","details":[{"@type":"x","retryDelay":"34.4s"}]}}`,
			llm.KindProviderLimited, 34400 * time.Millisecond, true},
		{429, `{"error":{"code":429,"message":"Your prepayment credits are depleted","status":"RESOURCE_EXHAUSTED"}}`, llm.KindBilling, 0, true},
		{400, `{"error":{"code":400,"message":"API key not valid","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}`, llm.KindAuthFailed, 0, true},
		{400, `[{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}]`, llm.KindInvalidRequest, 0, false},
		{403, `{"error":{"code":403,"message":"enable billing","status":"PERMISSION_DENIED","details":[{"reason":"BILLING_DISABLED"}]}}`, llm.KindBilling, 0, true},
		{404, `{"error":{"code":404,"message":"models/x is not found","status":"NOT_FOUND"}}`, llm.KindModelUnavailable, 0, true},
		{503, `{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}`, llm.KindOverloaded, 0, true},
		{502, `<html><title>Bad</title>`, llm.KindServerError, 0, false},
		{500, ``, llm.KindServerError, 0, false},
	} {
		e := New().Client.DecodeError(c.status, nil, []byte(c.body))
		if e.Kind != c.kind || e.RetryAfter != c.wait || (e.Raw != nil) != c.raw || e.Message == "" {
			t.Errorf("%d %s: %+v", c.status, c.body, *e)
		}
	}
}

func TestEncodeError(t *testing.T) {
	server := New().Server
	raw := []byte(`{ "error": {"code":418,"message":"m","status":"X","extra":1}}`)
	if status, body := server.EncodeError(&llm.Error{Status: 418, Raw: raw}); status != 418 || string(body) != string(raw) {
		t.Errorf("its own body became %d %s", status, body)
	}
	limited := llm.Errorf(llm.KindProviderLimited, `slow "down"`)
	limited.RetryAfter = 1500 * time.Millisecond
	for want, e := range map[string]*llm.Error{
		`429 {"error":{"code":429,"message":"slow \"down\"","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"}]}}`: limited,
		`404 {"error":{"code":404,"message":"m","status":"NOT_FOUND"}}`:             llm.Errorf(llm.KindModelUnavailable, "m"),
		`400 {"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}`:      llm.Errorf(llm.KindInvalidRequest, "m"),
		`401 {"error":{"code":401,"message":"m","status":"UNAUTHENTICATED"}}`:       llm.Errorf(llm.KindAuthFailed, "m"),
		`529 {"error":{"code":529,"message":"busy","status":"UNAVAILABLE"}}`:        {Status: 529, Kind: llm.KindOverloaded, Message: "busy", Raw: []byte(`{"type":"error","error":{"type":"a","message":"b"}}`)},
		`402 {"error":{"code":402,"message":"pay","status":"FAILED_PRECONDITION"}}`: {Status: 402, Message: "pay", Raw: []byte(`{"error":{"code":402,"message":"pay","metadata":{}}}`)},
		`502 {"error":{"code":502,"message":"m","status":"INTERNAL"}}`:              llm.Errorf(llm.KindServerError, "m"),
		`503 {"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}`:           llm.Errorf(llm.KindOverloaded, "m"),
		`500 {"error":{"code":500,"message":"m","status":"INTERNAL"}}`:              llm.Errorf(llm.KindInternal, "m"),
		`504 {"error":{"code":504,"message":"m","status":"DEADLINE_EXCEEDED"}}`:     llm.Errorf(llm.KindTimeout, "m"),
	} {
		status, body := server.EncodeError(e)
		if code, text, _ := strings.Cut(want, " "); text != string(body) || code != strconv.Itoa(status) {
			t.Errorf("%d %s, want %s", status, body, want)
		}
		if back := New().Client.DecodeError(status, nil, body); status > 500 && back.Kind != e.Kind {
			t.Errorf("%s reads as %s", want, back.Kind)
		}
	}
	if got := string(server.ErrorFrame(llm.Errorf(llm.KindInternal, "x"))); got != `data: {"error":{"code":500,"message":"x","status":"INTERNAL"}}`+"\n\n" {
		t.Errorf("frame %q", got)
	}
}
