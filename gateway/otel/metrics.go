package otel

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"heimdall/gateway/exchange"
)

// Buckets of the conventions (semantic-conventions-genai, gen-ai-metrics.md).
var (
	tokenBuckets   = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
	secondsBuckets = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
)

// meter counts tokens and durations of calls for one profile.
type meter struct {
	all      *sdk.MeterProvider
	provider func(string) string
	tokens   metric.Int64Histogram
	duration metric.Float64Histogram
	first    metric.Float64Histogram
}

// newMeter starts to send metrics every so often.
func newMeter(exporter sdk.Exporter, every time.Duration, r resource, provider func(string) string) (*meter, error) {
	reader := sdk.NewPeriodicReader(exporter, sdk.WithInterval(every), sdk.WithTimeout(uploadTimeout))
	m := &meter{all: sdk.NewMeterProvider(sdk.WithReader(reader), sdk.WithResource(sdkresource.NewSchemaless(r...))), provider: provider}
	scope := m.all.Meter(scopeName)
	var err error
	if m.tokens, err = scope.Int64Histogram("gen_ai.client.token.usage", metric.WithUnit("{token}"),
		metric.WithDescription("Number of input and output tokens used."), metric.WithExplicitBucketBoundaries(tokenBuckets...)); err != nil {
		return nil, err
	}
	if m.duration, err = scope.Float64Histogram("gen_ai.client.operation.duration", metric.WithUnit("s"),
		metric.WithDescription("GenAI operation duration."), metric.WithExplicitBucketBoundaries(secondsBuckets...)); err != nil {
		return nil, err
	}
	m.first, err = scope.Float64Histogram("gen_ai.client.operation.time_to_first_chunk", metric.WithUnit("s"),
		metric.WithDescription("Time to receive the first chunk."), metric.WithExplicitBucketBoundaries(secondsBuckets...))
	return m, err
}

// record counts an exchange that called a provider.
func (m *meter) record(r *exchange.Record) {
	if m == nil || len(r.Attempts) == 0 {
		return
	}
	ctx := context.Background()
	call := make([]attribute.KeyValue, 0, 4)
	call = append(call, attribute.String(keyOperation, operationOf(r)), attribute.String(keyProvider, m.provider(r.Provider)), attribute.String(keyRequestModel, r.Model))
	if r.HasUsage {
		for _, one := range [...]struct {
			kind string
			n    int64
		}{{"input", r.Usage.Input}, {"output", r.Usage.Output}} {
			m.tokens.Record(ctx, one.n, metric.WithAttributeSet(attribute.NewSet(append(call, attribute.String(keyTokenType, one.kind))...)))
		}
	}
	if r.Stream && r.TTFT > 0 {
		m.first.Record(ctx, r.TTFT.Seconds(), metric.WithAttributeSet(attribute.NewSet(call...)))
	}
	if r.Error != nil {
		call = append(call, attribute.String(keyErrorType, string(r.Error.Kind)))
	}
	m.duration.Record(ctx, max(r.Upstream, 0).Seconds(), metric.WithAttributeSet(attribute.NewSet(call...)))
}

func (m *meter) close(ctx context.Context) {
	if m != nil {
		_ = m.all.Shutdown(ctx) // what it says was noted by quiet
	}
}

// quiet tells the sink of a failure, and nobody else.
type quiet struct {
	sdk.Exporter
	health *health
}

func (q quiet) Export(ctx context.Context, rm *metricdata.ResourceMetrics) error {
	q.health.note(q.Exporter.Export(ctx, rm))
	return nil
}
