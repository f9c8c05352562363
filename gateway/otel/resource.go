package otel

import (
	"net/url"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
)

// resource says who sends, in the order of its attributes. What the environment says in OTEL_RESOURCE_ATTRIBUTES counts
// unless the profile says it.
type resource []attribute.KeyValue

func newResource(service, version, environment string) resource {
	out := resource{attribute.String("service.name", service), attribute.String("service.version", version)}
	for pair := range strings.SplitSeq(environment, ",") {
		name, value, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" || out.has(name) {
			continue
		}
		value = strings.TrimSpace(value)
		if decoded, err := url.PathUnescape(value); err == nil {
			value = decoded
		}
		out = append(out, attribute.String(name, value))
	}
	return out
}

func (r resource) has(name string) bool {
	for _, a := range r {
		if string(a.Key) == name {
			return true
		}
	}
	return false
}

func (r resource) proto() *resourcepb.Resource {
	var list attributes
	for _, a := range r {
		list.text(string(a.Key), a.Value.AsString())
	}
	return &resourcepb.Resource{Attributes: []*commonpb.KeyValue(list)}
}
