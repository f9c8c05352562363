package sqlstore

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

var rowColumns = []string{
	"seq", "id", "time", "op", "provider", "model", "requested_model", "key_id", "session", "status", "http_status",
	"stream", "latency", "ttft", "has_usage", "input", "cache_read", "cache_write", "output", "reasoning",
	"request_size", "response_size", "detail",
}

var rowColumnList = strings.Join(rowColumns, ", ")

var bodyColumns = []string{"id", "codec", "data"}

// detail is what a record holds that nobody searches for or adds up. Durations are microseconds.
type detail struct {
	Dialect         string             `json:"dialect,omitempty"`
	Method          string             `json:"method,omitempty"`
	Path            string             `json:"path,omitempty"`
	KeyName         string             `json:"key_name,omitempty"`
	UserAgent       string             `json:"user_agent,omitempty"`
	Upstream        int64              `json:"upstream,omitempty"`
	Usage           json.RawMessage    `json:"usage,omitempty"` // the provider's own object
	Finish          string             `json:"finish,omitempty"`
	FinishRaw       string             `json:"finish_raw,omitempty"`
	UpstreamDialect string             `json:"upstream_dialect,omitempty"`
	DecodedBecause  string             `json:"decoded_because,omitempty"`
	ConfigVersion   int64              `json:"config_version,omitempty"`
	Retries         int                `json:"retries,omitempty"`
	Attempts        []exchange.Attempt `json:"attempts,omitempty"`
	Warnings        []llm.Warning      `json:"warnings,omitempty"`
	Error           *failure           `json:"error,omitempty"`
}

// failure is an llm.Error without the body that it came in, which is the record's response, and without its cause.
type failure struct {
	Kind       llm.ErrorKind `json:"kind"`
	Status     int           `json:"status,omitempty"`
	Message    string        `json:"message,omitempty"`
	Type       string        `json:"type,omitempty"`
	Code       string        `json:"code,omitempty"`
	Param      string        `json:"param,omitempty"`
	RetryAfter int64         `json:"retry_after,omitempty"`
}

// rowArgs appends the values of r's row, in the order of rowColumns.
func rowArgs(args []any, seq int64, r *exchange.Record) ([]any, error) {
	d, err := json.Marshal(newDetail(r))
	if err != nil {
		return nil, fmt.Errorf("log entry %q: %w", r.ID, err)
	}
	u := &r.Usage
	return append(args, seq, r.ID, storedTime(r.Time), string(r.Op), r.Provider, r.Model, r.RequestedModel, r.KeyID,
		r.SessionID, string(r.Status), r.HTTPStatus, r.Stream, r.Latency.Microseconds(), r.TTFT.Microseconds(),
		r.HasUsage, u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, r.Request.Size, r.Response.Size,
		string(d)), nil
}

func newDetail(r *exchange.Record) *detail {
	d := &detail{
		Dialect: r.Dialect, Method: r.Method, Path: r.Path, KeyName: r.KeyName, UserAgent: r.UserAgent,
		Upstream: r.Upstream.Microseconds(), Finish: r.Finish.Reason, FinishRaw: r.Finish.Raw,
		UpstreamDialect: r.UpstreamDialect, DecodedBecause: r.DecodedBecause, ConfigVersion: r.ConfigVersion,
		Retries: r.Retries, Attempts: r.Attempts, Warnings: r.Warnings,
	}
	if json.Valid(r.Usage.Raw) {
		d.Usage = r.Usage.Raw
	}
	if e := r.Error; e != nil {
		d.Error = &failure{
			Kind: e.Kind, Status: e.Status, Message: e.Message, Type: e.Type, Code: e.Code, Param: e.Param,
			RetryAfter: e.RetryAfter.Microseconds(),
		}
	}
	return d
}

// scanRow reads one row of all rowColumns into a record without bodies.
func scanRow(row interface{ Scan(...any) error }) (seq int64, r *exchange.Record, err error) {
	r = &exchange.Record{}
	var at, latency, ttft int64
	var text []byte
	u := &r.Usage
	err = row.Scan(&seq, &r.ID, &at, &r.Op, &r.Provider, &r.Model, &r.RequestedModel, &r.KeyID,
		&r.SessionID, &r.Status, &r.HTTPStatus, &r.Stream, &latency, &ttft,
		&r.HasUsage, &u.Input, &u.CacheRead, &u.CacheWrite, &u.Output, &u.Reasoning, &r.Request.Size, &r.Response.Size,
		&text)
	if err != nil {
		return 0, nil, err
	}
	r.Time, r.Latency, r.TTFT = time.UnixMicro(at).UTC(), micros(latency), micros(ttft)
	var d detail
	if err := json.Unmarshal(text, &d); err != nil {
		return 0, nil, fmt.Errorf("log entry %q: %w", r.ID, err)
	}
	d.fill(r)
	return seq, r, nil
}

func (d *detail) fill(r *exchange.Record) {
	r.Dialect, r.Method, r.Path, r.KeyName, r.UserAgent = d.Dialect, d.Method, d.Path, d.KeyName, d.UserAgent
	r.Upstream, r.Finish = micros(d.Upstream), llm.Finish{Reason: d.Finish, Raw: d.FinishRaw}
	r.UpstreamDialect, r.DecodedBecause, r.ConfigVersion = d.UpstreamDialect, d.DecodedBecause, d.ConfigVersion
	r.Retries, r.Attempts, r.Warnings, r.Usage.Raw = d.Retries, d.Attempts, d.Warnings, d.Usage
	if f := d.Error; f != nil {
		r.Error = &llm.Error{
			Kind: f.Kind, Status: f.Status, Message: f.Message, Type: f.Type, Code: f.Code, Param: f.Param,
			RetryAfter: micros(f.RetryAfter),
		}
	}
}

// storedTime is t in the microseconds of the log. No request is from before 1970: counting hours is simpler for it.
func storedTime(t time.Time) int64 { return max(0, t.UnixMicro()) }

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
