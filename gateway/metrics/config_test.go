package metrics

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseConfig(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       Config
	}{
		{"nothing", ``, Config{Enabled: true}},
		{"null", `null`, Config{Enabled: true}},
		{"empty", `{"custom_labels": null, "push_gateway": null}`, Config{Enabled: true}},
		{"all", `{"custom_labels": ["team", "Env_2"], "metrics_enabled": false, "overhead_breakdown_enabled": true, "user_labels_enabled": true,
			"push_gateway": {"enabled": true, "push_gateway_url": "http://pushgateway:9091", "job_name": "gateway", "instance_id": "one", "push_interval": 300,
			"basic_auth": {"username": "env.USER", "password": {"value": "ab****yz", "env_var": "env.PASSWORD", "from_env": true}}}}`,
			Config{Labels: []string{"team", "Env_2"}, Breakdown: true, Users: true, Push: Push{Enabled: true, URL: "http://pushgateway:9091", Job: "gateway",
				Instance: "one", Interval: 300 * time.Second, Username: "env.USER", Password: "env.PASSWORD"}}},
		{"push defaults", `{"push_gateway": {"enabled": true, "push_gateway_url": {"value": "https://push.example/a"}}}`,
			Config{Enabled: true, Push: Push{Enabled: true, URL: "https://push.example/a", Job: "bifrost", Interval: 15 * time.Second}}},
		{"a push gateway by reference", `{"push_gateway": {"enabled": true, "push_gateway_url": "env.URL"}}`,
			Config{Enabled: true, Push: Push{Enabled: true, URL: "env.URL", Job: "bifrost", Interval: 15 * time.Second}}},
		{"a push gateway that is off", `{"push_gateway": {"enabled": false}}`, Config{Enabled: true, Push: Push{Job: "bifrost", Interval: 15 * time.Second}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseConfig([]byte(test.text))
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestParseConfigRefuses(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`[]`, "must be an object"},
		{`{"labels": []}`, "labels: there is no such field; there are custom_labels, metrics_enabled"},
		{`{"custom_labels": "team"}`, "custom_labels: must be a list of names"},
		{`{"custom_labels": ["a-b"]}`, `custom label "a-b": is no name of a label`},
		{`{"custom_labels": ["__name__"]}`, `custom label "__name__": is no name of a label`},
		{`{"custom_labels": ["1st"]}`, `custom label "1st": is no name of a label`},
		{`{"custom_labels": ["path"]}`, `custom label "path": is one that the metrics fill in themselves`},
		{`{"custom_labels": ["method"]}`, `custom label "method": is one`},
		{`{"custom_labels": ["le"]}`, `custom label "le": is one`},
		{`{"custom_labels": ["user_id"]}`, `custom label "user_id": is one`},
		{`{"custom_labels": ["is_success"]}`, `custom label "is_success": is one`},
		{`{"custom_labels": ["team", "team"]}`, `custom label "team": is there twice`},
		{`{"custom_labels": ["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q"]}`, "there are 17, and at most 16 are possible"},
		{`{"custom_labels": ["job"], "push_gateway": {"enabled": true, "push_gateway_url": "http://a"}}`, `custom label "job": is what a push gateway`},
		{`{"metrics_enabled": "yes"}`, "metrics_enabled: must be true or false"},
		{`{"push_gateway": 1}`, "push_gateway: must be an object"},
		{`{"push_gateway": {"url": "x"}}`, "push_gateway.url: there is no such field"},
		{`{"push_gateway": {"enabled": true}}`, "push_gateway.push_gateway_url: is missing"},
		{`{"push_gateway": {"enabled": true, "push_gateway_url": "pushgateway:9091"}}`, "push_gateway.push_gateway_url: must be a URL"},
		{`{"push_gateway": {"enabled": true, "push_gateway_url": "http://me:secret@push"}}`, "push_gateway.push_gateway_url: must have no name and password"},
		{`{"push_gateway": {"enabled": true, "push_gateway_url": {"ref": "x"}}}`, "push_gateway.push_gateway_url: must be a text"},
		{`{"push_gateway": {"push_interval": 301}}`, "push_gateway.push_interval: must be from 1 to 300 seconds"},
		{`{"push_gateway": {"push_interval": 0}}`, "push_gateway.push_interval: must be from 1 to 300 seconds"},
		{`{"push_gateway": {"push_interval": "15s"}}`, "push_gateway.push_interval: must be a number of seconds"},
		{`{"push_gateway": {"enabled": true, "push_gateway_url": "http://a", "job_name": ""}}`, "push_gateway.job_name: must not be empty"},
		{`{"push_gateway": {"basic_auth": {"password": "x"}}}`, "push_gateway.basic_auth.username: is missing"},
		{`{"push_gateway": {"basic_auth": {"token": "x", "username": "a"}}}`, "push_gateway.basic_auth.token: there is no such field"},
	} {
		_, err := ParseConfig([]byte(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.text, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells a password: %v", err)
		}
	}
}

func TestWith(t *testing.T) {
	all := []string{"team", "region"}
	c := Config{Labels: all[:1]}
	if got := c.With([]string{"env", "team"}).Labels; !reflect.DeepEqual(got, []string{"team", "env"}) {
		t.Error(got)
	}
	if all[1] != "region" || len(c.Labels) != 1 {
		t.Error("the configuration itself has changed")
	}
}
