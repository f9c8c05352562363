package admin

import (
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// entry is a record as a row of the log.
func entry(r *exchange.Record) LogEntry {
	e := LogEntry{
		ID: r.ID, Timestamp: r.Time, Object: object(r), Provider: r.Provider, Model: r.Model, Alias: r.RequestedModel,
		Status: string(r.Status), StatusCode: r.HTTPStatus, Stream: r.Stream, StopReason: r.Finish.Reason,
		SelectedKeyID: r.KeyID, SelectedKeyName: r.KeyName, NumberOfRetries: r.Retries, SessionID: r.SessionID,
		UserAgent: r.UserAgent, Method: r.Method, Path: r.Path, Dialect: r.Dialect, UpstreamDialect: r.UpstreamDialect,
		TTFT: known(r.TTFT), FallbackIndex: r.Fallback,
	}
	e.named(r.Identity)
	if r.Cost.Known {
		total := r.Cost.Total
		e.Cost = &total
	}
	if r.Status != exchange.StatusProcessing {
		ms := milliseconds(r.Latency)
		e.Latency = &ms
	}
	if r.HasUsage {
		u := r.Usage
		e.TokenUsage = &TokenUsage{
			PromptTokens: u.Input, CompletionTokens: u.Output, TotalTokens: u.Input + u.Output,
			CachedReadTokens: u.CacheRead, CachedWriteTokens: u.CacheWrite, ReasoningTokens: u.Reasoning,
		}
	}
	if r.Error != nil {
		shown := ShowError(r.Error)
		e.ErrorDetails = &shown
	}
	return e
}

// ShowError is an error as pages show it.
func ShowError(e *llm.Error) ErrorDetails {
	return ErrorDetails{Kind: string(e.Kind), Message: e.Message, Type: e.Type, Code: e.Code, Hint: hint(e.Kind)}
}

// named says who called.
func (e *LogEntry) named(who exchange.Identity) {
	e.VirtualKeyID, e.VirtualKeyName = who.VirtualKeyID, who.VirtualKeyName
	e.TeamID, e.TeamName, e.CustomerID, e.CustomerName = who.TeamID, who.TeamName, who.CustomerID, who.CustomerName
}

// begun shows a record that is still being filled: only fields that do not change after its beginning are read.
func begun(r *exchange.Record) LogEntry {
	e := LogEntry{
		ID: r.ID, Timestamp: r.Time, Object: object(r), Provider: r.First.Provider, Model: r.First.Model, Alias: r.RequestedModel,
		Status: string(exchange.StatusProcessing), Stream: r.Stream, SelectedKeyID: r.First.KeyID, SelectedKeyName: r.First.KeyName,
		SessionID: r.SessionID, UserAgent: r.UserAgent, Method: r.Method, Path: r.Path, Dialect: r.Dialect,
	}
	e.named(r.Identity)
	return e
}

func object(r *exchange.Record) string {
	switch {
	case r.Op != llm.OpChat:
		return string(r.Op)
	case r.Dialect == "responses":
		return "response"
	case r.Dialect == "completions":
		return "text_completion"
	case r.Stream:
		return "chat.completion.chunk"
	}
	return "chat.completion"
}

// known is a time in milliseconds; nil where it was not measured.
func known(d time.Duration) *float64 {
	if d == 0 {
		return nil
	}
	ms := milliseconds(d)
	return &ms
}
