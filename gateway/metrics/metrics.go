package metrics

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Options is what metrics are made with.
type Options struct {
	Config Config
	// Keys lists the keys of providers, asked for whenever somebody reads the metrics; nil = there are none.
	Keys func() []Key
	// Dropped counts what the request log has lost since the start; nil = there is no log.
	Dropped func() (records, bodies int64)
	// Resolve gives the value of a reference such as env.NAME, and other texts as they are; nil = there are no references.
	Resolve func(string) (string, error)
	// Sets bounds the sets of labels that calls are told apart by; 0 = 2000. There are never more than twice as many, and
	// one for each operation of each provider.
	Sets int
	Log  *slog.Logger
}

// Key is a key of a provider. Up says that it is used as usual.
type Key struct {
	Provider, ID, Name string
	Up                 bool
}

// Metrics counts what passes through the gateway. It outlives configurations.
type Metrics struct {
	opts     Options
	fixed    *families            // whose labels never change
	system   *prometheus.Registry // of the process; not pushed
	config   atomic.Pointer[Config]
	current  atomic.Pointer[families] // whose labels config decides
	rotation table[rotation, prometheus.Counter]
	methods  methods
	client   *http.Client  // that pushes
	changed  chan struct{} // config did
}

// New makes metrics in which nothing is counted yet.
func New(o Options) (*Metrics, error) {
	if o.Sets == 0 {
		o.Sets = 2000
	}
	if o.Resolve == nil {
		o.Resolve = func(s string) (string, error) { return s, nil }
	}
	m := &Metrics{opts: o, fixed: newFamilies(Config{}, scopeOwn), system: prometheus.NewRegistry(),
		client: &http.Client{Timeout: pushTimeout}, changed: make(chan struct{}, 1)}
	m.system.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.fixed.registry.MustRegister(collector{o})
	m.methods.gauge = m.fixed.gauges[activeRequests]
	m.rotation = table[rotation, prometheus.Counter]{limit: o.Sets, clean: (*rotation).clean, fold: (*rotation).fold, bind: m.bindRotation, count: m.overflow}
	m.fixed.counters[folded].WithLabelValues() // is there from the start
	commit, err := m.Prepare(o.Config)
	if err != nil {
		return nil, err
	}
	commit()
	return m, nil
}

// Prepare checks a new configuration; commit puts it to use. Where it changes labels, all that has them is counted from
// zero again, which Prometheus takes for a restart.
func (m *Metrics) Prepare(c Config) (commit func(), err error) {
	if err := errors.Join(c.problems()...); err != nil {
		return nil, err
	}
	return func() {
		if old := m.config.Swap(&c); old == nil || !slices.Equal(old.Labels, c.Labels) || old.Users != c.Users {
			m.current.Store(m.newCurrent(c))
		}
		select {
		case m.changed <- struct{}{}:
		default:
		}
	}, nil
}

// Counts reports whether anybody gets to see what is counted.
func (m *Metrics) Counts() bool { return m.config.Load().Counts() }

func (m *Metrics) newCurrent(c Config) *families {
	f := newFamilies(c, scopeCall, scopeUser)
	f.calls = table[call, callSeries]{limit: m.opts.Sets, clean: (*call).clean, fold: (*call).fold, bind: f.bindCall, count: m.overflow}
	f.requests = table[request, requestSeries]{limit: m.opts.Sets, clean: (*request).clean, fold: (*request).fold, bind: f.bindRequest, count: m.overflow}
	return f
}

// overflow counts what was folded.
func (m *Metrics) overflow() { m.fixed.counters[folded].WithLabelValues().Inc() }
