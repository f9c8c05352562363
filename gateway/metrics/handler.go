package metrics

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// formats are those that are served, the best first.
var formats = [...]expfmt.Format{expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtOpenMetrics_0_0_1, expfmt.FmtText}

// Serve answers with everything that was counted, in Prometheus' text format or in OpenMetrics', as the client accepts.
func (m *Metrics) Serve(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	if !m.config.Load().Enabled {
		return nil, &llm.Error{Kind: llm.KindInvalidRequest, Status: 404, Type: "not_found", Message: "the metrics are switched off; set metrics_enabled of the plugin telemetry to true"}
	}
	format := expfmt.NegotiateAccept(http.Header{"Accept": {x.Header.Get("Accept")}}, formats[:]...)
	var body bytes.Buffer
	reply := &exchange.Reply{Status: 200, ContentType: string(format)}
	var to io.WriteCloser = plain{&body}
	if strings.Contains(x.Header.Get("Accept-Encoding"), "gzip") {
		to = gzip.NewWriter(&body)
		reply.Header = []exchange.Field{{Name: "Content-Encoding", Value: "gzip"}, {Name: "Vary", Value: "Accept-Encoding"}}
	}
	if err := m.write(to, format); err != nil {
		return nil, llm.Errorf(llm.KindInternal, "the metrics could not be read: %w", err)
	}
	reply.Body = body.Bytes()
	return reply, nil
}

func (m *Metrics) gather() ([]*dto.MetricFamily, error) {
	return prometheus.Gatherers{m.current.Load().registry, m.fixed.registry, m.system}.Gather()
}

// plain is a writer that needs no end.
type plain struct{ io.Writer }

func (plain) Close() error { return nil }

// write writes all metrics, and closes to.
func (m *Metrics) write(to io.WriteCloser, format expfmt.Format) error {
	all, err := m.gather()
	if err != nil && len(all) == 0 {
		return err
	}
	if err != nil {
		m.opts.Log.Warn("some metrics could not be read", "error", err)
	}
	encoder := expfmt.NewEncoder(to, format)
	for _, family := range all {
		if err := encoder.Encode(family); err != nil {
			return err
		}
	}
	if end, ok := encoder.(expfmt.Closer); ok {
		if err := end.Close(); err != nil {
			return err
		}
	}
	return to.Close()
}
