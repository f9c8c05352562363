package admin

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"heimdall/gateway/exchange"
)

// csvColumns are the columns of a table of requests.
var csvColumns = []struct {
	name string
	of   func(*LogEntry) string
}{
	{"id", func(e *LogEntry) string { return e.ID }},
	{"timestamp", func(e *LogEntry) string { return e.Timestamp.UTC().Format(time.RFC3339Nano) }},
	{"object", func(e *LogEntry) string { return e.Object }},
	{"provider", func(e *LogEntry) string { return e.Provider }},
	{"model", func(e *LogEntry) string { return e.Model }},
	{"alias", func(e *LogEntry) string { return e.Alias }},
	{"status", func(e *LogEntry) string { return e.Status }},
	{"status_code", func(e *LogEntry) string { return strconv.Itoa(e.StatusCode) }},
	{"stream", func(e *LogEntry) string { return strconv.FormatBool(e.Stream) }},
	{"latency_ms", func(e *LogEntry) string { return decimal(e.Latency) }},
	{"ttft_ms", func(e *LogEntry) string { return decimal(e.TTFT) }},
	{"prompt_tokens", counted(func(u *TokenUsage) int64 { return u.PromptTokens })},
	{"completion_tokens", counted(func(u *TokenUsage) int64 { return u.CompletionTokens })},
	{"cached_read_tokens", counted(func(u *TokenUsage) int64 { return u.CachedReadTokens })},
	{"cached_write_tokens", counted(func(u *TokenUsage) int64 { return u.CachedWriteTokens })},
	{"reasoning_tokens", counted(func(u *TokenUsage) int64 { return u.ReasoningTokens })},
	{"cost_usd", func(e *LogEntry) string { return decimal(e.Cost) }},
	{"stop_reason", func(e *LogEntry) string { return e.StopReason }},
	{"error_kind", func(e *LogEntry) string { return e.failure().Kind }},
	{"error_message", func(e *LogEntry) string { return e.failure().Message }},
	{"key", func(e *LogEntry) string { return e.SelectedKeyName }},
	{"virtual_key", func(e *LogEntry) string { return e.VirtualKeyName }},
	{"team", func(e *LogEntry) string { return e.TeamName }},
	{"customer", func(e *LogEntry) string { return e.CustomerName }},
	{"routing_rule", func(e *LogEntry) string { return e.RoutingRuleName }},
	{"retries", func(e *LogEntry) string { return strconv.Itoa(e.NumberOfRetries) }},
	{"fallback", func(e *LogEntry) string { return strconv.Itoa(e.FallbackIndex) }},
	{"cache_hit", func(e *LogEntry) string { return e.CacheHit }},
	{"session_id", func(e *LogEntry) string { return e.SessionID }},
	{"parent_request_id", func(e *LogEntry) string { return e.ParentRequestID }},
	{"app", func(e *LogEntry) string { return e.App }},
	{"user_agent", func(e *LogEntry) string { return e.UserAgent }},
	{"called_tools", func(e *LogEntry) string { return strings.Join(e.CalledTools, " ") }},
	{"path", func(e *LogEntry) string { return e.Path }},
	{"request_size", func(e *LogEntry) string { return strconv.FormatInt(e.RequestSize, 10) }},
	{"trace_id", func(e *LogEntry) string { return e.TraceID }},
	{"metadata", func(e *LogEntry) string {
		if len(e.Metadata) == 0 {
			return ""
		}
		data, _ := json.Marshal(e.Metadata)
		return string(data)
	}},
}

// csvBodies are further columns, where bodies are wanted. cut names those of them that are not whole.
var csvBodies = []string{"raw_request", "upstream_request", "raw_response", "client_response", "cut"}

func csvHead(bodies bool) string {
	var names []string
	for _, c := range csvColumns {
		names = append(names, c.name)
	}
	if bodies {
		names = append(names, csvBodies...)
	}
	return strings.Join(names, ",") + "\r\n"
}

func (a *Admin) exportCSV(out *bytes.Buffer, r *exchange.Record, bodies bool) error {
	e := entry(r)
	var cells []string
	for _, c := range csvColumns {
		cells = append(cells, harmless(c.of(&e)))
	}
	if bodies {
		d := a.detail(r)
		var cut []string
		for i, b := range [...]Body{d.RawRequest, d.UpstreamRequest, d.RawResponse, d.ClientResponse} {
			cells = append(cells, harmless(b.Text))
			if b.Cut {
				cut = append(cut, csvBodies[i])
			}
		}
		cells = append(cells, strings.Join(cut, " "))
	}
	w := csv.NewWriter(out)
	w.UseCRLF = true
	if err := w.Write(cells); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// harmless keeps a spreadsheet from taking what others wrote for a formula.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

func decimal(n *float64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(*n, 'f', -1, 64)
}

func counted(of func(*TokenUsage) int64) func(*LogEntry) string {
	return func(e *LogEntry) string {
		if e.TokenUsage == nil {
			return ""
		}
		return strconv.FormatInt(of(e.TokenUsage), 10)
	}
}

func (e *LogEntry) failure() ErrorDetails {
	if e.ErrorDetails == nil {
		return ErrorDetails{}
	}
	return *e.ErrorDetails
}
