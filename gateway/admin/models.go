package admin

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

func (a *Admin) models(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	q := query{values: x.Query}
	text, provider := q.text("query"), q.text("provider")
	keys := q.list("keys")
	limit := q.number("limit", 0, 0, 100000)
	q.text("unfiltered")
	if err := q.done(); err != nil {
		return nil, err
	}
	found := []ModelEntry{}
	for _, m := range a.Models(ctx) {
		if provider != "" && m.Provider != provider || !subsequence(text, m.Name) {
			continue
		}
		if len(keys) > 0 && !slices.ContainsFunc(keys, func(k string) bool { return slices.Contains(m.AccessibleByKeys, k) }) {
			continue
		}
		if m.AccessibleByKeys == nil {
			m.AccessibleByKeys = []string{}
		}
		found = append(found, m)
	}
	total := len(found)
	if limit > 0 && limit < total {
		found = found[:limit]
	}
	return answer(Models{found, total})
}

// subsequence reports whether the letters of part appear in whole, in their order; upper and lower case are the same.
func subsequence(part, whole string) bool {
	part, whole = strings.ToLower(part), strings.ToLower(whole)
	for part != "" {
		r, size := utf8.DecodeRuneInString(part)
		i := strings.IndexRune(whole, r)
		if i < 0 {
			return false
		}
		part, whole = part[size:], whole[i+utf8.RuneLen(r):]
	}
	return true
}

func (a *Admin) refreshModels(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p, err := a.find(x)
	if err != nil {
		return nil, err
	}
	if x.Params["key_id"] != "" {
		if _, _, err := a.findKey(x); err != nil {
			return nil, err
		}
	}
	if err := a.Refresh(ctx, p.Name, x.Params["key_id"]); err != nil {
		return nil, err
	}
	return answer(Saved{Status: "success", Message: "models refreshed"})
}

// Caller sends one small chat call through the whole pipeline.
type Caller func(ctx context.Context, c TestCall) TestOutcome

// TestCall names what to call. KeyID "" = let the gateway choose.
type TestCall struct{ Provider, Model, KeyID string }

// TestOutcome is how it went. Text is the model's answer where Err is nil.
type TestOutcome struct {
	Status  int
	Text    string
	LogID   string
	Latency time.Duration
	Err     *llm.Error
}

func (a *Admin) testProvider(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p, err := a.find(x)
	if err != nil {
		return nil, err
	}
	var req TestRequest
	if err := decode(x.Raw, &req); err != nil {
		return nil, err
	}
	if req.KeyID != "" && !slices.ContainsFunc(p.Keys, func(k *config.Key) bool { return k.ID == req.KeyID }) {
		return nil, refuse("key_id", "the provider %q has no key with that id", p.Name)
	}
	if req.Model == "" {
		req.Model = a.testModel(ctx, p, req.KeyID)
	}
	if req.Model == "" {
		return answer(TestResult{Message: "No model is known to test with; enter the name of one that the provider has."})
	}
	out := a.Call(ctx, TestCall{p.Name, req.Model, req.KeyID})
	result := TestResult{
		OK: out.Err == nil, Model: req.Model, Status: out.Status, LatencyMS: milliseconds(out.Latency), Message: out.Text,
		LogID: out.LogID,
	}
	if out.Err != nil {
		result.Message = strings.TrimSpace(out.Err.Message + ". " + hint(out.Err.Kind))
	}
	return answer(result)
}

// testModel chooses a model: one that the kind recommends and a key allows, else the first known one.
func (a *Admin) testModel(ctx context.Context, p *config.Provider, keyID string) string {
	allowed := func(model string) bool {
		return len(p.Keys) == 0 || slices.ContainsFunc(p.Keys, func(k *config.Key) bool {
			return (keyID == "" || k.ID == keyID) && k.Allows(model)
		})
	}
	for _, model := range a.kind(p).Models {
		if allowed(model) {
			return model
		}
	}
	for _, m := range a.Models(ctx) {
		if m.Provider == p.Name && allowed(m.Name) {
			return m.Name
		}
	}
	for _, k := range p.Keys {
		if len(k.Models.List) > 0 && (keyID == "" || k.ID == keyID) {
			return k.Models.List[0]
		}
	}
	return ""
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// query reads the parameters of a URL; done names those that nobody asked for.
type query struct {
	values url.Values
	path   string // before the names in errors
	known  []string
	err    error
}

func (q *query) text(name string) string {
	q.known = append(q.known, name)
	return strings.TrimSpace(q.values.Get(name))
}

// list reads a list, separated by commas or given several times.
func (q *query) list(name string) []string {
	q.known = append(q.known, name)
	var out []string
	for _, one := range q.values[name] {
		for part := range strings.SplitSeq(one, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

func (q *query) number(name string, otherwise, low, high int) int {
	text := q.text(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		q.fail(name, "must be a whole number between %d and %d", low, high)
		return otherwise
	}
	return n
}

func (q *query) fail(name, format string, args ...any) {
	if q.err == nil {
		q.err = refuse(q.path+name, format, args...)
	}
}

func (q *query) done() error {
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		if slices.Contains(q.known, name) {
			continue
		}
		if meant := nearest(name, q.known); meant != "" {
			return refuse(q.path+name, "is no parameter that this version knows here; did you mean %s?", meant)
		}
		return refuse(q.path+name, "is no parameter that this version knows here; it knows %s", strings.Join(q.known, ", "))
	}
	return q.err
}

// nearest is the name that a misspelt one most likely means: at most a third of its letters differ, or one of them begins
// with the other; "" where there is none.
func nearest(name string, names []string) string {
	best, limit := "", len(name)/3+1
	for _, n := range names {
		d := differing(name, n)
		if len(name) > 3 && (strings.HasPrefix(n, name) || strings.HasPrefix(name, n)) {
			d = min(d, 1)
		}
		if d < limit {
			best, limit = n, d
		}
	}
	return best
}

// differing counts the letters to insert, drop or replace to make b of a.
func differing(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
