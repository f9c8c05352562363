package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"heimdall/gateway/exchange"
	"heimdall/providers"
	"heimdall/providers/llm"
	"heimdall/providers/timing"
)

// Begin counts an exchange as in flight. One without an operation is none: no route matched it.
func (m *Metrics) Begin(r *exchange.Record) {
	if r.Op != "" {
		m.methods.find(r).active.Inc()
	}
}

// End counts an exchange: one request to the provider that it ended with, and one for each that failed before. An
// exchange that was turned away before it was known where it goes is no request to a provider.
func (m *Metrics) End(r *exchange.Record) {
	if r.Op == "" {
		return
	}
	method := m.methods.find(r)
	method.active.Dec()
	if r.Provider == "" {
		return
	}
	f := m.current.Load()
	c := call{method: method.name}
	f.describe(&c, r)
	first, last := 0, 0 // the calls of the provider that it ended with
	for from := 0; from < len(r.Attempts); {
		to := from + 1
		for to < len(r.Attempts) && r.Attempts[to].Fallback == r.Attempts[from].Fallback {
			to++
		}
		m.rotations(r, r.Attempts[from:to])
		if r.Attempts[from].Fallback == r.Fallback {
			first, last = from, to
		} else {
			f.passed(c, r, from, to)
		}
		from = to
	}
	f.ended(&c, r, first, last, m.config.Load().Breakdown)
}

// took is the time from the beginning of one call to the end of another, counted from 0, with the pauses between them; of
// the last call, to the end of its stream.
func took(r *exchange.Record, from, to int) time.Duration {
	begun, _ := period(r, from)
	_, over := period(r, to-1)
	if to == len(r.Attempts) {
		first, _ := period(r, 0)
		over = first + r.Upstream
	}
	return max(0, over-begun)
}

// period is when a call began and ended, counted from the exchange's beginning.
func period(r *exchange.Record, call int) (begun, over time.Duration) {
	for i := range r.Spans {
		if s := &r.Spans[i]; s.Phase == exchange.PhaseAttempt && s.Attempt == call+1 {
			return s.Start, s.Start + s.Duration
		}
	}
	return 0, 0
}

// passed counts a provider that failed before another was tried.
func (f *families) passed(c call, r *exchange.Record, from, to int) {
	last := &r.Attempts[to-1]
	c.provider, c.model, c.keyID, c.keyName = last.Provider, cut(last.Model), last.KeyID, last.KeyName
	c.fallback, c.retries = last.Fallback, to-from-1
	if name := asked(r); name != c.model {
		c.alias = name
	}
	s := f.calls.find(&c, true)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(upstreamRequests, 1)
	s.fail(failure{last.Status, string(last.Kind)})
	s.observe(retries, float64(c.retries))
	s.took(took(r, from, to).Seconds(), false)
}

// ended counts how an exchange ended. From and to are the calls of the provider that it ended with.
func (f *families) ended(c *call, r *exchange.Record, from, to int, parts bool) {
	c.provider, c.model, c.keyID, c.keyName, c.fallback = r.Provider, cut(r.Model), r.KeyID, r.KeyName, r.Fallback
	c.retries = max(0, to-from-1)
	if name := asked(r); name != c.model {
		c.alias = name
	}
	failed := r.Status != exchange.StatusSuccess
	s := f.calls.find(c, failed)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(upstreamRequests, 1)
	if failed {
		s.fail(failureOf(r))
	} else {
		s.add(successRequests, 1)
	}
	s.observe(retries, float64(c.retries))
	if to > from {
		s.took(took(r, from, to).Seconds(), !failed)
	}
	if len(r.Attempts) > 0 || r.CacheHit != "" {
		s.overhead(r, parts)
	}
	if r.CacheHit != "" {
		s.hit(r.CacheHit)
	}
	s.used(r)
	s.streamed(r)
}

func failureOf(r *exchange.Record) failure {
	if r.Error == nil {
		return failure{r.HTTPStatus, string(llm.KindOther)}
	}
	return failure{r.Error.Status, string(r.Error.Kind)}
}

// used counts tokens and money. Tokens that were counted for the client are not used.
func (s *callSeries) used(r *exchange.Record) {
	if r.Cost.Known && r.Cost.Total > 0 {
		s.add(cost, r.Cost.Total)
	}
	if !r.HasUsage || r.Op == llm.OpCountTokens {
		return
	}
	u := &r.Usage
	for _, one := range [...]struct {
		metric metric
		tokens int64
	}{
		{inputTokens, u.Input}, {outputTokens, u.Output}, {cacheReadTokens, u.CacheRead}, {cacheWriteTokens, u.CacheWrite},
		{cacheWriteTokens5m, u.CacheWrite - u.CacheWriteHour}, {cacheWriteTokens1h, u.CacheWriteHour},
	} {
		if one.tokens > 0 {
			s.add(one.metric, float64(one.tokens))
		}
	}
}

// streamed counts the times of a streamed answer.
func (s *callSeries) streamed(r *exchange.Record) {
	if !r.Stream || r.TTFT <= 0 {
		return
	}
	s.observe(firstToken, r.TTFT.Seconds())
	var last time.Duration
	for mark := range timing.All(r.ResponseMarks) {
		if last > 0 {
			s.observe(interToken, (mark.At - last).Seconds())
		}
		last = mark.At
	}
}

// rotation is a failure of a key after which another one was tried.
type rotation struct{ provider, model, keyID, keyName, reason string }

func (r *rotation) clean() {
	r.provider, r.model, r.keyID, r.keyName, r.reason = own(r.provider), own(r.model), own(r.keyID), own(r.keyName), own(r.reason)
}

func (r *rotation) fold(time int, _ bool) {
	if time > 0 {
		r.keyID, r.keyName = other, other
	}
	r.model = other
}

func (m *Metrics) bindRotation(r *rotation) *prometheus.Counter {
	c := m.fixed.counters[keyRotations].WithLabelValues(r.provider, r.model, r.keyID, r.keyName, r.reason)
	return &c
}

// rotations counts the calls of a provider that were made again with another key.
func (m *Metrics) rotations(r *exchange.Record, calls []exchange.Attempt) {
	for i := range len(calls) - 1 {
		if a := &calls[i]; a.KeyID != calls[i+1].KeyID {
			(*m.rotation.find(&rotation{a.Provider, asked(r), a.KeyID, a.KeyName, string(a.Kind)}, true)).Inc()
		}
	}
}

// methods are the operations, as requests are called on the wire.
type methods struct {
	gauge *prometheus.GaugeVec
	mu    sync.RWMutex
	known map[operation]*method
}

type operation struct {
	op      llm.Op
	dialect string
	stream  bool
}

type method struct {
	name   string
	active prometheus.Gauge
}

func (m *methods) find(r *exchange.Record) *method {
	o := operation{r.Op, r.Dialect, r.Stream}
	m.mu.RLock()
	found := m.known[o]
	m.mu.RUnlock()
	if found != nil {
		return found
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = map[operation]*method{}
	}
	name := providers.RequestType(o.op, o.dialect, o.stream)
	found = &method{name, m.gauge.WithLabelValues(name)}
	m.known[o] = found
	return found
}

var _ exchange.Observer = (*Metrics)(nil)
