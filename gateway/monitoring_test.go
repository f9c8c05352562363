package gateway_test

import (
	"regexp"
	"strings"
	"testing"

	"heimdall/gateway/gatewaytest"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Script: answer})
	scrape := func() string {
		t.Helper()
		a := g.Do("GET", "/metrics", "")
		if a.Status != 200 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		return a.Body
	}
	holds := func(all, pattern string) {
		t.Helper()
		if !regexp.MustCompile(`(?m)^` + pattern + `$`).MatchString(all) {
			name, _, _ := strings.Cut(pattern, `\{`)
			t.Errorf("no line %s among\n%s", pattern, strings.Join(regexp.MustCompile(`(?m)^`+name+`\{.*$`).FindAllString(all, 5), "\n"))
		}
	}
	if a := g.Do("PUT", "/api/config", `{"client_config":{"prometheus_labels":["team"]}}`); a.Status != 200 {
		t.Fatal(a.Body)
	}
	if a := g.Do("POST", "/openai/chat/completions", chatBody, "X-Bf-Dim-Team", "blue"); a.Status != 200 {
		t.Fatal(a.Body)
	}
	g.Do("POST", "/nowhere", "")
	all := scrape()
	holds(all, `bifrost_upstream_requests_total\{.*provider="openai".*team="blue".*\} 1`)
	holds(all, `http_requests_total\{method="POST",path="/openai/chat/completions",status="200",team="blue"\} 1`)
	holds(all, `http_requests_total\{method="POST",path="unmatched",status="404",team=""\} 1`)
	holds(all, `bifrost_provider_key_up\{.*provider="openai".*\} 1`)

	if a := g.Do("POST", "/api/plugins", `{"name":"telemetry","enabled":true,"config":{"custom_labels":["team","team"]}}`); a.Status != 400 || !strings.Contains(a.Body, "twice") {
		t.Errorf("a label that is there twice: %d %s", a.Status, a.Body)
	}
	if a := g.Do("POST", "/api/plugins", `{"name":"telemetry","enabled":false}`); a.Status/100 != 2 {
		t.Fatal(a.Body)
	}
	if a := g.Do("GET", "/metrics", ""); a.Status != 404 || !strings.Contains(a.Body, "switched off") {
		t.Errorf("switched off: %d %s", a.Status, a.Body)
	}
	g.Do("POST", "/openai/chat/completions", chatBody, "X-Bf-Dim-Team", "blue")
	if a := g.Do("DELETE", "/api/plugins/telemetry", ""); a.Status/100 != 2 {
		t.Fatal(a.Body)
	}
	holds(scrape(), `bifrost_upstream_requests_total\{.*team="blue".*\} 1`) // nothing was counted meanwhile
}
