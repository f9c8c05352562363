package sqlstore

import (
	"encoding/json"
	"strconv"

	"heimdall/gateway/exchange"
	"heimdall/providers/rawjson"
)

// appendDetail appends the JSON of the record's detail; encoding/json would take as long as all of the insert.
func appendDetail(b []byte, r *exchange.Record, at place) []byte {
	o := object{append(b, '{')}
	o.text("op", string(r.Op))
	o.text("dialect", r.Dialect)
	o.text("method", r.Method)
	o.text("path", r.Path)
	o.text("key_name", r.KeyName)
	o.text("user_agent", r.UserAgent)
	o.flag("stream", r.Stream)
	o.number("http_status", int64(r.HTTPStatus))
	o.number("ttft", r.TTFT.Microseconds())
	o.number("upstream", r.Upstream.Microseconds())
	o.usage(r)
	o.text("finish", r.Finish.Reason)
	o.text("finish_raw", r.Finish.Raw)
	o.text("upstream_dialect", r.UpstreamDialect)
	o.text("decoded_because", r.DecodedBecause)
	o.number("config_version", r.ConfigVersion)
	o.number("retries", int64(r.Retries))
	o.number("request_size", r.Request.Size)
	o.number("response_size", r.Response.Size)
	if !at.empty() {
		o.open("place", '{')
		o.number("at", at.At)
		o.number("request", at.Request)
		o.number("response", at.Response)
		o.close('}')
	}
	if len(r.Attempts) > 0 {
		o.attempts(r.Attempts)
	}
	if len(r.Warnings) > 0 {
		o.any("warnings", r.Warnings)
	}
	if r.Error != nil {
		o.any("error", newFailure(r.Error))
	}
	o.governance(r)
	o.close('}')
	return o.b
}

// governance is who called, how the way was chosen and what it cost.
func (o *object) governance(r *exchange.Record) {
	who := &r.Identity
	o.text("virtual_key_id", who.VirtualKeyID)
	o.text("virtual_key_name", who.VirtualKeyName)
	o.text("team_id", who.TeamID)
	o.text("team_name", who.TeamName)
	o.text("customer_id", who.CustomerID)
	o.text("customer_name", who.CustomerName)
	o.number("fallback", int64(r.Fallback))
	if r.Fallback > 0 {
		o.text("primary_provider", r.PrimaryProvider)
		o.text("primary_model", r.PrimaryModel)
	}
	if len(r.Routing) > 0 {
		o.steps(r.Routing)
	}
	if c := &r.Cost; c.Known {
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
}

// object is JSON that is being written. Members that are zero are left out.
type object struct{ b []byte }

func (o *object) usage(r *exchange.Record) {
	u := &r.Usage
	o.flag("has_usage", r.HasUsage)
	o.number("input", u.Input)
	o.number("cache_read", u.CacheRead)
	o.number("cache_write", u.CacheWrite)
	o.number("output", u.Output)
	o.number("reasoning", u.Reasoning)
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
