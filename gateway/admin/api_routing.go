package admin

import "time"

// Rule is one routing rule. Scope is global, team, customer or virtual_key; lower priorities are asked first. An empty
// expression always matches. Error says why the expression is not used, and Line and Column where.
type Rule struct {
	ID            string       `json:"id"`
	Name          string       `json:"name"`
	Description   string       `json:"description"`
	Enabled       bool         `json:"enabled"`
	ChainRule     bool         `json:"chain_rule"`
	CELExpression string       `json:"cel_expression"`
	Targets       []RuleTarget `json:"targets"`
	Provider      string       `json:"provider,omitempty"` // of the only target, for clients of older versions
	Model         string       `json:"model,omitempty"`
	Fallbacks     []string     `json:"fallbacks"`
	Scope         string       `json:"scope"`
	ScopeID       string       `json:"scope_id,omitempty"`
	Priority      int          `json:"priority"`
	Query         any          `json:"query,omitempty" tstype:"unknown"`
	Error         *RuleError   `json:"error,omitempty"`
	CreatedAt     time.Time    `json:"created_at"`
	UpdatedAt     time.Time    `json:"updated_at"`
}

// RuleTarget is where a rule sends a request; "" leaves provider or model as they are. Weights of a rule add up to 1.
type RuleTarget struct {
	Provider string  `json:"provider,omitempty"`
	Model    string  `json:"model,omitempty"`
	KeyID    string  `json:"key_id,omitempty"`
	Weight   float64 `json:"weight"`
}

// RuleError is what is wrong with an expression; Line and Column count from 1.
type RuleError struct {
	Message string `json:"message"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

// Rules is the answer of GET /api/routing/rules.
type Rules struct {
	Rules []Rule `json:"rules"`
	Count int    `json:"count"`
}

// RuleAnswer is the answer to one rule.
type RuleAnswer struct {
	Message  string   `json:"message,omitempty"`
	Rule     Rule     `json:"rule"`
	Warnings []string `json:"warnings,omitempty"`
}

// ExpressionCheck is the answer of POST /api/routing/check {cel_expression}; Error is null where it is fine.
type ExpressionCheck struct {
	Error *RuleError `json:"error"`
}

// Complexity is GET and PUT /api/routing/complexity, and the answer of POST below it to reset: how requests are graded
// for complexity_tier. In a PUT what is left out stays.
type Complexity struct {
	TierBoundaries TierBoundaries     `json:"tier_boundaries"`
	Keywords       ComplexityKeywords `json:"keywords"`
}

// TierBoundaries are the scores from which a request is of the next tier: each more than the one before, between 0 and 1.
type TierBoundaries struct {
	SimpleMedium     float64 `json:"simple_medium"`
	MediumComplex    float64 `json:"medium_complex"`
	ComplexReasoning float64 `json:"complex_reasoning"`
}

// ComplexityKeywords are words and phrases that are looked for, in any case. Simple ones make a request simpler.
type ComplexityKeywords struct {
	Code      []string `json:"code_keywords"`
	Reasoning []string `json:"reasoning_keywords"`
	Technical []string `json:"technical_keywords"`
	Simple    []string `json:"simple_keywords"`
}

// Simulation is POST /api/routing/simulate: a request that is not made. Route is a drop-in route's provider, "" =
// /v1. RequestType as in extra_fields; "" = chat_completion. Prompt is what the user asks the model.
type Simulation struct {
	Model        string            `json:"model"`
	Route        string            `json:"route"`
	RequestType  string            `json:"request_type"`
	VirtualKeyID string            `json:"virtual_key_id"`
	Headers      map[string]string `json:"headers"`
	Params       map[string]string `json:"params"`
	Fallbacks    []string          `json:"fallbacks"`
	Prompt       string            `json:"prompt"`
}

// Simulated says what would happen: the steps of the decision in order, and the candidates. Refusal is what the client
// would get instead; null where there is none.
type Simulated struct {
	Steps      []RoutingStep `json:"steps"`
	Candidates []Candidate   `json:"candidates"`
	Refusal    *ErrorDetails `json:"refusal"`
}

// RoutingStep is one decision. Engine is identity, routing-rule, governance, model-catalog or core.
type RoutingStep struct {
	Engine  string `json:"engine"`
	Message string `json:"message"`
}

// Candidate is one provider and model, in the order in which they are tried. Share is its part of the first tries, 0
// to 1; Fallback counts from 0, the primary. Refused says why it cannot be tried; "" = it can.
type Candidate struct {
	Provider string         `json:"provider"`
	Model    string         `json:"model"`
	Share    float64        `json:"share"`
	Fallback int            `json:"fallback"`
	Refused  string         `json:"refused,omitempty"`
	Keys     []CandidateKey `json:"keys"`
}

// CandidateKey is one key of a candidate.
type CandidateKey struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Weight  float64 `json:"weight"`
	Share   float64 `json:"share"`
	State   string  `json:"state"` // as Breaker.State
	Refused string  `json:"refused,omitempty"`
}

// Health is GET /api/health-state: how providers and their keys do.
type Health struct {
	Providers []ProviderHealth `json:"providers"`
}

// ProviderHealth is a provider's circuit breaker, and those of its keys.
type ProviderHealth struct {
	Provider string      `json:"provider"`
	Breaker  Breaker     `json:"breaker"`
	Keys     []KeyHealth `json:"keys"`
}

// KeyHealth is a key's circuit breaker.
type KeyHealth struct {
	KeyID   string  `json:"key_id"`
	Name    string  `json:"name"`
	Breaker Breaker `json:"breaker"`
}

// Breaker is one circuit breaker. State is closed (all is well), open (left out), half_open (one call is tried) or
// ramping (its share grows again). Share is the part of its usual traffic that it gets, 0 to 1.
type Breaker struct {
	State       string     `json:"state"`
	Share       float64    `json:"share"`
	Failures    int        `json:"failures"` // in a row
	LastError   string     `json:"last_error,omitempty"`
	LastErrorAt *time.Time `json:"last_error_at,omitempty"`
	RetryAt     *time.Time `json:"retry_at,omitempty"` // of an open one
}

// ModelPrice is one model of the catalogue. Prices are US dollars per million tokens, by class: input, output,
// cache_read, cache_write, cache_write_1h, reasoning, input_audio, output_audio, input_image, output_image; request is
// per call. Tiers names the classes whose price changes with the length of the input. Source is catalogue, override or
// unknown.
type ModelPrice struct {
	Provider      string             `json:"provider"`
	Model         string             `json:"model"`
	Name          string             `json:"name,omitempty"`
	Prices        map[string]float64 `json:"prices"`
	Tiers         []PriceTier        `json:"tiers"`
	ContextWindow int64              `json:"context_window,omitempty"`
	Source        string             `json:"source"`
	OverrideID    string             `json:"override_id,omitempty"`
	Deprecated    bool               `json:"deprecated,omitempty"`
	Listed        bool               `json:"listed"` // one of the configured keys lists it
}

// PriceTier is a price from a length of the input on.
type PriceTier struct {
	Class string  `json:"class"`
	From  int64   `json:"from"`
	Price float64 `json:"price"`
}

// ModelPrices is the answer of GET /api/models/prices?query&provider&limit&offset.
type ModelPrices struct {
	Models []ModelPrice `json:"models"`
	Total  int          `json:"total"`
	Dated  string       `json:"dated"` // when the catalogue was made, 2006-01-02
}

// KillSwitch is GET and PUT /api/kill-switch. While Paused every inference call is refused. MaxPerMinute trips it by
// itself when more US dollars than that are spent within a minute; 0 = never. BurnRate is what the last minute cost.
type KillSwitch struct {
	Paused       bool       `json:"paused"`
	Reason       string     `json:"reason,omitempty"` // by hand, or the burn rate
	Since        *time.Time `json:"since,omitempty"`
	MaxPerMinute float64    `json:"max_per_minute"`
	BurnRate     float64    `json:"burn_rate"`
	SpentToday   float64    `json:"spent_today"`
	Unpriced     int64      `json:"unpriced_today"` // calls whose price is unknown
}
