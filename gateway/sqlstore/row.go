package sqlstore

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"heimdall/gateway/exchange"
)

// figureColumns are the columns of logs that are added up, in the order of figures.
var figureColumns = []string{"latency", "ttft", "input", "output", "cache_read", "cache_write", "reasoning", "cost", "retries"}

var rowColumns = slices.Concat([]string{"seq", "id", "time", "labels", "session", "tools"}, figureColumns, []string{"detail"})

// wholeRows selects what scanRow reads.
var wholeRows = "SELECT logs.seq, logs.id, time, session, tools, " + strings.Join(figureColumns, ", ") + ", detail, " +
	strings.Join(slices.Concat(textLabels, numberLabels), ", ") + " FROM logs JOIN labels ON labels.id = logs.labels "

// figures are the numbers of a record as they are stored.
type figures struct {
	latency                                                     int64
	ttft, input, output, cacheRead, cacheWrite, reasoning, cost sql.NullInt64
	retries                                                     int64
}

func figuresOf(r *exchange.Record) figures {
	f := figures{latency: r.Latency.Microseconds(), retries: int64(r.Retries)}
	if us := r.TTFT.Microseconds(); us > 0 {
		f.ttft = known(us)
	}
	if u := &r.Usage; r.HasUsage {
		f.input, f.output, f.reasoning = known(u.Input), known(u.Output), known(u.Reasoning)
		f.cacheRead, f.cacheWrite = known(u.CacheRead), known(u.CacheWrite)
	}
	if r.Cost.Known {
		f.cost = known(int64(math.Round(r.Cost.Total * nano)))
	}
	return f
}

// Costs are stored in billionths of a US dollar.
const nano = 1e9

func known(n int64) sql.NullInt64 { return sql.NullInt64{Int64: n, Valid: true} }

// value is n as an argument: a NullInt64 would be made one by reflection.
func value(n sql.NullInt64) any {
	if !n.Valid {
		return nil
	}
	return n.Int64
}

// targets are where Scan puts the figures.
func (f *figures) targets() []any {
	return []any{&f.latency, &f.ttft, &f.input, &f.output, &f.cacheRead, &f.cacheWrite, &f.reasoning, &f.cost, &f.retries}
}

// rowArgs appends the values of r's row, in the order of rowColumns, and what detail takes to text.
func rowArgs(args []any, text []byte, seq, labels int64, r *exchange.Record, f *figures, at place) ([]any, []byte) {
	from := len(text)
	text = appendDetail(text, r, at)
	return append(args, seq, r.ID, storedTime(r.Time), labels, r.SessionID, textList(r.Tools),
		f.latency, value(f.ttft), value(f.input), value(f.output), value(f.cacheRead), value(f.cacheWrite), value(f.reasoning),
		value(f.cost), f.retries, text[from:len(text):len(text)]), text
}

// row is a stored record without its bodies.
type row struct {
	seq int64
	figures
	at     place
	record *exchange.Record
}

// scanRow reads a row of wholeRows.
func scanRow(from interface{ Scan(...any) error }) (*row, error) {
	r := &exchange.Record{}
	one := &row{record: r}
	var micro, stream int64
	var tools, object, kind string
	var text []byte
	targets := append([]any{&one.seq, &r.ID, &micro, &r.SessionID, &tools}, one.targets()...)
	who := &r.Identity
	targets = append(targets, &text,
		&r.Provider, &r.Model, &r.RequestedModel, &r.KeyID, &r.KeyName, &r.Status, &r.App, &r.UserAgent, &who.VirtualKeyID,
		&who.VirtualKeyName, &who.TeamID, &who.TeamName, &who.CustomerID, &who.CustomerName, &r.RuleID, &r.RuleName, &r.Op,
		&object, &r.Dialect, &r.UpstreamDialect, &r.Finish.Reason, &kind, &r.CacheHit, &r.Tier,
		&r.HTTPStatus, &stream, &r.Fallback)
	if err := from.Scan(targets...); err != nil {
		return nil, err
	}
	r.Time, r.Stream, r.Tools = timeOf(micro), stream != 0, readList(tools)
	one.fill(r)
	var d detail
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("log entry %q: %w", r.ID, err)
	}
	d.fill(r)
	one.at = d.Place
	return one, nil
}

func (f *figures) fill(r *exchange.Record) {
	r.Latency, r.TTFT, r.Retries, r.HasUsage = micros(f.latency), micros(f.ttft.Int64), int(f.retries), f.input.Valid
	u := &r.Usage
	u.Input, u.Output, u.CacheRead, u.CacheWrite, u.Reasoning = f.input.Int64, f.output.Int64, f.cacheRead.Int64, f.cacheWrite.Int64, f.reasoning.Int64
}

// storedTime is t in the microseconds of the log. No request is from before 1970: counting hours is simpler for it.
func storedTime(t time.Time) int64 { return max(0, t.UnixMicro()) }

func timeOf(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
