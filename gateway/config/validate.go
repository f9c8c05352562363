package config

import (
	"crypto/x509"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"heimdall/providers/transport"
)

var (
	providerName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

func validVariable(s string) bool { return variableName.MatchString(s) }

// validate finds everything that is wrong with a draft.
func (d *Draft) validate() []Problem {
	v := validator{draft: d}
	v.client()
	v.auth()
	v.settings()
	v.logs()
	v.pause()
	v.limits()
	for _, p := range v.draft.Prices {
		v.price(p)
	}
	for _, r := range d.Rules {
		v.rule(r)
	}
	v.complexity()
	for _, p := range d.Providers {
		v.provider(p)
	}
	v.holders()
	return v.problems
}

type validator struct {
	draft    *Draft
	problems []Problem
	ids      map[name]string // of budgets and rate limits, with the path of each
}

func (v *validator) say(path, format string, args ...any) {
	v.problems = append(v.problems, Problem{path, fmt.Sprintf(format, args...)})
}

func (v *validator) between(path string, n, low, high int) {
	if n < low || n > high {
		v.say(path, "must be between %d and %d", low, high)
	}
}

func (v *validator) client() {
	c := v.draft.Client
	v.between("client_config.log_retention_days", c.LogRetentionDays, 1, 36500)
	v.between("client_config.max_request_body_size_mb", c.MaxBodyMB, 1, 2048)
	for i, o := range c.AllowedOrigins {
		path := fmt.Sprintf("client_config.allowed_origins[%d]", i)
		u, err := url.Parse(o)
		switch {
		case strings.Contains(o, "*"):
			v.say(path, "a wildcard would let every web page spend your keys; name each origin, such as http://localhost:3000")
		case err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != o:
			v.say(path, "must be an origin and nothing more, such as http://localhost:3000")
		}
	}
	for i, name := range c.LoggingHeaders {
		if !httpguts.ValidHeaderFieldName(name) {
			v.say(fmt.Sprintf("client_config.logging_headers[%d]", i), "is no name of a header field")
		}
	}
	v.labels(c.PrometheusLabels)
	for list, names := range map[string][]string{"allowlist": c.HeaderFilter.Allow, "denylist": c.HeaderFilter.Deny} {
		for i, name := range names {
			if !httpguts.ValidHeaderFieldName(name) {
				v.say(fmt.Sprintf("client_config.header_filter_config.%s[%d]", list, i), "is no valid header name")
			}
		}
	}
	for i, name := range c.RequiredHeaders {
		if !httpguts.ValidHeaderFieldName(name) {
			v.say(fmt.Sprintf("client_config.required_headers[%d]", i), "is no valid header name")
		}
	}
	v.between("client_config.routing_chain_max_depth", c.RoutingDepth, 0, 100)
	if c.StreamKeepAlive < 0 || c.StreamKeepAlive > time.Hour {
		v.say("client_config.stream_keep_alive_in_seconds", "must be between 0 (off) and 3600")
	}
	for i, h := range c.AllowedHosts {
		if h == "" || strings.ContainsAny(h, "*/ \t@") {
			v.say(fmt.Sprintf("client_config.allowed_hosts[%d]", i), "must be a plain host name or address, such as gateway.lan")
		}
	}
}

func (v *validator) auth() {
	a := v.draft.Auth
	if !a.Enabled {
		return
	}
	if a.Username == "" || strings.Contains(a.Username, ":") {
		v.say("auth_config.admin_username", "a login needs a user name without a colon")
	}
	if a.PasswordHash == "" {
		v.say("auth_config.admin_password", "a login needs a password")
	}
}

func (v *validator) settings() {
	s := v.draft.Settings
	if s.Host == "" || strings.ContainsAny(s.Host, "/ \t@") {
		v.say("settings.host", "must be a host name or an address to listen on, such as 127.0.0.1")
	}
	v.between("settings.port", s.Port, 1, 65535)
	v.between("settings.window_idle_minutes", s.WindowIdleMinutes, 0, 1440)
	v.oneOf("settings.theme", s.Theme, "system", "light", "dark")
}

func (v *validator) oneOf(path, value string, choices ...string) {
	if !slices.Contains(choices, value) {
		v.say(path, "must be one of %s", strings.Join(choices, ", "))
	}
}

// reservedLabels are names of labels that the metrics have themselves and a caller can't fill in.
var reservedLabels = []string{"path", "method", "status"}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func (v *validator) labels(names []string) {
	for i, name := range names {
		path := fmt.Sprintf("client_config.prometheus_labels[%d]", i)
		switch {
		case !labelName.MatchString(name) || strings.HasPrefix(name, "__"):
			v.say(path, "must be letters, digits and '_', with no digit and no '__' at its beginning")
		case slices.Contains(reservedLabels, name):
			v.say(path, "is a label that the metrics fill in themselves")
		case slices.Contains(names[:i], name):
			v.say(path, "is there twice")
		}
	}
}

func (v *validator) logs() {
	v.between("settings.log_body_cap_kb", v.draft.Logs.BodyCapKB, 0, 1<<20)
	v.between("settings.log_max_size_mb", v.draft.Logs.MaxSizeMB, 0, 1<<20)
	v.between("settings.log_error_days", v.draft.Logs.ErrorDays, 0, 36500)
	v.between("settings.log_content_days", v.draft.Logs.ContentDays, 0, 36500)
}

func (v *validator) provider(p *Provider) {
	at := "providers." + p.Name
	if !providerName.MatchString(p.Name) {
		v.say(at, "a provider's name has lower-case letters, digits, '-', '_' and '.' only, at most 64 of them")
	}
	keyless := v.providerKind(p, at)
	v.network(p, at+".network_config")
	v.proxy(p.Proxy, at+".proxy_config")
	if p.Concurrency < 0 || p.Concurrency > 100000 {
		v.say(at+".concurrency_and_buffer_size.concurrency", "must be between 0 (no limit) and 100000")
	}
	if p.Queue < 0 || p.Queue > 1000000 {
		v.say(at+".concurrency_and_buffer_size.buffer_size", "must be between 0 and 1000000")
	}
	for i := range p.Keys {
		v.key(p, i, keyless)
	}
}

// providerKind reports whether the provider needs no key value.
func (v *validator) providerKind(p *Provider, at string) (keyless bool) {
	kind, known := v.draft.kind(p.Kind)
	if p.Custom == nil {
		if !known || kind.Custom {
			v.say(at, "no provider of that name is built in; for one of your own add custom_provider_config.base_provider_type")
		}
		return kind.Keyless
	}
	if builtin, ok := v.draft.kind(p.Name); ok {
		v.say(at+".custom_provider_config", "%s is a built-in provider; give your own another name", builtin.Name)
	}
	if !known {
		v.say(at+".custom_provider_config", "this version has no custom providers")
	} else {
		v.oneOf(at+".custom_provider_config.base_provider_type", p.Custom.Base, kind.Bases...)
	}
	for _, request := range slices.Sorted(maps.Keys(p.Custom.Paths)) {
		if why := badPath(p.Custom.Paths[request]); why != "" {
			v.say(at+".custom_provider_config.request_path_overrides."+request, "%s", why)
		}
	}
	if p.Network.BaseURL == "" {
		v.say(at+".network_config.base_url", "a provider of your own needs the address of its API, such as http://localhost:8000/v1")
	}
	return p.Custom.Keyless
}

func (v *validator) network(p *Provider, at string) {
	n := p.Network
	if n.BaseURL != "" {
		if why := transport.BadURL(n.BaseURL); why != "" {
			v.say(at+".base_url", "%s", why)
		}
	}
	if n.Timeout < 0 || n.Timeout > 24*time.Hour {
		v.say(at+".default_request_timeout_in_seconds", "must be between 0 (the default) and 86400")
	}
	if n.StreamIdle != 0 && (n.StreamIdle < 5*time.Second || n.StreamIdle > time.Hour) {
		v.say(at+".stream_idle_timeout_in_seconds", "must be 0 (the default) or between 5 and 3600")
	}
	v.between(at+".max_conns_per_host", n.MaxConns, 0, 10000)
	if n.KeepAlive < 0 || n.KeepAlive > time.Hour {
		v.say(at+".keep_alive_timeout_in_seconds", "must be between 0 (the default) and 3600")
	}
	v.retries(n, at)
	if g := n.Guard; g != nil {
		v.between(at+".stream_throughput_guard.minimum_output_characters_per_second", g.Minimum, 1, 100_000)
		if g.Window < time.Second || g.Window > time.Minute {
			v.say(at+".stream_throughput_guard.probe_window_in_seconds", "must be between 1 and 60")
		}
	}
	v.authority(at+".ca_cert_pem", n.CA)
	if n.CA != "" && n.Insecure {
		v.say(at+".insecure_skip_verify", "goes against ca_cert_pem; set one of the two")
	}
	for name, value := range n.ExtraHeaders {
		v.header(at, name, value)
	}
	for _, h := range n.SecretHeaders {
		v.header(at, h.Name, h.Value.Reveal())
		if h.Ref == "" && h.Value.Reveal() == "" {
			v.say(at+".extra_headers."+h.Name, "has no value")
		}
	}
}

func (v *validator) proxy(p Proxy, at string) {
	v.authority(at+".ca_cert_pem", p.CA)
	if (p.Password.Ref != "" || p.Password.Value.Reveal() != "") && p.Username == "" {
		v.say(at+".username", "is missing; a password needs a user name")
	}
	switch p.Type {
	case "":
	case "environment":
		if p.URL != "" {
			v.say(at+".url", "belongs to the types http and socks5; the environment names its own proxies")
		}
	case "http":
		v.proxyURL(at+".url", p.URL, "http", "https")
	case "socks5":
		v.proxyURL(at+".url", p.URL, "socks5", "socks5h")
	default:
		v.say(at+".type", "must be one of none, http, socks5, environment")
	}
}

func (v *validator) proxyURL(path, s string, schemes ...string) {
	if !strings.Contains(s, "://") {
		s = schemes[0] + "://" + s
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || !slices.Contains(schemes, u.Scheme) || u.RawQuery != "" || strings.Trim(u.Path, "/") != "":
		v.say(path, "must be the proxy's address, such as %s://proxy.example.com:3128", schemes[0])
	case u.User != nil:
		v.say(path, "must hold no user name or password; put them into username and password")
	}
}

func (v *validator) authority(path, text string) {
	if text != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(text)) {
		v.say(path, "must be one certificate or more in PEM, -----BEGIN CERTIFICATE-----")
	}
}

// badPath says what is wrong with a path of the user's own, or with a whole URL in its place.
func badPath(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil || strings.ContainsAny(s, " \t\r\n#"):
		return "must be a path such as /v2/chat, or a whole URL"
	case strings.HasPrefix(s, "/") && u.Host == "":
		return ""
	}
	address, _, _ := strings.Cut(s, "?")
	if why := transport.BadURL(address); why != "" {
		return "must begin with /, or be a whole URL: " + why
	}
	return ""
}

func (v *validator) header(at, name, value string) {
	if !httpguts.ValidHeaderFieldName(name) {
		v.say(at+".extra_headers."+name, "is no valid header name")
		return
	}
	switch strings.ToLower(name) {
	case "host", "content-length", "transfer-encoding", "connection", "content-type":
		v.say(at+".extra_headers."+name, "is set by the gateway and can't be an extra header")
	}
	if !httpguts.ValidHeaderFieldValue(value) {
		v.say(at+".extra_headers."+name, "has characters that a header can't carry, such as a line break")
	}
}

func (v *validator) key(p *Provider, i int, keyless bool) {
	k := p.Keys[i]
	at := func(field string) string { return keyPath(p, i, field) }
	if len(k.Name) > 128 || strings.ContainsFunc(k.Name, func(r rune) bool { return r < ' ' }) {
		v.say(at("name"), "must be at most 128 characters on one line")
	}
	if slices.ContainsFunc(p.Keys[:i], func(o *Key) bool { return o.Name == k.Name }) {
		v.say(at("name"), "the provider has another key of that name; choose a different one")
	}
	kind := v.draft.keyKind(p)
	if !keyless && !kind.ValueOptional && k.Ref == "" && k.Value.Reveal() == "" {
		v.say(at("value"), "is missing; give the provider's key, or env.NAME for an environment variable")
	}
	if !oneLine(k.Value.Reveal()) {
		v.say(at("value"), "has characters that a key can't have, such as a line break")
	}
	if k.Weight < 0 || k.Weight != k.Weight {
		v.say(at("weight"), "must be 0 or more")
	}
	v.modelNames(at("models"), k.Models.List)
	v.modelNames(at("blacklisted_models"), k.Denied)
	v.aliases(p, k, kind, at)
	v.options(p, k, kind, at)
}

func (v *validator) options(p *Provider, k *Key, kind KindInfo, at func(string) string) {
	given := maps.Clone(k.Options)
	for _, s := range k.Secrets {
		if given == nil {
			given = map[string]string{}
		}
		given[s.Name] = s.Value.Reveal() // "" = not known yet
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		o, known := kind.Option(name)
		switch value := given[name]; {
		case !known:
			v.say(at(name), "keys of %s have no such option", p.Name)
		case o.Type == "url" && value != "":
			if why := transport.BadURL(value); why != "" {
				v.say(at(name), "%s", why)
			}
		case o.Type != "textarea" && !oneLine(value):
			v.say(at(name), "has characters that it can't have, such as a line break")
		}
	}
	for _, o := range kind.KeyOptions {
		if _, ok := given[o.Name]; o.Required && !ok {
			v.say(at(o.Name), "is missing; keys of %s need it", p.Name)
		}
	}
}

// oneLine reports whether a value can stand in a header. Documents, which never do, may be longer.
func oneLine(value string) bool {
	text := strings.TrimSpace(value)
	return httpguts.ValidHeaderFieldValue(value) || strings.HasPrefix(text, "{") || strings.HasPrefix(text, "-----BEGIN ")
}
