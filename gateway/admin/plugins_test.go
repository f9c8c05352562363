package admin

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/compat"
	"heimdall/gateway/config"
)

const collectors = `{"profiles":[
	{"collector_url":"http://a.test:4318","trace_type":"genai_extension","headers":{"Authorization":"Bearer first-canary-0123456789","X-Short":"pin1"}},
	{"collector_url":"https://b.test/v1/traces","headers":{"Authorization":"Bearer other-canary-9876543210","X-Env":"env.SET","X-Short":"pin2"}}]}`

func TestPlugins(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	all := do[Plugins](w, "GET", "/api/plugins", "")
	if all.Count != 2 || all.Plugins[0].Name != "otel" || all.Plugins[0].Status.Status != "disabled" || all.Plugins[1].Name != "telemetry" || all.Plugins[1].Status.Status != "active" {
		t.Fatalf("at first: %+v", all)
	}

	saved := do[PluginSaved](w, "POST", "/api/plugins", `{"name":"otel","enabled":true,"config":`+collectors+`}`)
	if saved.Plugin.Status.Status != "active" || saved.Plugin.IsCustom || saved.Plugin.Placement != "builtin" {
		t.Errorf("%+v", saved.Plugin)
	}
	for _, word := range []string{"first-canary", "other-canary", "pin1", "pin2", canary} {
		if text := string(saved.Plugin.Config); strings.Contains(text, word) {
			t.Errorf("%s is shown in %s", word, text)
		}
		for _, e := range w.store.entities {
			if strings.Contains(string(e.Data), word) {
				t.Errorf("%s is stored in %s %s", word, e.Kind, e.Data)
			}
		}
	}
	if !strings.Contains(string(saved.Plugin.Config), `"X-Env":"env.SET"`) {
		t.Errorf("a reference is not shown: %s", saved.Plugin.Config)
	}
	whole := func() string { return string(w.Config.Snapshot().Plugin("otel").Whole()) }
	if got := whole(); !strings.Contains(got, "Bearer first-canary-0123456789") || !strings.Contains(got, `"X-Env":"`+canary+`"`) {
		t.Errorf("the plugin gets %s", got)
	}

	version, before := w.Config.Snapshot().Version, whole()
	echo, _ := json.Marshal(do[Plugin](w, "GET", "/api/plugins/otel", ""))
	do[PluginSaved](w, "PUT", "/api/plugins/otel", string(echo))
	if w.Config.Snapshot().Version != version || whole() != before {
		t.Errorf("an echo changed something: %s", whole())
	}

	off := do[PluginSaved](w, "PUT", "/api/plugins/otel", `{"enabled":false}`).Plugin
	if off.Enabled || off.Status.Status != "disabled" || whole() != before {
		t.Errorf("switched off: %+v", off)
	}
	do[Saved](w, "DELETE", "/api/plugins/otel", "")
	if w.Config.Snapshot().Plugin("otel") != nil || len(w.chain) != 0 {
		t.Errorf("after its end: %v", w.chain)
	}
	do[PluginSaved](w, "PUT", "/api/plugins/telemetry", `{"config":{"metrics_enabled":false,"push_gateway":{"enabled":true,"push_gateway_url":"http://push.test","basic_auth":{"username":"me","password":"push-canary"}}}}`)
	if got := do[Plugin](w, "GET", "/api/plugins/telemetry", ""); strings.Contains(string(got.Config), "push-canary") || !got.Enabled {
		t.Errorf("%+v", got)
	}
}

// A redacted secret stays with the collector that it was given for, wherever its profile stands now.
func TestRedactedSecretsOfPlugins(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	do[PluginSaved](w, "PUT", "/api/plugins/otel", `{"config":`+collectors+`}`)
	shown := do[Plugin](w, "GET", "/api/plugins/otel", "").Config
	var tree struct {
		Profiles []map[string]any `json:"profiles"`
	}
	if err := json.Unmarshal(shown, &tree); err != nil {
		t.Fatal(err)
	}
	put := func(profiles ...map[string]any) string {
		body, _ := json.Marshal(map[string]any{"config": map[string]any{"profiles": profiles}})
		return string(body)
	}
	first, second := tree.Profiles[0], tree.Profiles[1]
	w.fail("PUT", "/api/plugins/otel", put(second), 400, "config.profiles[0].headers.X-Short") // short ones can't be told apart
	delete(second["headers"].(map[string]any), "X-Short")
	delete(first["headers"].(map[string]any), "X-Short")
	do[PluginSaved](w, "PUT", "/api/plugins/otel", put(second, first))
	var now struct {
		Profiles []struct {
			URL     string            `json:"collector_url"`
			Headers map[string]string `json:"headers"`
		} `json:"profiles"`
	}
	if err := json.Unmarshal(w.Config.Snapshot().Plugin("otel").Whole(), &now); err != nil {
		t.Fatal(err)
	}
	if now.Profiles[0].Headers["Authorization"] != "Bearer other-canary-9876543210" || now.Profiles[1].Headers["Authorization"] != "Bearer first-canary-0123456789" || now.Profiles[0].Headers["X-Env"] != canary {
		t.Errorf("%+v", now)
	}
	w.fail("PUT", "/api/plugins/otel", `{"config":{"collector_url":"http://c.test","headers":{"Authorization":"Bear********wxyz"}}}`, 400, "config.headers.Authorization")
}

func TestWrongPlugins(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	const at = "/api/plugins"
	w.fail("GET", at+"/nothing", "", 404, "")
	w.fail("PUT", at+"/nothing", "{}", 404, "")
	w.fail("DELETE", at+"/otel", "", 404, "")
	w.fail("POST", at, `{"enabled":true}`, 400, "name")
	w.fail("POST", at, `{"name":"semantic_cache","enabled":true}`, 400, "name")
	w.fail("POST", at, `{"name":"governance"}`, 400, "name")
	for body, field := range map[string]string{
		`{"config":{}}`: "config.collector_url",
		`{"config":{"collector_url":"http://a.test","colector_url":"x"}}`:                              "config.colector_url",
		`{"config":{"collector_url":"env.COLLECTOR"}}`:                                                 "config.collector_url",
		`{"config":{"collector_url":"http://a.test","trace_type":"vercel"}}`:                           "config.trace_type",
		`{"config":{"collector_url":"http://a.test","protocol":"udp"}}`:                                "config.protocol",
		`{"config":{"collector_url":"http://a.test","headers":{"X":"env.a-b"}}}`:                       "config.headers.X",
		`{"config":{"collector_url":"http://a.test","headers":{"X Y":"z"}}}`:                           "config.headers.X Y",
		`{"config":{"profiles":[]}}`:                                                                   "config.profiles",
		`{"config":{"profiles":[{"collector_url":"http://a.test"},{}]}}`:                               "config.profiles[1].collector_url",
		`{"config":{"profiles":[{"collector_url":"http://a.test","x":1}]}}`:                            "config.profiles[0].x",
		`{"config":{"collector_url":"http://a.test","plugin_span_filter":{"mode":"some"}}}`:            "config.plugin_span_filter.mode",
		`{"config":{"collector_url":"http://a.test","plugin_span_filter":{"plugins":["governance"]}}}`: "config.plugin_span_filter.mode",
		`{"path":"/x.so"}`:            "path",
		`{"order":3}`:                 "order",
		`{"placement":"pre_builtin"}`: "placement",
		`{"enable":true}`:             "enable",
	} {
		w.fail("PUT", at+"/otel", body, 400, field)
	}
	w.fail("PUT", at+"/telemetry", `{"config":{"custom":1}}`, 400, "config.custom")
	do[PluginSaved](w, "PUT", at+"/otel", `{"enabled":true,"config":{"collector_url":"http://a.test"}}`)
	w.fail("POST", at, `{"name":"otel"}`, 409, "name")
}

// What the plugin is given is what was set, in each shape, and what it does without a say.
func TestTheShapesOfOtel(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	shapes := w.Shapes.(*compat.Decoder)
	for _, one := range [][2]string{
		{`{"service_name":"bifrost","collector_url":"<http://localhost:4318>","trace_type":"genai_extension","protocol":"http","headers":{"Authorization":"env.SET"}}`, `http://localhost:4318 http bifrost auth=true every=15s`},
		{`{"profiles":[{"collector_url":{"value":"localhost:4317"},"protocol":"grpc","service_name":"x","metrics_enabled":true,"metrics_push_interval":30,"request_headers":["x-*"],
			"disable_content_logging":true,"disable_root_span_content":true,"group_traces_by_session":true,"forward_raw_request_response":true,"insecure":true,
			"plugin_span_filter":{"mode":"exclude","plugins":["governance"]},"headers":{"Authorization":"env.UNSET"}}]}`, `localhost:4317 grpc x auth=false every=30s metrics [x-*] no-content no-root session raw insecure exclude[governance]`},
	} {
		body, want := one[0], one[1]
		do[PluginSaved](w, "PUT", "/api/plugins/otel", `{"config":`+body+`}`)
		c, err := shapes.Otel(w.Config.Snapshot().Plugin("otel"))
		if err != nil || len(c.Profiles) != 1 {
			t.Fatalf("%+v %v", c, err)
		}
		p := c.Profiles[0]
		got := []string{p.Collector, p.Protocol, p.ServiceName, "auth=" + strconv.FormatBool(p.Headers["Authorization"] == canary), "every=" + p.MetricsEvery.String()}
		if p.Metrics {
			got = append(got, "metrics")
		}
		if len(p.RequestHeaders) > 0 {
			got = append(got, "["+strings.Join(p.RequestHeaders, " ")+"]")
		}
		for _, f := range []struct {
			word string
			on   bool
		}{{"no-content", p.NoContent}, {"no-root", p.NoRootContent}, {"session", p.BySession}, {"raw", p.Raw}, {"insecure", p.Insecure != nil && *p.Insecure}} {
			if f.on {
				got = append(got, f.word)
			}
		}
		if c.Filter.Mode != "" {
			got = append(got, c.Filter.Mode+"["+strings.Join(c.Filter.Plugins, " ")+"]")
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Error(diff)
		}
	}
	if p := do[Plugin](w, "GET", "/api/plugins/otel", ""); p.Status.Status != "error" || !strings.Contains(p.Status.Logs[0], "UNSET") {
		t.Errorf("an unset variable: %+v", p.Status)
	}
	if c, err := shapes.Otel(&config.Plugin{Name: "otel", Config: []byte(`{}`)}); err != nil || len(c.Profiles) != 0 {
		t.Errorf("disabled: %+v %v", c, err)
	}
}
