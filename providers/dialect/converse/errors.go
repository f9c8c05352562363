package converse

import (
	"strings"

	"heimdall/providers/dialect"
	"heimdall/providers/eventstream"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// classHeader names the error's class, perhaps with an address behind a colon.
const classHeader = "X-Amzn-Errortype"

// kinds tells what a class of error means, by the word that it begins with.
var kinds = map[string]llm.ErrorKind{
	"validation":           llm.KindInvalidRequest,
	"throttling":           llm.KindProviderLimited,
	"toomanyrequests":      llm.KindProviderLimited,
	"servicequotaexceeded": llm.KindProviderLimited,
	"accessdenied":         llm.KindAuthFailed,
	"unrecognizedclient":   llm.KindAuthFailed,
	"expiredtoken":         llm.KindAuthFailed,
	"invalidsignature":     llm.KindAuthFailed,
	"incompletesignature":  llm.KindAuthFailed,
	"resourcenotfound":     llm.KindModelUnavailable,
	"modelnotready":        llm.KindOverloaded,
	"serviceunavailable":   llm.KindOverloaded,
	"modeltimeout":         llm.KindTimeout,
	"modelerror":           llm.KindServerError,
	"modelstreamerror":     llm.KindServerError,
	"internalserver":       llm.KindServerError,
	"internalfailure":      llm.KindServerError,
}

// modelTexts are what the endpoint says of a model that it does not have or the account may not use, whatever the class.
var modelTexts = []string{"model identifier is invalid", "access to the model", "end of its life", "on-demand throughput isn"}

func decodeError(status int, header func(string) string, body []byte) *llm.Error {
	class := ""
	if header != nil {
		class = header(classHeader)
	}
	e := dialect.DecodeError(status, header, body, func(body []byte) bool { return isError(body, class) })
	if dialect.IsHTML(body) || rawjson.Valid(body) != nil {
		return e
	}
	raw := e.Raw
	e = failure(status, class, body)
	e.Raw, e.RetryAfter = raw, dialect.RetryAfter(header)
	return e
}

// failure makes the error of a body; status is 0 in a stream.
func failure(status int, class string, body []byte) *llm.Error {
	f := dialect.ReadFailure(body)
	f.Status = status
	if rawjson.IsObject(body) {
		if v, ok, _ := rawjson.Get(body, "Message"); ok && f.Message == "" {
			_ = dialect.String(&f.Message, v)
		}
		if v, ok, _ := rawjson.Get(body, "__type"); ok && class == "" {
			_ = dialect.String(&class, v)
		}
	}
	if class != "" {
		f.Type = classOf(class)
	}
	e := f.Error()
	kind, ok := kinds[strings.TrimSuffix(strings.ToLower(f.Type), "exception")]
	text := strings.ToLower(e.Message)
	for _, words := range modelTexts {
		if strings.Contains(text, words) {
			kind, ok = llm.KindModelUnavailable, true
		}
	}
	if ok && e.Kind != llm.KindBilling {
		e.Kind = kind
		if status < 400 {
			e.Status = kind.Status()
		}
	}
	return e
}

// classOf is the bare name of a class: without the namespace before it and the address behind it.
func classOf(s string) string {
	s = s[strings.LastIndexByte(s, '#')+1:]
	s, _, _ = strings.Cut(s, ":")
	return strings.TrimSpace(s)
}

// isError reports whether a body is an error as this dialect writes it. Its class stands in it, or beside it in the
// header.
func isError(body []byte, beside string) bool {
	if !rawjson.IsObject(body) {
		return false
	}
	class, within, _ := rawjson.Get(body, "__type")
	message, ok, _ := rawjson.Get(body, "message")
	if !ok {
		message, _, _ = rawjson.Get(body, "Message")
	}
	return rawjson.IsString(message) && (rawjson.IsString(class) || !within && beside != "")
}

func encodeError(e *llm.Error) (int, []byte) {
	status, class := errorClass(e)
	beside := ""
	if class == e.Type {
		beside = class
	}
	if isError(e.Raw, beside) && rawjson.Valid(e.Raw) == nil {
		return status, e.Raw
	}
	var w rawjson.Writer
	w.Open('{')
	w.StringField("__type", class)
	w.StringField("message", e.Message)
	w.Close('}')
	return status, w.B
}

// errorClass is the status and the class of an error. The provider's class stays where it is one of this dialect.
func errorClass(e *llm.Error) (status int, class string) {
	if status = e.Status; status < 400 {
		status = e.Kind.Status()
	}
	if strings.HasSuffix(e.Type, "Exception") {
		return status, strings.ToUpper(e.Type[:1]) + e.Type[1:]
	}
	return status, statusClass(status)
}

func statusClass(status int) string {
	switch status {
	case 401, 402, 403:
		return "AccessDeniedException"
	case 404:
		return "ResourceNotFoundException"
	case 408, 504:
		return "ModelTimeoutException"
	case 424:
		return "ModelErrorException"
	case 429:
		return "ThrottlingException"
	case 503, 529:
		return "ServiceUnavailableException"
	}
	if status >= 500 {
		return "InternalServerException"
	}
	return "ValidationException"
}

// errorFrame writes an exception. A stream knows only these classes.
func errorFrame(e *llm.Error) []byte {
	var class string
	switch e.Kind {
	case llm.KindRateLimited, llm.KindProviderLimited:
		class = "throttlingException"
	case llm.KindOverloaded, llm.KindDropped:
		class = "serviceUnavailableException"
	case llm.KindInternal:
		class = "internalServerException"
	case llm.KindServerError, llm.KindTimeout, llm.KindConnection, llm.KindTruncated, llm.KindNoCredentials, llm.KindOther:
		class = "modelStreamErrorException"
	default:
		class = "validationException"
	}
	var w rawjson.Writer
	w.Open('{')
	w.StringField("message", e.Message)
	w.Close('}')
	return eventstream.Append(nil, w.B, eventstream.Header{Name: exceptionType, Value: class},
		eventstream.Header{Name: contentType, Value: jsonType}, eventstream.Header{Name: messageType, Value: "exception"})
}

// streamError is the error that a message of a stream is; nil where it is none.
func streamError(m eventstream.Message) *llm.Error {
	switch string(m.Header(messageType)) {
	case "exception":
		return failure(0, string(m.Header(exceptionType)), m.Payload)
	case "error":
		e := failure(0, string(m.Header(":error-code")), []byte("{}"))
		e.Message = string(m.Header(":error-message"))
		return e
	}
	return nil
}
