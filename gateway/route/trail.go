package route

import (
	"time"

	"heimdall/gateway/exchange"
)

// spans notes what a call's time was spent on.
func (o *run) spans(attempt int, begun, over time.Time) {
	x, t := o.x, &o.timing
	x.Span(exchange.PhaseAttempt, attempt, begun, over)
	if t.Begun.IsZero() {
		return
	}
	at := t.Begun
	for _, part := range [...]struct {
		phase exchange.Phase
		took  time.Duration
	}{{exchange.PhaseDNS, t.DNS}, {exchange.PhaseConnect, t.Connect}, {exchange.PhaseTLS, t.TLS}} {
		if part.took > 0 {
			x.Span(part.phase, attempt, at, at.Add(part.took))
			at = at.Add(part.took)
		}
	}
	if first := t.Begun.Add(t.First); t.First > 0 && first.After(at) {
		x.Span(exchange.PhaseWait, attempt, at, first)
	}
}

// sent keeps what the provider was asked.
func (o *run) sent() {
	body := o.call.Sent()
	o.x.Record.Sent = exchange.Body{Data: body[:min(len(body), o.r.Keep)], Size: int64(len(body))}
}

// keepHeader keeps the header of a provider's answer.
func (o *run) keepHeader(each func(func(name, value []byte))) {
	if o.r.Keep == 0 || each == nil {
		return
	}
	rec := o.x.Record
	rec.ResponseHeader = make([]byte, 0, 512)
	each(func(name, value []byte) {
		rec.ResponseHeader = append(append(append(append(rec.ResponseHeader, name...), ": "...), value...), "\r\n"...)
	})
}
