package admin

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

// fieldLists are the parameters that name values of a field; one that the field has is enough.
var fieldLists = []struct {
	name  string
	field filter.Field
}{
	{"providers", filter.Provider}, {"models", filter.Model}, {"aliases", filter.Alias}, {"status", filter.Status},
	{"objects", filter.Object}, {"stop_reasons", filter.Finish}, {"selected_key_ids", filter.Key}, {"virtual_key_ids", filter.VK},
	{"routing_rule_ids", filter.Rule}, {"routing_engine_used", filter.Engine}, {"team_ids", filter.Team},
	{"customer_ids", filter.Customer}, {"apps", filter.App}, {"user_agents", filter.Agent}, {"cache_hit_types", filter.Cache},
}

// absentLists name what no request of ours has, so that a value selects nothing.
var absentLists = []string{"user_ids", "business_unit_ids", "project_ids"}

// bounds are the parameters that compare a number.
var bounds = []struct {
	name  string
	field filter.Field
	op    filter.Op
}{
	{"min_latency", filter.Latency, filter.AtLeast}, {"max_latency", filter.Latency, filter.AtMost},
	{"min_tokens", filter.Tokens, filter.AtLeast}, {"max_tokens", filter.Tokens, filter.AtMost},
	{"min_cost", filter.Cost, filter.AtLeast}, {"max_cost", filter.Cost, filter.AtMost},
}

// words are the values that parameters with a closed set take.
var words = map[string][]string{
	"status": {"processing", "success", "error", "cancelled"}, "cache_hit_types": {"direct", "semantic"},
}

// metadataPrefix begins the parameters that compare what callers said of their requests.
const metadataPrefix = "metadata_"

// asked is what a list of the log was asked for.
type asked struct {
	observe.Query
	id      string // the one row, whatever the rest says; "" = all
	running bool   // only those in flight
}

// listQuery reads the parameters of a list.
func (a *Admin) listQuery(x *exchange.Exchange) (asked, error) {
	p := query{values: x.Query}
	q := asked{Query: a.selection(&p), id: p.text("request_id")}
	q.running = slices.Equal(p.list("status"), []string{string(exchange.StatusProcessing)})
	q.Limit, q.Offset = p.number("limit", 50, 1, 1000), p.number("offset", 0, 0, 1<<31-1)
	q.SortBy = choice(&p, "sort_by", "timestamp", "latency", "tokens", "cost")
	q.Ascending = choice(&p, "order", "desc", "asc") == "asc"
	return q, p.done()
}

// selection reads the parameters that say which requests are meant.
func (a *Admin) selection(p *query) observe.Query {
	var parts []filter.Expr
	for _, l := range fieldLists {
		values := p.list(l.name)
		for _, v := range values {
			if known := words[l.name]; known != nil && !slices.Contains(known, v) {
				p.fail(l.name, "must be %s", oneOf(known))
			}
		}
		parts = append(parts, filter.OneOf(l.field, values...))
	}
	for _, name := range absentLists {
		if len(p.list(name)) > 0 {
			parts = append(parts, filter.None())
		}
	}
	for _, b := range bounds {
		if n, ok := p.amount(b.name); ok {
			parts = append(parts, filter.Compare(b.field, b.op, n))
		}
	}
	parts = append(parts, p.origins()...)
	parts = append(parts, p.said()...)
	if text := p.text("filter"); text != "" {
		parts = append(parts, a.expression(p, text))
	}
	q := observe.Query{Where: filter.All(parts...), Since: moment(p, "start_time"), Until: moment(p, "end_time")}
	if period := span(p, "period"); period > 0 && q.Since.IsZero() {
		q.Since = a.now().Add(-period)
	}
	if !q.Until.IsZero() && q.Until.Before(q.Since) {
		p.fail("end_time", "must not be before start_time")
	}
	return q
}

// origins are the parameters that say what a request belongs to.
func (q *query) origins() (parts []filter.Expr) {
	if id := q.text("session_id"); id != "" {
		parts = append(parts, filter.OneOf(filter.Session, id))
	}
	if id := q.text("parent_request_id"); id != "" { // clients group the requests of a session by it, too
		parts = append(parts, filter.Any(filter.OneOf(filter.Parent, id), filter.OneOf(filter.Session, id)))
	}
	if q.flag("roots_only") {
		parts = append(parts, filter.Negate(filter.Known(filter.Parent)))
	}
	return parts
}

// said are the parameters about the content, the cost and what callers said.
func (q *query) said() (parts []filter.Expr) {
	if q.flag("missing_cost_only") {
		parts = append(parts, filter.Known(filter.Tokens), filter.Negate(filter.Known(filter.Cost)))
	}
	if words := q.text("content_search"); words != "" {
		parts = append(parts, filter.Like(filter.Text, words))
	}
	for name := range q.values {
		key, ok := strings.CutPrefix(name, metadataPrefix)
		if !ok {
			continue
		}
		if values := q.list(name); key == "" {
			q.fail(name, "names no key; write metadata_<key>=<value>")
		} else {
			parts = append(parts, filter.Meta(key, values...))
		}
	}
	return parts
}

// expression reads a filter in the language of people.
func (a *Admin) expression(p *query, text string) filter.Expr {
	e, err := filter.Parse(text, a.now())
	if err != nil {
		p.fail("filter", "%s", plainly(err))
	}
	return e
}

// plainly is what is wrong with a filter, without saying that it is one.
func plainly(err error) string {
	var wrong *filter.Error
	if errors.As(err, &wrong) {
		return strings.TrimPrefix(wrong.Error(), "filter, ")
	}
	return err.Error()
}

func oneOf(words []string) string {
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// amount reads a number of at least 0.
func (q *query) amount(name string) (float64, bool) {
	text := q.text(name)
	if text == "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0 && n <= 1e15) {
		q.fail(name, "must be a number of at least 0")
		return 0, false
	}
	return n, true
}

func (q *query) flag(name string) bool {
	text := q.text(name)
	if text == "" {
		return false
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		q.fail(name, "must be true or false")
	}
	return on
}

func moment(p *query, name string) time.Time {
	text := p.text(name)
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		p.fail(name, "must be a time such as 2026-01-31T12:00:00Z")
	}
	return at
}

// span reads a time such as 1h, 24h or 7d.
func span(p *query, name string) time.Duration {
	text := p.text(name)
	if text == "" {
		return 0
	}
	unit := time.Duration(1)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		text, unit = days+"h", 24
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > 200*365*24*time.Hour/unit {
		p.fail(name, "must be a time such as 1h, 24h or 7d")
		return 0
	}
	return d * unit
}

// choice reads one of the names; the first is the default.
func choice(p *query, name string, names ...string) string {
	text := p.text(name)
	if text == "" {
		return names[0]
	}
	if !slices.Contains(names, text) {
		p.fail(name, "must be one of %s", strings.Join(names, ", "))
	}
	return text
}

// parameters are values as a query has them, of the JSON object of a body: texts, numbers, booleans and lists of texts.
func parameters(fields map[string]any, path string) (url.Values, error) {
	out := url.Values{}
	for name, v := range fields {
		switch v := v.(type) {
		case nil:
		case string:
			out.Set(name, v)
		case bool:
			out.Set(name, strconv.FormatBool(v))
		case float64:
			out.Set(name, strconv.FormatFloat(v, 'f', -1, 64))
		case []any:
			for _, one := range v {
				text, ok := one.(string)
				if !ok {
					return nil, refuse(path+name, "must be a list of texts")
				}
				out.Add(name, text)
			}
		default:
			return nil, refuse(path+name, "must be a text, a number, true, false or a list of texts")
		}
	}
	return out, nil
}
