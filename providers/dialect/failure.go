package dialect

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"time"

	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// Failure is what a provider's error body says, in whatever dialect.
type Failure struct {
	Status  int // 0 where there was none, in a stream say
	Message string
	Type    string
	Code    string
	Param   string
}

// Error makes the canonical error of a failure.
func (f Failure) Error() *llm.Error {
	kind := f.Kind()
	status := f.Status
	if status < 400 {
		status = kind.Status()
	}
	message := f.Message
	if message == "" {
		message = "the provider answered with status " + strconv.Itoa(status) + " and no message"
	}
	return &llm.Error{Kind: kind, Status: status, Message: message, Type: f.Type, Code: f.Code, Param: f.Param}
}

// Kind tells what the failure means. Words come before the status: providers report limits and bills under many.
func (f Failure) Kind() llm.ErrorKind {
	words := strings.ToLower(f.Type + " " + f.Code)
	text := strings.ToLower(f.Message)
	switch {
	case f.Status == 402 || contains(words, billingWords) || contains(text, billingTexts):
		return llm.KindBilling
	case f.Status == 529 || strings.Contains(words, "overloaded"):
		return llm.KindOverloaded
	case f.Status == 429 || contains(words, limitTexts) || !f.callersFault() && contains(text, limitTexts):
		return llm.KindProviderLimited
	case contains(words, modelWords) || f.Status == 404 && strings.Contains(text, "model"):
		return llm.KindModelUnavailable
	}
	if f.Status < 400 {
		return kindOfWords(words)
	}
	return kindOfStatus(f.Status)
}

// callersFault keeps "context limit exceeded" and the like from looking like a rate limit.
func (f Failure) callersFault() bool {
	return f.Status == 400 || f.Status == 404 || f.Status == 413 || f.Status == 422
}

func kindOfStatus(status int) llm.ErrorKind {
	switch status {
	case 400, 405, 409, 411, 413, 415, 422:
		return llm.KindInvalidRequest
	case 401, 403:
		return llm.KindAuthFailed
	case 408, 504, 524:
		return llm.KindTimeout
	case 503:
		return llm.KindOverloaded
	}
	if status >= 500 {
		return llm.KindServerError
	}
	return llm.KindOther
}

func kindOfWords(words string) llm.ErrorKind {
	switch {
	case strings.Contains(words, "invalid_request"):
		return llm.KindInvalidRequest
	case strings.Contains(words, "authentication"), strings.Contains(words, "permission"):
		return llm.KindAuthFailed
	case strings.Contains(words, "timeout"):
		return llm.KindTimeout
	case strings.Contains(words, "unavailable"):
		return llm.KindOverloaded
	}
	return llm.KindServerError
}

var (
	billingWords = []string{"insufficient_quota", "billing", "payment_required", "insufficient_balance"}
	billingTexts = []string{"credit balance is too low", "insufficient balance", "check your plan and billing"}
	modelWords   = []string{"model_not_found", "model_not_available", "model_decommissioned", "deploymentnotfound"}
	limitTexts   = []string{"rate limit", "rate_limit", "ratelimit", "too many requests", "quota exceeded",
		"quota_exceeded", "request limit", "throttled", "throttling", "rate exceeded", "limit exceeded", "requests per",
		"rpm exceeded", "tpm exceeded", "tokens per minute", "api rate limit", "usage limit", "concurrent requests limit"}
)

func contains(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// ReadFailure reads the error object; some speakers leave it out, some make it a string, some put all in a list.
func ReadFailure(body []byte) (f Failure) {
	if rawjson.IsArray(body) {
		it := rawjson.Array(body)
		if !it.Next() {
			return f
		}
		body = it.Value()
	}
	if !rawjson.IsObject(body) {
		f.Message = PlainText(body)
		return f
	}
	obj := body
	if v, ok, _ := rawjson.Get(body, "error"); ok && rawjson.IsObject(v) {
		obj = v
	} else if ok && rawjson.IsString(v) {
		_ = String(&f.Message, v)
	}
	it := rawjson.Object(obj)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "message":
			word(&f.Message, v)
		case "detail", "msg":
			if f.Message == "" {
				word(&f.Message, v)
			}
		case "type":
			word(&f.Type, v)
		case "code":
			word(&f.Code, v)
		case "param":
			word(&f.Param, v)
		case "status", "status_code":
			if n, ok := rawjson.Int(v); ok && n >= 400 && n < 600 {
				f.Status = int(n)
			}
		}
	}
	if n, err := strconv.Atoi(f.Code); err == nil && n >= 400 && n < 600 && f.Status == 0 {
		f.Status = n
	}
	return f
}

// word reads a string; of anything else that is not null it takes the JSON.
func word(dst *string, v []byte) {
	if rawjson.IsNull(v) {
		return
	}
	if String(dst, v) != nil {
		*dst = PlainText(v)
	}
}

// IsHTML reports whether a body is a web page, as proxies and wrong addresses answer.
func IsHTML(body []byte) bool {
	start := strings.ToLower(string(bytes.TrimSpace(body[:min(len(body), 512)])))
	return strings.HasPrefix(start, "<!doctype html") || strings.HasPrefix(start, "<html") ||
		strings.HasPrefix(start, "<head")
}

var htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// HTMLError is the error of a web page; its title is the hint.
func HTMLError(status int, body []byte) *llm.Error {
	message := "HTML response received from provider"
	if m := htmlTitle.FindSubmatch(body); m != nil {
		if title := strings.Join(strings.Fields(string(m[1])), " "); title != "" && len(title) <= 200 {
			message += ": " + title
		}
	}
	if status < 500 {
		message += " (status " + strconv.Itoa(status) + "; check the base URL)"
		status = 502
	}
	return &llm.Error{Kind: llm.KindServerError, Status: status, Message: message}
}

// PlainText is a body that is no JSON, short enough to be a message.
func PlainText(body []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body[:min(len(body), 2000)]), "")), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// RetryAfter reads how long a provider asks to wait. A date is taken relative to the answer's own Date.
func RetryAfter(header func(name string) string) time.Duration {
	if header == nil {
		return 0
	}
	if ms, err := strconv.ParseFloat(header("Retry-After-Ms"), 64); err == nil && ms > 0 && ms < 1e9 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	value := header("Retry-After")
	if s, err := strconv.ParseFloat(value, 64); err == nil {
		if s <= 0 || s > 1e6 {
			return 0
		}
		return time.Duration(s * float64(time.Second))
	}
	until, err := time.Parse(time.RFC1123, value)
	if err != nil {
		return 0
	}
	now, err := time.Parse(time.RFC1123, header("Date"))
	if err != nil {
		return 0
	}
	return max(0, until.Sub(now))
}

// StreamError reads an error in a stream. own is that of DecodeError.
func StreamError(data []byte, own func([]byte) bool) *llm.Error {
	e := ReadFailure(data).Error()
	if own(data) {
		e.Raw = bytes.Clone(data)
	}
	return e
}

// DecodeError reads an upstream's error answer, JSON or not. own reports whether a body is an error as the dialect
// itself writes it: then it is kept, for a client that speaks the same.
func DecodeError(status int, header func(name string) string, body []byte, own func([]byte) bool) *llm.Error {
	var e *llm.Error
	switch {
	case IsHTML(body):
		e = HTMLError(status, body)
	case rawjson.Valid(body) != nil:
		e = Failure{Status: status, Message: PlainText(body)}.Error()
	default:
		f := ReadFailure(body)
		f.Status = status
		e = f.Error()
		if own(body) {
			e.Raw = bytes.Clone(body)
		}
	}
	e.RetryAfter = RetryAfter(header)
	return e
}
