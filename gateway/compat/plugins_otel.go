package compat

import (
	"strings"
	"time"

	"heimdall/gateway/config"
	"heimdall/gateway/otel"
)

// Otel is what the plugin otel is set to send, and where; nothing where it is nil or disabled. What is stored and has no
// effect is passed over.
func (d *Decoder) Otel(p *config.Plugin) (otel.Config, error) {
	if p == nil || !p.Enabled {
		return otel.Config{}, nil
	}
	r := &report{}
	o, err := r.parse(p.Whole())
	if err != nil {
		return otel.Config{}, err
	}
	o.path = "plugins.otel.config"
	c := otelConfig(o)
	return c, config.Invalid(r.errors)
}

// otelConfig reads the config of the plugin otel: one profile, or an object with several.
func otelConfig(o *object) (c otel.Config) {
	list, several := o.elements("profiles")
	if !several {
		list = []*object{o}
	}
	filtered := false
	for _, one := range list {
		c.Profiles = append(c.Profiles, otelProfile(one))
		if f, given := spanFilter(one); given && !filtered {
			c.Filter, filtered = f, true
		}
		if several {
			one.done()
		}
	}
	if several {
		if len(c.Profiles) == 0 && len(o.errors) == 0 {
			o.fail(o.at("profiles"), "is empty; describe one collector or more")
		}
		if f, given := spanFilter(o); given {
			c.Filter = f
		}
	}
	o.done()
	for _, wrong := range c.Problems() {
		path := wrong.Path
		if !several {
			path = strings.TrimPrefix(path, "profiles[0].")
		}
		o.fail(o.at(path), "%s", wrong.Message)
	}
	return c
}

func otelProfile(o *object) otel.Profile {
	p := otel.Profile{Enabled: true, ServiceName: "bifrost", Protocol: otel.ProtocolHTTP, MetricsEvery: 15 * time.Second}
	o.truth("enabled", &p.Enabled)
	o.text("service_name", &p.ServiceName)
	p.Collector, p.MetricsEndpoint = address(o, "collector_url"), address(o, "metrics_endpoint")
	kind := "genai_extension"
	if o.text("trace_type", &kind); kind != "genai_extension" {
		o.fail(o.at("trace_type"), "must be genai_extension; no other kind is served by this version")
	}
	o.text("protocol", &p.Protocol)
	if h, _ := o.child("headers"); h != nil {
		p.Headers = otel.Headers{}
		for _, name := range sortedKeys(h.fields) {
			if in, ok := secret(h, name); ok {
				p.Headers[name] = in.Text.Reveal()
			}
		}
	}
	o.text("tls_ca_cert", &p.CA)
	p.CA = strings.TrimSpace(p.CA)
	p.Insecure = flag(o, "insecure")
	o.truth("metrics_enabled", &p.Metrics)
	o.duration("metrics_push_interval", time.Second, &p.MetricsEvery)
	o.list("request_headers", &p.RequestHeaders)
	o.truth("disable_content_logging", &p.NoContent)
	o.truth("disable_root_span_content", &p.NoRootContent)
	o.truth("group_traces_by_session", &p.BySession)
	o.truth("forward_raw_request_response", &p.Raw)
	return p
}

// address reads a URL, also between the angle brackets that documents put around one.
func address(o *object, name string) string {
	raw, ok := o.value(name)
	if !ok {
		return ""
	}
	text, _ := secretText(o, name, raw)
	if strings.HasPrefix(text, "env.") || strings.HasPrefix(text, "vault.") {
		o.fail(o.at(name), "must be the address itself; only headers can come from the environment")
		return ""
	}
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "<"); ok {
		return strings.TrimSuffix(inner, ">")
	}
	return text
}

// spanFilter reads which steps have no spans.
func spanFilter(o *object) (f otel.SpanFilter, given bool) {
	c, _ := o.child("plugin_span_filter")
	if c == nil {
		return f, false
	}
	c.text("mode", &f.Mode)
	c.list("plugins", &f.Plugins)
	if f.Mode == "" && len(f.Plugins) > 0 {
		c.fail(c.at("mode"), "is missing; say include or exclude")
	}
	c.done()
	return f, true
}
