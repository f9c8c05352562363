package metrics

import (
	"slices"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// families are the metrics of one set of labels, in a registry of their own.
type families struct {
	config     Config     // its labels
	headers    [][]string // the fields that fill in each custom one; the first that is there counts
	registry   *prometheus.Registry
	counters   [metricCount]*prometheus.CounterVec
	histograms [metricCount]*prometheus.HistogramVec
	gauges     [metricCount]*prometheus.GaugeVec

	calls    table[call, callSeries]
	requests table[request, requestSeries]
}

// newFamilies makes the metrics of some scopes.
func newFamilies(c Config, scopes ...scope) *families {
	f := &families{config: c, registry: prometheus.NewRegistry()}
	for _, l := range c.Labels {
		f.headers = append(f.headers, fieldsOf(l))
	}
	for i := range catalogue {
		d := &catalogue[i]
		if !slices.Contains(scopes, d.scope) || metric(i).collected() {
			continue
		}
		labels := d.names(c)
		switch d.kind {
		case counter:
			f.counters[i] = prometheus.NewCounterVec(prometheus.CounterOpts{Name: d.name, Help: d.help}, labels)
			f.registry.MustRegister(f.counters[i])
		case histogram:
			f.histograms[i] = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: d.name, Help: d.help, Buckets: d.buckets}, labels)
			f.registry.MustRegister(f.histograms[i])
		case gauge:
			f.gauges[i] = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: d.name, Help: d.help}, labels)
			f.registry.MustRegister(f.gauges[i])
		}
	}
	return f
}

// callSeries are the series of one call's labels. They are made when the first thing is counted in them.
type callSeries struct {
	families *families
	values   []string // of callLabels
	last     []string // of the custom labels and those of users

	mu         sync.Mutex
	counters   [metricCount]prometheus.Counter
	histograms [metricCount]prometheus.Observer
	failures   map[failure]prometheus.Counter
	hits       map[string]prometheus.Counter
	latency    [2]prometheus.Observer // of failures and of successes
	components [componentCount]prometheus.Observer
}

// failure tells errors apart.
type failure struct {
	status int
	kind   string
}

// maxFailures bounds the kinds of failure in one set of labels; providers may answer with any status.
const maxFailures = 64

// bindCall makes the series of a call.
func (f *families) bindCall(c *call) *callSeries {
	s := &callSeries{families: f, values: c.values(), last: slices.Clone(c.custom[:len(f.config.Labels)])}
	if f.config.Users {
		s.last = append(s.last, make([]string, len(userLabels))...)
	}
	return s
}

// labels are the values of all labels; own are those of the metric's own.
func (s *callSeries) labels(own ...string) []string { return slices.Concat(s.values, own, s.last) }

func (s *callSeries) add(m metric, n float64) {
	if s.counters[m] == nil {
		s.counters[m] = s.families.counters[m].WithLabelValues(s.labels()...)
	}
	s.counters[m].Add(n)
}

func (s *callSeries) observe(m metric, value float64) {
	if s.histograms[m] == nil {
		s.histograms[m] = s.families.histograms[m].WithLabelValues(s.labels()...)
	}
	s.histograms[m].Observe(value)
}

func (s *callSeries) fail(e failure) {
	if s.failures[e] == nil {
		if s.failures == nil {
			s.failures = map[failure]prometheus.Counter{}
		}
		if len(s.failures) >= maxFailures {
			e.status = 0
		}
		status := "unknown"
		if e.status > 0 {
			status = strconv.Itoa(e.status)
		}
		s.failures[e] = s.families.counters[errorRequests].WithLabelValues(s.labels(status, e.kind, e.kind)...)
	}
	s.failures[e].Inc()
}

func (s *callSeries) hit(kind string) {
	if s.hits[kind] == nil {
		if s.hits == nil {
			s.hits = map[string]prometheus.Counter{}
		}
		s.hits[kind] = s.families.counters[cacheHits].WithLabelValues(s.labels(kind)...)
	}
	s.hits[kind].Inc()
}

func (s *callSeries) took(seconds float64, success bool) {
	i := 0
	if success {
		i = 1
	}
	if s.latency[i] == nil {
		s.latency[i] = s.families.histograms[upstreamLatency].WithLabelValues(s.labels(strconv.FormatBool(success))...)
	}
	s.latency[i].Observe(seconds)
}

func (s *callSeries) spent(c component, microseconds float64) {
	if s.components[c] == nil {
		s.components[c] = s.families.histograms[overheadComponent].WithLabelValues(s.labels(components[c])...)
	}
	s.components[c].Observe(microseconds)
}
