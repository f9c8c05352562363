package otel

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"

	"heimdall/gateway/exchange"
	"heimdall/gateway/transcript"
	"heimdall/providers/dialect"
)

// Options is what an exporter must be told. Zero values of the numbers mean their defaults.
type Options struct {
	Version  string                   // of this program
	Env      func(name string) string // nil = nothing is set
	Provider func(name string) string // what the conventions call a provider; nil = by its name
	Dialect  func(name string) (dialect.Dialect, bool)
	Log      *slog.Logger // nil = nowhere

	MaxBytes  int64         // memory for what was said in records that wait, for each profile; default 16 MB
	MaxTraces int           // records that wait, for each profile; default 2048
	Delay     time.Duration // how long a record waits for others; default 1 s
}

const (
	defaultMaxBytes  = 16 << 20
	defaultMaxTraces = 2048
	defaultDelay     = time.Second
)

// Exporter is the observer that sends. Without a configuration it does nothing.
type Exporter struct {
	o     Options
	dial  func(*Profile) (*client, error)
	sinks atomic.Pointer[[]*sink]

	mu     sync.Mutex // held while sinks change
	closed bool
	past   Lost // by sinks that are gone

	retiring sync.WaitGroup  // sinks that end in the background
	life     context.Context // of the exporter
	giveUp   context.CancelFunc
}

// New makes an exporter that sends nothing yet; Prepare tells it where to.
func New(o Options) *Exporter {
	if o.Env == nil {
		o.Env = func(string) string { return "" }
	}
	if o.Provider == nil {
		o.Provider = func(name string) string { return name }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxTraces == 0 {
		o.MaxTraces = defaultMaxTraces
	}
	if o.Delay == 0 {
		o.Delay = defaultDelay
	}
	e := &Exporter{o: o, dial: newClient}
	e.life, e.giveUp = context.WithCancel(context.Background())
	e.sinks.Store(&[]*sink{})
	return e
}

// Prepare checks a configuration; commit puts it to use. Profiles that stay as they are go on. What waits for the others
// is sent on in the background; where the configuration is not put to use, nothing has happened.
func (e *Exporter) Prepare(c Config) (commit func(), err error) {
	for _, p := range c.Problems() {
		return nil, fmt.Errorf("%s: %s", p.Path, p.Message)
	}
	var now, fresh []*sink
	old := *e.sinks.Load()
	for _, p := range c.Profiles {
		if !p.Enabled {
			continue
		}
		if s := same(old, now, p, c.Filter); s != nil {
			now = append(now, s)
			continue
		}
		s, err := e.newSink(p, c.Filter)
		if err != nil {
			return nil, err
		}
		now, fresh = append(now, s), append(fresh, s)
	}
	return func() { e.use(now, fresh) }, nil
}

// same finds the sink that serves a profile already, and no other one of the new configuration.
func same(old, now []*sink, p Profile, f SpanFilter) *sink {
	for _, s := range old {
		taken := false
		for _, other := range now {
			taken = taken || other == s
		}
		if !taken && reflect.DeepEqual(s.profile, p) && reflect.DeepEqual(s.shape.filter, f) {
			return s
		}
	}
	return nil
}

func (e *Exporter) newSink(p Profile, f SpanFilter) (*sink, error) {
	c, err := e.dial(&p)
	if err != nil {
		return nil, err
	}
	to, err := p.target(p.Collector, tracesPath)
	if err != nil {
		return nil, err
	}
	s := &sink{
		profile: p, client: c, queue: newQueue(e.o.MaxTraces, e.o.MaxBytes), delay: e.o.Delay,
		needs:    needs{bodies: true, raw: p.Raw && !p.NoContent, header: len(p.RequestHeaders) > 0},
		resource: newResource(p.ServiceName, e.o.Version, e.o.Env("OTEL_RESOURCE_ATTRIBUTES")).proto(),
		scope:    &commonpb.InstrumentationScope{Name: scopeName, Version: e.o.Version},
		traces:   health{what: "traces", collector: to.String(), log: e.o.Log},
		metrics:  health{what: "metrics", collector: to.String(), log: e.o.Log},
		closing:  make(chan struct{}), stopped: make(chan struct{}),
	}
	s.shape = shape{
		profile: &s.profile, filter: f, headers: newPatterns(p.RequestHeaders), reader: transcript.Reader{Dialect: e.o.Dialect},
		provider: e.o.Provider, budget: batchBytes / 2,
	}
	return s, nil
}

// use puts sinks in the place of those there are.
func (e *Exporter) use(now, fresh []*sink) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	for _, s := range fresh {
		s.start(newResource(s.profile.ServiceName, e.o.Version, e.o.Env("OTEL_RESOURCE_ATTRIBUTES")))
	}
	old := *e.sinks.Swap(&now)
	kept := map[*sink]bool{}
	for _, s := range now {
		kept[s] = true
	}
	for _, s := range old {
		if !kept[s] {
			e.retiring.Go(func() { e.retire(s) })
		}
	}
}

func (e *Exporter) retire(s *sink) {
	lost := s.end(e.life)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.past.Traces += lost.Traces
	e.past.Contents += lost.Contents
}

// Active reports whether anything is sent: then every exchange should belong to a trace.
func (e *Exporter) Active() bool { return len(*e.sinks.Load()) > 0 }

// Begin does nothing: what is sent has ended.
func (e *Exporter) Begin(*exchange.Record) {}

// End takes a copy of the record for every profile that has room for it.
func (e *Exporter) End(r *exchange.Record) {
	sinks := *e.sinks.Load()
	if len(sinks) == 0 {
		return
	}
	for _, s := range sinks {
		s.meter.record(r)
	}
	if !wants(r) {
		return
	}
	type place struct {
		to     *sink
		full   bool
		weight int64
	}
	var room [4]place
	places, all := room[:0], needs{}
	for _, s := range sinks {
		weight := s.needs.weight(r)
		row, full := s.queue.reserve(weight)
		if !row {
			continue
		}
		places = append(places, place{s, full, weight})
		if full {
			all = all.and(s.needs)
		}
	}
	if len(places) == 0 {
		return
	}
	one := own(r, all)
	for _, p := range places {
		p.to.queue.put(one, p.full, p.weight)
	}
}

// Dropped counts what was lost since the start.
func (e *Exporter) Dropped() Lost {
	e.mu.Lock()
	lost := e.past
	e.mu.Unlock()
	for _, s := range *e.sinks.Load() {
		d := s.queue.dropped()
		lost.Traces += d.Traces
		lost.Contents += d.Contents
	}
	return lost
}

// State is how it stands with one profile's collector. Problem is "" where all is well.
type State struct {
	Collector string
	Problem   string
	Waiting   int
	Lost      Lost
}

// States are those of the profiles that are in use.
func (e *Exporter) States() (all []State) {
	for _, s := range *e.sinks.Load() {
		st := State{Collector: s.traces.collector, Problem: s.traces.say(), Waiting: s.queue.waiting(), Lost: s.queue.dropped()}
		if st.Problem == "" {
			st.Problem = s.metrics.say()
		}
		all = append(all, st)
	}
	return all
}

// Close sends what waits and ends the exporter. It gives up when ctx is done.
func (e *Exporter) Close(ctx context.Context) error {
	e.mu.Lock()
	already := e.closed
	e.closed = true
	old := *e.sinks.Swap(&[]*sink{})
	before := e.past.Traces
	e.mu.Unlock()
	if already {
		return nil
	}
	for _, s := range old {
		before += s.queue.dropped().Traces
		e.retiring.Go(func() { e.retire(s) })
	}
	stop := context.AfterFunc(ctx, e.giveUp)
	defer stop()
	e.retiring.Wait()
	e.giveUp()
	if lost := e.Dropped().Traces - before; lost > 0 {
		return fmt.Errorf("%d traces were not taken by their collector", lost)
	}
	return nil
}

var _ exchange.Observer = (*Exporter)(nil)
