package gateway_test

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	tracespb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"heimdall/gateway/gatewaytest"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// collector takes traces by OTLP over HTTP.
func collector(t *testing.T) (url string, spans chan []*tracepb.Span) {
	spans = make(chan []*tracepb.Span, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in tracespb.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &in); err != nil || r.Header.Get("Authorization") != "Bearer of-the-collector" {
			t.Errorf("%s %v: %v", r.URL, r.Header, err)
		}
		spans <- in.ResourceSpans[0].ScopeSpans[0].Spans
	}))
	t.Cleanup(s.Close)
	return s.URL, spans
}

// A request's trace goes on from the client's, and the provider's goes on from it; the collector hears of it.
func TestTraces(t *testing.T) {
	t.Parallel()
	var sent string
	url, spans := collector(t)
	g := gatewaytest.Start(t, gatewaytest.Options{Env: map[string]string{"COLLECTOR_KEY": "Bearer of-the-collector"}, Script: func(r *transport.Request) fake.Reply {
		sent = ""
		for _, f := range r.Header {
			if f.Name == "Traceparent" {
				sent = f.Value
			}
		}
		return answer(r)
	}})
	set := func(method, path, config string) {
		t.Helper()
		if a := g.Do(method, path, `{"name":"otel","enabled":true,"config":`+config+`}`); a.Status/100 != 2 {
			t.Fatal(a.Body)
		}
	}
	ask := func(header ...string) string {
		t.Helper()
		a := g.Do("POST", "/openai/chat/completions", chatBody, header...)
		if a.Status != 200 {
			t.Fatal(a.Body)
		}
		return a.Header.Get("X-Bifrost-Trace-Id")
	}
	if id := ask(); id != "" || sent != "" {
		t.Errorf("nobody traces, and yet there is %s, %s", id, sent)
	}
	set("POST", "/api/plugins", `{"collector_url":"`+url+`","trace_type":"genai_extension","protocol":"http","headers":{"Authorization":"env.COLLECTOR_KEY"}}`)

	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	if id := ask("Traceparent", "00-"+trace+"-"+parent+"-01"); id != trace {
		t.Errorf("the client hears of the trace %s", id)
	}
	got := <-spans
	root := got[0]
	if hex.EncodeToString(root.TraceId) != trace || hex.EncodeToString(root.ParentSpanId) != parent || root.Name != "http.request" {
		t.Errorf("the root is %v", root)
	}
	if want := "00-" + trace + "-" + hex.EncodeToString(root.SpanId) + "-01"; sent != want {
		t.Errorf("the provider gets %s, want %s", sent, want)
	}
	names, text := "", ""
	for _, s := range got {
		names += s.Name + ", "
		for _, a := range s.Attributes {
			text += a.Key + "=" + a.Value.GetStringValue() + "\n"
		}
	}
	for _, want := range []string{"chat gpt-4o-mini, ", "attempt, ", "route, "} {
		if !strings.Contains(names, want) {
			t.Errorf("no span %s in %s", want, names)
		}
	}
	for _, want := range []string{"gen_ai.provider.name=openai\n", `gen_ai.input.messages=[{"role":"user","parts":[{"type":"text","content":"hi"}]}]`, "gen_ai.selected_key_name=main\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}

	// A log without bodies has traces without them; what is off sends nothing.
	if a := g.Do("PUT", "/api/config", `{"client_config":{"disable_content_logging":true}}`); a.Status != 200 {
		t.Fatal(a.Body)
	}
	if id := ask(); len(id) != 32 {
		t.Errorf("a request of nobody's trace has the trace %q", id)
	}
	for _, s := range <-spans {
		for _, a := range s.Attributes {
			if strings.Contains(a.Key, "messages") {
				t.Errorf("what is not kept is told: %v", a)
			}
		}
	}
	set("PUT", "/api/plugins/otel", `{"collector_url":"`+url+`","trace_type":"genai_extension","request_headers":["x-*"]}`)
	if a := g.Do("PUT", "/api/plugins/otel", `{"enabled":false}`); a.Status != 200 {
		t.Fatal(a.Body)
	}
	ask()
	g.Close()
	if len(spans) != 0 {
		t.Error("a plugin that is off sends on")
	}
}

// A collector that is not there is said where plugins are listed, and disturbs nobody.
func TestACollectorThatIsNotThere(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Script: answer})
	if a := g.Do("POST", "/api/plugins", `{"name":"otel","config":{"collector_url":"http://127.0.0.1:1"}}`); a.Status/100 != 2 {
		t.Fatal(a.Body)
	}
	if a := g.Do("POST", "/openai/chat/completions", chatBody); a.Status != 200 {
		t.Fatal(a.Body)
	}
	gatewaytest.Eventually(t, "the plugin says what is wrong", func() bool {
		return strings.Contains(g.Do("GET", "/api/plugins/otel", "").Body, "refused")
	})
}
