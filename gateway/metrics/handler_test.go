package metrics

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"strings"
	"testing"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

func serve(t *testing.T, m *Metrics, h header) (*exchange.Reply, string) {
	t.Helper()
	reply, err := m.Serve(context.Background(), &exchange.Exchange{Header: h})
	if err != nil {
		t.Fatal(err)
	}
	return reply, string(reply.Body)
}

func TestThePage(t *testing.T) {
	m := open(t, Options{Dropped: func() (int64, int64) { return 1, 2 }})
	m.End(record())
	for _, test := range []struct{ name, accept, contentType, ends string }{
		{"a browser", "*/*", "text/plain; version=0.0.4", "\n"},
		{"an old Prometheus", "text/plain;version=0.0.4", "text/plain; version=0.0.4", "\n"},
		{"OpenMetrics", "application/openmetrics-text;version=1.0.0", "application/openmetrics-text; version=1.0.0", "# EOF\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			reply, body := serve(t, m, header{"Accept": test.accept})
			if !strings.HasPrefix(reply.ContentType, test.contentType) || !strings.HasSuffix(body, test.ends) {
				t.Errorf("%s, ends with %q", reply.ContentType, body[len(body)-20:])
			}
			for _, name := range []string{"bifrost_upstream_requests_total{", "heimdall_log_dropped_total{", "go_goroutines ", "process_start_time_seconds "} {
				if !strings.Contains(body, "\n"+name) {
					t.Errorf("%s is missing", name)
				}
			}
		})
	}
}

func TestThePageCompressed(t *testing.T) {
	m := open(t, Options{})
	reply, body := serve(t, m, header{"Accept-Encoding": "gzip, deflate"})
	if reply.Header[0] != (exchange.Field{Name: "Content-Encoding", Value: "gzip"}) {
		t.Error(reply.Header)
	}
	z, err := gzip.NewReader(bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(z); err != nil || !bytes.Contains(text, []byte("go_goroutines")) {
		t.Errorf("%.50s, %v", text, err)
	}
}

func TestThePageIsOff(t *testing.T) {
	m := open(t, Options{})
	commit, err := m.Prepare(Config{})
	if err != nil {
		t.Fatal(err)
	}
	commit()
	_, err = m.Serve(context.Background(), &exchange.Exchange{Header: header{}})
	if e := llm.AsError(err); e.Status != 404 || !strings.Contains(e.Message, "metrics_enabled") {
		t.Error(err)
	}
}
