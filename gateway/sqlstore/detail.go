package sqlstore

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"heimdall/gateway/exchange"
	"heimdall/providers/catalog"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// detail is what a record holds beside its columns and labels. Durations are microseconds; what is zero is left out.
// appendDetail writes it.
type detail struct {
	Method         string             `json:"method"`
	Path           string             `json:"path"`
	UserAgent      string             `json:"user_agent"` // where the label is not all of it
	Aliased        bool               `json:"aliased"`
	Upstream       int64              `json:"upstream"`
	Usage          json.RawMessage    `json:"usage"` // the provider's own object
	FinishRaw      string             `json:"finish_raw"`
	DecodedBecause string             `json:"decoded_because"`
	ConfigVersion  int64              `json:"config_version"`
	RequestSize    int64              `json:"request_size"`
	SentSize       int64              `json:"sent_size"`
	ResponseSize   int64              `json:"response_size"`
	AnswerSize     int64              `json:"answer_size"`
	Place          place              `json:"place"`
	Attempts       []exchange.Attempt `json:"attempts"`
	Warnings       []llm.Warning      `json:"warnings"`
	Error          *failure           `json:"error"`
	ParentID       string             `json:"parent"`
	Trace          string             `json:"trace"`
	TraceSpan      string             `json:"trace_span"`
	TraceParent    string             `json:"trace_parent"`
	Sampled        bool               `json:"sampled"`
	Metadata       map[string]string  `json:"meta"`
	Process        *process           `json:"process"`
	Spans          []storedSpan       `json:"spans"`

	CacheWriteHour int64 `json:"cache_write_hour"`
	InputAudio     int64 `json:"input_audio"`
	InputImage     int64 `json:"input_image"`
	CacheReadAudio int64 `json:"cache_read_audio"`
	OutputAudio    int64 `json:"output_audio"`
	OutputImage    int64 `json:"output_image"`

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

// process is an exchange.Process.
type process struct {
	PID  int    `json:"pid"`
	Name string `json:"name"`
	Dir  string `json:"dir"`
}

// storedSpan is an exchange.Span as [phase, attempt, start, duration].
type storedSpan exchange.Span

func (s *storedSpan) UnmarshalJSON(text []byte) error {
	var start, duration int64
	if err := json.Unmarshal(text, &[]any{&s.Phase, &s.Attempt, &start, &duration}); err != nil {
		return err
	}
	s.Start, s.Duration = micros(start), micros(duration)
	return nil
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
	r.Method, r.Path, r.Aliased, r.Upstream = d.Method, d.Path, d.Aliased, micros(d.Upstream)
	if d.UserAgent != "" {
		r.UserAgent = d.UserAgent
	}
	u := &r.Usage
	u.Raw, u.CacheWriteHour, u.InputAudio, u.InputImage = d.Usage, d.CacheWriteHour, d.InputAudio, d.InputImage
	u.CacheReadAudio, u.OutputAudio, u.OutputImage = d.CacheReadAudio, d.OutputAudio, d.OutputImage
	r.Finish.Raw, r.DecodedBecause, r.ConfigVersion = d.FinishRaw, d.DecodedBecause, d.ConfigVersion
	r.Attempts, r.Warnings, r.Routing = d.Attempts, d.Warnings, d.Routing
	r.Request.Size, r.Sent.Size, r.Response.Size, r.Answer.Size = d.RequestSize, d.SentSize, d.ResponseSize, d.AnswerSize
	r.PrimaryProvider, r.PrimaryModel, r.ParentID = d.PrimaryProvider, d.PrimaryModel, d.ParentID
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
	d.fillOrigin(r)
	for _, s := range d.Spans {
		r.Spans = append(r.Spans, exchange.Span(s))
	}
}

// fillOrigin fills in where the request came from.
func (d *detail) fillOrigin(r *exchange.Record) {
	t := &r.Trace
	for _, of := range [...]struct {
		to   []byte
		text string
	}{{t.ID[:], d.Trace}, {t.Span[:], d.TraceSpan}, {t.Parent[:], d.TraceParent}} {
		if len(of.text) == 2*len(of.to) {
			_, _ = hex.Decode(of.to, []byte(of.text)) // what is no number stays zero
		}
	}
	t.Sampled = d.Sampled
	for name, value := range d.Metadata {
		r.Metadata = append(r.Metadata, exchange.Field{Name: name, Value: value})
	}
	slices.SortFunc(r.Metadata, func(a, b exchange.Field) int { return strings.Compare(a.Name, b.Name) })
	if p := d.Process; p != nil {
		r.Process = &atomic.Pointer[exchange.Process]{}
		r.Process.Store(&exchange.Process{PID: p.PID, Name: p.Name, Dir: p.Dir})
	}
}

// appendDetail appends the JSON of the record's detail; encoding/json would take as long as all of the insert.
func appendDetail(b []byte, r *exchange.Record, at place) []byte {
	o := object{append(b, '{')}
	o.text("method", r.Method)
	o.text("path", r.Path)
	if len(r.UserAgent) > maxAgent {
		o.text("user_agent", r.UserAgent)
	}
	o.flag("aliased", r.Aliased)
	o.number("upstream", r.Upstream.Microseconds())
	o.usage(&r.Usage)
	o.text("finish_raw", r.Finish.Raw)
	o.text("decoded_because", r.DecodedBecause)
	o.number("config_version", r.ConfigVersion)
	o.number("request_size", r.Request.Size)
	o.number("sent_size", r.Sent.Size)
	o.number("response_size", r.Response.Size)
	o.number("answer_size", r.Answer.Size)
	if !at.empty() {
		o.place(at)
	}
	if len(r.Attempts) > 0 {
		o.attempts(r.Attempts)
	}
	if len(r.Warnings) > 0 {
		o.any("warnings", r.Warnings)
		o.any("warned", warned(r.Warnings))
	}
	if r.Error != nil {
		o.any("error", newFailure(r.Error))
	}
	o.text("parent", r.ParentID)
	o.origin(r)
	if r.Fallback > 0 {
		o.text("primary_provider", r.PrimaryProvider)
		o.text("primary_model", r.PrimaryModel)
	}
	if len(r.Routing) > 0 {
		o.steps(r.Routing)
	}
	if r.Cost.Known {
		o.cost(&r.Cost)
	}
	if len(r.Spans) > 0 {
		o.spans(r.Spans)
	}
	o.close('}')
	return o.b
}

// warned are the fields of the warnings, which filters ask for.
func warned(all []llm.Warning) (fields []string) {
	for i := range all {
		fields = append(fields, all[i].Field)
	}
	return fields
}

// object is JSON that is being written. Members that are zero are left out.
type object struct{ b []byte }

func (o *object) usage(u *llm.Usage) {
	o.number("cache_write_hour", u.CacheWriteHour)
	o.number("input_audio", u.InputAudio)
	o.number("input_image", u.InputImage)
	o.number("cache_read_audio", u.CacheReadAudio)
	o.number("output_audio", u.OutputAudio)
	o.number("output_image", u.OutputImage)
	if rawjson.Valid(u.Raw) == nil {
		o.name("usage")
		o.b = append(o.b, u.Raw...)
	}
}

func (o *object) place(at place) {
	o.open("place", '{')
	o.number("kind", at.Kind)
	o.number("at", at.At)
	o.number("request", at.Request)
	o.number("sent", at.Sent)
	o.number("response", at.Response)
	o.number("answer", at.Answer)
	o.number("came", at.Came)
	o.number("went", at.Went)
	o.number("header", at.Header)
	o.number("response_header", at.ResponseHeader)
	o.close('}')
}

func (o *object) cost(c *catalog.Cost) {
	o.open("cost", '{')
	o.money("input", c.Input)
	o.money("cache_read", c.CacheRead)
	o.money("cache_write", c.CacheWrite)
	o.money("output", c.Output)
	o.money("reasoning", c.Reasoning)
	o.money("request", c.Request)
	o.money("total", c.Total)
	o.close('}')
}

// origin is where the request came from.
func (o *object) origin(r *exchange.Record) {
	t := &r.Trace
	o.hex("trace", t.ID[:])
	o.hex("trace_span", t.Span[:])
	o.hex("trace_parent", t.Parent[:])
	o.flag("sampled", t.Sampled)
	if len(r.Metadata) > 0 {
		o.open("meta", '{')
		for i := range r.Metadata {
			o.comma()
			o.b = append(rawjson.AppendString(o.b, r.Metadata[i].Name), ':')
			o.b = rawjson.AppendString(o.b, r.Metadata[i].Value)
		}
		o.close('}')
	}
	if r.Process == nil {
		return
	}
	if p := r.Process.Load(); p != nil {
		o.open("process", '{')
		o.number("pid", int64(p.PID))
		o.text("name", p.Name)
		o.text("dir", p.Dir)
		o.close('}')
	}
}

func (o *object) spans(all []exchange.Span) {
	o.open("spans", '[')
	for i := range all {
		s := &all[i]
		o.comma()
		o.b = rawjson.AppendString(append(o.b, '['), string(s.Phase))
		for _, n := range [...]int64{int64(s.Attempt), s.Start.Microseconds(), s.Duration.Microseconds()} {
			o.b = strconv.AppendInt(append(o.b, ','), n, 10)
		}
		o.close(']')
	}
	o.close(']')
}

func (o *object) attempts(all []exchange.Attempt) {
	o.open("attempts", '[')
	for i := range all {
		a := &all[i]
		o.comma()
		o.b = append(o.b, '{')
		o.text("provider", a.Provider)
		o.text("model", a.Model)
		o.text("key_id", a.KeyID)
		o.text("key_name", a.KeyName)
		o.number("status", int64(a.Status))
		o.text("error", a.Error)
		o.number("fallback", int64(a.Fallback))
		o.number("duration_ns", int64(a.Duration))
		o.close('}')
	}
	o.close(']')
}

func (o *object) steps(all []exchange.Step) {
	o.open("routing", '[')
	for i := range all {
		o.comma()
		o.b = append(o.b, '{')
		o.text("engine", all[i].Engine)
		o.text("message", all[i].Message)
		o.close('}')
	}
	o.close(']')
}

func (o *object) comma() {
	if last := o.b[len(o.b)-1]; last != '{' && last != '[' {
		o.b = append(o.b, ',')
	}
}

func (o *object) name(name string) {
	o.comma()
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

func (o *object) open(name string, bracket byte) {
	o.name(name)
	o.b = append(o.b, bracket)
}

func (o *object) close(bracket byte) { o.b = append(o.b, bracket) }

func (o *object) number(name string, n int64) {
	if n != 0 {
		o.name(name)
		o.b = strconv.AppendInt(o.b, n, 10)
	}
}

func (o *object) money(name string, usd float64) {
	if usd != 0 {
		o.name(name)
		o.b = strconv.AppendFloat(o.b, usd, 'g', -1, 64)
	}
}

func (o *object) flag(name string, set bool) {
	if set {
		o.name(name)
		o.b = append(o.b, "true"...)
	}
}

// hex writes a number; none where it is zero.
func (o *object) hex(name string, number []byte) {
	if slices.ContainsFunc(number, func(b byte) bool { return b != 0 }) {
		o.open(name, '"')
		o.b = hex.AppendEncode(o.b, number)
		o.close('"')
	}
}

func (o *object) text(name, s string) {
	if s == "" {
		return
	}
	o.name(name)
	o.b = rawjson.AppendString(o.b, s)
}

// any writes what is rare the slow way. Strings, numbers and structs of them always encode.
func (o *object) any(name string, v any) {
	o.name(name)
	text, _ := json.Marshal(v)
	o.b = append(o.b, text...)
}
