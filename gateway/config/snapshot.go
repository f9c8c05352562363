package config

import (
	"slices"
	"time"
)

// Snapshot is one version of the whole configuration. Nobody changes it once it is published.
type Snapshot struct {
	Version   int64
	Client    Client
	Auth      Auth
	Settings  Settings
	Logs      Logs
	Providers []*Provider        // sorted by name
	Plugins   []*Plugin          // those that were set, sorted by name
	Sessions  map[string]Session // by the hash of their token
	Locked    map[string]string  // settings that cannot be changed here → who decides them: flag or environment
	Problems  []Problem          // what is wrong with it though it works: an unset variable, a locked keychain
	Pause     Pause
	Views     []LogView
	AppNames  []AppName
	Governance
}

// Provider finds a provider by its name; nil where there is none.
func (s *Snapshot) Provider(name string) *Provider {
	for _, p := range s.Providers {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Problem is one thing that the user should mend, named by the path of the setting.
type Problem struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Session is one login that lasts: the token itself is nowhere, only its hash is.
type Session struct {
	Created time.Time
	Expires time.Time
}

// Client holds the settings that Bifrost calls client (client_config in its API), as far as this version serves them.
type Client struct {
	EnableLogging         bool
	DisableContentLogging bool
	LogRetentionDays      int
	AllowedOrigins        []string // exact origins that may call inference routes from a web page
	AllowedHosts          []string // host names besides loopback under which the gateway answers
	MaxBodyMB             int
	AllowDirectKeys       bool     // callers may bring their own provider key, where they ask for it by header or there is no other
	DirectKeysUnasked     bool     // and it wins over ours without that header, as in old versions
	AllowRawOverride      bool     // callers may ask for raw bodies
	AllowStorageOverride  bool     // callers may say whether the log keeps their bodies
	LoggingHeaders        []string // fields of callers' headers that the log keeps by name, lower case
	PrometheusLabels      []string // labels of the metrics that callers fill in
	HeaderFilter          HeaderFilter
	EnforceKey            bool          // every inference call needs a virtual key
	RequiredHeaders       []string      // names that every inference call must have
	DeleteExpiredKeys     bool          // expired virtual keys are removed
	RefuseUnpriced        bool          // calls whose price is unknown are refused where a budget counts them
	RoutingDepth          int           // how often chained rules may be asked again
	StreamKeepAlive       time.Duration // a comment is written into a stream that is silent for so long; 0 = never
}

// HeaderFilter says which of a caller's header fields reach the upstream, by name. Deny wins.
type HeaderFilter struct{ Allow, Deny []string }

// Auth is the administrator's password. PasswordHash is bcrypt's.
type Auth struct {
	Enabled            bool
	Username           string
	PasswordHash       string
	DisableOnInference bool
}

// Settings are our own, beyond Bifrost's.
type Settings struct {
	Host              string
	Port              int
	Theme             string // system, light or dark
	Stopped           bool   // the gateway was last left stopped
	WindowIdleMinutes int    // how long a hidden window stays loaded
}

// Logs says what the request log keeps beside the days of Client: bodies up to BodyCapKB each, and at most MaxSizeMB in
// all.
type Logs struct {
	Path        string
	BodyCapKB   int
	MaxSizeMB   int
	ErrorDays   int // failed requests are kept for so long, where that is longer
	ContentDays int // bodies of the others are kept for so long; 0 = as long as the requests
}

// Provider is one configured provider. Kind is the folder that serves it: its own name for a built-in one, custom for
// a user's.
type Provider struct {
	Name        string
	Kind        string
	Custom      *Custom
	Network     Network
	Proxy       Proxy
	Concurrency int // calls in flight at most; 0 = no limit
	Queue       int // calls that may wait for a place when Concurrency is reached
	Keys        []*Key
	Source      Source

	SendBackRawRequest  bool // the body that was sent is part of the answer
	SendBackRawResponse bool // and so is the upstream's own
}

// Custom describes a provider of the user's own: which built-in provider's dialect and paths it speaks.
type Custom struct {
	Base    string
	Keyless bool
	Allowed map[string]bool   // request types that may be sent there; nil = all
	Paths   map[string]string // its own paths, or whole URLs, by request type
}

// None reports whether nothing is described: the provider is a built-in one.
func (c *Custom) None() bool {
	return c.Base == "" && !c.Keyless && c.Allowed == nil && len(c.Paths) == 0
}

// Network is how a provider is reached.
type Network struct {
	BaseURL       string // with or without its version segment; "" = the provider's own
	ExtraHeaders  map[string]string
	SecretHeaders []SecretField // sent as ExtraHeaders are; those without a Value are left out
	Timeout       time.Duration // until the answer's header; for a whole answer that is not streamed
	StreamIdle    time.Duration // between two pieces of a stream
	KeepAlive     time.Duration // how long a connection is kept that nobody uses; 0 = the default
	MaxConns      int
	Retries       *int          // how often a failed call is tried again at most; nil = the default
	RetryInitial  time.Duration // the first pause; 0 = the default
	RetryMax      time.Duration // the longest pause; 0 = the default
	HTTP2         bool          // it is called by HTTP/2 and nothing else
	Insecure      bool          // its certificate is not checked
	CA            string        // PEM of authorities that are trusted besides the system's
	Guard         *StreamGuard  // nil = streams may be as slow as they are
}

// StreamGuard says how fast a stream has to begin, or another key or provider is asked: Minimum is characters of output
// in a second, measured for at most Window.
type StreamGuard struct {
	Minimum int
	Window  time.Duration
}

// DefaultGuardWindow is that of a guard which does not say for how long it measures.
const DefaultGuardWindow = 5 * time.Second

// Proxy is through whom a provider is reached. Type is http, socks5, environment (what HTTP_PROXY and its kin say) or
// "" for nobody.
type Proxy struct {
	Type     string
	URL      string
	Username string
	Password SecretField
	CA       string // PEM of authorities that are trusted besides the system's for a proxy that speaks TLS
}

// SecretField is a named value that is a secret, or comes from the environment.
type SecretField struct {
	Name    string
	Ref     Ref
	Value   Secret
	Problem string
}

// Key is one credential of a provider.
type Key struct {
	ID      string
	Name    string
	Ref     Ref
	Models  ModelList // which models it may be used for
	Denied  []string  // which it may not; wins
	Weight  float64   // share of the traffic; 0 = only when pinned
	Enabled bool
	Aliases map[string]Alias  // by what callers ask for
	Options map[string]string // values of the provider's Info.Options that belong to a key
	Secrets []SecretField     // those of them that are secrets or come from the environment; sorted by name
	Value   Secret            // resolved when the snapshot is built; empty where Problem is set
	Source  Source
	Problem string // why there is no value
}

// Alias is what a key calls a model: Model is the provider's own name of it. Options replace those of the key for it.
type Alias struct {
	Model       string            `json:"model"`
	Description string            `json:"description,omitempty"`
	Options     map[string]string `json:"options,omitempty"`
}

// Trouble says why the key cannot be used: a value of it is missing. "" = it can.
func (k *Key) Trouble() string {
	if k.Problem != "" {
		return k.Problem
	}
	for _, s := range k.Secrets {
		if s.Problem != "" {
			return s.Name + ": " + s.Problem
		}
	}
	return ""
}

// ModelList is an allow list: All, or just those in List. Entries may begin with regex: (RE2, the whole name, whatever
// its case).
type ModelList struct {
	All  bool     `json:"all,omitempty"`
	List []string `json:"list,omitempty"`
}

// Source says where an entity came from: the API (or the window), the file, or the environment.
type Source string

const (
	SourceAPI  Source = "api"
	SourceFile Source = "file"
	SourceEnv  Source = "env"
)

// Ref names a secret without holding it: "env.NAME", "keychain:ITEM", "sealed:BASE64", or "" for none.
type Ref string

// Secret is a value that never prints itself.
type Secret struct{ value string }

// NewSecret wraps a value.
func NewSecret(v string) Secret { return Secret{v} }

// Reveal gives the value, for the wire only.
func (s Secret) Reveal() string { return s.value }

// String and its kin keep the value out of every log, error and JSON.
func (s Secret) String() string               { return "[secret]" }
func (s Secret) GoString() string             { return "[secret]" }
func (s Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Allows reports whether the key may be used for a model.
func (k *Key) Allows(model string) bool {
	return (k.Models.All || slices.Contains(k.Models.List, model)) && !slices.Contains(k.Denied, model)
}
