package otel

import (
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
)

// attributes are those of a span. What has no value is left out.
type attributes []*commonpb.KeyValue

func (a *attributes) add(key string, v *commonpb.AnyValue) {
	*a = append(*a, &commonpb.KeyValue{Key: key, Value: v})
}

func (a *attributes) text(key, v string) {
	if v != "" {
		a.add(key, textValue(v))
	}
}

// textValue is a text as OTLP takes it: valid UTF-8.
func textValue(v string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: strings.ToValidUTF8(v, "\uFFFD")}}
}

func (a *attributes) integer(key string, v int64) {
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: v}})
}

// count is integer for what is not worth saying where it is 0.
func (a *attributes) count(key string, v int64) {
	if v != 0 {
		a.integer(key, v)
	}
}

func (a *attributes) number(key string, v float64) {
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: v}})
}

func (a *attributes) truth(key string, v bool) {
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: v}})
}

func (a *attributes) texts(key string, list []string) {
	if len(list) == 0 {
		return
	}
	values := make([]*commonpb.AnyValue, len(list))
	for i, v := range list {
		values[i] = textValue(v)
	}
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: values}}})
}

// given is for parameters that a caller may leave out.
func given[T any](v *T, add func(string, T), keys ...string) {
	if v == nil {
		return
	}
	for _, key := range keys {
		add(key, *v)
	}
}
