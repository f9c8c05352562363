package sqlstore

import (
	"fmt"
	"math"
	"strings"
	"time"

	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

// span is a range of times in microseconds, from inclusive, until exclusive.
type span struct{ from, until int64 }

const forever = int64(1) << 62

// clause is a condition in SQL and its arguments; the empty one always holds.
type clause struct {
	text string
	args []any
}

func (c clause) and(other clause) clause {
	switch {
	case c.text == "":
		return other
	case other.text == "":
		return c
	}
	return clause{c.text + " AND " + other.text, append(c.args[:len(c.args):len(c.args)], other.args...)}
}

func (c clause) where() string {
	if c.text == "" {
		return ""
	}
	return " WHERE " + c.text
}

// selection is what a query selects: within the span, of label sets for which labels holds (a condition on the table
// labels), rows for which rows holds (a condition on logs). Where rows is empty, the totals know all of it.
type selection struct {
	span
	labels, rows clause
	index        string // the column of logs that an index finds the rows by, if there is one
}

// selected says in SQL what a query selects.
func (l *Logs) selected(q observe.Query) (selection, error) {
	s := selection{span: span{0, forever}}
	if !q.Since.IsZero() {
		s.from = max(0, ceilMicro(q.Since))
	}
	if !q.Until.IsZero() {
		s.until = ceilMicro(q.Until)
	}
	c := compiler{fl: &l.flavour}
	for _, part := range conjuncts(allOf(q)) {
		if s.narrow(part) {
			continue
		}
		if labelsOnly(part) {
			s.labels = s.labels.and(c.compile(part, c.label))
			continue
		}
		of := c.row
		if t, alone := part.(*filter.Term); alone {
			of = c.topRow
			if column, ok := indexed[t.Field]; ok && !negative(t.Op) {
				s.index = column
			}
		}
		s.rows = s.rows.and(c.compile(part, of))
	}
	return s, c.err
}

// allOf is all that a query asks for but the times.
func allOf(q observe.Query) filter.Expr {
	statuses := make([]string, len(q.Statuses))
	for i, s := range q.Statuses {
		statuses[i] = string(s)
	}
	var session filter.Expr
	if q.Session != "" {
		session = filter.OneOf(filter.Session, q.Session)
	}
	return filter.All(q.Where, filter.OneOf(filter.Provider, q.Providers...), filter.OneOf(filter.Model, q.Models...),
		filter.OneOf(filter.Status, statuses...), filter.OneOf(filter.Key, q.KeyIDs...), session)
}

// conjuncts are the parts that all have to hold.
func conjuncts(e filter.Expr) []filter.Expr {
	switch e := e.(type) {
	case nil:
		return nil
	case filter.And:
		return e
	default:
		return []filter.Expr{e}
	}
}

// ceilMicro is the first whole microsecond that is not before t.
func ceilMicro(t time.Time) int64 {
	n := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		n++
	}
	return n
}

// narrow makes the span smaller where e is a bound of the time, and reports whether it was.
func (s *selection) narrow(e filter.Expr) bool {
	t, ok := e.(*filter.Term)
	if !ok || t.Field != filter.Time || len(t.Values) != 1 {
		return false
	}
	at := grains(t.Values[0].Number, filter.KindTime)
	switch t.Op {
	case filter.AtLeast:
		s.from = max(s.from, at)
	case filter.More:
		s.from = max(s.from, at+1)
	case filter.Less:
		s.until = min(s.until, at)
	case filter.AtMost:
		s.until = min(s.until, at+1)
	default:
		return false
	}
	return true
}

// grains is a number as it is stored, at the edge of what fits.
func grains(n float64, k filter.Kind) int64 {
	if g := k.Grain(); g != 0 {
		n = math.Round(n * g)
	}
	return int64(max(-float64(forever), min(float64(forever), n)))
}

// inLabels is the condition on a column labels.
func (s *selection) inLabels() clause {
	if s.labels.text == "" {
		return clause{}
	}
	return clause{"labels IN (SELECT id FROM labels WHERE " + s.labels.text + ")", s.labels.args}
}

// onRows is the condition on rows of logs within a span.
func (s *selection) onRows(within span) clause {
	return s.rows.and(s.inLabels()).and(within.of("time"))
}

// onTail is the condition on rows of logs within a span that the totals do not have yet. These are few; that the index
// of times can't find them either keeps it from being tried.
func (s *selection) onTail(within span) clause {
	return clause{text: "seq > (SELECT seq FROM marks WHERE name = 'totals')"}.and(s.rows).and(s.inLabels()).and(within.of("+time"))
}

// of is the condition that a time is in the span.
func (s span) of(column string) (c clause) {
	if s.from > 0 {
		c = c.and(clause{column + " >= ?", []any{s.from}})
	}
	if s.until < forever {
		c = c.and(clause{column + " < ?", []any{s.until}})
	}
	return c
}

// labelsOnly reports whether the labels alone tell for which rows e holds.
func labelsOnly(e filter.Expr) bool {
	only := true
	filter.Walk(e, func(t *filter.Term) {
		_, ok := labelColumns[t.Field]
		only = only && ok
	})
	return only
}

// compiler makes SQL of expressions. All conditions are true or false, never NULL: what NOT turns round must be either.
type compiler struct {
	fl  *flavour
	err error
}

// compile makes a condition of e; term makes those of its terms.
func (c *compiler) compile(e filter.Expr, term func(*filter.Term) clause) clause {
	switch e := e.(type) {
	case filter.And:
		return c.join(e, " AND ", term)
	case filter.Or:
		return c.join(e, " OR ", term)
	case filter.Not:
		of := c.compile(e.Of, term)
		return clause{"NOT (" + of.text + ")", of.args}
	case *filter.Term:
		return term(e)
	default:
		return clause{text: "TRUE"}
	}
}

func (c *compiler) join(parts []filter.Expr, by string, term func(*filter.Term) clause) clause {
	all := make([]string, len(parts))
	var args []any
	for i, p := range parts {
		one := c.compile(p, term)
		all[i] = one.text
		args = append(args, one.args...)
	}
	return clause{"(" + strings.Join(all, by) + ")", args}
}

// topRow is the condition on a row of logs that is one of those that all have to hold: an index may find the rows.
func (c *compiler) topRow(t *filter.Term) clause {
	if column, ok := indexed[t.Field]; ok && !negative(t.Op) {
		of := c.inIndex(column, t)
		return clause{column + " <> '' AND " + of.text, of.args}
	}
	return c.row(t)
}

// row is the condition on any row of logs.
func (c *compiler) row(t *filter.Term) clause {
	if labelsOnly(t) {
		of := c.label(t)
		return clause{"labels IN (SELECT id FROM labels WHERE " + of.text + ")", of.args}
	}
	if column, ok := rowNumbers[t.Field]; ok {
		return number(t, column)
	}
	if column, ok := indexed[t.Field]; ok {
		return c.unless(t, func(t *filter.Term) clause {
			of := c.inIndex(column, t)
			return clause{"seq IN (SELECT seq FROM logs WHERE " + column + " <> '' AND " + of.text + ")", of.args}
		})
	}
	return c.unless(t, c.rareRow)
}

// rowNumbers are the columns of logs that are numbers; all but size are in the index of times.
var rowNumbers = map[filter.Field]string{
	filter.Time: "time", filter.Latency: "latency", filter.TTFT: "ttft", filter.Tokens: "(input + output)", filter.Input: "input",
	filter.Output: "output", filter.Cached: "cache_read", filter.Reasoning: "reasoning", filter.Cost: "cost", filter.Retries: "retries",
}

// indexed are the columns of logs with an index of those rows in which they are not empty.
var indexed = map[filter.Field]string{filter.Session: "session", filter.Tool: "tools"}

// inIndex is the condition on a column that has an index and is not empty.
func (c *compiler) inIndex(column string, t *filter.Term) clause {
	if t.Field != filter.Tool && t.Op == filter.Is {
		return c.texts(t, column)
	}
	// What there is is soon walked through: the index skips from one value to the next.
	var of clause
	if t.Field == filter.Tool {
		of = c.anyText(t, c.fl.list("there.value"))
	} else {
		of = c.texts(t, "there.value")
	}
	return clause{column + ` IN (WITH RECURSIVE there (value) AS (
		SELECT min(` + column + `) FROM logs WHERE ` + column + ` <> ''
		UNION ALL SELECT (SELECT min(` + column + `) FROM logs WHERE ` + column + ` > there.value AND ` + column + ` <> '')
		FROM there WHERE there.value IS NOT NULL)
		SELECT there.value FROM there WHERE there.value IS NOT NULL AND ` + of.text + ")", of.args}
}

// rareRow is the condition for fields that only the rows themselves have.
func (c *compiler) rareRow(t *filter.Term) clause {
	switch t.Field {
	case filter.ID:
		if t.Op == filter.Is {
			return c.texts(t, "id")
		}
		of := c.texts(t, "id")
		return clause{"seq IN (SELECT seq FROM logs WHERE " + of.text + ")", of.args} // the index of ids is smaller than the rows
	case filter.Parent:
		of := c.texts(t, "parent")
		return clause{"seq IN (SELECT seq FROM replays WHERE " + of.text + ")", of.args}
	case filter.Size:
		return number(t, "CAST(coalesce("+c.fl.json("request_size")+", '0') AS BIGINT)")
	case filter.ProcessBy:
		return c.texts(t, c.text("process", "name"), c.text("process", "dir"))
	case filter.Path:
		return c.texts(t, c.text("path"))
	case filter.Decoded:
		return c.texts(t, c.text("decoded_because"))
	case filter.Trace:
		return c.texts(t, c.text("trace"))
	case filter.Warning:
		return c.anyText(t, c.fl.list(c.fl.json("warned")))
	case filter.Metadata:
		of := c.texts(t, "item.value")
		return clause{"EXISTS (SELECT 1 FROM " + c.fl.members("meta") + " AS item WHERE item.key = ? AND " + of.text + ")", append([]any{t.Key}, of.args...)}
	case filter.Text:
		return c.said(t)
	default:
		c.err = fmt.Errorf("the log can't be filtered by %q", t.Field)
		return clause{text: "FALSE"}
	}
}

// text is a member of detail; ” where there is none.
func (c *compiler) text(path ...string) string { return "coalesce(" + c.fl.json(path...) + ", '')" }

// said is the condition that one of the texts was said.
func (c *compiler) said(t *filter.Term) clause {
	var all []string
	var args []any
	for _, v := range t.Values {
		words, begun := phrase(v.Text)
		if len(words) > 0 {
			all = append(all, "seq IN ("+c.fl.words.found+")")
			args = append(args, c.fl.words.query(words, begun))
		}
	}
	return anyOf(all, args)
}

func anyOf(all []string, args []any) clause {
	if len(all) == 0 {
		return clause{text: "FALSE"}
	}
	return clause{"(" + strings.Join(all, " OR ") + ")", args}
}
