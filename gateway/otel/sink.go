package otel

import (
	"context"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"heimdall/gateway/exchange"
)

const (
	scopeName = "heimdall"

	// A batch is sent when it has so many traces or bytes. Collectors take 4 MiB by gRPC unless they are told otherwise.
	batchTraces = 64
	batchBytes  = 3 << 20

	// A batch that fails is tried again with growing pauses, so often; then it is dropped and the next one is tried.
	tries        = 5
	firstBackoff = time.Second
	maxBackoff   = 15 * time.Second

	// What still waits when a sink ends may take so long.
	endGrace = 5 * time.Second
)

// sink sends records to the collector of one profile.
type sink struct {
	profile  Profile
	shape    shape
	needs    needs
	queue    *queue
	client   *client
	meter    *meter // nil = no metrics are sent
	resource *resourcepb.Resource
	scope    *commonpb.InstrumentationScope
	delay    time.Duration
	traces   health
	metrics  health

	closing chan struct{}
	stopped chan struct{}
	giveUp  context.CancelFunc
}

// start begins to send.
func (s *sink) start(r resource) {
	ctx, giveUp := context.WithCancel(context.Background())
	s.giveUp = giveUp
	s.traces.note(s.client.traces.Start(ctx))
	if s.profile.Metrics {
		exporter, err := s.client.metrics(ctx)
		if err == nil {
			s.meter, err = newMeter(quiet{exporter, &s.metrics}, s.profile.MetricsEvery, r, s.shape.provider)
		}
		s.metrics.note(err)
	}
	go s.run(ctx)
}

func (s *sink) run(ctx context.Context) {
	defer close(s.stopped)
	for s.queue.wait() {
		s.linger()
		if !s.deliver(ctx, s.batch()) && s.ending() {
			s.forget()
			return
		}
	}
}

func (s *sink) ending() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

// forget drops what waits.
func (s *sink) forget() {
	for {
		it, ok := s.queue.take()
		if !ok {
			return
		}
		s.queue.free(it.weight)
		s.queue.count(Lost{Traces: 1})
	}
}

// linger waits for more to send at once.
func (s *sink) linger() {
	if s.queue.waiting() >= batchTraces {
		return
	}
	timer := time.NewTimer(s.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.closing:
	}
}

// batch are the spans of the next records.
type batch struct {
	spans    []*tracepb.Span
	traces   int64
	contents int64 // traces that lost something of what was said
	weight   int64 // of what was taken from the queue
}

func (s *sink) batch() (b batch) {
	for size := 0; b.traces < batchTraces && size < batchBytes-s.shape.budget; {
		it, ok := s.queue.take()
		if !ok {
			break
		}
		spans, lost := s.shape.spans(it)
		for _, one := range spans {
			size += proto.Size(one)
		}
		b.spans = append(b.spans, spans...)
		b.traces++
		b.weight += it.weight
		if lost && it.full {
			b.contents++
		}
	}
	return b
}

// deliver sends a batch, with a few tries. A batch that the collector takes in part counts as lost.
func (s *sink) deliver(ctx context.Context, b batch) bool {
	defer s.queue.free(b.weight)
	s.queue.count(Lost{Contents: b.contents})
	upload := []*tracepb.ResourceSpans{{Resource: s.resource, ScopeSpans: []*tracepb.ScopeSpans{{Scope: s.scope, Spans: b.spans}}}}
	pause := firstBackoff
	for try := 1; ; try++ {
		err := s.client.traces.UploadTraces(ctx, upload)
		if ctx.Err() == nil {
			s.traces.note(err)
		}
		if err == nil {
			return true
		}
		if try == tries || !s.client.again(err) || !s.rest(ctx, pause) {
			s.queue.count(Lost{Traces: b.traces})
			return false
		}
		pause = min(2*pause, maxBackoff)
	}
}

// rest waits before the next try; false means that there is to be none.
func (s *sink) rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.closing:
	case <-ctx.Done():
	}
	return false
}

// end sends what waits, until a batch fails, ctx is done or endGrace is over; what is left then is lost.
func (s *sink) end(ctx context.Context) Lost {
	ctx, cancel := context.WithTimeout(ctx, endGrace)
	defer cancel()
	s.queue.close()
	close(s.closing)
	select {
	case <-s.stopped:
	case <-ctx.Done():
		s.giveUp()
		<-s.stopped
	}
	s.giveUp()
	s.meter.close(ctx)
	_ = s.client.traces.Stop(ctx) // its connection is gone either way
	s.client.close()
	return s.queue.dropped()
}

// wants reports whether a record's trace is sent: those that a caller has chosen not to sample are not.
func wants(r *exchange.Record) bool { return r.Trace.ID == ([16]byte{}) || r.Trace.Sampled }
