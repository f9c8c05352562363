package llm

import (
	"errors"
	"fmt"
	"time"
)

// ErrorKind is what an error means, in the closed set that Bifrost's error_type uses.
type ErrorKind string

const (
	KindModelUnavailable ErrorKind = "caller_model_not_available"
	KindModelUnknown     ErrorKind = "caller_model_unknown"
	KindInvalidRequest   ErrorKind = "caller_invalid_request"
	KindCancelled        ErrorKind = "caller_cancelled"
	KindModelBlocked     ErrorKind = "policy_model_blocked"
	KindProviderBlocked  ErrorKind = "policy_provider_blocked"
	KindAccessDenied     ErrorKind = "policy_access_denied"
	KindBudgetExceeded   ErrorKind = "policy_budget_exceeded"
	KindRateLimited      ErrorKind = "policy_rate_limited"
	KindToolBlocked      ErrorKind = "policy_tool_blocked"
	KindAuthFailed       ErrorKind = "provider_auth_failed"
	KindBilling          ErrorKind = "provider_billing"
	KindProviderLimited  ErrorKind = "provider_rate_limited"
	KindOverloaded       ErrorKind = "provider_overloaded"
	KindServerError      ErrorKind = "provider_server_error"
	KindTimeout          ErrorKind = "provider_timeout"
	KindConnection       ErrorKind = "provider_connection_failed"
	KindNoCredentials    ErrorKind = "provider_credentials_exhausted"
	KindDropped          ErrorKind = "bifrost_dropped"
	KindInternal         ErrorKind = "bifrost_internal"
	KindOther            ErrorKind = "_OTHER"

	// KindTruncated is a stream that ended without its finish event. It is the one kind of ours in the set.
	KindTruncated ErrorKind = "provider_truncated"
)

// Error is a failed call. Status is the HTTP status for the client. Message is safe to show. Type and Code are the
// provider's own words where it has them. Raw is the provider's body, for a client that speaks its dialect.
type Error struct {
	Kind       ErrorKind
	Status     int
	Message    string
	Type       string
	Code       string
	Param      string
	RetryAfter time.Duration
	Raw        []byte
	Dialect    string // the provider's, which Raw is in; "" = no provider said this
	Unsent     bool   // nothing of the request had reached the provider
	Cause      error
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Cause }

// Gateway reports whether the gateway itself, not a provider, made the error.
func (e *Error) Gateway() bool {
	switch e.Kind {
	case KindAuthFailed, KindBilling, KindProviderLimited, KindOverloaded, KindServerError, KindTimeout,
		KindConnection, KindTruncated, KindOther:
		return false
	default:
		return e.Dialect == "" && len(e.Raw) == 0
	}
}

// Refusal reports whether the gateway refused the call by its rules.
func (e *Error) Refusal() bool {
	switch e.Kind {
	case KindModelBlocked, KindProviderBlocked, KindAccessDenied, KindBudgetExceeded, KindRateLimited, KindToolBlocked:
		return true
	default:
		return false
	}
}

// Retry reports whether the same call may succeed when it is sent again.
func (e *Error) Retry() bool {
	switch e.Kind {
	case KindProviderLimited, KindOverloaded, KindServerError, KindTimeout, KindConnection:
		return true
	default:
		return false
	}
}

// Fallback reports whether another provider may succeed where this one failed.
func (e *Error) Fallback() bool {
	switch e.Kind {
	case KindInvalidRequest, KindCancelled, KindInternal:
		return false
	default:
		return true
	}
}

// Errorf makes an error of a kind with the status that fits it.
func Errorf(kind ErrorKind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Status: kind.Status(), Message: err.Error(), Cause: errors.Unwrap(err)}
}

// AsError returns err as an *Error; anything unknown becomes an internal error whose text stays inside the process.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: KindInternal, Status: 500, Message: "internal error; the log has the details", Cause: err}
}

// Status is the HTTP status that a kind has when the provider gave none.
func (k ErrorKind) Status() int {
	switch k {
	case KindInvalidRequest:
		return 400
	case KindModelUnavailable, KindModelUnknown:
		return 404
	case KindCancelled:
		return 499
	case KindModelBlocked, KindProviderBlocked, KindAccessDenied, KindToolBlocked:
		return 403
	case KindBudgetExceeded, KindBilling:
		return 402
	case KindRateLimited, KindProviderLimited:
		return 429
	case KindAuthFailed:
		return 401
	case KindOverloaded, KindDropped:
		return 503
	case KindTimeout:
		return 504
	case KindServerError, KindConnection, KindNoCredentials, KindTruncated, KindOther:
		return 502
	case KindInternal:
		return 500
	}
	return 500
}
