package compat

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/exchange"
)

func TestMetadata(t *testing.T) {
	h := fields{
		"X-Bf-Dim-Team": "blue", "X-Bf-Prom-Team": "red", "X-Bf-Prom-Env": "dev", "X-Bf-Lh-Tenant": "t-1", "X-Bf-Vk": "sk-bf-1",
		"x-request-source": "nightly", "X-Other": "no", "X-Bf-Dim-": "nameless", "X-Bf-Dim-Long": strings.Repeat("é", 200),
	}
	want := []exchange.Field{
		{Name: "env", Value: "dev"}, {Name: "long", Value: strings.Repeat("é", 128)}, {Name: "team", Value: "blue"}, {Name: "tenant", Value: "t-1"}, {Name: "x-request-source", Value: "nightly"},
	}
	if diff := cmp.Diff(want, Metadata(h, []string{"x-request-source", "x-missing"})); diff != "" {
		t.Error(diff)
	}
	if got := Metadata(fields{"User-Agent": "x"}, nil); got != nil {
		t.Error(got)
	}
}
