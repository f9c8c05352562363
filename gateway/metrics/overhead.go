package metrics

import (
	"time"

	"heimdall/gateway/exchange"
)

// component is what a part of the gateway's own time went to.
type component int

const (
	serialization component = iota
	middleware
	plugins
	routing
	processing
	miscellaneous
	componentCount
)

var components = [componentCount]string{"serialization", "middleware", "plugins", "routing", "processing", "other"}

// componentOf says what a span of the gateway's own time went to; ok is false for time at a provider.
func componentOf(s *exchange.Span) (c component, ok bool) {
	if s.Attempt > 1 {
		return 0, false // the time between the calls counts as the provider's
	}
	switch s.Phase {
	case exchange.PhaseRead:
		return serialization, true
	case exchange.PhaseIdentify, exchange.PhaseAdmit:
		return middleware, true
	case exchange.PhasePlugins, exchange.PhaseMCP, exchange.PhaseCache:
		return plugins, true
	case exchange.PhaseRoute:
		return routing, true
	case exchange.PhaseQueue, exchange.PhaseSettle:
		return processing, true
	case exchange.PhaseAttempt, exchange.PhaseDNS, exchange.PhaseConnect, exchange.PhaseTLS, exchange.PhaseWait, exchange.PhaseStream:
	}
	return 0, false
}

// overhead counts the time of an exchange that was not a provider's, and by its parts where that is wanted.
func (s *callSeries) overhead(r *exchange.Record, parts bool) {
	all := max(0, r.Latency-r.Upstream)
	s.observe(overheadLatency, microseconds(all))
	if !parts {
		return
	}
	var spent [componentCount]time.Duration
	rest := all
	for i := range r.Spans {
		if c, ok := componentOf(&r.Spans[i]); ok {
			d := min(r.Spans[i].Duration, rest)
			spent[c] += d
			rest -= d
		}
	}
	spent[miscellaneous] = rest
	for c, d := range spent {
		if d > 0 {
			s.spent(component(c), microseconds(d))
		}
	}
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
