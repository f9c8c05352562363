package exchange

import (
	"time"

	"heimdall/providers/catalog"
	"heimdall/providers/llm"
)

// Status is where a logged request is.
type Status string

const (
	StatusProcessing Status = "processing"
	StatusSuccess    Status = "success"
	StatusError      Status = "error"
	StatusCancelled  Status = "cancelled"
)

// Record is what the log keeps of one exchange. It is filled while the exchange runs and not changed after its End.
type Record struct {
	ID              string
	Time            time.Time
	Op              llm.Op
	Dialect         string
	Method          string
	Path            string
	Provider        string
	Model           string // as the upstream was asked for
	RequestedModel  string // as the client wrote it
	Aliased         bool   // Model is an alias's of the key
	KeyID           string
	KeyName         string
	SessionID       string
	UserAgent       string
	Stream          bool
	Status          Status
	HTTPStatus      int
	Error           *llm.Error
	Latency         time.Duration
	TTFT            time.Duration // first byte of the answer's body; 0 until it came
	Upstream        time.Duration // time spent waiting for the provider
	Usage           llm.Usage
	HasUsage        bool
	Finish          llm.Finish
	UpstreamDialect string
	DecodedBecause  string
	ConfigVersion   int64
	Attempts        []Attempt
	Warnings        []llm.Warning
	Retries         int
	Identity        Identity
	Fallback        int    // which of the fallbacks answered, counted from 1; 0 = the primary
	PrimaryProvider string // where the request was to go first
	PrimaryModel    string
	Routing         []Step
	Cost            catalog.Cost
	First           Place // where it went first; set when the exchange is announced, and not changed
	NoBodies        bool  // the bodies are not to be kept, whatever the settings say

	Request  Body // as the client sent it
	Response Body // as the provider sent it, or as the gateway answered where it answered itself
}

// Body is one logged body. Size counts all of it; Data may hold less of it.
type Body struct {
	Data []byte
	Size int64
}

// Cut reports whether Data is shorter than the body was.
func (b Body) Cut() bool { return int64(len(b.Data)) < b.Size }

// Place is who a call goes to.
type Place struct {
	Provider string
	Model    string
	KeyID    string
	KeyName  string
}

// Step is one decision about where an exchange goes. Engine names who took it: identity, routing-rule, governance,
// model-catalog or core.
type Step struct {
	Engine  string `json:"engine"`
	Message string `json:"message"`
}

// Attempt is one call of a provider within an exchange. Fallback is which of the fallbacks it was for, 0 = the primary.
type Attempt struct {
	Provider string        `json:"provider"`
	Model    string        `json:"model"`
	KeyID    string        `json:"key_id,omitempty"`
	KeyName  string        `json:"key_name,omitempty"`
	Status   int           `json:"status"`
	Error    string        `json:"error,omitempty"`
	Fallback int           `json:"fallback,omitempty"`
	Duration time.Duration `json:"duration_ns"`
}
