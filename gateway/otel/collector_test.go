package otel_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracespb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// collector is a real receiver of OTLP, by HTTP and by gRPC.
type collector struct {
	tracespb.UnimplementedTraceServiceServer
	metricspb.UnimplementedMetricsServiceServer

	t       *testing.T
	traces  chan *tracespb.ExportTraceServiceRequest
	metrics chan *metricspb.ExportMetricsServiceRequest
	headers chan map[string]string
	status  atomic.Int32 // what HTTP answers; 0 = 200
	raw     chan []byte  // the bytes of traces by HTTP
}

func newCollector(t *testing.T) *collector {
	return &collector{t: t, traces: make(chan *tracespb.ExportTraceServiceRequest, 1000), metrics: make(chan *metricspb.ExportMetricsServiceRequest, 1000),
		headers: make(chan map[string]string, 1000), raw: make(chan []byte, 1000)}
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Error(err)
	}
	if status := c.status.Load(); status != 0 {
		http.Error(w, "not now", int(status))
		return
	}
	header := map[string]string{}
	for name := range r.Header {
		header[strings.ToLower(name)] = r.Header.Get(name)
	}
	switch r.URL.Path {
	case "/v1/traces":
		var in tracespb.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &in); err != nil {
			c.t.Error(err)
		}
		c.headers <- header
		c.raw <- body
		c.traces <- &in
	case "/v1/metrics":
		var in metricspb.ExportMetricsServiceRequest
		if err := proto.Unmarshal(body, &in); err != nil {
			c.t.Error(err)
		}
		c.metrics <- &in
	default:
		http.NotFound(w, r)
	}
}

func (c *collector) http() string {
	s := httptest.NewServer(c)
	c.t.Cleanup(s.Close)
	return s.URL
}

func (c *collector) Export(ctx context.Context, in *tracespb.ExportTraceServiceRequest) (*tracespb.ExportTraceServiceResponse, error) {
	header := map[string]string{}
	md, _ := metadata.FromIncomingContext(ctx)
	for name, values := range md {
		header[name] = strings.Join(values, ",")
	}
	c.headers <- header
	c.traces <- in
	return &tracespb.ExportTraceServiceResponse{}, nil
}

// counters takes metrics by gRPC.
type counters struct {
	metricspb.UnimplementedMetricsServiceServer
	c *collector
}

func (m counters) Export(_ context.Context, in *metricspb.ExportMetricsServiceRequest) (*metricspb.ExportMetricsServiceResponse, error) {
	m.c.metrics <- in
	return &metricspb.ExportMetricsServiceResponse{}, nil
}

func (c *collector) grpc() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	s := grpc.NewServer()
	tracespb.RegisterTraceServiceServer(s, c)
	metricspb.RegisterMetricsServiceServer(s, counters{c: c})
	go func() { _ = s.Serve(l) }()
	c.t.Cleanup(s.Stop)
	return l.Addr().String()
}

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

func wait[T any](t *testing.T, from chan T) T {
	t.Helper()
	select {
	case one := <-from:
		return one
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// spans are those of the next request.
func (c *collector) spans() []*tracepb.Span {
	c.t.Helper()
	return spansOf(wait(c.t, c.traces))
}

func spansOf(in *tracespb.ExportTraceServiceRequest) (out []*tracepb.Span) {
	for _, r := range in.ResourceSpans {
		for _, s := range r.ScopeSpans {
			out = append(out, s.Spans...)
		}
	}
	return out
}

func find(t *testing.T, spans []*tracepb.Span, name string) *tracepb.Span {
	t.Helper()
	for _, s := range spans {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no span %q among %v", name, spanNames(spans))
	return nil
}

func spanNames(spans []*tracepb.Span) (names []string) {
	for _, s := range spans {
		names = append(names, s.Name)
	}
	return names
}

// values are the attributes of a span, as text.
func values(list []*commonpb.KeyValue) map[string]string {
	out := map[string]string{}
	for _, a := range list {
		out[a.Key] = value(a.Value)
	}
	return out
}

func value(v *commonpb.AnyValue) string {
	switch v := v.Value.(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_IntValue:
		return fmt.Sprint(v.IntValue)
	case *commonpb.AnyValue_DoubleValue:
		return fmt.Sprint(v.DoubleValue)
	case *commonpb.AnyValue_BoolValue:
		return fmt.Sprint(v.BoolValue)
	case *commonpb.AnyValue_ArrayValue:
		var list []string
		for _, one := range v.ArrayValue.Values {
			list = append(list, value(one))
		}
		return "[" + strings.Join(list, " ") + "]"
	default:
		return "?"
	}
}

// tree writes spans down as a tree, with their times from the beginning and their attributes in order.
func tree(spans []*tracepb.Span) string {
	var b strings.Builder
	var walk func(parent []byte, depth int)
	begin := spans[0].StartTimeUnixNano
	seen := 0
	walk = func(parent []byte, depth int) {
		for _, s := range spans {
			if string(s.ParentSpanId) != string(parent) {
				continue
			}
			seen++
			indent := strings.Repeat("  ", depth)
			kind := strings.ToLower(strings.TrimPrefix(s.Kind.String(), "SPAN_KIND_"))
			fmt.Fprintf(&b, "%s%s (%s) %v – %v", indent, s.Name, kind, time.Duration(s.StartTimeUnixNano-begin), time.Duration(s.EndTimeUnixNano-begin))
			if s.Status != nil {
				fmt.Fprintf(&b, " %s: %s", s.Status.Code, s.Status.Message)
			}
			b.WriteString("\n")
			attributes := values(s.Attributes)
			var lines []string
			for key, v := range attributes {
				lines = append(lines, fmt.Sprintf("%s    | %s = %s\n", indent, key, v))
			}
			slices.Sort(lines)
			b.WriteString(strings.Join(lines, ""))
			walk(s.SpanId, depth+1)
		}
	}
	walk(spans[0].ParentSpanId, 0)
	if seen != len(spans) {
		fmt.Fprintf(&b, "%d spans hang nowhere\n", len(spans)-seen)
	}
	return b.String()
}

func ids(s *tracepb.Span) (trace, span, parent string) {
	return hex.EncodeToString(s.TraceId), hex.EncodeToString(s.SpanId), hex.EncodeToString(s.ParentSpanId)
}
