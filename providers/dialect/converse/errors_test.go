package converse_test

import (
	"strings"
	"testing"
	"time"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

func TestDecodeError(t *testing.T) {
	for _, c := range []struct {
		status      int
		class, body string
		kind        llm.ErrorKind
		typ, text   string
	}{
		{400, "ValidationException:http://internal.example.com/coral/", `{"message":"temperature is too high"}`, llm.KindInvalidRequest, "ValidationException", "temperature is too high"},
		{400, "ValidationException", `{"message":"The provided model identifier is invalid."}`, llm.KindModelUnavailable, "ValidationException", "The provided model identifier is invalid."},
		{400, "", `{"message":"The provided model identifier is invalid."}`, llm.KindModelUnavailable, "", "The provided model identifier is invalid."},
		{403, "AccessDeniedException", `{"Message":"User is not authorized"}`, llm.KindAuthFailed, "AccessDeniedException", "User is not authorized"},
		{403, "AccessDeniedException", `{"message":"You don't have access to the model with the specified model ID."}`, llm.KindModelUnavailable, "AccessDeniedException", "You don't have access to the model with the specified model ID."},
		{403, "", `{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"bad token"}`, llm.KindAuthFailed, "UnrecognizedClientException", "bad token"},
		{404, "ResourceNotFoundException", `{"message":"gone"}`, llm.KindModelUnavailable, "ResourceNotFoundException", "gone"},
		{408, "ModelTimeoutException", `{"message":"x"}`, llm.KindTimeout, "ModelTimeoutException", "x"},
		{424, "ModelErrorException", `{"message":"x"}`, llm.KindServerError, "ModelErrorException", "x"},
		{429, "ThrottlingException", `{"message":"Too many requests"}`, llm.KindProviderLimited, "ThrottlingException", "Too many requests"},
		{429, "ModelNotReadyException", `{"message":"x"}`, llm.KindOverloaded, "ModelNotReadyException", "x"},
		{400, "ServiceQuotaExceededException", `{"message":"x"}`, llm.KindProviderLimited, "ServiceQuotaExceededException", "x"},
		{500, "InternalServerException", `{"message":"x"}`, llm.KindServerError, "InternalServerException", "x"},
		{503, "ServiceUnavailableException", `{"message":"x"}`, llm.KindOverloaded, "ServiceUnavailableException", "x"},
		{502, "", `upstream is down`, llm.KindServerError, "", "upstream is down"},
	} {
		header := func(name string) string {
			return map[string]string{"X-Amzn-Errortype": c.class, "Retry-After": "2"}[name]
		}
		e := own.Client.DecodeError(c.status, header, []byte(c.body))
		if e.Kind != c.kind || e.Status != c.status || e.Type != c.typ || e.Message != c.text || e.RetryAfter != 2*time.Second {
			t.Errorf("%d %s %s: %+v", c.status, c.class, c.body, e)
		}
		status, body := own.Server.EncodeError(e)
		named, class := own.Server.(dialect.ErrorNamer).ErrorHeader(e)
		back := own.Client.DecodeError(status, func(name string) string { return map[string]string{named: class}[name] }, body)
		if c.class != "" && (string(body) != c.body || class != c.typ) {
			t.Errorf("%s %s became %s %s", c.class, c.body, class, body)
		}
		if status != c.status || back.Kind != c.kind && c.typ != "" || c.typ != "" && back.Type != c.typ || back.Message != c.text {
			t.Errorf("%s %s became %d %s", c.class, c.body, status, body)
		}
	}
}

func TestEncodeError(t *testing.T) {
	raw := `{"__type":"ThrottlingException","message":"slow","extra":1}`
	if status, body := own.Server.EncodeError(own.Client.DecodeError(429, nil, []byte(raw))); status != 429 || string(body) != raw {
		t.Errorf("its own body became %d %s", status, body)
	}
	// A body that names no class is of another dialect as long as the error has none of this one.
	plain := &llm.Error{Status: 429, Message: "slow", Raw: []byte(`{"message":"slow","id":1}`)}
	if _, body := own.Server.EncodeError(plain); string(body) != `{"__type":"ThrottlingException","message":"slow"}` {
		t.Errorf("%s", body)
	}
	for status, want := range map[int]string{400: "ValidationException", 401: "AccessDeniedException", 402: "AccessDeniedException",
		403: "AccessDeniedException", 404: "ResourceNotFoundException", 408: "ModelTimeoutException", 424: "ModelErrorException",
		429: "ThrottlingException", 500: "InternalServerException", 502: "InternalServerException", 503: "ServiceUnavailableException",
		504: "ModelTimeoutException", 529: "ServiceUnavailableException"} {
		foreign := &llm.Error{Kind: llm.KindOther, Status: status, Message: "m", Type: "x_error", Raw: []byte(`{"error":{"message":"m"}}`)}
		for _, d := range []string{own.Name, invoke.Name, count.Name} {
			server := own.Server
			if d == invoke.Name {
				server = invoke.Server
			} else if d == count.Name {
				server = count.Server
			}
			if name, class := server.(dialect.ErrorNamer).ErrorHeader(foreign); name != "X-Amzn-Errortype" || class != want {
				t.Errorf("%s: %d: %s %s", d, status, name, class)
			}
			if got, body := server.EncodeError(foreign); got != status || string(body) != `{"__type":"`+want+`","message":"m"}` {
				t.Errorf("%s: %d: %d %s", d, status, got, body)
			}
		}
	}
}

func TestErrorFrame(t *testing.T) {
	for kind, want := range map[llm.ErrorKind]string{
		llm.KindInvalidRequest: "validationException", llm.KindBudgetExceeded: "validationException",
		llm.KindRateLimited: "throttlingException", llm.KindProviderLimited: "throttlingException",
		llm.KindOverloaded: "serviceUnavailableException", llm.KindInternal: "internalServerException",
		llm.KindServerError: "modelStreamErrorException", llm.KindTruncated: "modelStreamErrorException",
	} {
		frame := own.Server.ErrorFrame(llm.Errorf(kind, "oh \"no\""))
		if got := strings.TrimSpace(lines(t, frame)); got != want+` {"message":"oh \"no\""}` {
			t.Errorf("%s: %s", kind, got)
		}
		if own.Frames(frame) != len(frame) {
			t.Errorf("%s: no whole frame", kind)
		}
	}
}
