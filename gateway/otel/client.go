package otel

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// uploadTimeout is how long a collector may take for one batch.
const uploadTimeout = 10 * time.Second

// client speaks to one collector. The library's own retries are off: the sink's worker tries again.
type client struct {
	traces  otlptrace.Client
	metrics func(context.Context) (metric.Exporter, error)
	again   func(error) bool // whether what failed so may work later
	close   func()
}

// newClient makes the client of a valid profile. Nothing is sent yet.
func newClient(p *Profile) (*client, error) {
	traces, err := p.target(p.Collector, tracesPath)
	if err != nil {
		return nil, err
	}
	metrics := traces
	if p.Metrics {
		if metrics, err = p.metricsTarget(); err != nil {
			return nil, err
		}
	}
	if p.Protocol == ProtocolGRPC {
		return p.grpcClient(traces, metrics)
	}
	return p.httpClient(traces, metrics)
}

// answered is a transport that remembers what the collector said last.
type answered struct {
	http.RoundTripper
	status atomic.Int32 // 0 = nothing
}

func (t *answered) RoundTrip(r *http.Request) (*http.Response, error) {
	t.status.Store(0)
	resp, err := t.RoundTripper.RoundTrip(r)
	if err == nil {
		t.status.Store(int32(resp.StatusCode))
	}
	return resp, err
}

func (p *Profile) httpClient(traces, metrics target) (*client, error) {
	checks, err := p.tls()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: checks, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 2, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: uploadTimeout,
	}
	// Headers that prove who we are go to the collector and nowhere else.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	last := &answered{RoundTripper: transport}
	return &client{
		traces: otlptracehttp.NewClient(
			otlptracehttp.WithEndpointURL(traces.String()), otlptracehttp.WithTLSClientConfig(nil), otlptracehttp.WithHeaders(p.sent()),
			otlptracehttp.WithEncoding(otlptracehttp.EncodingProtobuf), otlptracehttp.WithCompression(otlptracehttp.NoCompression),
			otlptracehttp.WithHTTPClient(&http.Client{Transport: last, CheckRedirect: stay, Timeout: uploadTimeout}),
			otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false})),
		metrics: func(ctx context.Context) (metric.Exporter, error) {
			return otlpmetrichttp.New(ctx,
				otlpmetrichttp.WithEndpointURL(metrics.String()), otlpmetrichttp.WithTLSClientConfig(nil), otlpmetrichttp.WithHeaders(p.sent()),
				otlpmetrichttp.WithCompression(otlpmetrichttp.NoCompression),
				otlpmetrichttp.WithHTTPClient(&http.Client{Transport: transport, CheckRedirect: stay, Timeout: uploadTimeout}),
				otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{Enabled: false}))
		},
		again: func(error) bool {
			s := last.status.Load()
			return s == 0 || s == http.StatusTooManyRequests || s == http.StatusRequestTimeout || s >= 500
		},
		close: transport.CloseIdleConnections,
	}, nil
}

func (p *Profile) grpcClient(traces, metrics target) (*client, error) {
	checks, err := p.tls()
	if err != nil {
		return nil, err
	}
	guard := func(t target) credentials.TransportCredentials {
		if t.secure {
			return credentials.NewTLS(checks)
		}
		return insecure.NewCredentials()
	}
	// As the worker tries again, so does the connection.
	often := grpc.WithConnectParams(grpc.ConnectParams{
		Backoff: backoff.Config{BaseDelay: firstBackoff, Multiplier: 2, Jitter: 0.2, MaxDelay: maxBackoff}, MinConnectTimeout: uploadTimeout,
	})
	return &client{
		traces: otlptracegrpc.NewClient(
			otlptracegrpc.WithEndpoint(traces.host), otlptracegrpc.WithTLSCredentials(guard(traces)), otlptracegrpc.WithHeaders(p.sent()),
			otlptracegrpc.WithTimeout(uploadTimeout), otlptracegrpc.WithDialOption(often),
			otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{Enabled: false})),
		metrics: func(ctx context.Context) (metric.Exporter, error) {
			return otlpmetricgrpc.New(ctx,
				otlpmetricgrpc.WithEndpoint(metrics.host), otlpmetricgrpc.WithTLSCredentials(guard(metrics)), otlpmetricgrpc.WithHeaders(p.sent()),
				otlpmetricgrpc.WithTimeout(uploadTimeout), otlpmetricgrpc.WithDialOption(often),
				otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig{Enabled: false}))
		},
		again: transient,
		close: func() {},
	}, nil
}

// transient reports whether a call that failed so may work later (OTLP specification, "Failures").
func transient(err error) bool {
	switch status.Code(err) {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss, codes.ResourceExhausted:
		return true
	default:
		return false
	}
}
