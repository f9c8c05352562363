package admin

import "time"

// Budget is what an owner may spend in US dollars within each window. ResetDuration is a number and a unit: s, m, h, d,
// w, M (months), Q (quarters), Y. CurrentUsage counts what is settled, Held what calls in flight may still cost.
// EffectiveMaxLimit includes the override. ResetsAt is when the window ends.
type Budget struct {
	ID                string       `json:"id"`
	MaxLimit          float64      `json:"max_limit"`
	ResetDuration     string       `json:"reset_duration"`
	CurrentUsage      float64      `json:"current_usage"`
	Held              float64      `json:"held"`
	EffectiveMaxLimit float64      `json:"effective_max_limit"`
	LastReset         time.Time    `json:"last_reset"`
	ResetsAt          time.Time    `json:"resets_at"`
	CalendarAligned   bool         `json:"calendar_aligned"`
	ResetConfig       *ResetConfig `json:"reset_config,omitempty"`
	OverrideAmount    float64      `json:"override_amount,omitempty"`
	OverrideMode      string       `json:"override_mode,omitempty"` // cycles or forever
	OverrideCycles    int          `json:"override_cycles,omitempty"`
}

// ResetConfig says in which month, 1 to 12, the first quarter of a year begins.
type ResetConfig struct {
	QuarterStartMonth int `json:"quarter_start_month"`
}

// RateLimit bounds tokens and requests within their windows; a limit that is null is none.
type RateLimit struct {
	ID                   string     `json:"id"`
	TokenMaxLimit        *int64     `json:"token_max_limit"`
	TokenResetDuration   *string    `json:"token_reset_duration"`
	TokenCurrentUsage    int64      `json:"token_current_usage"`
	TokenHeld            int64      `json:"token_held"`
	TokenLastReset       *time.Time `json:"token_last_reset,omitempty"`
	TokenResetsAt        *time.Time `json:"token_resets_at,omitempty"`
	RequestMaxLimit      *int64     `json:"request_max_limit"`
	RequestResetDuration *string    `json:"request_reset_duration"`
	RequestCurrentUsage  int64      `json:"request_current_usage"`
	RequestLastReset     *time.Time `json:"request_last_reset,omitempty"`
	RequestResetsAt      *time.Time `json:"request_resets_at,omitempty"`
}

// ProviderGrant is what a virtual key may have of one provider. Weight null: only by name or by rule. AllowedModels and
// KeyIDs ["*"] = all, [] = none; entries may begin with regex:.
type ProviderGrant struct {
	ID                string     `json:"id"`
	VirtualKeyID      string     `json:"virtual_key_id"`
	Provider          string     `json:"provider"`
	Weight            *float64   `json:"weight"`
	AllowedModels     []string   `json:"allowed_models"`
	BlacklistedModels []string   `json:"blacklisted_models"`
	AllowAllKeys      bool       `json:"allow_all_keys"`
	KeyIDs            []string   `json:"key_ids"`
	Keys              []FlatKey  `json:"keys"`
	Budget            *Budget    `json:"budget,omitempty"` // the first of Budgets, for clients of older versions
	Budgets           []Budget   `json:"budgets"`
	RateLimitID       string     `json:"rate_limit_id,omitempty"`
	RateLimit         *RateLimit `json:"rate_limit,omitempty"`
}

// ToolGrant is what a virtual key may run of one MCP server; ["*"] = all, [] = none.
type ToolGrant struct {
	ID             string   `json:"id"`
	VirtualKeyID   string   `json:"virtual_key_id"`
	MCPClientName  string   `json:"mcp_client_name"`
	ToolsToExecute []string `json:"tools_to_execute"`
}

// OwnerRef names a team or a customer.
type OwnerRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// VirtualKey is one key that clients of the gateway use. Value is whole in the answer that creates or rotates it, and
// shortened ever after. PreviousValidUntil is when the value before the last rotation ends. State is active, inactive,
// expired, over_budget or rate_limited.
type VirtualKey struct {
	ID                    string            `json:"id"`
	Name                  string            `json:"name"`
	Value                 string            `json:"value"`
	Description           string            `json:"description"`
	IsActive              bool              `json:"is_active"`
	State                 string            `json:"state"`
	ExpiresAt             *time.Time        `json:"expires_at"`
	DeleteAfterExpire     *bool             `json:"delete_after_expire"`
	DisableContentLogging *bool             `json:"disable_content_logging"`
	AllowAllProviders     bool              `json:"allow_all_providers"`
	CalendarAligned       bool              `json:"calendar_aligned"`
	TeamID                string            `json:"team_id,omitempty"`
	CustomerID            string            `json:"customer_id,omitempty"`
	Team                  *OwnerRef         `json:"team,omitempty"`
	Customer              *OwnerRef         `json:"customer,omitempty"`
	BudgetID              string            `json:"budget_id,omitempty"` // the first of Budgets, for clients of older versions
	Budget                *Budget           `json:"budget,omitempty"`
	Budgets               []Budget          `json:"budgets"`
	RateLimitID           string            `json:"rate_limit_id,omitempty"`
	RateLimit             *RateLimit        `json:"rate_limit,omitempty"`
	ProviderConfigs       []ProviderGrant   `json:"provider_configs"`
	MCPConfigs            []ToolGrant       `json:"mcp_configs"`
	Metadata              map[string]string `json:"metadata,omitempty"`
	Unpriced              int64             `json:"unpriced_requests"` // calls without a known price since the program started
	PreviousValidUntil    *time.Time        `json:"previous_valid_until,omitempty"`
	Source                string            `json:"source"`
	CreatedAt             time.Time         `json:"created_at"`
	UpdatedAt             time.Time         `json:"updated_at"`
}

// VirtualKeys is the answer of GET /api/governance/virtual-keys: a page of Limit keys from Offset.
type VirtualKeys struct {
	VirtualKeys []VirtualKey `json:"virtual_keys"`
	Count       int          `json:"count"`
	TotalCount  int          `json:"total_count"`
	Limit       int          `json:"limit"`
	Offset      int          `json:"offset"`
}

// VirtualKeyAnswer is the answer to one virtual key: read, created, changed or rotated.
type VirtualKeyAnswer struct {
	Message    string     `json:"message,omitempty"`
	VirtualKey VirtualKey `json:"virtual_key"`
	Warnings   []string   `json:"warnings,omitempty"`
}

// Quota is what a virtual key says of itself, to its own holder.
type Quota struct {
	VirtualKeyName  string          `json:"virtual_key_name"`
	IsActive        bool            `json:"is_active"`
	ExpiresAt       *time.Time      `json:"expires_at"`
	Budgets         []Budget        `json:"budgets"`
	RateLimit       *RateLimit      `json:"rate_limit"`
	ProviderConfigs []ProviderGrant `json:"provider_configs"`
}

// BudgetAnswer is the answer of a budget's override.
type BudgetAnswer struct {
	Budget            Budget  `json:"budget"`
	EffectiveMaxLimit float64 `json:"effective_max_limit"`
}

// Owner is a team or a customer. CustomerID is a team's. VirtualKeys and Teams count what belongs to it.
type Owner struct {
	ID              string     `json:"id"`
	Name            string     `json:"name"`
	CustomerID      string     `json:"customer_id,omitempty"`
	Customer        *OwnerRef  `json:"customer,omitempty"`
	Budget          *Budget    `json:"budget,omitempty"`
	Budgets         []Budget   `json:"budgets"`
	RateLimit       *RateLimit `json:"rate_limit,omitempty"`
	CalendarAligned bool       `json:"calendar_aligned"`
	VirtualKeys     int        `json:"virtual_key_count"`
	Teams           int        `json:"team_count"`
	Source          string     `json:"source"`
	CreatedAt       time.Time  `json:"created_at"`
	UpdatedAt       time.Time  `json:"updated_at"`
}

// Teams is the answer of GET /api/governance/teams.
type Teams struct {
	Teams      []Owner `json:"teams"`
	Count      int     `json:"count"`
	TotalCount int     `json:"total_count"`
}

// TeamAnswer is the answer to one team.
type TeamAnswer struct {
	Message  string   `json:"message,omitempty"`
	Team     Owner    `json:"team"`
	Warnings []string `json:"warnings,omitempty"`
}

// Customers is the answer of GET /api/governance/customers.
type Customers struct {
	Customers  []Owner `json:"customers"`
	Count      int     `json:"count"`
	TotalCount int     `json:"total_count"`
}

// CustomerAnswer is the answer to one customer.
type CustomerAnswer struct {
	Message  string   `json:"message,omitempty"`
	Customer Owner    `json:"customer"`
	Warnings []string `json:"warnings,omitempty"`
}

// OwnedBudget is one row of GET /api/governance/budgets: a budget, and whose it is.
type OwnedBudget struct {
	Budget
	OwnerKind string `json:"owner_kind"` // virtual_key, provider_config, team, customer, provider, model
	OwnerID   string `json:"owner_id"`
	OwnerName string `json:"owner_name"`
}

// Budgets is the answer of GET /api/governance/budgets.
type Budgets struct {
	Budgets []OwnedBudget `json:"budgets"`
	Count   int           `json:"count"`
}

// OwnedRateLimit is one row of GET /api/governance/rate-limits.
type OwnedRateLimit struct {
	RateLimit
	OwnerKind string `json:"owner_kind"`
	OwnerID   string `json:"owner_id"`
	OwnerName string `json:"owner_name"`
}

// RateLimits is the answer of GET /api/governance/rate-limits.
type RateLimits struct {
	RateLimits []OwnedRateLimit `json:"rate_limits"`
	Count      int              `json:"count"`
}

// ModelLimit bounds what is spent on a model: for all (scope global) or for one virtual key. ModelName * = every model;
// Provider "" = at any provider.
type ModelLimit struct {
	ID              string     `json:"id"`
	ModelName       string     `json:"model_name"`
	Provider        string     `json:"provider,omitempty"`
	Scope           string     `json:"scope"`
	ScopeID         string     `json:"scope_id,omitempty"`
	BudgetIDs       []string   `json:"budget_ids"`
	Budget          *Budget    `json:"budget,omitempty"` // the first of Budgets, for clients of older versions
	Budgets         []Budget   `json:"budgets"`
	RateLimitID     string     `json:"rate_limit_id,omitempty"`
	RateLimit       *RateLimit `json:"rate_limit,omitempty"`
	CalendarAligned bool       `json:"calendar_aligned"`
	CreatedAt       time.Time  `json:"created_at"`
	UpdatedAt       time.Time  `json:"updated_at"`
}

// ModelLimits is the answer of GET /api/governance/model-configs.
type ModelLimits struct {
	ModelConfigs []ModelLimit `json:"model_configs"`
	Count        int          `json:"count"`
	TotalCount   int          `json:"total_count"`
	Limit        int          `json:"limit"`
	Offset       int          `json:"offset"`
}

// ModelLimitAnswer is the answer to one model's limits.
type ModelLimitAnswer struct {
	Message     string     `json:"message,omitempty"`
	ModelConfig ModelLimit `json:"model_config"`
	Warnings    []string   `json:"warnings,omitempty"`
}

// ProviderLimit bounds what is spent at a provider, whoever asks.
type ProviderLimit struct {
	Provider        string     `json:"provider"`
	Budget          *Budget    `json:"budget,omitempty"` // the first of Budgets, for clients of older versions
	Budgets         []Budget   `json:"budgets"`
	RateLimit       *RateLimit `json:"rate_limit,omitempty"`
	CalendarAligned bool       `json:"calendar_aligned"`
}

// ProviderLimits is the answer of GET /api/governance/providers.
type ProviderLimits struct {
	Providers []ProviderLimit `json:"providers"`
	Count     int             `json:"count"`
}

// ProviderLimitAnswer is the answer to one provider's limits.
type ProviderLimitAnswer struct {
	Message  string        `json:"message,omitempty"`
	Provider ProviderLimit `json:"provider"`
	Warnings []string      `json:"warnings,omitempty"`
}

// PriceOverride replaces prices of the catalogue. ScopeKind is global, provider, provider_key, virtual_key,
// virtual_key_provider or virtual_key_provider_key; MatchType exact, wildcard (a prefix that ends in *) or regex.
// RequestTypes [] = all. Patch has Bifrost's names, in US dollars per token or piece; Per1M has the same prices by class,
// as ModelPrice.Prices, per million tokens, with _above_200k or _batches behind a class. A write takes one of the two.
type PriceOverride struct {
	ID            string             `json:"id"`
	Name          string             `json:"name"`
	ScopeKind     string             `json:"scope_kind"`
	VirtualKeyID  string             `json:"virtual_key_id,omitempty"`
	ProviderID    string             `json:"provider_id,omitempty"`
	ProviderKeyID string             `json:"provider_key_id,omitempty"`
	MatchType     string             `json:"match_type"`
	Pattern       string             `json:"pattern"`
	RequestTypes  []string           `json:"request_types"`
	Patch         map[string]float64 `json:"patch"`
	Per1M         map[string]float64 `json:"per_1m"`
	CreatedAt     time.Time          `json:"created_at"`
	UpdatedAt     time.Time          `json:"updated_at"`
}

// PriceOverrides is the answer of GET /api/governance/pricing-overrides.
type PriceOverrides struct {
	PricingOverrides []PriceOverride `json:"pricing_overrides"`
	Count            int             `json:"count"`
}

// PriceOverrideAnswer is the answer to one override.
type PriceOverrideAnswer struct {
	Message         string        `json:"message,omitempty"`
	PricingOverride PriceOverride `json:"pricing_override"`
	Warnings        []string      `json:"warnings,omitempty"`
}
