package filter

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// Seen is a value that a field has in the log, and how many requests have it.
type Seen struct {
	Value string
	Name  string // what people call it, where it is an id
	Count int64
}

// Completion puts Insert in the place of the bytes From to To.
type Completion struct {
	From, To int
	Insert   string
	Label    string
	Detail   string
	Count    int64 // requests that have this value, where it was seen
}

// maxCompletions bounds what is offered at once.
const maxCompletions = 50

// Complete says how a filter could go on at the cursor, a byte of the text: fields and keywords, operators, values.
// values gives those that were seen of a field, the most frequent first; for Metadata its keys, and for
// "meta.<key>" the values of that key. It may be nil.
func Complete(text string, cursor int, values func(f Field, prefix string) []Seen) []Completion {
	cursor = min(max(cursor, 0), len(text))
	for cursor > 0 && cursor < len(text) && !utf8.RuneStart(text[cursor]) {
		cursor--
	}
	c := completer{at: locate(text[:cursor]), cursor: cursor, values: values}
	c.to = c.tokenEnd(text)
	switch {
	case c.at.value:
		c.offerValues()
	case c.at.prefix == "" && cursor > 0 && (text[cursor-1] == '"' || text[cursor-1] == ')'):
	default:
		c.offerFields()
	}
	return c.all[:min(len(c.all), maxCompletions)]
}

// place is what stands at the end of a text that is being written: a name, or a value of a field.
type place struct {
	from   int    // of what is being written
	prefix string // it, without quotes
	value  bool
	quoted bool
	name   string // of the field, as it is written
	op     string
	first  bool // nothing stands before it that AND or OR could go behind
}

// locate walks over text without judging it.
func locate(text string) place {
	s := scanner{text: text}
	first := true
	for {
		for s.space() || s.peek() == '(' || s.peek() == ')' || s.peek() == ',' || s.peek() == '-' {
			switch s.peek() {
			case '(', '-':
				first = true
				s.pos++
			case ')', ',':
				first = false
				s.pos++
			}
		}
		at := place{from: s.pos, first: first}
		if s.peek() == '"' {
			if _, closed := s.quoted(); !closed {
				return place{from: at.from, prefix: text[min(at.from+1, len(text)):], quoted: true, value: true, name: string(Text), op: ":"}
			}
			first = false
			continue
		}
		at.prefix = s.run(isOperator)
		if s.done() {
			return at
		}
		spaced := s.space()
		op := s.operator()
		switch {
		case op == "":
			first = isKeyword(at.prefix)
			if s.done() && spaced {
				return place{from: s.pos, first: first}
			}
			continue
		case at.prefix == "" && strings.HasPrefix(op, "!"):
			continue
		}
		if in, ok := s.locateValue(at.prefix, op); ok {
			return in
		}
		first = false
	}
}

// locateValue walks over the values of a field; ok says that the text ends within one.
func (s *scanner) locateValue(name, op string) (at place, ok bool) {
	at = place{value: true, name: name, op: op}
	s.space()
	bracket := s.peek() == '('
	if bracket {
		s.pos++
		s.space()
	}
	for {
		at.from = s.pos
		if s.peek() == '"' {
			text, closed := s.quoted()
			if at.prefix, at.quoted = text, true; !closed {
				return at, true
			}
			at.quoted = false
		} else if at.prefix = s.run(nil); s.done() {
			return at, true
		}
		end := s.pos
		s.space()
		switch {
		case s.peek() == ',':
			s.pos++
			if s.space(); s.done() {
				return place{from: s.pos, value: true, name: name, op: op}, true
			}
		case bracket && s.peek() == ')':
			s.pos++
			return at, false
		case bracket && (s.keyword("OR") || s.done()):
			s.space()
		default:
			s.pos = end
			return at, false
		}
		if s.done() {
			return place{from: s.pos, value: true, name: name, op: op}, true
		}
	}
}

func isKeyword(s string) bool {
	return strings.EqualFold(s, "AND") || strings.EqualFold(s, "OR") || strings.EqualFold(s, "NOT")
}

type completer struct {
	at         place
	cursor, to int
	values     func(Field, string) []Seen
	all        []Completion
}

// tokenEnd is where the word or the value that the cursor is in ends.
func (c *completer) tokenEnd(text string) int {
	s := scanner{text: text, pos: c.cursor}
	switch {
	case c.at.quoted:
		from := scanner{text: text, pos: c.at.from}
		if _, closed := from.quoted(); closed {
			return from.pos
		}
		return c.cursor
	case c.at.value:
		s.run(nil)
	default:
		s.run(isOperator)
	}
	return s.pos
}

func (c *completer) add(insert, label, detail string, count int64) {
	c.all = append(c.all, Completion{From: c.at.from, To: c.to, Insert: insert, Label: label, Detail: detail, Count: count})
}

// rank says how well a name goes with what is being written: 0 = it begins so, 1 = a word of it does, −1 = not at all.
func rank(name, prefix string) int {
	switch i := strings.Index(strings.ToLower(name), strings.ToLower(prefix)); {
	case i == 0:
		return 0
	case i > 0:
		return 1
	}
	return -1
}

// offerFields offers fields, and the keywords where they fit.
func (c *completer) offerFields() {
	prefix := c.at.prefix
	if name, key, ok := strings.Cut(prefix, "."); ok {
		if info, known := lookup(name); known && info.Field == Metadata {
			for _, seen := range c.seen(Metadata, key) {
				c.add("meta."+seen.Value+":", "meta."+seen.Value, "", seen.Count)
			}
			return
		}
	}
	if info, ok := lookup(prefix); ok && prefix != "" && info.Field != Metadata {
		c.offerOperators(info)
	}
	ranks := [3][]*Info{}
	for i := range Fields {
		if r := fieldRank(&Fields[i], prefix); r >= 0 && !strings.EqualFold(prefix, string(Fields[i].Field)) {
			ranks[r] = append(ranks[r], &Fields[i])
		}
	}
	for r, infos := range ranks {
		if r == 1 && prefix != "" {
			c.offerKeywords()
		}
		for _, info := range infos {
			c.add(string(info.Field)+info.usual(), string(info.Field), info.Help, 0)
		}
	}
	for _, k := range [...]struct{ name, help string }{
		{"has:", "what is known of it"}, {"missing:", "what is not known of it"}, {"since:", "from a time on"}, {"until:", "before a time"},
	} {
		if rank(k.name, prefix) == 0 {
			c.add(k.name, k.name, k.help, 0)
		}
	}
	if prefix == "" {
		c.offerKeywords()
	}
}

func (c *completer) offerKeywords() {
	for _, k := range [...]struct{ name, help string }{{"AND", "both"}, {"OR", "one of them"}, {"NOT", "the opposite"}} {
		if (!c.at.first || k.name == "NOT") && rank(k.name, c.at.prefix) == 0 {
			c.add(k.name+" ", k.name, k.help, 0)
		}
	}
}

// fieldRank is how well a field goes with what is being written: by name, by another name, or somewhere within.
func fieldRank(info *Info, prefix string) int {
	r := rank(string(info.Field), prefix)
	if r == 0 {
		return 0
	}
	for _, a := range info.Aliases {
		switch rank(a, prefix) {
		case 0:
			return 1
		case 1:
			r = 1
		}
	}
	if r > 0 {
		return 2
	}
	return r
}

// usual is what people write behind the field's name.
func (i *Info) usual() string {
	switch {
	case i.Field == Metadata:
		return "."
	case i.Kind.Numeric() && i.Field != Fallback:
		return ">"
	}
	return ":"
}

var textOperators = []Op{Has, NotIs, Is, Matches, NotMatches}

var operatorHelp = map[Op]string{
	Has: "is", Is: "is exactly", NotIs: "is not", Less: "less than", AtMost: "at most", More: "more than", AtLeast: "at least",
	Matches: "matches a regular expression", NotMatches: "does not match",
}

// operators are those that a field takes, the most useful first.
func (i *Info) operators() []Op {
	switch i.Kind {
	case KindText, KindChoice:
		return textOperators
	case KindFlag:
		return textOperators[:1]
	case KindWords:
		return textOperators[:1]
	case KindStatus:
		return []Op{Has, NotIs, AtLeast, Less, Matches}
	default:
		return []Op{More, AtLeast, Less, AtMost, Has, NotIs}
	}
}

func (c *completer) offerOperators(info *Info) {
	for _, op := range info.operators() {
		insert := string(info.Field) + string(op)
		c.add(insert, insert, operatorHelp[op], 0)
	}
}

// seen are the values that the log has.
func (c *completer) seen(f Field, prefix string) []Seen {
	if c.values == nil {
		return nil
	}
	return c.values(f, prefix)
}

// offerValues offers what the field has.
func (c *completer) offerValues() {
	switch strings.ToLower(c.at.name) {
	case "has", "missing":
		c.offerNames()
		return
	case "since", "until", "after", "before":
		c.offerChoices(about(Time))
		return
	}
	name, key, _ := strings.Cut(c.at.name, ".")
	info, ok := lookup(name)
	if !ok || info.Kind == KindWords || strings.HasSuffix(c.at.op, "~") {
		return
	}
	f := info.Field
	if f == Metadata {
		f = Field("meta." + strings.ToLower(key))
	}
	if info.Kind == KindChoice || info.Kind == KindStatus || info.Kind == KindFlag {
		c.offerChoices(info)
	}
	if !info.Kind.Numeric() || info.Label {
		c.offerSeen(f)
	}
	if info.Kind == KindText || info.Kind.Numeric() {
		c.offerChoices(info)
	}
}

// offerNames offers the fields that may be missing.
func (c *completer) offerNames() {
	for i := range Fields {
		info := &Fields[i]
		if !info.always() && info.Field != Metadata && rank(string(info.Field), c.at.prefix) == 0 {
			c.add(string(info.Field), string(info.Field), info.Help, 0)
		}
	}
	for _, seen := range c.seen(Metadata, strings.TrimPrefix(c.at.prefix, "meta.")) {
		if rank("meta."+seen.Value, c.at.prefix) == 0 {
			c.add("meta."+seen.Value, "meta."+seen.Value, "", seen.Count)
		}
	}
}

func (c *completer) offerChoices(info *Info) {
	for _, choice := range info.Choices {
		if rank(choice, c.at.prefix) == 0 && c.choiceAt(choice) < 0 {
			c.add(choice, choice, "", 0)
		}
	}
}

// offerSeen offers what was seen: what begins so before what has it within, the most frequent first.
func (c *completer) offerSeen(f Field) {
	all := c.seen(f, c.at.prefix)
	from := len(c.all)
	for _, seen := range all {
		label := seen.Value
		if seen.Name != "" && seen.Name != seen.Value {
			label = seen.Name
		}
		if label == "" || rank(label, c.at.prefix) < 0 && rank(seen.Value, c.at.prefix) < 0 {
			continue
		}
		if i := c.choiceAt(label); i >= 0 {
			c.all[i].Count = seen.Count
			continue
		}
		insert := label
		if c.at.quoted || !bareValue(insert) {
			insert = quote(insert)
		}
		detail := ""
		if label != seen.Value {
			detail = seen.Value
		}
		c.add(insert, label, detail, seen.Count)
	}
	found := c.all[from:]
	sort.SliceStable(found, func(i, j int) bool {
		a, b := rank(found[i].Label, c.at.prefix) == 0, rank(found[j].Label, c.at.prefix) == 0
		if a != b {
			return a
		}
		return found[i].Count > found[j].Count
	})
}

func (c *completer) choiceAt(label string) int {
	for i, o := range c.all {
		if o.Label == label {
			return i
		}
	}
	return -1
}
