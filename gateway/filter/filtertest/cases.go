package filtertest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// File is the file of the cases, from the root of the module.
const File = "gateway/filter/testdata/cases.json"

// Cases are the content of the file.
type Cases struct {
	Now     time.Time `json:"now"`     // which times are counted from
	Rows    []Row     `json:"rows"`    // finished requests, oldest first
	Running []Row     `json:"running"` // requests that still run
	Cases   []Case    `json:"cases"`
}

// Case is a filter and what it means.
type Case struct {
	Filter     string   `json:"filter"`
	IDs        []string `json:"ids"`               // of Rows: which it selects, in their order
	Yes        []string `json:"yes,omitempty"`     // of Running: for which it holds
	Unknown    []string `json:"unknown,omitempty"` // of Running: which it may hold for
	Normal     string   `json:"normal"`            // the filter at its shortest
	Sentence   string   `json:"sentence"`
	Expression *Node    `json:"expression"` // as the management API gives it
}

// Node is a node of an expression as the management API gives it.
type Node struct {
	Kind   string  `json:"kind"`
	Parts  []Node  `json:"parts,omitempty"`
	Field  string  `json:"field,omitempty"`
	Key    string  `json:"key,omitempty"`
	Op     string  `json:"op,omitempty"`
	Values []Value `json:"values,omitempty"`
	Type   string  `json:"type,omitempty"`
}

// Value is a value of a Node.
type Value struct {
	Text   string  `json:"text"`
	Number float64 `json:"number"`
}

// Row is a request: a log entry as the management API gives it, and what the API leaves out.
type Row struct {
	ID        string            `json:"id"`
	Timestamp time.Time         `json:"timestamp"`
	Object    string            `json:"object"`
	Provider  string            `json:"provider"`
	Model     string            `json:"model"`
	Alias     string            `json:"alias"`
	Status    string            `json:"status"`
	Code      int               `json:"status_code"`
	Stream    bool              `json:"stream"`
	Latency   *float64          `json:"latency"`
	TTFT      *float64          `json:"ttft"`
	Usage     *Usage            `json:"token_usage"`
	Finish    string            `json:"stop_reason,omitempty"`
	Error     *Failure          `json:"error_details"`
	KeyID     string            `json:"selected_key_id,omitempty"`
	KeyName   string            `json:"selected_key_name,omitempty"`
	Retries   int               `json:"number_of_retries"`
	Session   string            `json:"session_id,omitempty"`
	Agent     string            `json:"user_agent,omitempty"`
	Method    string            `json:"method"`
	Path      string            `json:"path"`
	Dialect   string            `json:"dialect"`
	Upstream  string            `json:"upstream_dialect,omitempty"`
	Cost      *float64          `json:"cost"`
	Fallback  int               `json:"fallback_index"`
	VKID      string            `json:"virtual_key_id,omitempty"`
	VKName    string            `json:"virtual_key_name,omitempty"`
	TeamID    string            `json:"team_id,omitempty"`
	TeamName  string            `json:"team_name,omitempty"`
	CustID    string            `json:"customer_id,omitempty"`
	CustName  string            `json:"customer_name,omitempty"`
	Parent    string            `json:"parent_request_id,omitempty"`
	RuleID    string            `json:"routing_rule_id,omitempty"`
	RuleName  string            `json:"routing_rule_name,omitempty"`
	Cache     string            `json:"cache_hit,omitempty"`
	App       string            `json:"app,omitempty"`
	Tools     []string          `json:"called_tools,omitempty"`
	Process   *Process          `json:"process,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Trace     string            `json:"trace_id,omitempty"`
	Size      int64             `json:"request_size"`

	Op       string   `json:"op"`
	Engines  []string `json:"engines,omitempty"`
	Warnings []string `json:"warnings,omitempty"` // their fields
	Decoded  string   `json:"decoded_because,omitempty"`
	Text     string   `json:"text,omitempty"` // what was said, for the search
}

// Usage counts tokens.
type Usage struct {
	Prompt     int64 `json:"prompt_tokens"`
	Completion int64 `json:"completion_tokens"`
	Total      int64 `json:"total_tokens"`
	Cached     int64 `json:"cached_read_tokens"`
	Reasoning  int64 `json:"reasoning_tokens"`
}

// Failure is an error.
type Failure struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// Process is a program that called.
type Process struct {
	PID  int    `json:"pid"`
	Name string `json:"name"`
	Dir  string `json:"dir,omitempty"`
}

// Read reads the cases.
func Read(tb testing.TB) Cases {
	tb.Helper()
	data, err := os.ReadFile(Path(tb))
	if err != nil {
		tb.Fatal(err)
	}
	var c Cases
	if err := json.Unmarshal(data, &c); err != nil {
		tb.Fatal(err)
	}
	return c
}

// Path is where File is, from the folder that the test runs in.
func Path(tb testing.TB) string {
	tb.Helper()
	root := "."
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return filepath.Join(root, File)
		}
		if root = filepath.Join("..", root); len(root) > 64 {
			tb.Fatal("the test does not run within the module")
		}
	}
}
