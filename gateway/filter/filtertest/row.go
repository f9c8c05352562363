package filtertest

import (
	"encoding/hex"
	"slices"
	"sync/atomic"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/providers/catalog"
	"heimdall/providers/llm"
)

// Record is the row as the log keeps it. What was said is not in it, see Row.Text.
func (r *Row) Record() *exchange.Record {
	rec := &exchange.Record{
		ID: r.ID, Time: r.Timestamp, Op: llm.Op(r.Op), Dialect: r.Dialect, Method: r.Method, Path: r.Path,
		Provider: r.Provider, Model: r.Model, RequestedModel: r.Alias, KeyID: r.KeyID, KeyName: r.KeyName,
		SessionID: r.Session, UserAgent: r.Agent, Stream: r.Stream, Status: exchange.Status(r.Status), HTTPStatus: r.Code,
		Latency: duration(r.Latency), TTFT: duration(r.TTFT), Finish: llm.Finish{Reason: r.Finish}, UpstreamDialect: r.Upstream,
		DecodedBecause: r.Decoded, Retries: r.Retries, Fallback: r.Fallback, ParentID: r.Parent, App: r.App,
		RuleID: r.RuleID, RuleName: r.RuleName, CacheHit: r.Cache, Tools: r.Tools, Request: exchange.Body{Size: r.Size},
		Identity: exchange.Identity{
			VirtualKeyID: r.VKID, VirtualKeyName: r.VKName, TeamID: r.TeamID, TeamName: r.TeamName, CustomerID: r.CustID, CustomerName: r.CustName,
		},
	}
	if r.Usage != nil {
		rec.HasUsage = true
		rec.Usage = llm.Usage{Input: r.Usage.Prompt, Output: r.Usage.Completion, CacheRead: r.Usage.Cached, Reasoning: r.Usage.Reasoning}
	}
	if r.Cost != nil {
		rec.Cost = catalog.Cost{Known: true, Input: *r.Cost, Total: *r.Cost}
	}
	if r.Error != nil {
		rec.Error = &llm.Error{Kind: llm.ErrorKind(r.Error.Kind), Status: r.Code, Message: r.Error.Message}
	}
	for _, e := range r.Engines {
		rec.Routing = append(rec.Routing, exchange.Step{Engine: e, Message: "it was so"})
	}
	for _, w := range r.Warnings {
		rec.Warnings = append(rec.Warnings, llm.Warning{Field: w, Why: "the provider has no such field"})
	}
	for name, value := range r.Metadata {
		rec.Metadata = append(rec.Metadata, exchange.Field{Name: name, Value: value})
	}
	slices.SortFunc(rec.Metadata, func(a, b exchange.Field) int { return len(a.Name) - len(b.Name) })
	if r.Process != nil {
		rec.Process = &atomic.Pointer[exchange.Process]{}
		rec.Process.Store(&exchange.Process{PID: r.Process.PID, Name: r.Process.Name, Dir: r.Process.Dir})
	}
	if id, err := hex.DecodeString(r.Trace); err == nil {
		copy(rec.Trace.ID[:], id)
	}
	return rec
}

func duration(ms *float64) time.Duration {
	if ms == nil {
		return 0
	}
	return time.Duration(*ms * float64(time.Millisecond))
}

// Getter gives filter.Match what is known of a row.
type Getter struct{ Row *Row }

// Text implements filter.Getter.
func (g Getter) Text(f filter.Field, key string, i int) (string, bool) {
	all := g.texts(f, key)
	if i >= len(all) {
		return "", false
	}
	return all[i], true
}

func (g Getter) texts(f filter.Field, key string) []string {
	r := g.Row
	switch f {
	case filter.Provider:
		return []string{r.Provider}
	case filter.Model:
		return []string{r.Model, r.Alias}
	case filter.Alias:
		return []string{r.Alias}
	case filter.Status:
		if r.Code == 0 {
			return []string{r.Status}
		}
		return []string{r.Status, string([]byte{byte('0' + r.Code/100), byte('0' + r.Code/10%10), byte('0' + r.Code%10)})}
	case filter.Key:
		return []string{r.KeyID, r.KeyName}
	case filter.VK:
		return []string{r.VKID, r.VKName}
	case filter.Team:
		return []string{r.TeamID, r.TeamName}
	case filter.Customer:
		return []string{r.CustID, r.CustName}
	case filter.Rule:
		return []string{r.RuleID, r.RuleName}
	case filter.Operation:
		return []string{r.Op}
	case filter.Object:
		return []string{r.Object}
	case filter.Dialect:
		return []string{r.Dialect}
	case filter.Upstream:
		return []string{r.Upstream}
	case filter.Stream:
		if r.Stream {
			return []string{"true"}
		}
		return []string{"false"}
	case filter.Finish:
		return []string{r.Finish}
	case filter.ErrorKind:
		if r.Error == nil {
			return nil
		}
		return []string{r.Error.Kind}
	default:
		return g.moreTexts(f, key)
	}
}

func (g Getter) moreTexts(f filter.Field, key string) []string {
	r := g.Row
	switch f {
	case filter.App:
		return []string{r.App}
	case filter.Agent:
		return []string{r.Agent}
	case filter.Cache:
		return []string{r.Cache}
	case filter.Engine:
		return r.Engines
	case filter.ID:
		return []string{r.ID}
	case filter.Session:
		return []string{r.Session}
	case filter.Parent:
		return []string{r.Parent}
	case filter.Tool:
		return r.Tools
	case filter.ProcessBy:
		if r.Process == nil {
			return nil
		}
		return []string{r.Process.Name, r.Process.Dir}
	case filter.Path:
		return []string{r.Path}
	case filter.Warning:
		return r.Warnings
	case filter.Decoded:
		return []string{r.Decoded}
	case filter.Trace:
		return []string{r.Trace}
	case filter.Metadata:
		return []string{r.Metadata[key]}
	case filter.Text:
		return []string{r.Text}
	default:
		return nil
	}
}

// Number implements filter.Getter.
func (g Getter) Number(f filter.Field) (float64, bool) {
	r := g.Row
	switch f {
	case filter.Status:
		return float64(r.Code), r.Code != 0
	case filter.Time:
		return float64(r.Timestamp.UnixMicro()) / 1e3, true
	case filter.Latency:
		return number(r.Latency)
	case filter.TTFT:
		return number(r.TTFT)
	case filter.Cost:
		return number(r.Cost)
	case filter.Retries:
		return float64(r.Retries), !r.runs()
	case filter.Fallback:
		return float64(r.Fallback), !r.runs()
	case filter.Size:
		return float64(r.Size), true
	default:
		if r.Usage == nil {
			return 0, false
		}
		return r.Usage.number(f)
	}
}

func (u *Usage) number(f filter.Field) (float64, bool) {
	switch f {
	case filter.Tokens:
		return float64(u.Total), true
	case filter.Input:
		return float64(u.Prompt), true
	case filter.Output:
		return float64(u.Completion), true
	case filter.Cached:
		return float64(u.Cached), true
	case filter.Reasoning:
		return float64(u.Reasoning), true
	default:
		return 0, false
	}
}

func number(n *float64) (float64, bool) {
	if n == nil {
		return 0, false
	}
	return *n, true
}

// Open implements filter.Getter.
func (g Getter) Open(f filter.Field) bool {
	switch {
	case !g.Row.runs() || !filter.Late(f):
		return false
	case f == filter.Session || f == filter.ProcessBy || f == filter.Rule:
		for i := 0; ; i++ {
			if text, ok := g.Text(f, "", i); !ok || text != "" {
				return !ok
			}
		}
	}
	return true
}

func (r *Row) runs() bool { return r.Status == string(exchange.StatusProcessing) }
