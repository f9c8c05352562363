package llm

import "encoding/json"

// Op is one kind of operation that a route offers and a provider may serve.
type Op string

const (
	OpChat        Op = "chat"
	OpModels      Op = "models"
	OpEmbedding   Op = "embedding"
	OpRerank      Op = "rerank"
	OpCountTokens Op = "count_tokens"

	// Operations on answers that a provider keeps. They have no canonical form: only a provider that speaks the client's
	// own dialect can serve them.
	OpStoredGet    Op = "responses_retrieve"
	OpStoredDelete Op = "responses_delete"
	OpStoredCancel Op = "responses_cancel"
	OpStoredInput  Op = "responses_input_items"
	OpCompact      Op = "compaction"
)

// Request is one call. Model is the name the upstream knows, without a provider prefix. A call that embeds or ranks
// texts has Embed or Rerank instead of messages.
type Request struct {
	Model    string
	Messages []Message
	Tools    []Tool
	Choice   ToolChoice
	Params   Params
	Stream   bool
	Embed    *Embed
	Rerank   *Rerank
	Extra    Extra
}

type Role string

const (
	RoleSystem    Role = "system"
	RoleDeveloper Role = "developer"
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleTool      Role = "tool"
)

// Message is one turn. Tool results are parts of kind PartResult, in a message of role tool or user.
type Message struct {
	Role  Role
	Name  string
	Parts []Part
	Extra Extra
}

type Kind string

const (
	PartText      Kind = "text"
	PartMedia     Kind = "media"
	PartReasoning Kind = "reasoning"
	PartCall      Kind = "call"
	PartResult    Kind = "result"
	PartRefusal   Kind = "refusal"
	PartOpaque    Kind = "opaque" // a part that only the dialect it came from can read; its whole JSON is in Extra
)

// Part is one piece of a message. Which fields are set follows from Kind: Text for text, reasoning and refusal;
// Media, Call and Result for their kinds. Signature proves a reasoning part to the provider that wrote it. Redacted
// reasoning has no text: its Signature is the whole of it, encrypted. An opaque part with a Call stood among the tool
// calls. Citations are of texts; in a stream each delta carries only new ones, which may be of text before it.
type Part struct {
	Kind      Kind
	Text      string
	Signature string
	Redacted  bool
	Media     *Media
	Call      *ToolCall
	Result    *ToolResult
	Citations []Citation
	Extra     Extra
}

// Citation is a page of the web that a text rests on. Start and End are where, in characters (code points) of the text
// of its part, nil where that is not known. Text is what the page says. Extra is bookkeeping between a provider and its
// own clients, which nobody else misses.
type Citation struct {
	URL   string
	Title string
	Text  string
	Start *int64
	End   *int64
	Extra Extra
}

// Media is an image, a document or audio, by value (base64 text in Data) or by reference (URL or FileID).
type Media struct {
	MIME   string
	Data   string
	URL    string
	FileID string
	Name   string
}

// ToolCall is the model's wish to run a tool. Arguments is JSON text exactly as the model wrote it; while a stream
// is being decoded a delta carries only the next piece of it.
type ToolCall struct {
	ID        string
	Name      string
	Arguments string
}

// ToolResult answers the call with the same ID.
type ToolResult struct {
	ID      string
	Name    string
	Parts   []Part
	IsError bool
}

// Tool is one tool that the model may call. Schema is the JSON schema of its arguments. A tool that only its own
// dialect knows (a server-side tool, say) has an empty Name and its whole JSON in Extra.
type Tool struct {
	Name        string
	Description string
	Schema      json.RawMessage
	Strict      *bool
	Extra       Extra
}

// ToolChoice says which tools may be used: Mode is "" (unset), auto, none, required or tool (then Name is set).
type ToolChoice struct {
	Mode     string
	Name     string
	Parallel *bool
	Extra    Extra
}

const (
	ChoiceAuto     = "auto"
	ChoiceNone     = "none"
	ChoiceRequired = "required"
	ChoiceTool     = "tool"
)

// Params are the knobs of a call. Absent is not zero: nil means that the caller did not say.
type Params struct {
	MaxTokens        *int64
	Temperature      *float64
	TopP             *float64
	TopK             *int64
	Stop             []string
	Seed             *int64
	PresencePenalty  *float64
	FrequencyPenalty *float64
	N                *int64
	Logprobs         *bool
	TopLogprobs      *int64
	User             string
	ServiceTier      string
	Reasoning        *Reasoning
	Format           *Format
	IncludeUsage     bool // the caller asked for a usage report at the end of its stream
}

// Reasoning asks the model to think: Effort in words (none, minimal, low, medium, high, …), Budget in tokens.
type Reasoning struct {
	Enabled *bool
	Effort  string
	Budget  *int64
	Extra   Extra
}

// Format constrains the answer: Type is text, json_object or json_schema (then Schema is set).
type Format struct {
	Type        string
	Name        string
	Description string
	Schema      json.RawMessage
	Strict      *bool
}

// Extra keeps, per dialect name, the JSON object of the fields at this level that only that dialect understands.
type Extra map[string]json.RawMessage

// Warning names a field that could not be carried into another dialect, and why.
type Warning struct {
	Field string `json:"field"`
	Why   string `json:"why"`
}
