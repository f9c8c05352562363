package metrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Config is what is counted, and who gets to see it. The zero value is of no use; begin with Default.
type Config struct {
	Enabled   bool     // /metrics answers
	Labels    []string // labels that callers fill in by x-bf-dim-NAME or x-bf-prom-NAME
	Breakdown bool     // what the overhead is made of is counted too
	Users     bool     // calls have labels for users
	Push      Push
}

// Push is a push gateway that gets the metrics.
type Push struct {
	Enabled  bool
	URL      string
	Job      string
	Instance string // "" = the host's name
	Interval time.Duration

	// Username and Password are its basic authentication; "" = it wants none. Like URL they may be references (env.NAME)
	// that Options.Resolve reads.
	Username string
	Password string
}

// MaxLabels bounds the custom labels: each multiplies the number of series.
const MaxLabels = 16

// Default is the configuration where nobody says anything.
func Default() Config { return Config{Enabled: true} }

// With adds labels, those of client.prometheus_labels.
func (c Config) With(labels []string) Config {
	c.Labels = slices.Clone(c.Labels)
	for _, l := range labels {
		if !slices.Contains(c.Labels, l) {
			c.Labels = append(c.Labels, l)
		}
	}
	return c
}

// Counts reports whether anybody gets to see what is counted.
func (c Config) Counts() bool { return c.Enabled || c.Push.Enabled }

// ParseConfig reads the configuration of the plugin telemetry. An error names every field that is wrong.
func ParseConfig(data []byte) (Config, error) {
	c := Default()
	var p parser
	o := p.object("", data, "custom_labels", "metrics_enabled", "overhead_breakdown_enabled", "user_labels_enabled", "push_gateway")
	p.read(o, "", "custom_labels", &c.Labels, "a list of names")
	p.read(o, "", "metrics_enabled", &c.Enabled, "true or false")
	p.read(o, "", "overhead_breakdown_enabled", &c.Breakdown, "true or false")
	p.read(o, "", "user_labels_enabled", &c.Users, "true or false")
	if raw := o["push_gateway"]; given(raw) {
		c.Push = p.push(raw)
	}
	p.errs = append(p.errs, c.problems()...)
	return c, errors.Join(p.errs...)
}

// parser collects what is wrong.
type parser struct{ errs []error }

func (p *parser) fail(path, format string, args ...any) {
	if path != "" {
		path += ": "
	}
	p.errs = append(p.errs, errors.New(path+fmt.Sprintf(format, args...)))
}

func given(raw json.RawMessage) bool {
	return len(raw) > 0 && !bytes.Equal(bytes.TrimSpace(raw), []byte("null"))
}

// object reads an object that has no fields but the known ones. No data is an empty one.
func (p *parser) object(path string, data []byte, known ...string) (o map[string]json.RawMessage) {
	if !given(data) {
		return nil
	}
	if json.Unmarshal(data, &o) != nil {
		p.fail(path, "must be an object")
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(known, name) {
			p.fail(join(path, name), "there is no such field; there are %s", strings.Join(known, ", "))
		}
	}
	return o
}

func (p *parser) read(o map[string]json.RawMessage, path, name string, to any, want string) {
	if raw := o[name]; given(raw) && json.Unmarshal(raw, to) != nil {
		p.fail(join(path, name), "must be %s", want)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// The seconds between two pushes.
const defaultInterval, maxInterval = 15, 300

func (p *parser) push(raw json.RawMessage) Push {
	const path = "push_gateway"
	push, seconds := Push{Job: "bifrost"}, defaultInterval
	o := p.object(path, raw, "enabled", "push_gateway_url", "job_name", "instance_id", "push_interval", "basic_auth")
	p.read(o, path, "enabled", &push.Enabled, "true or false")
	push.URL = p.text(o, path, "push_gateway_url")
	p.read(o, path, "job_name", &push.Job, "a text")
	p.read(o, path, "instance_id", &push.Instance, "a text")
	p.read(o, path, "push_interval", &seconds, "a number of seconds")
	if seconds < 1 || seconds > maxInterval {
		p.fail(path+".push_interval", "must be from 1 to %d seconds", maxInterval)
	}
	push.Interval = time.Duration(seconds) * time.Second
	if raw := o["basic_auth"]; given(raw) {
		login := p.object(path+".basic_auth", raw, "username", "password")
		push.Username = p.text(login, path+".basic_auth", "username")
		push.Password = p.text(login, path+".basic_auth", "password")
		if push.Username == "" {
			p.fail(path+".basic_auth.username", "is missing")
		}
	}
	return push
}

// text reads a text that may be a reference: env.NAME, or the object in which Bifrost's API shows one.
func (p *parser) text(o map[string]json.RawMessage, path, name string) string {
	raw := o[name]
	var text string
	if !given(raw) || json.Unmarshal(raw, &text) == nil {
		return text
	}
	var value struct {
		Value   string `json:"value"`
		Env     string `json:"env_var"`
		FromEnv bool   `json:"from_env"`
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if d.Decode(&value) != nil {
		p.fail(join(path, name), "must be a text, such as env.NAME")
		return ""
	}
	if value.Env != "" && (value.FromEnv || value.Value == "") {
		return "env." + strings.TrimPrefix(value.Env, "env.")
	}
	return value.Value
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// problems are what can't be used of a configuration.
func (c Config) problems() (errs []error) {
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for i, l := range c.Labels {
		switch {
		case !labelName.MatchString(l) || strings.HasPrefix(l, "__"):
			fail("custom label %q: is no name of a label: it needs letters, digits and '_', with no digit and no '__' at its beginning", l)
		case slices.Contains(reserved(), l):
			fail("custom label %q: is one that the metrics fill in themselves; choose another name", l)
		case c.Push.Enabled && (l == "job" || l == "instance"):
			fail("custom label %q: is what a push gateway tells apart by who pushes; choose another name", l)
		case slices.Contains(c.Labels[:i], l):
			fail("custom label %q: is there twice", l)
		}
	}
	if len(c.Labels) > MaxLabels {
		fail("custom labels: there are %d, and at most %d are possible", len(c.Labels), MaxLabels)
	}
	if !c.Push.Enabled {
		return errs
	}
	if err := checkURL(c.Push.URL); err != nil && !strings.HasPrefix(c.Push.URL, "env.") {
		fail("push_gateway.push_gateway_url: %w", err)
	}
	if c.Push.Job == "" {
		fail("push_gateway.job_name: must not be empty")
	}
	return errs
}

// checkURL says what is wrong with the address of a push gateway.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return errors.New("is missing")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return errors.New("must be a URL such as http://pushgateway:9091")
	case u.User != nil:
		return errors.New("must have no name and password; put them into basic_auth")
	}
	return nil
}

// reserved are the names that no custom label may have, in the order of the alphabet.
var reserved = func() func() []string {
	names := map[string]bool{"le": true, "quantile": true}
	for i := range catalogue {
		d := &catalogue[i]
		for _, l := range d.labels {
			names[l] = true
		}
	}
	for _, l := range slices.Concat(callLabels, userLabels) {
		names[l] = true
	}
	sorted := slices.Sorted(maps.Keys(names))
	return func() []string { return sorted }
}()
