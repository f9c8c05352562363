package gateway_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"heimdall/gateway/config"
	"heimdall/gateway/gatewaytest"
	"heimdall/keychain"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// canary makes the n-th known key; its signs need escaping in URLs and in JSON.
func canary(n int) string { return fmt.Sprintf(`sk-canary/%02d+"Zq7&9xw3Vb=end`, n) }

const canaries = 20

// TestCanary plays a session full of known keys and looks for them everywhere afterwards.
func TestCanary(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		playCanary(t, t.TempDir(), keychain.NewMem())
	})
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		env := map[string]string{"HEIMDALL_PASSPHRASE": "", "DBUS_SESSION_BUS_ADDRESS": ""}
		if err := os.WriteFile(filepath.Join(dir, "keychain.json"), []byte(`{"kind":"file"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		store, choice, err := keychain.Open(keychain.Options{Dir: dir, Service: "heimdall-test", Env: func(n string) string { return env[n] }})
		if err != nil || choice.Kind != keychain.KindFile {
			t.Fatalf("%+v, %v", choice, err)
		}
		playCanary(t, dir, store)
	})
}

// echo repeats every credential it is sent, as an error, as a stream's error, or as a model list's error.
func echo(r *transport.Request) fake.Reply {
	said := ""
	for _, f := range r.Header {
		if f.Name == "Authorization" || f.Name == "X-Api-Key" || f.Name == "X-Secret" {
			said += f.Value + " " + url.QueryEscape(strings.TrimPrefix(f.Value, "Bearer ")) + " " + base64.StdEncoding.EncodeToString([]byte(strings.TrimPrefix(f.Value, "Bearer "))) + " "
		}
	}
	body, _ := json.Marshal(map[string]any{"type": "error", "error": map[string]any{"type": "invalid_request_error", "message": "Incorrect key: " + said, "code": said, "param": said}})
	if r.Stream {
		return fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "text/event-stream"}, Body: "event: error\ndata: " + string(body) + "\n\n"}
	}
	return fake.Reply{Status: 401, Header: map[string]string{"Content-Type": "application/json"}, Body: string(body)}
}

func playCanary(t *testing.T, dir string, secrets config.Secrets) {
	q := func(n int) string { b, _ := json.Marshal(canary(n)); return string(b) }
	g := gatewaytest.Start(t, gatewaytest.Options{
		Dir: dir, Secrets: secrets, Script: echo, More: cloudy, Env: map[string]string{"CANARY": canary(0), "CANARY_2": canary(1)},
		Config: `{"providers":{"openai":{"keys":[{"name":"file","value":` + q(2) + `,"models":["*"],"weight":1}]},
			"two":{"custom_provider_config":{"base_provider_type":"cloudy"},"network_config":{"base_url":"http://two.test"},
				"keys":[{"name":"options","models":["*"],"value":"env.CANARY_2","cloudy_key_config":{"region":"eu","secret_key":` + q(17) + `}}]},
			"cloudy":{"proxy_config":{"type":"http","url":"http://proxy.invalid","username":"me","password":` + q(12) + `},
				"keys":[{"name":"options","models":["*"],"cloudy_key_config":{"region":"eu","secret_key":` + q(13) + `,"credentials":` + q(14) + `}}]},
			"anthropic":{"network_config":{"extra_headers":{"X-Secret":"env.CANARY"}},"keys":[{"name":"env","value":"env.CANARY_2","models":["*"],"weight":1}]}}}`,
	})
	events := g.Listen()
	var said bytes.Buffer // every answer
	say := func(method, path, body string, header ...string) {
		a := g.Do(method, path, body, header...)
		fmt.Fprintf(&said, "%s %s: %d %v %s\n", method, path, a.Status, a.Header, a.Body)
	}
	say("POST", "/api/providers", `{"provider":"one","custom_provider_config":{"base_provider_type":"openai"},"network_config":{"base_url":"http://one.test"},"keys":[{"name":"seed","value":`+q(3)+`,"models":["*"],"weight":1}]}`)
	say("POST", "/api/providers/openai/keys", `{"name":"plain","value":`+q(4)+`,"models":["*"],"weight":1}`)
	say("POST", "/api/providers/openai/keys", `{"name":"object","value":{"value":`+q(5)+`,"env_var":"","from_env":false},"models":["*"],"weight":1}`)
	say("PUT", "/api/providers/anthropic", `{"network_config":{"extra_headers":{"X-Secret":`+q(6)+`}}}`)
	say("POST", "/api/providers/openai/keys", `{"name":"wrong","value":`+q(7)+`,"weight":"heavy"}`)            // refused
	say("POST", "/api/providers/openai/keys", `{"name":"cut","value":`+q(8))                                   // no JSON
	say("POST", "/api/providers/openai/keys", `{"name":"unknown","value":`+q(9)+`,"surprise":1}`)              // an unknown field
	say("POST", "/api/providers/nobody/keys", `{"name":"nobody","value":`+q(10)+`,"models":["*"],"weight":1}`) // no such provider
	say("POST", "/api/providers/cloudy/keys", `{"name":"more","value":"","options":{"region":"us","secret_key":`+q(15)+`,"credentials":"env.CANARY"},"models":["*"],"weight":1}`)
	say("POST", "/api/providers/cloudy/keys", `{"name":"wrong","cloudy_key_config":{"regoin":"us","secret_key":`+q(16)+`}}`) // refused
	say("PUT", "/api/providers/cloudy", `{"proxy_config":{"type":"http","url":"proxy.invalid","username":"me","password":"<REDACTED>"}}`)
	for _, body := range []string{`"messages":[{"role":"user","content":"hi"}]}`, `"stream":true,"messages":[{"role":"user","content":"hi"}]}`} {
		for range 4 { // any of the keys
			say("POST", "/openai/chat/completions", `{"model":"gpt-4o-mini",`+body, "Authorization", "Bearer "+canary(11), "X-Api-Key", canary(11), "Cookie", "k="+url.QueryEscape(canary(11)))
		}
		say("POST", "/anthropic/v1/messages", `{"model":"claude-haiku-4-5","max_tokens":9,`+body)
		say("POST", "/v1/chat/completions", `{"model":"anthropic/claude-haiku-4-5",`+body)
		say("POST", "/v1/chat/completions", `{"model":"one/m",`+body)
		say("POST", "/v1/chat/completions", `{"model":"two/m",`+body)
		for range 4 {
			say("POST", "/v1/chat/completions", `{"model":"cloudy/m",`+body)
		}
	}
	say("POST", "/api/providers/openai/test", `{"model":"gpt-4o-mini"}`)
	say("POST", "/api/providers/anthropic/refresh-models", ``)
	for _, path := range []string{"/v1/models", "/api/config", "/api/providers", "/api/keys", "/api/models", "/api/providers/openai", "/api/providers/anthropic", "/api/providers/openai/keys", "/api/providers/cloudy", "/api/providers/cloudy/keys", "/api/provider-kinds", "/api/gateway", "/health"} {
		say("GET", path, "")
	}
	say("POST", "/api/plugins", `{"name":"otel","enabled":true,"config":{"collector_url":"http://127.0.0.1:1","protocol":"http","trace_type":"genai_extension","headers":{"Authorization":`+q(18)+`,"X-Team":"env.CANARY"}}}`)
	say("POST", "/api/plugins", `{"name":"telemetry","enabled":true,"config":{"push_gateway":{"enabled":true,"push_gateway_url":"http://127.0.0.1:1","basic_auth":{"username":"me","password":`+q(19)+`}}}}`)
	say("POST", "/openai/chat/completions", `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}`) // is traced
	rows := g.Rows()
	for _, row := range rows {
		for _, what := range []string{"", "/frames?side=upstream", "/frames?side=client", "/curl?shell=sh", "/curl?shell=powershell"} {
			say("GET", "/api/logs/"+row.ID+what, "")
		}
	}
	say("POST", "/api/logs/"+rows[0].ID+"/replay", `{}`)
	say("GET", "/api/logs/diff?first="+rows[0].ID+"&second="+rows[1].ID, "")
	say("POST", "/api/logs/cassettes", `{"name":"canary","ids":["`+rows[0].ID+`","`+rows[1].ID+`"]}`) // becomes files
	for _, path := range []string{"/metrics", "/api/plugins", "/api/plugins/otel", "/api/plugins/telemetry", "/api/logs", "/api/logs/dashboard", "/api/logs/filterdata", "/api/logs/storage",
		"/api/logs/sessions", "/api/logs/export?format=jsonl&bodies=true", "/api/logs/export?format=har&bodies=true", "/api/logs/export?format=csv"} {
		say("GET", path, "")
	}
	events.Settled()
	g.Close()

	places := map[string]string{"the answers": said.String(), "the program's log": g.Log.String(), "the live channel": events.Text.String()}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		places[d.Name()] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if places["config.db"] == "" || places["logs.db"] == "" {
		t.Fatal("the session left nothing to search")
	}
	for n := range canaries {
		for place, text := range places {
			for form, s := range spelled(canary(n)) {
				if i := strings.Index(text, s); i >= 0 {
					t.Errorf("canary %d (%s) is in %s: …%q", n, form, place, text[max(0, i-160):min(len(text), i+60)])
				}
			}
		}
	}
}

// spelled is a secret in the ways in which it could be written.
func spelled(s string) map[string]string {
	quoted, _ := json.Marshal(s)
	twice, _ := json.Marshal(string(quoted[1 : len(quoted)-1]))
	return map[string]string{
		"raw": s, "json": string(quoted[1 : len(quoted)-1]), "json twice": string(twice[1 : len(twice)-1]), "query": url.QueryEscape(s), "path": url.PathEscape(s),
		"base64": base64.StdEncoding.EncodeToString([]byte(s)), "base64url": base64.RawURLEncoding.EncodeToString([]byte(s)), "hex": hex.EncodeToString([]byte(s)),
	}
}
