package sqlstore

import (
	"math"
	"strings"
	"unicode"

	"heimdall/gateway/filter"
)

// labelColumns are the columns of labels that a field has its texts in; of Fallback, its number.
var labelColumns = map[filter.Field][]string{
	filter.Provider: {"provider"}, filter.Model: {"model", "requested_model"}, filter.Alias: {"requested_model"},
	filter.Status: {"status", "CASE WHEN http_status = 0 THEN '' ELSE CAST(http_status AS TEXT) END"},
	filter.Key:    {"key_id", "key_name"}, filter.VK: {"vk_id", "vk_name"}, filter.Team: {"team_id", "team_name"},
	filter.Customer: {"customer_id", "customer_name"}, filter.Rule: {"rule_id", "rule_name"}, filter.Operation: {"op"},
	filter.Object: {"object"}, filter.Dialect: {"dialect"}, filter.Upstream: {"upstream"},
	filter.Stream: {"CASE WHEN stream = 1 THEN 'true' ELSE 'false' END"}, filter.Finish: {"finish"}, filter.ErrorKind: {"error"},
	filter.App: {"app"}, filter.Agent: {"user_agent"}, filter.Cache: {"cache"}, filter.Fallback: {"fallback"}, filter.Engine: {"engines"},
}

func negative(op filter.Op) bool { return op == filter.NotIs || op == filter.NotMatches }

// unless makes the condition of t of that of its contrary, where it has one: what has no value is selected, too.
func (c *compiler) unless(t *filter.Term, positive func(*filter.Term) clause) clause {
	if !negative(t.Op) {
		return positive(t)
	}
	contrary := *t
	contrary.Op = filter.Is
	if t.Op == filter.NotMatches {
		contrary.Op = filter.Matches
	}
	of := positive(&contrary)
	return clause{"NOT (" + of.text + ")", of.args}
}

// label is the condition on the table labels.
func (c *compiler) label(t *filter.Term) clause {
	columns := labelColumns[t.Field]
	switch {
	case t.Field == filter.Fallback:
		return number(t, columns[0])
	case t.Field == filter.Status && ordered(t.Op):
		of := number(t, "http_status")
		return clause{"(http_status <> 0 AND " + of.text + ")", of.args}
	}
	return c.unless(t, func(t *filter.Term) clause {
		if t.Field == filter.Engine {
			return c.anyText(t, c.fl.list("nullif(engines, '')"))
		}
		return c.texts(t, columns...)
	})
}

func ordered(op filter.Op) bool {
	return op == filter.Less || op == filter.AtMost || op == filter.More || op == filter.AtLeast
}

// anyText is the condition that one of the values of a list fits.
func (c *compiler) anyText(t *filter.Term, list string) clause {
	of := c.texts(t, "item.value")
	return clause{"EXISTS (SELECT 1 FROM " + list + " AS item WHERE " + of.text + ")", of.args}
}

// texts is the condition that one of the columns is one of the values in the way of the term, which has a contrary if
// it is negative. An empty text is none.
func (c *compiler) texts(t *filter.Term, columns ...string) clause {
	var all []string
	var args []any
	for _, column := range columns {
		for _, v := range t.Values {
			one := c.fits(t.Op, column, v.Text)
			if one.text != "" {
				all = append(all, one.text)
				args = append(args, one.args...)
			}
		}
	}
	return anyOf(all, args)
}

// fits is the condition that a text fits a value; none where nothing does.
func (c *compiler) fits(op filter.Op, column, value string) clause {
	switch {
	case value == "":
		return clause{}
	case op == filter.Matches:
		return clause{"(" + column + " <> '' AND " + c.fl.matches(column) + ")", []any{value}}
	case op != filter.Has:
		return clause{column + " = ?", []any{value}}
	case strings.Trim(value, "*") == "":
		return clause{text: column + " <> ''"}
	case strings.Contains(value, "*"):
		return clause{c.fl.lower(column) + ` LIKE ? ESCAPE '\'`, []any{pattern.Replace(lower(value))}}
	default:
		return clause{c.fl.lower(column) + " = ?", []any{lower(value)}}
	}
}

// pattern makes a pattern of LIKE of one in which * stands for any characters.
var pattern = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`, "*", "%")

// lower makes ASCII letters small, and no others.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// number is the condition on a column that is a whole number in the grains of the field's kind, NULL where there is none.
func number(t *filter.Term, column string) clause {
	info, _ := filter.Lookup(string(t.Field))
	there := column + " IS NOT NULL"
	if ordered(t.Op) {
		op, n := whole(t.Op, t.Values[0].Number, info.Kind)
		return clause{"(" + there + " AND " + column + " " + string(op) + " ?)", []any{n}}
	}
	var all []string
	var args []any
	for _, v := range t.Values {
		exact := v.Number
		if info.Kind.Grain() == 0 && exact != math.Trunc(exact) {
			continue // no count is a fraction
		}
		all = append(all, column+" = ?")
		args = append(args, grains(exact, info.Kind))
	}
	of := anyOf(all, args)
	if t.Op == filter.NotIs {
		return clause{"NOT (" + there + " AND " + of.text + ")", of.args}
	}
	return clause{"(" + there + " AND " + of.text + ")", of.args}
}

// whole says the same of a whole number by an operator and a whole number.
func whole(op filter.Op, n float64, k filter.Kind) (filter.Op, int64) {
	if k.Grain() == 0 {
		switch op {
		case filter.Less, filter.AtLeast:
			n = math.Ceil(n)
		default:
			n = math.Floor(n)
		}
	}
	return op, grains(n, k)
}

// phrase takes a text that is searched for apart: into its words, and whether the last one is only begun.
func phrase(text string) (words []string, begun bool) {
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
	words = strings.FieldsFunc(text, func(r rune) bool { return !inWord(r) })
	last := strings.LastIndexFunc(text, inWord)
	if last < 0 {
		return nil, false
	}
	for _, r := range text[last:] {
		if !inWord(r) {
			return words, r == '*'
		}
	}
	return words, false
}

// queryFTS5 is a query of SQLite's full-text search.
func queryFTS5(words []string, begun bool) string {
	query := `"` + strings.Join(words, " ") + `"`
	if begun {
		query += " *"
	}
	return query
}
