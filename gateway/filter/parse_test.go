package filter_test

import (
	"strings"
	"testing"
	"time"

	"heimdall/gateway/filter"
)

// faults are filters that are wrong, where they are, what is said of it, and how they are mended.
var faults = []struct {
	text           string
	column, length int
	message        string // part of it
	repair         string
}{
	{`modle:gpt`, 0, 5, "there is no field modle; did you mean model?", `model:gpt`},
	{`a statsu:200`, 2, 6, "did you mean status?", `a status:200`},
	{`tok>1`, 0, 3, "did you mean tokens?", `tokens>1`},
	{`cots>1`, 0, 4, "did you mean cost?", `cost>1`},
	{`)`, 0, 1, "this bracket closes none", ``},
	{`foo:bar baz`, 0, 7, "to search for the text put it in quotes", `"foo:bar" baz`},
	{`http://x.y/z`, 0, 12, "there is no field http", `"http://x.y/z"`},
	{`cost==1`, 4, 2, "did you mean =?", `cost=1`},
	{`cost=>1`, 4, 2, "did you mean >=?", `cost>=1`},
	{`cost<>1`, 4, 2, "did you mean !=?", `cost!=1`},
	{`model=~x`, 5, 2, "did you mean ~?", `model~x`},
	{`cost>>>1`, 4, 3, "there is no operator >>>: use :", ``},
	{`model:`, 0, 6, "there is no value after model:", ``},
	{`model: status:error`, 0, 6, "there is no value after model:", ``},
	{`cost > AND a`, 0, 6, "there is no value after cost >", ``},
	{`model:a,`, 7, 1, "after the comma", `model:a`},
	{`model:(a b)`, 8, 1, "separated by commas", `model:(a, b)`},
	{`x model:(a`, 8, 1, "not closed", `x model:(a)`},
	{`"open`, 0, 1, "this quote is not closed", `"open"`},
	{`a model:"x`, 8, 1, "this quote is not closed", `a model:"x"`},
	{`model~/x`, 6, 1, "this pattern is not closed", `model~/x/`},
	{`model~/v1/chat`, 6, 8, "put all of it in quotes", `model~"/v1/chat"`},
	{`model~(`, 6, 1, "missing closing )", ``},
	{`model~`, 0, 6, "no pattern after model~", ``},
	{`(a`, 0, 1, "this bracket is not closed", `(a)`},
	{`a)`, 1, 1, "this bracket closes none", `a`},
	{`a ()`, 2, 2, "nothing in the brackets", `a`},
	{`a OR`, 2, 2, "there is nothing after OR", `a`},
	{`OR a`, 0, 2, "there is nothing before OR", `a`},
	{`a AND OR b`, 6, 2, "there is nothing before OR", `a AND b`},
	{`(a or) b`, 3, 2, "there is nothing after OR", `(a ) b`},
	{`a NOT`, 2, 3, "there is nothing after NOT", `a`},
	{`- a`, 0, 1, "there is nothing after -", `a`},
	{`a && b`, 2, 2, "there is no operator &&", `a AND b`},
	{`a || b`, 2, 2, "there is no operator ||", `a OR b`},
	{`a >5`, 0, 1, "there is no field a", `"a" >5`},
	{`>5`, 0, 1, "there is no field before >", `5`},
	{`a, b`, 1, 1, "a list goes behind a field", `a b`},
	{`cost>abc`, 5, 3, "cost needs an amount in US dollars such as 0.05, not abc", ``},
	{`cost:none`, 0, 9, "write missing:cost", `missing:cost`},
	{`cost>1,2`, 0, 7, "> takes one value", ``},
	{`cost>1..2`, 0, 9, "a range goes with a colon", `cost:1..2`},
	{`cost!=1..2`, 0, 10, "a range goes with a colon", `-cost:1..2`},
	{`a since:3h..2h`, 2, 12, "a range goes with a colon", `a time:3h..2h`},
	{`cost:..`, 5, 2, "the range has no ends", ``},
	{`latency>1.5x`, 8, 4, "latency needs a time such as 250ms", ``},
	{`time>soon`, 5, 4, "time needs a time such as 2026-01-31", ``},
	{`time>9999999999d`, 5, 11, "time needs a time", ``},
	{`status:eror`, 7, 4, "did you mean error?", `status:error`},
	{`status:foo`, 7, 3, "status is success, error, cancelled or processing, or an HTTP status", ``},
	{`status>error`, 7, 5, "needs an HTTP status", ``},
	{`status!=4xx`, 0, 11, "-status:4xx", `-status:4xx`},
	{`stream:maybe`, 7, 5, "stream is true or false, not maybe", ``},
	{`stream>1`, 6, 1, "stream can't be compared by >: use :, = and !=", ``},
	{`cache:dirct`, 6, 5, "did you mean direct?", `cache:direct`},
	{`model>5`, 5, 1, "model can't be compared by >", ``},
	{`cost~5`, 4, 1, "cost can't be compared by ~", ``},
	{`text="a"`, 4, 1, "text is searched for words: use :", `text:"a"`},
	{`text!=a`, 4, 2, "or - before it", ``},
	{`...`, 0, 3, "there is no word to search for", ``},
	{`meta:x`, 0, 4, "meta needs a key: meta.team:blue", ``},
	{`meta."a" b`, 0, 8, "there is no operator after the key", ``},
	{`session:""`, 0, 10, "write missing:session", `missing:session`},
	{`session!=""`, 0, 11, "write has:session", `has:session`},
	{`has:costs`, 4, 5, "did you mean cost?", `has:cost`},
	{`has:time`, 4, 4, "every request has it", ``},
	{`missing>cost`, 7, 1, "goes with a colon", `missing:cost`},
	{"a\x00b", 1, 1, "a byte that is no character", "ab"},
	{"é\xffb", 2, 1, "a byte that is no character", "éb"},
	{strings.Repeat("(", 65) + "a", 64, 0, "more than 64 brackets", ""},
	{strings.Repeat("a", 16<<10+1), 0, 16<<10 + 1, "longer than 16 KB", ""},
}

// TestErrors: an error says where, and mends what can be mended.
func TestErrors(t *testing.T) {
	for _, c := range faults {
		e, err := filter.Parse(c.text, noon)
		if err == nil || e != nil {
			t.Errorf("%s is taken as %s", c.text, filter.Print(e))
			continue
		}
		bad := err.(*filter.Error)
		if bad.Column != c.column || bad.Length != c.length || !strings.Contains(bad.Message, c.message) || bad.Repair != c.repair {
			t.Errorf("%s: got %d+%d %q, mended %q", c.text, bad.Column, bad.Length, bad.Message, bad.Repair)
		}
		if again, err := filter.Parse(c.repair, noon); err != nil && again == nil && err.(*filter.Error).Message == bad.Message {
			t.Errorf("%s is mended to %s, which has the same fault", c.text, c.repair)
		}
	}
}

func TestErrorCountsCharacters(t *testing.T) {
	_, err := filter.Parse(`"é" modle:x`, noon)
	if got, want := err.Error(), `filter, column 5: there is no field modle; did you mean model?; write "é" model:x`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestWritings: there are many ways to write the same.
func TestWritings(t *testing.T) {
	for _, c := range []struct{ text, normal string }{
		{"  ", ""},
		{`M:a AND P:b and k:c`, `model:a provider:b key:c`},
		{`cost > 0.05`, `cost>0.05`},
		{`model: gpt-5`, `model:gpt-5`},
		{`status:>=400 status:!=404`, `status>=400 status!=404`},
		{`model:=x`, `model=x`},
		{`!model:x !a`, `-model:x -a`},
		{`not(a or b)`, `-(a OR b)`},
		{`((a b) c) (d)`, `a b c d`},
		{`a OR (b OR c)`, `a OR b OR c`},
		{`model:(a, "b c" OR d)`, `model:a,"b c",d`},
		{`status:error, cancelled x`, `status:error,cancelled x`},
		{`stream:Yes stream:off`, `stream:true stream:false`},
		{`cost:$5 cost<5c cost:2USD`, `cost:5 cost<0.05 cost:2`},
		{`tokens>1500 tokens<2.5M input:12000`, `tokens>1500 tokens<2.5M input:12k`},
		{`size>=2048 size:1.5MiB size<10k`, `size>=2KB size:1.5MB size<10KB`},
		{`latency>90000 latency<0.5s latency:1.5min ttft>3600s`, `latency>90s latency<500ms latency:90s ttft>1h`},
		{`latency:1s..5s`, `latency>=1s latency<=5s`},
		{`cost:1..,..0.1`, `cost>=1 OR cost<=0.1`},
		{`status:4xx,success`, `status:4xx,success`},
		{`has:cost,session`, `has:cost OR has:session`},
		{`missing:session has:meta.Env`, `missing:session has:meta.env`},
		{`meta.Env:Prod metadata.x:1`, `meta.env:Prod meta.x:1`},
		{`since:2h until:2026-01-31T10:00`, `time>=2h time<2026-01-31T10:00`},
		{`time:yesterday`, `time>=yesterday time<today`},
		{`time:2026-01-30..2026-01-31`, `time>=2026-01-30 time<2026-02-01`},
		{`model~/a\/b/ model!~"x y"`, `model~a/b model!~/x y/`},
		{`"a" "b c" text:d text:"AND"`, `a "b c" d "AND"`},
		{`has or hasty`, `has OR hasty`},
		{`x-y a.b 50%`, `x-y a.b 50%`},
	} {
		e, err := filter.Parse(c.text, noon)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		} else if got := filter.Print(e); got != c.normal {
			t.Errorf("%s is printed %s, want %s", c.text, got, c.normal)
		}
	}
}

// TestTimesAreOfTheZone: dates begin where now is.
func TestTimesAreOfTheZone(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	now := time.Date(2026, 3, 1, 1, 0, 0, 0, zone)
	for text, want := range map[string]time.Time{
		"time>=2026-02-01":            time.Date(2026, 2, 1, 0, 0, 0, 0, zone),
		"time:today":                  time.Date(2026, 3, 1, 0, 0, 0, 0, zone),
		"time>1h30m":                  time.Date(2026, 2, 28, 23, 30, 0, 0, zone),
		"time>-2d":                    time.Date(2026, 2, 27, 1, 0, 0, 0, zone),
		"time>now":                    now,
		"time>2026-02-01T10:00:00.5z": time.Date(2026, 2, 1, 10, 0, 0, 5e8, time.UTC),
	} {
		e, err := filter.Parse(text, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.(*filter.Term).Values[0].Number; got != float64(want.UnixMicro())/1e3 {
			t.Errorf("%s is %v, want %v", text, time.UnixMicro(int64(got*1e3)).In(zone), want)
		}
	}
}

// TestConstructors: what programs make is in normal form.
func TestConstructors(t *testing.T) {
	for _, c := range []struct {
		e      filter.Expr
		normal string
	}{
		{filter.All(), ""},
		{filter.All(nil, filter.OneOf(filter.Model), nil), ""},
		{filter.Any(nil, filter.OneOf(filter.Model, "a")), ""},
		{filter.All(filter.OneOf(filter.Model, "a", "b c"), filter.All(filter.Like(filter.App, "x*"), filter.Meta("Env", "p"))), `model=a,"b c" app:x* meta.env=p`},
		{filter.Any(filter.Any(filter.Known(filter.Cost), filter.Known(filter.Session)), filter.Compare(filter.Latency, filter.AtMost, 2500)), `has:cost OR has:session OR latency<=2.5s`},
		{filter.Negate(filter.Negate(filter.Known(filter.Cost))), `has:cost`},
		{filter.Negate(nil), `missing:id`},
		{filter.All(filter.Since(noon), filter.Before(noon.Add(time.Hour))), `time>=2026-01-31T12:00:00Z time<2026-01-31T13:00:00Z`},
		{filter.Since(noon.Add(1999)), `time>=2026-01-31T12:00:00.000001Z`},
		{filter.Compare(filter.Cost, filter.AtLeast, -1), `cost>=-1`},
	} {
		got := filter.Print(c.e)
		if got != c.normal {
			t.Errorf("printed %s, want %s", got, c.normal)
		}
		if back, err := filter.Parse(got, noon); err != nil || filter.Print(back) != got {
			t.Errorf("%s is not parsed back: %v", got, err)
		}
	}
	e, _ := filter.Parse("model:a (app:b OR -cost>1)", noon)
	if !filter.Uses(e, filter.Cost) || filter.Uses(e, filter.Text) || filter.Uses(nil, filter.ID) {
		t.Error("Uses does not see the fields")
	}
}

// TestFields: names are distinct, and each field can be completed and explained.
func TestFields(t *testing.T) {
	seen := map[string]filter.Field{}
	for _, f := range filter.Fields {
		if f.Title == "" || f.Help == "" || f.Kind == "" {
			t.Errorf("%s lacks words", f.Field)
		}
		for _, name := range append([]string{string(f.Field)}, f.Aliases...) {
			if seen[name] != "" || name != strings.ToLower(name) {
				t.Errorf("%s is a name of %s and of %s, or has capitals", name, seen[name], f.Field)
			}
			seen[name] = f.Field
			if info, ok := filter.Lookup(strings.ToUpper(name)); !ok || info.Field != f.Field {
				t.Errorf("%s does not find %s", name, f.Field)
			}
		}
	}
	if len(filter.Fields) < 24 {
		t.Errorf("%d fields", len(filter.Fields))
	}
	if _, ok := filter.Lookup("nope"); ok {
		t.Error("there is a field nope")
	}
}

const typical = `model:gpt* status>=400 cost>0.05 tool:Edit session:abc "out of memory" (app:codex OR app:claude) -stream:true`

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := filter.Parse(typical, noon); err != nil {
			b.Fatal(err)
		}
	}
}
