package admin

import (
	"encoding/json"
	"time"
)

// ToolLog is one call of an MCP tool. Latency is in milliseconds, the cost in US dollars.
type ToolLog struct {
	ID             string            `json:"id"`
	RequestID      string            `json:"request_id,omitempty"`
	LLMRequestID   string            `json:"llm_request_id"`
	Timestamp      time.Time         `json:"timestamp"`
	ToolName       string            `json:"tool_name"`
	ServerLabel    string            `json:"server_label"`
	VirtualKeyID   string            `json:"virtual_key_id,omitempty"`
	VirtualKeyName string            `json:"virtual_key_name,omitempty"`
	Arguments      json.RawMessage   `json:"arguments" tstype:"unknown"`
	Result         json.RawMessage   `json:"result" tstype:"unknown"`
	ErrorDetails   *ErrorDetails     `json:"error_details"`
	Latency        *float64          `json:"latency"`
	Cost           *float64          `json:"cost"`
	Status         string            `json:"status"`
	Metadata       map[string]string `json:"metadata,omitempty"`
	CreatedAt      time.Time         `json:"created_at"`
}

// ToolStats sums up calls of MCP tools.
type ToolStats struct {
	TotalExecutions int64   `json:"total_executions"`
	SuccessRate     float64 `json:"success_rate"`
	AverageLatency  float64 `json:"average_latency"`
	TotalCost       float64 `json:"total_cost"`
}

// ToolLogs is GET /api/mcp-logs.
type ToolLogs struct {
	Logs       []ToolLog  `json:"logs"`
	Pagination Pagination `json:"pagination"`
	Stats      ToolStats  `json:"stats"`
	HasLogs    bool       `json:"has_logs"`
}

// ToolFilterData is GET /api/mcp-logs/filterdata.
type ToolFilterData struct {
	ToolNames    []string `json:"tool_names"`
	ServerLabels []string `json:"server_labels"`
	VirtualKeys  []Facet  `json:"virtual_keys"`
}
