package gateway_test

import (
	"strings"
	"testing"

	"heimdall/gateway/gatewaytest"
)

func TestAppNames(t *testing.T) {
	t.Parallel()
	g := gatewaytest.Start(t, gatewaytest.Options{Script: answer})
	app := func(want string) {
		t.Helper()
		a := g.Do("POST", "/openai/chat/completions", chatBody, "User-Agent", "Acme-Agent/2.1 (linux)")
		list := g.Do("GET", "/api/logs?filter=id:"+a.Header.Get("X-Request-Id"), "")
		if !strings.Contains(list.Body, `"app":"`+want+`"`) {
			t.Errorf("the app is not %s: %s", want, list.Body)
		}
	}
	app("acme-agent")
	if a := g.Do("POST", "/api/logs/user-agent-mappings", `{"pattern":"acme-*","app":"Acme"}`); a.Status != 200 {
		t.Fatal(a.Body)
	}
	app("Acme")
}
