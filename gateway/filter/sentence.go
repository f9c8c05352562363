package filter

import (
	"strings"
	"time"
)

// Sentence is an expression in English: "Requests of model gpt* that failed with status 400 or more and cost more than
// $0.05".
func Sentence(e Expr) string {
	if e == nil {
		return "All requests"
	}
	parts := And{e}
	if all, ok := e.(And); ok {
		parts = all
	}
	var of, that, both []string
	for _, says := range tellEach(parts, false) {
		switch {
		case says.of:
			of = append(of, says.text)
		case says.joined:
			both = append(both, says.text)
		default:
			that = append(that, says.text)
		}
	}
	s := "Requests"
	for i, o := range of {
		if i > 0 && alike(of[i-1], o) {
			s += " and"
		}
		s += " " + o
	}
	if that = append(that, both...); len(that) > 0 {
		s += " that " + strings.Join(that, " and ")
	}
	return s
}

// alike reports whether what stands behind a noun needs an "and" between: with no tool and with no session.
func alike(a, b string) bool {
	a, _, _ = strings.Cut(a, " ")
	b, _, _ = strings.Cut(b, " ")
	return a == b || timely[a] && timely[b]
}

var timely = map[string]bool{"since": true, "before": true, "after": true, "until": true, "at": true}

// told is what a part says of requests. of tells that it stands right behind the noun: "of model gpt*" rather than
// "cost $1". joined tells that it has an "and" or an "or" of its own.
type told struct {
	text       string
	of, joined bool
}

// clause stands behind "Requests that".
func (t told) clause() string {
	if t.of {
		return "are " + t.text
	}
	return t.text
}

// tell says an expression or its opposite.
func tell(e Expr, not bool) told {
	switch e := e.(type) {
	case And:
		return tellAll(e, not, !not)
	case Or:
		return tellAll(e, not, not)
	case Not:
		return tell(e.Of, !not)
	case *Term:
		if e.Op == NotIs || e.Op == NotMatches {
			not = !not
		}
		return tellTerm(e, not)
	}
	return told{}
}

// tellAll joins parts: the opposite of an And is an Or of opposites, and the other way round.
func tellAll(parts []Expr, not, and bool) told {
	all, of := tellEach(parts, not), true
	for _, p := range all {
		of = of && p.of
	}
	s := make([]string, len(all))
	for i, p := range all {
		if s[i] = p.text; !of {
			s[i] = p.clause()
		}
	}
	switch {
	case len(s) == 1:
		return all[0]
	case and:
		return told{text: "both " + strings.Join(s, " and "), of: of, joined: true}
	}
	return told{text: "either " + strings.Join(s, " or "), of: of, joined: true}
}

// tellEach says parts; two ends of a range are one.
func tellEach(parts []Expr, not bool) (all []told) {
	for i := 0; i < len(parts); i++ {
		low, ok := parts[i].(*Term)
		if ok && !not && i+1 < len(parts) && low.Op == AtLeast && low.Field != Time {
			if high, ok := parts[i+1].(*Term); ok && high.Op == AtMost && high.Field == low.Field {
				all = append(all, tellNumber(low.Field, written(low)+" to "+written(high), false))
				i++
				continue
			}
		}
		all = append(all, tell(parts[i], not))
	}
	return all
}

// verbs are how fields are said that are no "of …": the verb, and the verb after "did not".
var verbs = map[Field][2]string{
	Cost: {"cost", "cost"}, Latency: {"took", "take"}, TTFT: {"began to answer after", "begin to answer after"},
	Tokens: {"used", "use"}, Input: {"read", "read"}, Output: {"wrote", "write"}, Cached: {"read", "read"}, Reasoning: {"reasoned for", "reason for"},
	Retries: {"had", "have"}, Size: {"sent", "send"}, Tool: {"called the tool", "call the tool"}, Text: {"said", "say"},
	ErrorKind: {"failed with", "fail with"}, Finish: {"ended with", "end with"}, Parent: {"repeated", "repeat"},
	Warning:  {"lost the field", "lose the field"},
	Fallback: {"were answered by fallback", "get an answer from fallback"},
	Decoded:  {"were decoded because", "need decoding because"},
}

// behind are how fields are said right behind the noun, where it is not "of" and their title.
var behind = map[Field]string{
	Provider: "to provider", App: "from app", Agent: "from user agent", Key: "with key", VK: "with virtual key", Session: "in session",
	Path: "to path", Rule: "routed by rule", Engine: "routed by", ID: "with id", Trace: "in trace", Operation: "for", Object: "for",
	Dialect: "in dialect", Upstream: "sent in dialect", Alias: "for", ProcessBy: "from process",
}

// nouns are what a number counts.
var nouns = map[Field]string{
	Tokens: "tokens", Input: "input tokens", Output: "output tokens", Cached: "cached tokens", Reasoning: "tokens", Retries: "retries",
}

func tellTerm(t *Term, not bool) told {
	info := about(t.Field)
	switch {
	case t.isKnown():
		return tellKnown(t, not)
	case t.Field == Status:
		return tellStatus(t, not)
	case t.Field == Stream:
		return tellStream(t, not)
	case t.Field == Time:
		return tellTime(t, not)
	case t.Field == Cache && not:
		return told{text: "were not answered by our " + alternatives(t) + " cache"}
	case t.Field == Cache:
		return told{text: "were answered by our " + alternatives(t) + " cache"}
	case info.Kind.Numeric():
		return tellNumber(t.Field, amount(t), not)
	case t.Field == Metadata:
		return behindNoun("with "+t.Key, t, not)
	}
	if v, ok := verbs[t.Field]; ok {
		return verb(v[0], v[1], alternatives(t), not)
	}
	if before, ok := behind[t.Field]; ok {
		return behindNoun(before, t, not)
	}
	return behindNoun("of "+info.Title, t, not)
}

func tellNumber(f Field, what string, not bool) told {
	if noun := nouns[f]; noun != "" {
		what += " " + noun
	}
	v := verbs[f]
	return verb(v[0], v[1], what, not)
}

func verb(did, do, what string, not bool) told {
	if not {
		return told{text: "did not " + do + " " + what}
	}
	return told{text: did + " " + what}
}

func behindNoun(before string, t *Term, not bool) told {
	s := before + " " + alternatives(t)
	if not {
		s = "not " + s
	}
	return told{text: s, of: true}
}

// presences are how it is said that a field is known, and that it is not, where it is not "with a" and the title.
var presences = map[Field][2]told{
	Cache:     {{text: "were answered by our cache"}, {text: "were not answered by our cache"}},
	Tool:      {{text: "called a tool"}, {text: "called no tool"}},
	Parent:    {{text: "repeated another"}, {text: "repeated no other"}},
	ErrorKind: {{text: "had an error"}, {text: "had no error"}},
	Warning:   {{text: "lost a field"}, {text: "lost no field"}},
	Decoded:   {{text: "were decoded"}, {text: "were not decoded"}},
	Finish:    {{text: "ended with a reason"}, {text: "ended without a reason"}},
	Status:    {{text: "with an HTTP status", of: true}, {text: "with no HTTP status", of: true}},
}

func tellKnown(t *Term, not bool) told {
	info, i := about(t.Field), 0
	if not {
		i = 1
	}
	if says, ok := presences[t.Field]; ok {
		return says[i]
	}
	title := info.Title
	if t.Field == Metadata {
		title = t.Key
	}
	before := [2]string{"with a ", "with no "}
	switch {
	case info.Kind.Numeric():
		before = [2]string{"with known ", "with no known "}
	case t.Field != Agent && strings.IndexByte("aeiou", title[0]) >= 0:
		before[0] = "with an "
	}
	return told{text: before[i] + title, of: true}
}

// endings are how a status is said.
var endings = map[string][2]string{
	"success": {"succeeded", "did not succeed"}, "error": {"failed", "did not fail"},
	"cancelled": {"were cancelled", "were not cancelled"}, "processing": {"are running", "are not running"},
}

func tellStatus(t *Term, not bool) told {
	i, join := 0, " or "
	if not {
		i, join = 1, " and "
	}
	var s []string
	failed := true
	codes := *t
	codes.Values = nil
	for _, v := range t.Values {
		if said, ok := endings[v.Text]; ok && !t.Op.ordered() && t.Op != Matches && t.Op != NotMatches {
			s = append(s, said[i])
			continue
		}
		codes.Values = append(codes.Values, v)
		failed = failed && v.Text[0] >= '4' && v.Text[0] <= '9'
	}
	if len(codes.Values) == 0 {
		return told{text: strings.Join(s, join)}
	}
	what := alternatives(&codes)
	if t.Op.ordered() {
		what = amount(t)
		failed = failed && (t.Op == More || t.Op == AtLeast)
	}
	did, do := "ended with status", "end with status"
	if failed {
		did, do = "failed with status", "fail with status"
	}
	s = append(s, verb(did, do, what, not).text)
	return told{text: strings.Join(s, join)}
}

func tellStream(t *Term, not bool) told {
	if len(t.Values) > 1 {
		return told{text: "were streamed or not"}
	}
	if (t.Values[0].Text == "true") == not {
		return told{text: "were not streamed"}
	}
	return told{text: "were streamed"}
}

func tellTime(t *Term, not bool) told {
	op := t.Op
	if not {
		switch op {
		case Less:
			op, not = AtLeast, false
		case AtLeast:
			op, not = Less, false
		case More:
			op, not = AtMost, false
		case AtMost:
			op, not = More, false
		default:
		}
	}
	before := map[Op]string{Less: "before", AtMost: "until", More: "after", AtLeast: "since"}[op]
	if before == "" {
		before = "at"
	}
	s := make([]string, len(t.Values))
	for i, v := range t.Values {
		s[i] = moments(v.Text)
	}
	text := before + " " + strings.Join(s, " or ")
	if not {
		text = "not " + text
	}
	return told{text: text, of: true}
}

// moments is a time in words.
func moments(s string) string {
	ago := strings.TrimPrefix(strings.ToLower(s), "-")
	if _, ok := back(ago); ok {
		return ago + " ago"
	}
	if at, err := time.Parse(time.RFC3339Nano, strings.ToUpper(s)); err == nil {
		return at.Format("2006-01-02 15:04:05.999999 -07:00")
	}
	return strings.Replace(s, "T", " ", 1)
}

// amount is a number with how it is compared: "more than $0.05", "2s or more".
func amount(t *Term) string {
	all := written(t)
	switch t.Op {
	case Less:
		return "less than " + all
	case AtMost:
		return all + " or less"
	case More:
		return "more than " + all
	case AtLeast:
		return all + " or more"
	default:
		return all
	}
}

// written are the values of a number.
func written(t *Term) string {
	var s []string
	for _, v := range t.Values {
		switch k := about(t.Field).Kind; {
		case k == KindMoney:
			s = append(s, "$"+v.Text)
		case k == KindBytes && strings.Trim(v.Text, "0123456789") == "":
			s = append(s, v.Text+" bytes")
		default:
			s = append(s, v.Text)
		}
	}
	return strings.Join(s, " or ")
}

// alternatives are the values of a text: gpt* or "big one".
func alternatives(t *Term) string {
	s := make([]string, len(t.Values))
	for i, v := range t.Values {
		switch _, did := verbs[t.Field]; {
		case (t.Op == Matches || t.Op == NotMatches) && did && t.Field != Tool && t.Field != Warning:
			s[i] = "something matching /" + v.Text + "/"
		case t.Op == Matches || t.Op == NotMatches:
			s[i] = "matching /" + v.Text + "/"
		case t.Field == Text || !bareValue(v.Text):
			s[i] = "“" + v.Text + "”"
		case t.Field == Status:
			s[i] = shownStatus(v.Text)
		default:
			s[i] = v.Text
		}
	}
	return strings.Join(s, " or ")
}
