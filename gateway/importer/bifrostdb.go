package importer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Tables are the rows of a database by the names of its tables.
type Tables = map[string][]map[string]any

// BifrostTables are the tables that BifrostDB reads.
var BifrostTables = []string{
	"config_providers", "config_keys", "config_client", "governance_config", "config_mcp_clients", "config_plugins",
	"config_vector_store", "governance_customers", "governance_teams", "governance_virtual_keys",
	"governance_virtual_key_provider_configs", "governance_virtual_key_provider_config_keys",
	"governance_virtual_key_mcp_configs", "governance_budgets", "governance_rate_limits", "governance_model_configs",
	"governance_pricing_overrides", "routing_rules", "routing_targets",
}

// BifrostDB reads the tables of Bifrost's config.db, of any generation.
func BifrostDB(tables Tables) (Result, error) {
	b := bifrostDB{tables: tables, keyNames: map[string]string{}, keyRows: map[string]string{}, providerNames: map[string]string{}}
	if _, ok := tables["config_providers"]; !ok {
		return Result{}, fmt.Errorf("is no configuration of Bifrost's: it has no table config_providers")
	}
	file := fields{"version": 2, "providers": b.providers()}
	if c := b.client(); len(c) > 0 {
		file["client"] = c
	}
	if g := b.governance(); len(g) > 0 {
		file["governance"] = g
	}
	b.others()
	return finish(file, b.left)
}

type bifrostDB struct {
	tables        Tables
	left          []Note
	keyNames      map[string]string // names of keys by their UUID
	keyRows       map[string]string // and by their row's id
	providerNames map[string]string // by their row's id
}

const sealedByBifrost = "is encrypted with Bifrost's own key; enter it again in Heimdall"

func (b *bifrostDB) leave(why, format string, args ...any) {
	b.left = append(b.left, Note{What: fmt.Sprintf(format, args...), Why: why})
}

func (b *bifrostDB) rows(table string) []row {
	out := make([]row, len(b.tables[table]))
	for i, r := range b.tables[table] {
		out[i] = r
	}
	return out
}

func (b *bifrostDB) providers() fields {
	out := fields{}
	for _, r := range b.rows("config_providers") {
		name := r.text("name")
		b.providerNames[r.text("id")] = name
		p := fields{}
		r.json(p, "network_config", "network_config_json")
		r.json(p, "concurrency_and_buffer_size", "concurrency_buffer_json")
		r.json(p, "custom_provider_config", "custom_provider_config_json")
		r.json(p, "openai_config", "open_ai_config_json")
		r.json(p, "prompt_cache", "prompt_cache_json")
		if r.encrypted() && r.text("proxy_config_json") != "" {
			b.leave(sealedByBifrost, "the proxy of %s", name)
		} else {
			r.json(p, "proxy_config", "proxy_config_json")
		}
		for _, flag := range []string{"send_back_raw_request", "send_back_raw_response", "store_raw_request_response"} {
			if r.truth(flag) {
				p[flag] = true
			}
		}
		p["keys"] = b.keys(r)
		out[name] = p
	}
	return out
}

func (b *bifrostDB) keys(provider row) []fields {
	out := []fields{}
	for _, r := range b.rows("config_keys") {
		if r.text("provider_id") != provider.text("id") {
			continue
		}
		name := r.text("name")
		b.keyNames[r.text("key_id")], b.keyRows[r.text("id")] = name, name
		where := fmt.Sprintf("the key %s of %s", name, provider.text("name"))
		switch {
		case r.encrypted() && !r.onlyReferences():
			b.leave(sealedByBifrost, "%s", where)
		case r.vaulted():
			b.leave("its secret is in a vault, which Heimdall does not read; add the key in Heimdall, with env.NAME or the secret itself", "%s", where)
		default:
			out = append(out, dbKey(r))
		}
	}
	return out
}

func dbKey(r row) fields {
	k := fields{"name": r.text("name"), "weight": 1}
	if v := r["value"]; v != nil {
		k["value"] = asIs(r.text("value"))
	}
	if w, ok := r.number("weight"); ok {
		k["weight"] = w
	}
	if r["enabled"] != nil && !r.truth("enabled") {
		k["enabled"] = false
	}
	if r.truth("use_for_batch_api") {
		k["use_for_batch_api"] = true
	}
	r.json(k, "models", "models_json")
	r.json(k, "blacklisted_models", "blacklisted_models_json")
	r.json(k, "aliases", "aliases_json")
	for kind, columns := range keyOptions {
		options := fields{}
		for column, field := range columns {
			if text := r.text(column); text != "" {
				options[field] = asIs(text)
			}
		}
		if r.truth("vertex_force_single_region") && kind == "vertex" {
			options["force_single_region"] = true
		}
		if len(options) > 0 {
			k[kind+"_key_config"] = options
		}
	}
	return k
}

// keyOptions are the columns of what a key has besides its value, by the kind of provider.
var keyOptions = map[string]map[string]string{
	"azure": {
		"azure_endpoint": "endpoint", "azure_client_id": "client_id", "azure_client_secret": "client_secret",
		"azure_tenant_id": "tenant_id", "azure_api_version": "api_version", "azure_scopes": "scopes", "azure_deployments_json": "deployments",
	},
	"vertex": {
		"vertex_project_id": "project_id", "vertex_project_number": "project_number", "vertex_region": "region",
		"vertex_auth_credentials": "auth_credentials", "vertex_deployments_json": "deployments",
	},
	"bedrock": {
		"bedrock_access_key": "access_key", "bedrock_secret_key": "secret_key", "bedrock_session_token": "session_token",
		"bedrock_region": "region", "bedrock_arn": "arn", "bedrock_role_arn": "role_arn", "bedrock_external_id": "external_id",
		"bedrock_role_session_name": "session_name", "bedrock_deployments_json": "deployments", "bedrock_batch_s3_config_json": "batch_s3_config",
	},
	"ollama": {"ollama_url": "url"},
	"sgl":    {"sgl_url": "url"},
	"vllm":   {"vllm_url": "url", "vllm_model_name": "model_name"},
}

// clientDefaults are what Bifrost has where nobody chose; such a setting is not taken.
var clientDefaults = map[string]any{
	"drop_excess_requests": false, "enable_logging": true, "disable_content_logging": false, "log_retention_days": 365.0,
	"enforce_auth_on_inference": false, "max_request_body_size_mb": 100.0, "allow_direct_keys": false,
	"allow_per_request_raw_override": false, "allow_per_request_content_storage_override": false, "routing_chain_max_depth": 10.0,
}

func (b *bifrostDB) client() fields {
	out := fields{}
	for _, r := range b.rows("config_client") {
		for name, usual := range clientDefaults {
			if r[name] == nil {
				continue
			}
			switch usual := usual.(type) {
			case bool:
				if on := r.truth(name); on != usual {
					out[name] = on
				}
			case float64:
				if n, ok := r.number(name); ok && n != usual && n > 0 {
					out[name] = n
				}
			}
		}
		if r.truth("enforce_governance_header") {
			out["enforce_auth_on_inference"] = true
		}
		for _, name := range []string{"allowed_origins", "allowed_headers", "required_headers", "logging_headers", "whitelisted_routes", "prometheus_labels", "header_filter_config"} {
			r.json(out, name, name+"_json")
			if list, ok := out[name].([]any); ok && len(list) == 0 {
				delete(out, name)
			}
		}
	}
	return out
}

// others names what Bifrost's database has beyond what is read here.
func (b *bifrostDB) others() {
	for _, r := range b.rows("config_mcp_clients") {
		b.leave("MCP servers are not imported", "the MCP server %s", r.text("name"))
	}
	for _, r := range b.rows("config_plugins") {
		b.leave("plugins are not imported", "the plugin %s", r.text("name"))
	}
	if len(b.rows("config_vector_store")) > 0 {
		b.leave("the cache is not imported", "the vector store")
	}
	for _, r := range b.rows("governance_config") {
		if r.text("key") == "admin_password" && r.text("value") != "" {
			b.leave("a password is stored in a way that only Bifrost can check; set one in Heimdall's settings", "the administrator's password")
		}
	}
	if len(b.rows("governance_virtual_key_mcp_configs")) > 0 {
		b.leave("MCP servers are not imported", "which tools virtual keys may run")
	}
	slices.SortStableFunc(b.left, func(x, y Note) int { return strings.Compare(x.What, y.What) })
}

// row is one row of a table.
type row map[string]any

// text is a column as text; "" where it is NULL or absent.
func (r row) text(column string) string {
	switch v := r[column].(type) {
	case nil:
		return ""
	case string:
		return v
	case []byte:
		return string(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	default:
		return fmt.Sprint(v)
	}
}

func (r row) number(column string) (float64, bool) {
	switch v := r[column].(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func (r row) truth(column string) bool {
	if on, ok := r[column].(bool); ok {
		return on
	}
	n, ok := r.number(column)
	return ok && n != 0
}

func (r row) encrypted() bool { return r.text("encryption_status") == "encrypted" }

// onlyReferences reports whether no secret of a key can be encrypted: there is none but env.NAME.
func (r row) onlyReferences() bool {
	value := r.text("value")
	if value != "" && !strings.HasPrefix(value, "env.") {
		return false
	}
	for _, columns := range keyOptions {
		for column := range columns {
			if text := r.text(column); text != "" && !strings.HasPrefix(text, "env.") {
				return false
			}
		}
	}
	return true
}

func (r row) vaulted() bool {
	if inVault(asIs(r.text("value"))) {
		return true
	}
	for _, columns := range keyOptions {
		for column := range columns {
			if inVault(asIs(r.text(column))) {
				return true
			}
		}
	}
	return false
}

// json puts the JSON of a column into a field, where there is any.
func (r row) json(into fields, field, column string) {
	var v any
	if text := r.text(column); text != "" && json.Unmarshal([]byte(text), &v) == nil && v != nil {
		into[field] = v
	}
}

// asIs is a text that may be JSON.
func asIs(text string) any {
	var v any
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		if json.Unmarshal([]byte(text), &v) == nil {
			return v
		}
	}
	return text
}
