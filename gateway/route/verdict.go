package route

import (
	"strconv"

	"heimdall/providers/llm"
)

// away reports whether the call goes to a place that the client named, which says nothing of the provider.
func (o *run) away() bool { return o.call.Credential.Away }

// keyBreaker is that of the key in use; nil = it is not one of the provider's.
func (o *run) keyBreaker() *breaker {
	if o.retries.key < 0 {
		return nil
	}
	return o.at.up.keys[o.retries.key]
}

// probe begins a call at whom it calls.
func (o *run) probe() {
	if o.away() {
		return
	}
	if b := o.at.up.breaker; b.take() {
		o.probes[0] = b
	}
	if b := o.keyBreaker(); b != nil && b.take() {
		o.probes[1] = b
	}
}

// well tells the breakers of a call that was answered.
func (o *run) well() {
	if o.away() {
		return
	}
	o.probes = [2]*breaker{}
	o.at.up.breaker.succeeded()
	if b := o.keyBreaker(); b != nil {
		b.succeeded()
	}
}

// judge tells the breakers of a call that failed. Who refuses a request for what it is, is well.
func (o *run) judge(e *llm.Error) {
	provider, key, why := o.at.up.breaker, o.keyBreaker(), reason(e)
	switch {
	case o.away(), e.Kind == llm.KindCancelled, e.Kind == llm.KindInternal:
		return
	case rejected(e):
		o.probes[0] = nil
		provider.succeeded()
		if key != nil {
			key.rejected(why)
		}
	case limited(e):
		o.probes[0] = nil
		provider.succeeded()
		if key != nil && e.RetryAfter > 0 {
			key.rest(why, e.RetryAfter)
		} else if key != nil {
			key.failed(why)
		}
	case e.Retry(), e.Kind == llm.KindTruncated:
		provider.failed(why)
		if key != nil {
			key.failed(why)
		}
	default:
		o.well()
	}
}

// reason is what people are told of a failure.
func reason(e *llm.Error) string {
	return e.Message + " (" + strconv.Itoa(e.Status) + ")"
}
