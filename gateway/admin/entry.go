package admin

import (
	"encoding/hex"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// entry is a record as a row of the log.
func entry(r *exchange.Record) LogEntry {
	e := LogEntry{
		ID: r.ID, Timestamp: r.Time, Object: r.Object(), Provider: r.Provider, Model: r.Model, Alias: r.RequestedModel,
		Status: string(r.Status), StatusCode: r.HTTPStatus, Stream: r.Stream, StopReason: r.Finish.Reason,
		SelectedKeyID: r.KeyID, SelectedKeyName: r.KeyName, NumberOfRetries: r.Retries, SessionID: r.SessionID,
		UserAgent: r.UserAgent, Method: r.Method, Path: r.Path, Dialect: r.Dialect, UpstreamDialect: r.UpstreamDialect,
		TTFT: known(r.TTFT), FallbackIndex: r.Fallback, CacheHit: r.CacheHit, CalledTools: r.Tools,
	}
	e.named(r.Identity)
	e.described(r)
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
		ID: r.ID, Timestamp: r.Time, Object: r.Object(), Provider: r.First.Provider, Model: r.First.Model, Alias: r.RequestedModel,
		Status: string(exchange.StatusProcessing), Stream: r.Stream, SelectedKeyID: r.First.KeyID, SelectedKeyName: r.First.KeyName,
		SessionID: r.SessionID, UserAgent: r.UserAgent, Method: r.Method, Path: r.Path, Dialect: r.Dialect,
	}
	e.named(r.Identity)
	e.described(r)
	return e
}

// described says what is known of a request from the time on that it is shown.
func (e *LogEntry) described(r *exchange.Record) {
	e.ParentRequestID, e.App, e.RequestSize = r.ParentID, r.App, r.Request.Size
	e.RoutingRuleID, e.RoutingRuleName, e.ComplexityTier = r.RuleID, r.RuleName, r.Tier
	if r.Trace.ID != ([16]byte{}) {
		e.TraceID = hex.EncodeToString(r.Trace.ID[:])
	}
	if len(r.Metadata) > 0 {
		e.Metadata = make(map[string]string, len(r.Metadata))
		for _, f := range r.Metadata {
			e.Metadata[f.Name] = f.Value
		}
	}
	if r.Process != nil {
		if p := r.Process.Load(); p != nil {
			e.Process = &Process{PID: p.PID, Name: p.Name, Dir: p.Dir}
		}
	}
}

// known is a time in milliseconds; nil where it was not measured.
func known(d time.Duration) *float64 {
	if d == 0 {
		return nil
	}
	ms := milliseconds(d)
	return &ms
}
