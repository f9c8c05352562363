package compat

import (
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"

	"heimdall/gateway/config"
)

// client reads the client section; only given fields change anything.
func client(o *object) func(*config.Draft) error {
	var e edits
	var logging, content bool
	var days, size int
	var origins, hosts []string
	var raw, storage bool
	var kept, labels []string
	var silence time.Duration
	if o.truth("enable_logging", &logging) {
		e.add(func(d *config.Draft) error { d.Client.EnableLogging = logging; return nil })
	}
	if o.truth("disable_content_logging", &content) {
		e.add(func(d *config.Draft) error { d.Client.DisableContentLogging = content; return nil })
	}
	if o.integer("log_retention_days", &days) {
		e.add(func(d *config.Draft) error { d.Client.LogRetentionDays = days; return nil })
	}
	if o.integer("max_request_body_size_mb", &size) {
		e.add(func(d *config.Draft) error { d.Client.MaxBodyMB = size; return nil })
	}
	if o.list("allowed_origins", &origins) {
		e.add(func(d *config.Draft) error { d.Client.AllowedOrigins = origins; return nil })
	}
	if o.list("allowed_hosts", &hosts) {
		e.add(func(d *config.Draft) error { d.Client.AllowedHosts = hosts; return nil })
	}
	if o.truth("allow_per_request_content_storage_override", &storage) {
		e.add(func(d *config.Draft) error { d.Client.AllowStorageOverride = storage; return nil })
	}
	if o.list("logging_headers", &kept) {
		e.add(func(d *config.Draft) error { d.Client.LoggingHeaders = lower(kept); return nil })
	}
	if o.list("prometheus_labels", &labels) {
		e.add(func(d *config.Draft) error { d.Client.PrometheusLabels = labels; return nil })
	}
	if o.truth("allow_per_request_raw_override", &raw) {
		e.add(func(d *config.Draft) error { d.Client.AllowRawOverride = raw; return nil })
	}
	if o.duration("stream_keep_alive_in_seconds", time.Second, &silence) {
		e.add(func(d *config.Draft) error { d.Client.StreamKeepAlive = silence; return nil })
	}
	e.add(callers(o))
	e.add(headerFilter(o))
	unservedClient(o)
	o.done()
	return e.apply
}

// callers reads what is asked of callers, and what they may bring.
func callers(o *object) func(*config.Draft) error {
	var e edits
	var direct, unasked, expired, unpriced bool
	var required []string
	var depth int
	e.add(enforced(o))
	if o.truth("allow_direct_keys", &direct) {
		e.add(func(d *config.Draft) error { d.Client.AllowDirectKeys = direct; return nil })
	}
	if o.truth("direct_keys_without_header", &unasked) {
		e.add(func(d *config.Draft) error { d.Client.DirectKeysUnasked = unasked; return nil })
	}
	if o.list("required_headers", &required) {
		e.add(func(d *config.Draft) error { d.Client.RequiredHeaders = required; return nil })
	}
	if o.truth("delete_expired_virtual_keys", &expired) {
		e.add(func(d *config.Draft) error { d.Client.DeleteExpiredKeys = expired; return nil })
	}
	if o.truth("refuse_unpriced", &unpriced) {
		e.add(func(d *config.Draft) error { d.Client.RefuseUnpriced = unpriced; return nil })
	}
	if o.integer("routing_chain_max_depth", &depth) {
		e.add(func(d *config.Draft) error { d.Client.RoutingDepth = depth; return nil })
	}
	return e.apply
}

// enforced reads whether every call needs a virtual key, by the newest name of that and an older one. Where a caller
// who echoes both changed one of them, the change counts; a file means the newest.
func enforced(o *object) func(*config.Draft) error {
	var now, old bool
	newest, older := o.truth("enforce_auth_on_inference", &now), o.truth("enforce_governance_header", &old)
	return func(d *config.Draft) error {
		switch {
		case newest && older && now != old && o.strict:
			d.Client.EnforceKey = !d.Client.EnforceKey
		case newest:
			d.Client.EnforceKey = now
		case older:
			d.Client.EnforceKey = old
		}
		return nil
	}
}

// headerFilter reads which header fields of callers go upstream.
func headerFilter(o *object) func(*config.Draft) error {
	c, given := o.child("header_filter_config")
	if !given {
		return func(*config.Draft) error { return nil }
	}
	var f config.HeaderFilter
	if c != nil {
		c.list("allowlist", &f.Allow)
		c.list("denylist", &f.Deny)
		c.done()
	}
	return func(d *config.Draft) error { d.Client.HeaderFilter = f; return nil }
}

// unservedClient names the client settings of Bifrost's that do nothing here.
func unservedClient(o *object) {
	o.idle("there is no pool to fill; memory is taken as it is needed", "initial_pool_size")
	o.idle("each provider's concurrency_and_buffer_size decides what waits and what is refused", "drop_excess_requests")
	o.idle("the database is on this machine", "disable_db_pings_in_health")
	o.idle("errors are always in the log", "dump_errors_in_console_logs")
	governed := true
	if o.truth("enable_governance", &governed); !governed {
		o.warn(o.at("enable_governance"), "has no effect: virtual keys count wherever there are any; delete or disable them to do without")
	}
	later := "it belongs to a part that this version does not have"
	o.idle(later, "enforce_scim_auth", "hide_deleted_virtual_keys_in_filters",
		"dual_credential_conflict_behavior", "async_job_result_ttl", "webhook_config", "mcp_agent_depth",
		"mcp_tool_execution_timeout", "mcp_code_mode_binding_level", "mcp_tool_sync_interval",
		"mcp_disable_auto_tool_inject", "mcp_enable_temp_token_auth", "mcp_external_client_url", "mcp_server_auth_mode",
		"oauth2_server_config", "compat", "enable_litellm_fallbacks")
	o.neutral("this version has no exceptions from the login", "whitelisted_routes")
	o.neutral("web pages may send the headers that the routes need", "allowed_headers")
}

// auth reads the administrator's login. env resolves env.NAME.
func auth(o *object, env func(string) string) func(*config.Draft) error {
	var e edits
	var enabled, open bool
	if name, ok := credential(o, "admin_username", env); ok {
		e.add(func(d *config.Draft) error { d.Auth.Username = strings.TrimSpace(name); return nil })
	}
	if password, ok := credential(o, "admin_password", env); ok && !strings.EqualFold(password, "<redacted>") {
		e.add(func(d *config.Draft) error { return setPassword(d, password) })
	}
	if o.truth("is_enabled", &enabled) {
		e.add(func(d *config.Draft) error { d.Auth.Enabled = enabled; return nil })
	}
	if o.truth("disable_auth_on_inference", &open) {
		e.add(func(d *config.Draft) error { d.Auth.DisableOnInference = open; return nil })
	}
	o.done()
	return e.apply
}

func credential(o *object, name string, env func(string) string) (string, bool) {
	raw, ok := o.value(name)
	if !ok {
		return "", false
	}
	text, ok := secretText(o, name, raw)
	if !ok {
		return "", false
	}
	variable, ref := strings.CutPrefix(text, "env.")
	if !ref {
		return text, true
	}
	text = env(variable)
	if text == "" {
		o.warn(o.at(name), "the environment variable %s is not set", variable)
	}
	return text, text != ""
}

// setPassword keeps the hash of a new password. An empty one means no change: logins are switched off by is_enabled.
func setPassword(d *config.Draft, password string) error {
	if password == "" || bcrypt.CompareHashAndPassword([]byte(d.Auth.PasswordHash), []byte(password)) == nil {
		return nil
	}
	hash, err := config.HashPassword(password)
	if err != nil {
		return err
	}
	d.Auth.PasswordHash = hash
	return nil
}

// settings reads our own settings; what is read-only may be echoed.
func settings(o *object) func(*config.Draft) error {
	var e edits
	var host, theme string
	var port, idle, body, size, errorDays, contentDays int
	if o.text("host", &host) {
		e.add(func(d *config.Draft) error { d.Settings.Host = strings.TrimSpace(host); return nil })
	}
	if o.integer("port", &port) {
		e.add(func(d *config.Draft) error { d.Settings.Port = port; return nil })
	}
	if o.text("theme", &theme) {
		e.add(func(d *config.Draft) error { d.Settings.Theme = theme; return nil })
	}
	if o.integer("window_idle_minutes", &idle) {
		e.add(func(d *config.Draft) error { d.Settings.WindowIdleMinutes = idle; return nil })
	}
	if o.integer("log_body_cap_kb", &body) {
		e.add(func(d *config.Draft) error { d.Logs.BodyCapKB = body; return nil })
	}
	if o.integer("log_max_size_mb", &size) {
		e.add(func(d *config.Draft) error { d.Logs.MaxSizeMB = size; return nil })
	}
	if o.integer("log_error_days", &errorDays) {
		e.add(func(d *config.Draft) error { d.Logs.ErrorDays = errorDays; return nil })
	}
	if o.integer("log_content_days", &contentDays) {
		e.add(func(d *config.Draft) error { d.Logs.ContentDays = contentDays; return nil })
	}
	o.skip("app_dir", "keychain", "keychain_detail", "version", "desktop", "locked")
	o.done()
	return e.apply
}
