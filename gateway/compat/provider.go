package compat

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"heimdall/gateway/config"
)

// provider reads what describes a provider, but its name and its keys.
func provider(o *object) config.ProviderEdit {
	e := config.ProviderEdit{Network: network(o), Proxy: proxy(o), Limits: limits(o), Custom: custom(o)}
	e.SendBackRawRequest, e.SendBackRawResponse = flag(o, "send_back_raw_request"), flag(o, "send_back_raw_response")
	o.skip("name", "provider", "status", "provider_status", "config_hash", "description", "title", "kind", "keyless",
		"source", "total", "id", "message", "warnings", "created_at", "updated_at")
	o.neutral("raw bodies are in the log already", "store_raw_request_response")
	o.neutral("is not served by this version", "openai_config")
	o.neutral("is not served by this version", "prompt_cache")
	o.neutral("is not served by this version", "provider_request_id")
	return e
}

func network(o *object) *config.NetworkEdit {
	n, given := o.child("network_config")
	if !given {
		return nil
	}
	e := &config.NetworkEdit{}
	if n == nil {
		return e
	}
	n.text("base_url", &e.BaseURL)
	e.BaseURL = strings.TrimSpace(e.BaseURL)
	n.duration("default_request_timeout_in_seconds", time.Second, &e.Timeout)
	n.duration("stream_idle_timeout_in_seconds", time.Second, &e.StreamIdle)
	n.duration("keep_alive_timeout_in_seconds", time.Second, &e.KeepAlive)
	n.integer("max_conns_per_host", &e.MaxConns)
	n.truth("enforce_http2", &e.HTTP2)
	n.truth("insecure_skip_verify", &e.Insecure)
	n.text("ca_cert_pem", &e.CA)
	e.CA = strings.TrimSpace(e.CA)
	e.Headers = headers(n)
	var retries int
	if n.integer("max_retries", &retries) {
		e.Retries = &retries
	}
	n.duration("retry_backoff_initial", time.Millisecond, &e.RetryInitial)
	n.duration("retry_backoff_max", time.Millisecond, &e.RetryMax)
	e.Guard = streamGuard(n)
	n.idle("private networks are always reachable from a gateway on your own machine", "allow_private_network")
	n.neutral("is not served by this version", "beta_header_overrides")
	n.done()
	return e
}

// streamGuard reads how fast streams have to be; nil where nobody says.
func streamGuard(n *object) *config.StreamGuard {
	g, _ := n.child("stream_throughput_guard")
	if g == nil {
		return nil
	}
	out := &config.StreamGuard{Window: config.DefaultGuardWindow}
	g.integer("minimum_output_characters_per_second", &out.Minimum)
	g.duration("probe_window_in_seconds", time.Second, &out.Window)
	g.done()
	return out
}

// flag reads a switch that stays as it is where it is not given.
func flag(o *object, name string) *bool {
	var on bool
	if !o.truth(name, &on) {
		return nil
	}
	return &on
}

func proxy(o *object) *config.ProxyEdit {
	p, given := o.child("proxy_config")
	if !given {
		return nil
	}
	e := &config.ProxyEdit{}
	if p == nil {
		return e
	}
	p.text("type", &e.Type)
	for name, to := range map[string]*string{"url": &e.URL, "username": &e.Username, "ca_cert_pem": &e.CA} {
		p.text(name, to)
		*to = strings.TrimSpace(*to)
		if strings.HasPrefix(*to, "env.") {
			p.fail(p.at(name), "must be the value itself; only the password can come from the environment")
		}
	}
	if in, ok := secret(p, "password"); ok {
		e.Password = &in
	}
	p.done()
	if e.Type == "none" || e.Type == "" {
		return &config.ProxyEdit{}
	}
	return e
}

func headers(n *object) map[string]config.Input {
	h, _ := n.child("extra_headers")
	if h == nil {
		return nil
	}
	out := map[string]config.Input{}
	for _, name := range sortedKeys(h.fields) {
		if in, ok := secret(h, name); ok {
			out[name] = in
		}
	}
	return out
}

func limits(o *object) *config.Limits {
	l, given := o.child("concurrency_and_buffer_size")
	if !given {
		return nil
	}
	e := &config.Limits{}
	if l == nil {
		return e
	}
	l.integer("concurrency", &e.Concurrency)
	l.integer("buffer_size", &e.Queue)
	l.done()
	return e
}

// emptyList says what an empty list of models means: seeds read it as all, newer shapes as none.
type emptyList int

const (
	emptyIsNone emptyList = iota
	emptyIsAll
)

// key reads one key of a provider of that kind: the provider's own name, or the base of a user's.
func (d *Decoder) key(o *object, kind string, empty emptyList) config.KeyEdit {
	var e config.KeyEdit
	o.text("id", &e.ID)
	var name string
	if o.text("name", &name) {
		e.Name = &name
	}
	if in, ok := secret(o, "value"); ok {
		e.Value = &in
	}
	models(o, empty, &e)
	var denied []string
	if o.list("blacklisted_models", &denied) {
		e.Denied = append([]string{}, denied...)
	}
	var weight float64
	if o.number("weight", &weight) {
		e.Weight = &weight
	}
	var enabled bool
	if o.truth("enabled", &enabled) {
		e.Enabled = &enabled
	}
	o.skip("config_hash", "status", "description", "key_id", "provider", "message", "warnings", "created_at", "updated_at")
	o.neutral("batch requests are not served by this version", "use_for_batch_api")
	aliases(o, d.kind(kind), &e)
	d.options(o, kind, &e)
	o.done()
	return e
}

// models reads a key's allow list. Absent means all for a new key and no change for an old one.
func models(o *object, empty emptyList, e *config.KeyEdit) {
	var list []string
	if !o.list("models", &list) {
		return
	}
	raw := o.fields["models"]
	switch {
	case slices.Contains(list, "*"):
		e.Models = &config.ModelList{All: true}
	case len(list) > 0:
		e.Models = &config.ModelList{List: list}
	case null(raw):
		e.Models = &config.ModelList{All: true}
	case empty == emptyIsAll:
		e.Models, e.LooseEmpty = &config.ModelList{All: true}, true
	default:
		e.Models = &config.ModelList{}
	}
}

// secret reads a secret: text, env.NAME, or Bifrost's object {value, env_var, from_env, ref, type}.
func secret(o *object, name string) (config.Input, bool) {
	raw, ok := o.value(name)
	if !ok {
		return config.Input{}, false
	}
	text, ok := secretText(o, name, raw)
	if !ok {
		return config.Input{}, false
	}
	return input(o, name, text)
}

func input(o *object, name, text string) (config.Input, bool) {
	if strings.HasPrefix(text, "vault.") {
		o.fail(o.at(name), "references to a vault are not served by this version; use env.NAME, or the value itself")
		return config.Input{}, false
	}
	in, err := config.ParseInput(text)
	if err != nil {
		o.fail(o.at(name), "%s", err)
	}
	return in, err == nil
}

func secretText(o *object, name string, raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, true
	}
	c, _ := o.child(name)
	if c == nil {
		return "", false
	}
	var value, variable, ref, kind string
	var fromEnv bool
	c.text("value", &value)
	c.text("env_var", &variable)
	c.text("ref", &ref)
	c.text("type", &kind)
	c.truth("from_env", &fromEnv)
	c.done()
	if variable == "" && (kind == "env" || fromEnv) {
		variable = ref
	}
	if variable == "" || !(fromEnv || kind == "env" || value == "") {
		if kind == "vault" {
			return "vault." + ref, true
		}
		return value, true
	}
	return "env." + strings.TrimPrefix(variable, "env."), true
}
