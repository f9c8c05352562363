package sqlstore

import (
	"encoding/json"
	"fmt"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/catalog"
	"heimdall/providers/llm"
)

var rowColumns = []string{"seq", "id", "time", "labels", "session", "latency", "tokens", "detail"}

// wholeRows selects what scanRow reads.
const wholeRows = `SELECT logs.seq, logs.id, time, provider, model, requested_model, key_id, status, session, latency,
	detail FROM logs JOIN labels ON labels.id = logs.labels `

// rowArgs appends the values of r's row, in the order of rowColumns, and what detail takes to text.
func rowArgs(args []any, text []byte, seq, labels int64, r *exchange.Record, at place) ([]any, []byte) {
	from := len(text)
	text = appendDetail(text, r, at)
	return append(args, seq, r.ID, storedTime(r.Time), labels, r.SessionID, r.Latency.Microseconds(),
		r.Usage.Input+r.Usage.Output, text[from:len(text):len(text)]), text
}

// scanRow reads one row into a record without bodies.
func scanRow(row interface{ Scan(...any) error }) (seq int64, r *exchange.Record, at place, err error) {
	r = &exchange.Record{}
	var micro, latency int64
	var text []byte
	err = row.Scan(&seq, &r.ID, &micro, &r.Provider, &r.Model, &r.RequestedModel, &r.KeyID, &r.Status, &r.SessionID,
		&latency, &text)
	if err != nil {
		return 0, nil, at, err
	}
	r.Time, r.Latency = time.UnixMicro(micro).UTC(), micros(latency)
	var d detail
	if err := json.Unmarshal(text, &d); err != nil {
		return 0, nil, at, fmt.Errorf("log entry %q: %w", r.ID, err)
	}
	d.fill(r)
	return seq, r, d.Place, nil
}

// detail is what a record holds that nobody searches for, sorts by or adds up. Durations are microseconds; what is
// zero is left out. appendDetail writes it.
type detail struct {
	Op              llm.Op             `json:"op"`
	Dialect         string             `json:"dialect"`
	Method          string             `json:"method"`
	Path            string             `json:"path"`
	KeyName         string             `json:"key_name"`
	UserAgent       string             `json:"user_agent"`
	Stream          bool               `json:"stream"`
	HTTPStatus      int                `json:"http_status"`
	TTFT            int64              `json:"ttft"`
	Upstream        int64              `json:"upstream"`
	HasUsage        bool               `json:"has_usage"`
	Input           int64              `json:"input"`
	CacheRead       int64              `json:"cache_read"`
	CacheWrite      int64              `json:"cache_write"`
	Output          int64              `json:"output"`
	Reasoning       int64              `json:"reasoning"`
	Usage           json.RawMessage    `json:"usage"` // the provider's own object
	Finish          string             `json:"finish"`
	FinishRaw       string             `json:"finish_raw"`
	UpstreamDialect string             `json:"upstream_dialect"`
	DecodedBecause  string             `json:"decoded_because"`
	ConfigVersion   int64              `json:"config_version"`
	Retries         int                `json:"retries"`
	RequestSize     int64              `json:"request_size"`
	ResponseSize    int64              `json:"response_size"`
	Place           place              `json:"place"`
	Attempts        []exchange.Attempt `json:"attempts"`
	Warnings        []llm.Warning      `json:"warnings"`
	Error           *failure           `json:"error"`

	CacheWriteHour int64 `json:"cache_write_hour"`
	InputAudio     int64 `json:"input_audio"`
	InputImage     int64 `json:"input_image"`
	CacheReadAudio int64 `json:"cache_read_audio"`
	OutputAudio    int64 `json:"output_audio"`
	OutputImage    int64 `json:"output_image"`

	VirtualKeyID    string          `json:"virtual_key_id"`
	VirtualKeyName  string          `json:"virtual_key_name"`
	TeamID          string          `json:"team_id"`
	TeamName        string          `json:"team_name"`
	CustomerID      string          `json:"customer_id"`
	CustomerName    string          `json:"customer_name"`
	Fallback        int             `json:"fallback"`
	PrimaryProvider string          `json:"primary_provider"`
	PrimaryModel    string          `json:"primary_model"`
	Routing         []exchange.Step `json:"routing"`
	Cost            *cost           `json:"cost"`
}

// cost is a cost that is known, in US dollars.
type cost struct {
	Input      float64 `json:"input"`
	CacheRead  float64 `json:"cache_read"`
	CacheWrite float64 `json:"cache_write"`
	Output     float64 `json:"output"`
	Reasoning  float64 `json:"reasoning"`
	Request    float64 `json:"request"`
	Total      float64 `json:"total"`
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

func newFailure(e *llm.Error) failure {
	return failure{
		Kind: e.Kind, Status: e.Status, Message: e.Message, Type: e.Type, Code: e.Code, Param: e.Param,
		RetryAfter: e.RetryAfter.Microseconds(),
	}
}

func (d *detail) fill(r *exchange.Record) {
	r.Op, r.Dialect, r.Method, r.Path, r.KeyName, r.UserAgent = d.Op, d.Dialect, d.Method, d.Path, d.KeyName, d.UserAgent
	r.Stream, r.HTTPStatus, r.TTFT, r.Upstream = d.Stream, d.HTTPStatus, micros(d.TTFT), micros(d.Upstream)
	r.HasUsage, r.Finish = d.HasUsage, llm.Finish{Reason: d.Finish, Raw: d.FinishRaw}
	r.Usage = llm.Usage{
		Input: d.Input, CacheRead: d.CacheRead, CacheWrite: d.CacheWrite, Output: d.Output, Reasoning: d.Reasoning,
		Raw: d.Usage, CacheWriteHour: d.CacheWriteHour, InputAudio: d.InputAudio, InputImage: d.InputImage,
		CacheReadAudio: d.CacheReadAudio, OutputAudio: d.OutputAudio, OutputImage: d.OutputImage,
	}
	r.UpstreamDialect, r.DecodedBecause, r.ConfigVersion = d.UpstreamDialect, d.DecodedBecause, d.ConfigVersion
	r.Retries, r.Attempts, r.Warnings = d.Retries, d.Attempts, d.Warnings
	r.Request.Size, r.Response.Size = d.RequestSize, d.ResponseSize
	r.Identity = exchange.Identity{
		VirtualKeyID: d.VirtualKeyID, VirtualKeyName: d.VirtualKeyName, TeamID: d.TeamID, TeamName: d.TeamName,
		CustomerID: d.CustomerID, CustomerName: d.CustomerName,
	}
	r.Fallback, r.PrimaryProvider, r.PrimaryModel, r.Routing = d.Fallback, d.PrimaryProvider, d.PrimaryModel, d.Routing
	if c := d.Cost; c != nil {
		r.Cost = catalog.Cost{
			Known: true, Input: c.Input, CacheRead: c.CacheRead, CacheWrite: c.CacheWrite, Output: c.Output,
			Reasoning: c.Reasoning, Request: c.Request, Total: c.Total,
		}
	}
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
