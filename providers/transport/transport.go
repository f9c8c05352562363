package transport

import (
	"context"
	"errors"
	"io"
	"time"

	"heimdall/providers/timing"
)

// Doer sends one request. A status of any value is a response; an error means that there is none.
type Doer interface {
	Do(ctx context.Context, r *Request) (*Response, error)
}

// Field is one header field.
type Field struct{ Name, Value string }

// Request is one HTTP request. Timeout bounds the time until the response's header, and for a response that is not
// streamed all of it; Idle the time between two pieces of a stream. Zero means no bound.
type Request struct {
	Method  string
	URL     string
	Header  []Field
	Body    []byte // read until Do returns
	Stream  bool   // hand the body over as it comes
	Timeout time.Duration
	Idle    time.Duration

	// Timing is where Do notes what its time was spent on, whether it succeeds or not; nil = nobody asks. Connect counts
	// all that it took to reach the upstream through a proxy.
	Timing *timing.Attempt
}

// Response is an HTTP response. Exactly one of Body and Stream is set. Body and what Header and Each give are valid
// until Release; Stream until it is closed, which frees everything else too.
type Response struct {
	Status      int
	ContentType string
	Header      func(name string) string
	Each        func(func(name, value []byte))
	Body        []byte
	Stream      io.ReadCloser

	Release func()
}

// ErrTimeout is a call that took longer than its Timeout or Idle allows.
var ErrTimeout = errors.New("timed out")

// ErrConnect wraps the reason why no connection could be made, or why it broke before any of the request was on its
// way: nothing was sent.
var ErrConnect = errors.New("cannot connect")
