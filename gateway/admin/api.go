package admin

import "time"

// Gateway is GET /api/gateway: the listener that clients use. State is stopped, starting, running, stopping or error. Address is
// the base URL, http://127.0.0.1:8080; Error says what is wrong in state error. Controllable is false where stopping
// would cut off this very API (headless).
type Gateway struct {
	State        string     `json:"state"`
	Address      string     `json:"address"`
	Error        string     `json:"error,omitempty"`
	Controllable bool       `json:"controllable"`
	StartedAt    *time.Time `json:"started_at,omitempty"`
}

// Kind is one kind of provider that can be added, as its Info says of itself: GET /api/provider-kinds.
type Kind struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Icon    string   `json:"icon"` // an SVG document
	DocsURL string   `json:"docs_url,omitempty"`
	About   string   `json:"about"` // one sentence
	BaseURL string   `json:"base_url,omitempty"`
	Keyless bool     `json:"keyless"`
	Custom  bool     `json:"custom"` // the user names it and may add several
	Options []Option `json:"options"`
	Models  []string `json:"models,omitempty"` // a few that a test call can use, best first
}

// Option is one field of a provider's form. Type is text, textarea, secret, url, select or bool. Scope says where its value
// goes: key (the key object; name "value" is the key itself), network (network_config), custom
// (custom_provider_config).
type Option struct {
	Name        string   `json:"name"`
	Label       string   `json:"label"`
	Type        string   `json:"type"`
	Scope       string   `json:"scope"`
	Required    bool     `json:"required"`
	Placeholder string   `json:"placeholder,omitempty"`
	Help        string   `json:"help,omitempty"`
	Choices     []Choice `json:"choices,omitempty"`
}

// Choice is one value of a select.
type Choice struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// Kinds is the answer of GET /api/provider-kinds.
type Kinds struct {
	Kinds []Kind `json:"kinds"`
}

// SecretValue is how a secret is shown: Value is redacted, EnvVar is set where it comes from the environment. On
// write, a plain string or this object is taken; writing the redacted value back changes nothing.
type SecretValue struct {
	Value   string `json:"value"`
	EnvVar  string `json:"env_var,omitempty"`
	FromEnv bool   `json:"from_env"`
}

// Key is one credential of a provider. Models ["*"] = all; entries may begin with regex:. Aliases are other names of models:
// a text is the provider's own name, an object has model_id, description and options of the kind for that model only.
// Status is success, error or unknown; Description says why.
type Key struct {
	ID                string      `json:"id"`
	Name              string      `json:"name"`
	Value             SecretValue `json:"value"`
	Models            []string    `json:"models"`
	BlacklistedModels []string    `json:"blacklisted_models"`
	Weight            float64     `json:"weight"`
	Enabled           bool        `json:"enabled"`
	Aliases           Aliases     `json:"aliases" tstype:"Record<string, string | Record<string, string>>"`
	Status            string      `json:"status"`
	Description       string      `json:"description,omitempty"`

	// Options are the values of the kind's other options of scope key: secrets are redacted, what comes from the
	// environment is env.NAME. They also stand in <kind>_key_config, as Bifrost writes them.
	Options map[string]string `json:"options,omitempty"`
	Config  KeyConfig         `json:"-"` // is written as <kind>_key_config
}

// Keys is the answer of GET /api/providers/{provider}/keys.
type Keys struct {
	Keys  []Key `json:"keys"`
	Total int   `json:"total"`
}

// NetworkConfig is how a provider is reached. Durations are in seconds, 0 = the default; of retries the defaults are shown.
type NetworkConfig struct {
	BaseURL                        string            `json:"base_url,omitempty"`
	ExtraHeaders                   map[string]string `json:"extra_headers,omitempty"`
	DefaultRequestTimeoutInSeconds int               `json:"default_request_timeout_in_seconds"`
	StreamIdleTimeoutInSeconds     int               `json:"stream_idle_timeout_in_seconds"`
	KeepAliveTimeoutInSeconds      int               `json:"keep_alive_timeout_in_seconds"`
	MaxConnsPerHost                int               `json:"max_conns_per_host"`
	MaxRetries                     int               `json:"max_retries"`
	RetryBackoffInitial            int64             `json:"retry_backoff_initial"` // milliseconds, as the next
	RetryBackoffMax                int64             `json:"retry_backoff_max"`
	EnforceHTTP2                   bool              `json:"enforce_http2"`
	InsecureSkipVerify             bool              `json:"insecure_skip_verify"`
	CACertPEM                      string            `json:"ca_cert_pem,omitempty"`
	StreamThroughputGuard          *StreamGuard      `json:"stream_throughput_guard,omitempty"`
}

// StreamGuard says how fast a provider's streams have to begin. A slower one fails before any of it is given out, so
// that another key or provider can answer.
type StreamGuard struct {
	MinimumOutputCharactersPerSecond int `json:"minimum_output_characters_per_second"`
	ProbeWindowInSeconds             int `json:"probe_window_in_seconds"`
}

// ProxyConfig is through whom a provider is reached. Type is none, http, socks5 or environment. Password reads
// "<REDACTED>", env.NAME or ""; writing "<REDACTED>" keeps it.
type ProxyConfig struct {
	Type      string `json:"type"`
	URL       string `json:"url,omitempty"`
	Username  string `json:"username,omitempty"`
	Password  string `json:"password,omitempty"`
	CACertPEM string `json:"ca_cert_pem,omitempty"`
}

// ConcurrencyConfig limits the calls in flight; 0 = no limit.
type ConcurrencyConfig struct {
	Concurrency int `json:"concurrency"`
	BufferSize  int `json:"buffer_size"`
}

// CustomConfig describes a provider of the user's own. Without AllowedRequests it may do everything; with it, what is
// true there.
type CustomConfig struct {
	BaseProviderType     string            `json:"base_provider_type"`
	IsKeyLess            bool              `json:"is_key_less"`
	AllowedRequests      map[string]bool   `json:"allowed_requests,omitzero"`
	RequestPathOverrides map[string]string `json:"request_path_overrides,omitempty"`
}

// Provider is one configured provider. Status is active or error; Description says why. Kind names its Kind; Source
// is api, file or env.
type Provider struct {
	Name                     string            `json:"name"`
	Kind                     string            `json:"kind"`
	Title                    string            `json:"title"`
	Keyless                  bool              `json:"keyless"`
	NetworkConfig            NetworkConfig     `json:"network_config"`
	ConcurrencyAndBufferSize ConcurrencyConfig `json:"concurrency_and_buffer_size"`
	ProxyConfig              ProxyConfig       `json:"proxy_config"`
	SendBackRawRequest       bool              `json:"send_back_raw_request"`
	SendBackRawResponse      bool              `json:"send_back_raw_response"`
	CustomProviderConfig     *CustomConfig     `json:"custom_provider_config,omitempty"`
	ProviderStatus           string            `json:"provider_status"`
	Description              string            `json:"description,omitempty"`
	Source                   string            `json:"source"`
	Keys                     []Key             `json:"keys"`
}

// Providers is the answer of GET /api/providers.
type Providers struct {
	Providers []Provider `json:"providers"`
	Total     int        `json:"total"`
}

// TestRequest is POST /api/providers/{provider}/test: one small real call. Empty fields mean: choose.
type TestRequest struct {
	Model string `json:"model"`
	KeyID string `json:"key_id"`
}

// TestResult says how the call went. Message is the model's answer, or what went wrong and what to do.
type TestResult struct {
	OK        bool    `json:"ok"`
	Model     string  `json:"model"`
	Status    int     `json:"status"`
	LatencyMS float64 `json:"latency_ms"`
	Message   string  `json:"message"`
	LogID     string  `json:"log_id,omitempty"`
}

// FlatKey is one row of GET /api/keys.
type FlatKey struct {
	KeyID    string   `json:"key_id"`
	Name     string   `json:"name"`
	Provider string   `json:"provider"`
	Models   []string `json:"models"`
}

// ModelEntry is one row of GET /api/models.
type ModelEntry struct {
	Name             string   `json:"name"`
	Provider         string   `json:"provider"`
	AccessibleByKeys []string `json:"accessible_by_keys"`
}

// Models is the answer of GET /api/models.
type Models struct {
	Models []ModelEntry `json:"models"`
	Total  int          `json:"total"`
}

// Saved is the answer of a change. Warnings name fields that were understood and have no effect here.
type Saved struct {
	Status   string   `json:"status,omitempty"`
	Message  string   `json:"message"`
	Warnings []string `json:"warnings,omitempty"`
}

// ProviderSaved is the answer of a created or changed provider.
type ProviderSaved struct {
	Provider
	Message  string   `json:"message"`
	Warnings []string `json:"warnings,omitempty"`
}

// KeySaved is the answer of a created or changed key.
type KeySaved struct {
	Key
	Message  string   `json:"message"`
	Warnings []string `json:"warnings,omitempty"`
}

// ClientConfig is the part of Bifrost's client settings that this version serves.
type ClientConfig struct {
	EnableLogging              bool               `json:"enable_logging"`
	DisableContentLogging      bool               `json:"disable_content_logging"`
	LogRetentionDays           int                `json:"log_retention_days"`
	AllowedOrigins             []string           `json:"allowed_origins"`
	AllowedHosts               []string           `json:"allowed_hosts"`
	MaxRequestBodySizeMB       int                `json:"max_request_body_size_mb"`
	EnforceAuthOnInference     bool               `json:"enforce_auth_on_inference"` // every call needs a virtual key
	EnforceGovernanceHeader    bool               `json:"enforce_governance_header"` // its older name
	RequiredHeaders            []string           `json:"required_headers"`
	DeleteExpiredVirtualKeys   bool               `json:"delete_expired_virtual_keys"`
	RoutingChainMaxDepth       int                `json:"routing_chain_max_depth"`
	RefuseUnpriced             bool               `json:"refuse_unpriced"` // calls without a known price, where a budget counts them
	AllowDirectKeys            bool               `json:"allow_direct_keys"`
	DirectKeysWithoutHeader    bool               `json:"direct_keys_without_header"` // they need no x-bf-direct-key
	AllowPerRequestRawOverride bool               `json:"allow_per_request_raw_override"`
	AllowStorageOverride       bool               `json:"allow_per_request_content_storage_override"` // x-bf-disable-content-logging counts
	LoggingHeaders             []string           `json:"logging_headers"`                            // fields of callers' headers that the log keeps
	PrometheusLabels           []string           `json:"prometheus_labels"`                          // labels of the metrics that callers fill in by x-bf-dim-NAME
	HeaderFilterConfig         HeaderFilterConfig `json:"header_filter_config"`
	StreamKeepAliveInSeconds   int                `json:"stream_keep_alive_in_seconds"` // 0 = off
}

// HeaderFilterConfig names the header fields of callers that go upstream, and those that never do.
type HeaderFilterConfig struct {
	Allowlist []string `json:"allowlist"`
	Denylist  []string `json:"denylist"`
}

// AuthConfig is the administrator's login. AdminPassword reads "<redacted>" or ""; writing "<redacted>" keeps it.
type AuthConfig struct {
	AdminUsername          string `json:"admin_username"`
	AdminPassword          string `json:"admin_password"`
	IsEnabled              bool   `json:"is_enabled"`
	DisableAuthOnInference bool   `json:"disable_auth_on_inference"`
}

// RestartRequired says whether and why a restart is needed.
type RestartRequired struct {
	Required bool   `json:"required"`
	Reason   string `json:"reason,omitempty"`
}

// Problem is one thing that the user should mend.
type Problem struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Config is GET /api/config. A PUT takes any subset of client_config, auth_config and settings.
type Config struct {
	ClientConfig     ClientConfig    `json:"client_config"`
	AuthConfig       AuthConfig      `json:"auth_config"`
	Settings         Settings        `json:"settings"`
	IsDBConnected    bool            `json:"is_db_connected"`
	IsCacheConnected bool            `json:"is_cache_connected"`
	IsLogsConnected  bool            `json:"is_logs_connected"`
	RestartRequired  RestartRequired `json:"restart_required"`
	Problems         []Problem       `json:"problems"`
}

// Settings are ours, beyond Bifrost's. Locked names the settings that a flag, the environment or the file decides, and
// which of them does. AppDir, Keychain, KeychainDetail, Version and Desktop are read-only.
type Settings struct {
	Host              string            `json:"host"`
	Port              int               `json:"port"`
	Theme             string            `json:"theme"`
	WindowIdleMinutes int               `json:"window_idle_minutes"`
	LogBodyCapKB      int               `json:"log_body_cap_kb"`
	LogMaxSizeMB      int               `json:"log_max_size_mb"`
	LogErrorDays      int               `json:"log_error_days"`   // failed requests are kept for so long, where that is longer
	LogContentDays    int               `json:"log_content_days"` // texts of the others are kept for so long; 0 = as long as the requests
	AppDir            string            `json:"app_dir"`
	Keychain          string            `json:"keychain"` // os or file
	KeychainDetail    string            `json:"keychain_detail"`
	Version           string            `json:"version"`
	Desktop           bool              `json:"desktop"` // the shell routes exist
	Locked            map[string]string `json:"locked"`
}

// AuthState is GET /api/session/is-auth-enabled.
type AuthState struct {
	IsAuthEnabled         bool   `json:"is_auth_enabled"`
	HasValidToken         bool   `json:"has_valid_token"`
	AuthType              string `json:"auth_type"` // password or none
	InferenceAuthEnforced bool   `json:"inference_auth_enforced"`
}

// LoginRequest is POST /api/session/login.
type LoginRequest struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// Session is the answer of a login or of an exchange of the window's one-time code.
type Session struct {
	Message string `json:"message"`
	Token   string `json:"token"`
}

// CodeRequest is POST /api/session/exchange, on the control listener: a one-time code for a token.
type CodeRequest struct {
	Code string `json:"code"`
}

// Frame is one event of GET /api/events (server-sent events; the event's name is Type). Type is:
//
//	gateway   Gateway is set: the state now, also as the first event of every stream
//	log       Operation is create (in flight) or update (finished) and Log is set; a row that ends at once has no create
//	config    Version is set: read again what you show
//	refused   Refused is set: a page in a browser was turned away
//	dropped   Dropped is set: how many log rows and bodies were lost because the log could not keep up
type Frame struct {
	Type      string      `json:"type"`
	Operation string      `json:"operation,omitempty"`
	Gateway   *Gateway    `json:"gateway,omitempty"`
	Spending  *KillSwitch `json:"spending,omitempty"`
	Log       *LogEntry   `json:"payload,omitempty"`
	Version   int64       `json:"version,omitempty"`
	Refused   *Refused    `json:"refused,omitempty"`
	Dropped   *Dropped    `json:"dropped,omitempty"`
}

// Ticket is POST /api/session/ws-ticket: the proof in ws://…/ws?ticket=…, good once and for 30 seconds.
type Ticket struct {
	Ticket string `json:"ticket"`
}

// Refused is a page that asked without being allowed to.
type Refused struct {
	Origin string    `json:"origin"`
	Path   string    `json:"path"`
	Time   time.Time `json:"time"`
}

// Dropped counts what the log lost since the start.
type Dropped struct {
	Rows   int64 `json:"rows"`
	Bodies int64 `json:"bodies"`
}

// ErrorBody is every error of the management API.
type ErrorBody struct {
	IsBifrostError bool        `json:"is_bifrost_error"`
	StatusCode     int         `json:"status_code"`
	Error          ErrorDetail `json:"error"`
}

// ErrorDetail says what is wrong and what to change. Param names the field.
type ErrorDetail struct {
	Type    string `json:"type,omitempty"`
	Message string `json:"message"`
	Param   string `json:"param,omitempty"`
}
