package exchange

import (
	"sync/atomic"
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

	ParentID       string  // the logged request that this one repeats; "" = it repeats none
	Trace          Trace   // zero = the exchange belongs to none
	App            string  // the program that called, by its User-Agent: "claude-cli", "codex_exec", …
	Metadata       []Field // what the caller said of the request for the log, sorted by name
	RuleID         string  // the routing rule that decided
	RuleName       string
	Tier           string   // what a rule was told of the question's complexity; "" = none asked
	CacheHit       string   // direct or semantic; "" = the answer is the provider's own
	Tools          []string // the tools that the answer calls, each name once
	Process        *atomic.Pointer[Process]
	Spans          []Span
	ResponseMarks  []byte // when what of Response came: timing.All reads them; nil where it came whole
	AnswerMarks    []byte // when what of Answer was given to the client
	Header         []byte // of the request, in lines that end with CRLF; what proves who calls is masked before it is stored
	ResponseHeader []byte // of the provider's answer, in such lines

	Request  Body // as the client sent it
	Sent     Body // as the provider got it
	Response Body // as the provider sent it, or as the gateway answered where it answered itself
	Answer   Body // as the client got it
}

// Process is the program at the other end of a loopback connection.
type Process struct {
	PID  int
	Name string
	Dir  string // its working directory; "" = not known
}

// Phase is a kind of span.
type Phase string

const (
	PhaseRead     Phase = "read"     // until the request was there and looked at
	PhaseIdentify Phase = "identify" // who calls
	PhaseAdmit    Phase = "admit"    // may they
	PhasePlugins  Phase = "plugins"
	PhaseMCP      Phase = "mcp"
	PhaseCache    Phase = "cache"
	PhaseRoute    Phase = "route"   // where it goes
	PhaseQueue    Phase = "queue"   // waiting for a place at the provider
	PhaseAttempt  Phase = "attempt" // one call of a provider, up to its first byte or its error
	PhaseDNS      Phase = "dns"     // parts of an attempt
	PhaseConnect  Phase = "connect"
	PhaseTLS      Phase = "tls"
	PhaseWait     Phase = "wait"   // from the request's last byte to the answer's first
	PhaseStream   Phase = "stream" // from the answer's first byte to its last
	PhaseSettle   Phase = "settle" // what it cost
)

// Span is a piece of an exchange's time. Start counts from the exchange's beginning. Attempt numbers the calls of
// providers from 1; 0 = it belongs to none.
type Span struct {
	Phase    Phase
	Attempt  int
	Start    time.Duration
	Duration time.Duration
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

	Kind llm.ErrorKind `json:"-"` // of Error; known while the exchange runs, and not stored
}
