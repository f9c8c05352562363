package rule

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/complexity"
	"heimdall/gateway/exchange"
)

// ask is a request with everything that an expression may ask for.
func ask() Input {
	header := http.Header{"X-Tier": {"gold"}, "User-Agent": {"claude-cli/2.1 (external)"}, "X-Size": {"12"}}
	query := url.Values{"region": {"eu"}, "debug": {""}}
	return Input{
		Model: "gpt-4o-mini", Provider: "openai", RequestType: "chat_completion", Header: header.Get, Param: query.Get, HasParam: query.Has,
		Identity: exchange.Identity{VirtualKeyID: "vk-1", VirtualKeyName: "prod", TeamID: "t-1", TeamName: "search", CustomerID: "c-1", CustomerName: "acme"},
		Used:     func(string, string) (float64, float64, float64) { return 85.5, 12, 100 },
	}
}

func TestExpressions(t *testing.T) {
	cases := map[string]bool{
		"":                              true,
		" \n":                           true,
		"true":                          true,
		`model == "gpt-4o-mini"`:        true,
		`model != "gpt-4o-mini"`:        false,
		`model in ["a", "gpt-4o-mini"]`: true,
		`provider == "openai" && request_type == "chat_completion"`: true,
		`provider == "azure" || model.startsWith("gpt-")`:           true,
		`!model.endsWith("-mini")`:                                  false,
		`model.contains("4o")`:                                      true,
		`model.matches("^gpt-[0-9]o(-mini)?$")`:                     true,
		`virtual_key_id == "vk-1" && virtual_key_name == "prod"`:    true,
		`team_id == "t-1" && team_name == "search"`:                 true,
		`customer_id == "c-1" && customer_name == "acme"`:           true,
		`budget_used > 85`:                                          true,
		`budget_used >= 85.5 && budget_used <= 85.5`:                true,
		`tokens_used == 12`:                                         true,
		`100 == request`:                                            true,
		`tokens_used < 12`:                                          false,

		`headers["x-tier"] == "gold"`:                    true,
		`headers["X-TIER"] == "gold"`:                    true,
		`headers["user-agent"].startsWith("claude-cli")`: true,
		`headers["x-tier"] in ["silver", "gold"]`:        true,
		`int(headers["x-size"]) > 10`:                    true,
		`int(headers["x-tier"]) > 10`:                    false,
		`params["region"] == "eu"`:                       true,
		`params.region == "eu"`:                          true,
		`"x-tier" in headers && "X-Tier" in headers`:     true,
		`"x-none" in headers`:                            false,
		`!("x-none" in headers)`:                         true,
		`"debug" in params`:                              true,
		`params["debug"] == ""`:                          true,

		// A comparison with what is not there is false, wherever it stands.
		`headers["x-none"] == "gold"`:                                         false,
		`headers["x-none"] != "gold"`:                                         false,
		`headers["x-none"] == ""`:                                             false,
		`headers["x-none"].startsWith("g")`:                                   false,
		`headers["x-none"].contains("g")`:                                     false,
		`headers["x-none"].matches(".*")`:                                     false,
		`headers["x-none"] in ["gold"]`:                                       false,
		`headers["x-none"] > "a"`:                                             false,
		`"gold" in [headers["x-none"]]`:                                       false,
		`size(headers["x-none"]) >= 0`:                                        false,
		`!(headers["x-none"] == "gold")`:                                      true,
		`headers["x-none"] == "gold" || provider == "openai"`:                 true,
		`provider == "openai" && headers["x-none"] == "gold"`:                 false,
		`headers["x-none"] == "gold" && provider == "openai"`:                 false,
		`!(headers["x-none"] == "gold") && params["none"] != "x"`:             false,
		`["a", "c"].exists(p, headers["user-agent"].startsWith(p))`:           true,
		`["a", "c"].exists(p, headers["x-none"].startsWith(p))`:               false,
		`(headers["x-none"] == "a") == (params["none"] == "b")`:               true,
		`headers["x-none"] == "a" ? provider == "azure" : model.size() == 11`: true,
	}
	for expression, want := range cases {
		p, err := Compile(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		in := ask()
		if got, err := p.matches(&view{in: &in}); err != nil || got != want {
			t.Errorf("%s is %v, %v", expression, got, err)
		}
	}
}

func TestWhatNobodyKnowsIsEmpty(t *testing.T) {
	p, wrong := Compile(`headers["a"] == "" || params["a"] == "" || "a" in headers || "a" in params || virtual_key_id != "" || budget_used > 0 || request != 0`)
	if wrong != nil {
		t.Fatal(wrong)
	}
	if got, err := p.matches(&view{in: &Input{}}); got || err != nil {
		t.Error(got, err)
	}
}

func TestErrorsSayWhereAndWhat(t *testing.T) {
	cases := []struct {
		expression   string
		line, column int
		says         string
	}{
		{`modle == "x"`, 1, 1, "did you mean model?"},
		{`provider == "a" && bugdet_used > 3`, 1, 20, "did you mean budget_used?"},
		{"model == \"x\" &&\n  nothing == \"b\"", 2, 3, "there is no variable nothing; there are budget_used"},
		{`model = "x"`, 1, 7, "write =="},
		{`model == "x" & provider == "y"`, 1, 14, "write &&"},
		{`model == "x" | provider == "y"`, 1, 14, "write ||"},
		{`model == "x" and provider == "y"`, 1, 14, "write && instead of and"},
		{`model == "x`, 1, 10, "quote is not closed"},
		{`(model == "x"`, 1, 14, "ends too early"},
		{`model == "x")`, 1, 13, "')' is not expected here"},
		{`if == "x"`, 1, 1, "if is a reserved word"},
		{`model`, 1, 1, "must be true or false in the end, not a text"},
		{`model == 5`, 1, 7, "== does not go together with a text and a whole number"},
		{`headers["x"] == 5`, 1, 14, "== does not go together with a text and a whole number"},
		{`headers[5] == "x"`, 1, 8, "must be a text in quotes"},
		{`model.startWith("x")`, 1, 7, "there is no function startWith; did you mean startsWith?"},
		{`model.startsWith(5)`, 1, 7, "startsWith does not go together"},
		{`model.matches("(")`, 1, 15, "is no regular expression: missing closing )"},
		{`model.matches(headers["x"])`, 1, 22, "must stand in the expression"},
		{`headers.exists(h, h == "x")`, 1, 1, `headers["name"]`},
		{`size(params) > 2`, 1, 6, `params["name"]`},
		{`complexity_teir == "SIMPLE"`, 1, 1, "did you mean complexity_tier?"},
		{`complexity_tier == "simple"`, 1, 20, `there is no tier "simple"; there are SIMPLE, MEDIUM`},
		{`complexity_tier == ""`, 1, 20, `there is no tier ""`},
		{`"HARD" != complexity_tier`, 1, 1, `there is no tier "HARD"`},
		{`complexity_tier in ["COMPLEX", "HARD"]`, 1, 32, `there is no tier "HARD"`},
		{`complexity_tier == 5`, 1, 17, "does not go together"},
		{`model.name == "x"`, 1, 6, "has no parts"},
		{"\xff", 1, 1, "UTF-8"},
		{strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200), 1, 1, "too deep"},
		{`model == "` + strings.Repeat("x", 20000) + `"`, 1, 1, "too long"},
		{nested(8), 1, 1, "too long to ask"},
	}
	for _, c := range cases {
		_, err := Compile(c.expression)
		short := c.expression[:min(60, len(c.expression))]
		if err == nil {
			t.Errorf("%s is taken", short)
			continue
		}
		if (c.says == "too long" || c.says == "too deep") && err.Column > 1 {
			err.Column = 1 // where a reader gave up does not matter
		}
		if diff := cmp.Diff([2]int{c.line, c.column}, [2]int{err.Line, err.Column}); diff != "" || !strings.Contains(err.Message, c.says) {
			t.Errorf("%s: %v", short, err)
		}
	}
}

// nested is an expression that asks more the deeper it is: nine times as much for each level.
func nested(depth int) string {
	if depth == 0 {
		return `model.contains("x")`
	}
	name := string(rune('a' + depth))
	return "[1,2,3,4,5,6,7,8,9].all(" + name + ", " + nested(depth-1) + ")"
}

func FuzzExpressions(f *testing.F) {
	for _, seed := range []string{
		``, `model == "x"`, `headers["a"] in ["b"] || !(params.c != "d")`, `["a"].exists(p, model.startsWith(p))`, `budget_used == 80 ? true : request > 3`,
		`model.matches("(a|b)*")`, `"x" in headers && has(headers.y)`, `{"a": headers["x"]}["a"] == "b"`, `size([1, 2].map(x, x * 2)) == 2`, `int(headers["n"]) % 2 == 0`,
		"model == \"a\n", `dyn(model) == 5`, `headers == headers`, `complexity_tier in ["SIMPLE"]`, `size(complexity_tier) > 2`, `timestamp("x") > timestamp("y")`, `((((`, `model.`, `@holds(true)`, "\x00", `b"\xff" == b"x"`,
	} {
		f.Add(seed, "value")
	}
	grader := complexity.New(complexity.Config{})
	f.Fuzz(func(t *testing.T, expression, value string) {
		p, err := Compile(expression)
		if err != nil {
			if err.Line < 1 || err.Column < 1 || err.Message == "" {
				t.Fatalf("%+v", err)
			}
			return
		}
		find := func(string) string { return value }
		in := Input{Model: value, Provider: "openai", Header: find, Param: find, Body: []byte(value)}
		_, _ = p.matches(&view{in: &in, grade: func() *complexity.Analyzer { return grader }}) // an error is an answer; a panic is not
	})
}

func BenchmarkDecide(b *testing.B) {
	for name, expression := range map[string]string{
		"always": "", "model": `model == "gpt-4o"`, "usual": `headers["x-tier"] == "gold" && model.startsWith("gpt-") && budget_used > 80`,
		"set": `model in ["a", "b", "gpt-4o-mini"]`,
	} {
		b.Run(name, func(b *testing.B) {
			s := New([]Rule{{ID: "r", Name: "r", Enabled: true, Expression: expression, Targets: []Target{{Model: "m", Weight: 1}}}}, Options{})
			in := ask()
			b.ReportAllocs()
			for b.Loop() {
				s.Decide(in)
			}
		})
	}
	b.Run("none of ten", func(b *testing.B) {
		var rules []Rule
		for range 10 {
			rules = append(rules, Rule{Enabled: true, Expression: `provider == "azure" && headers["x-tier"] == "gold"`, Targets: []Target{{Weight: 1}}})
		}
		s, in := New(rules, Options{}), ask()
		b.ReportAllocs()
		for b.Loop() {
			s.Decide(in)
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(`headers["x-tier"] == "gold" && model.startsWith("gpt-") && budget_used > 80`); err != nil {
			b.Fatal(err)
		}
	}
}
