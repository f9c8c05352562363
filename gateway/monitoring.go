package gateway

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"heimdall/gateway/config"
	"heimdall/gateway/edge"
	"heimdall/gateway/exchange"
	"heimdall/gateway/metrics"
	"heimdall/gateway/otel"
)

// newMetrics makes the counters of the process. What they count with is decided by the configuration, which comes later.
func (g *Gateway) newMetrics() (*metrics.Metrics, error) {
	return metrics.New(metrics.Options{Config: metrics.Default(), Keys: g.keysUp, Dropped: g.dropped, Resolve: g.resolve, Log: g.opts.Log})
}

// prepareMetrics reads the plugin telemetry of a configuration; commit puts it to use.
func (g *Gateway) prepareMetrics(s *config.Snapshot) (commit func(), err error) {
	c := metrics.Default()
	if p := s.Plugin("telemetry"); p != nil {
		if c, err = metrics.ParseConfig(p.Whole()); err != nil {
			return nil, fmt.Errorf("the plugin telemetry: %w", err)
		}
		if !p.Enabled {
			c.Enabled, c.Push.Enabled = false, false
		}
	}
	return g.metrics.Prepare(c.With(s.Client.PrometheusLabels))
}

// keysUp lists the keys of all providers, and whether each is used as usual.
func (g *Gateway) keysUp() (keys []metrics.Key) {
	router := g.router.Load()
	if router == nil {
		return nil
	}
	for _, p := range router.Providers() {
		up := g.health.State(p.Name, "").Share > 0
		for i := range p.Keys {
			k := &p.Keys[i]
			keys = append(keys, metrics.Key{Provider: p.Name, ID: k.KeyID, Name: k.KeyName, Up: up && g.health.State(p.Name, k.KeyID).Share > 0})
		}
	}
	return keys
}

// dropped is what the request log has lost since the start.
func (g *Gateway) dropped() (records, bodies int64) {
	if g.writer == nil {
		return 0, 0
	}
	return g.writer.Dropped()
}

// resolve gives the value of a reference to an environment variable, and other texts as they are.
func (g *Gateway) resolve(text string) (string, error) {
	name, reference := strings.CutPrefix(text, "env.")
	if !reference {
		return text, nil
	}
	value := g.opts.Env(name)
	if value == "" {
		return "", fmt.Errorf("the environment variable %s is not set", name)
	}
	return value, nil
}

// measured counts a request that was answered.
func (g *Gateway) measured(m edge.Measured) {
	if !g.metrics.Counts() {
		return
	}
	r := metrics.Request{Method: m.Method, Status: m.Status, Took: m.Took, In: m.In, Out: m.Out, Header: m.Header}
	if m.Row != nil {
		r.Path = m.Row.Path
	}
	g.metrics.Answered(r)
}

// metricsRow is the route that Prometheus reads.
func (g *Gateway) metricsRow() exchange.Row {
	return exchange.Row{Method: "GET", Path: "/metrics", Guard: exchange.GuardManage, Handler: g.metrics.Serve}
}

// newTraces makes what sends traces. Where to is decided by the configuration, which comes later.
func (g *Gateway) newTraces() *otel.Exporter {
	e := otel.New(otel.Options{Version: g.opts.Version, Env: g.opts.Env, Provider: g.conventional, Dialect: g.dialect, Log: g.opts.Log})
	g.closers = append(g.closers, func(ctx context.Context) error {
		if err := e.Close(ctx); err != nil {
			g.opts.Log.Warn("some traces are lost", "error", err)
		}
		return nil
	})
	return e
}

// conventional is what the conventions of OpenTelemetry call a provider.
func (g *Gateway) conventional(name string) string {
	p := g.manager.Snapshot().Provider(name)
	if p == nil || p.Custom != nil || g.kinds[p.Kind] == nil {
		return name
	}
	return cmp.Or(g.kinds[p.Kind].Info().Semconv, name)
}

// prepareTraces reads the plugin otel of a configuration; commit puts it to use. What has become useless since it was
// set, such as a file of certificates that is gone, stops nothing but the traces.
func (g *Gateway) prepareTraces(s *config.Snapshot) (commit func()) {
	c, err := g.shapes.Otel(s.Plugin("otel"))
	if err == nil {
		var use func()
		if use, err = g.traces.Prepare(c); err == nil {
			return func() { g.tracesFailing.Store(nil); use() }
		}
	}
	g.opts.Log.Warn("no traces are sent", "error", err)
	return func() {
		g.tracesFailing.Store(&err)
		if none, err := g.traces.Prepare(otel.Config{}); err == nil {
			none()
		}
	}
}

// pluginProblem is why a plugin does not do its work; "" = it does.
func (g *Gateway) pluginProblem(name string) string {
	if name != "otel" {
		return ""
	}
	if err := g.tracesFailing.Load(); err != nil {
		return (*err).Error()
	}
	for _, to := range g.traces.States() {
		if to.Problem != "" {
			return to.Collector + ": " + to.Problem
		}
	}
	return ""
}
