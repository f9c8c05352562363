package metrics

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"heimdall/gateway/exchange"
)

// Request is an HTTP request that was answered. Path is its route's template, "" = there is no such route. In and Out are
// the bytes of the bodies. Header may be nil: then nobody filled in the custom labels.
type Request struct {
	Path   string
	Method string
	Status int
	Took   time.Duration
	In     int
	Out    int64
	Header exchange.Header
}

// Answered counts an HTTP request.
func (m *Metrics) Answered(r Request) {
	f := m.current.Load()
	k := request{path: r.Path, method: r.Method, status: r.Status}
	if k.path == "" {
		k.path, k.method = "unmatched", usual(r.Method)
	}
	if r.Header != nil {
		for i, names := range f.headers {
			for _, name := range names {
				if k.custom[i] = cut(r.Header.Get(name)); k.custom[i] != "" {
					break
				}
			}
		}
	}
	s := f.requests.find(&k, false)
	s.count.Inc()
	s.took.Observe(r.Took.Seconds())
	s.in.Observe(float64(r.In))
	s.out.Observe(float64(r.Out))
}

// fieldsOf are the fields of a header that fill in a label. Some proxies drop fields with a '_'.
func fieldsOf(label string) (names []string) {
	for _, prefix := range [...]string{"X-Bf-Dim-", "X-Bf-Prom-"} {
		names = append(names, prefix+label)
		if dashed := strings.ReplaceAll(label, "_", "-"); dashed != label {
			names = append(names, prefix+dashed)
		}
	}
	return names
}

// usual is a method that no caller made up.
func usual(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	}
	return other
}

// request is what tells the series of HTTP requests apart.
type request struct {
	path, method string
	status       int
	custom       [MaxLabels]string
}

func (r *request) clean() {
	r.path, r.method = own(r.path), own(r.method)
	for i := range r.custom {
		r.custom[i] = own(r.custom[i])
	}
}

func (r *request) fold(int, bool) {
	for i := range r.custom {
		foldName(&r.custom[i])
	}
}

type requestSeries struct {
	count         prometheus.Counter
	took, in, out prometheus.Observer
}

func (f *families) bindRequest(r *request) *requestSeries {
	labels := slices.Concat([]string{r.path, r.method, strconv.Itoa(r.status)}, r.custom[:len(f.config.Labels)])
	return &requestSeries{
		f.counters[httpRequests].WithLabelValues(labels...), f.histograms[httpDuration].WithLabelValues(labels...),
		f.histograms[httpRequestSize].WithLabelValues(labels...), f.histograms[httpResponseSize].WithLabelValues(labels...),
	}
}
