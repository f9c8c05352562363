package complexity

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// conversation is the body of a chat: user and assistant in turn.
func conversation(system string, turns ...string) []byte {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	list := []message{{"system", system}}
	for i, t := range turns {
		list = append(list, message{[]string{"user", "assistant"}[i%2], t})
	}
	body, _ := json.Marshal(map[string]any{"model": "m", "messages": list})
	return body
}

func TestTiersOfQuestions(t *testing.T) {
	const agent = "You are a coding agent. You write Python functions, debug code, and look after the database schema, the deployment and the latency."
	const design = "Design a distributed rate limiter with Redis: sharding, failover, latency budgets and consistency."
	a := New(Config{})
	for _, c := range []struct {
		name   string
		system string
		turns  []string
		want   Tier
	}{
		{"a greeting", "", []string{"Hi!"}, Simple},
		{"a greeting with emoji only", "", []string{"👋"}, Simple},
		{"a fact", "", []string{"What is the capital of France?"}, Simple},
		{"a fact about code", "", []string{"What is a function?"}, Simple},
		{"a greeting to a coding agent", agent, []string{"hello"}, Simple},
		{"a plain request", "", []string{"Write a short birthday card for my aunt."}, Simple},
		{"a small program", "", []string{"Write a Python function that reverses a string."}, Medium},
		{"the same in capitals", "", []string{"WRITE A PYTHON FUNCTION THAT REVERSES A STRING."}, Medium},
		{"code and a question", "", []string{"Why is this slow?\n```\nfor x in xs: print(x)\n```"}, Medium},
		{"a word that only contains a keyword", "", []string{"Classical encoding in the codex of subclasses"}, Simple},
		{"a long text", "", []string{strings.Repeat("Once upon a time there was a king. ", 100)}, Medium},
		{"a design", "", []string{design}, Medium},
		{"a design with code", "", []string{"Refactor this Python codebase into microservices with Kafka and Postgres: keep the API client and each unit test, and keep the latency low."}, Complex},
		{"a list of steps", "", []string{"Write a Python script with unit tests:\n1. read the schema\n2. check each row\n3. report what is wrong\n4. stop"}, Complex},
		{"a proof", "", []string{"Prove step by step that the square root of two is irrational."}, Reasoning},
		{"a proof by other signs", "", []string{"Prove, step-by-step, that it is so"}, Reasoning},
		{"one sign of reasoning", "", []string{"Prove that you are a human."}, Simple},
		{"one sign of reasoning about code", "", []string{"Find the root cause of this stack trace: the Python function throws an exception."}, Reasoning},
		{"the same keyword twice", "", []string{"Prove it. Prove it. Prove it!"}, Simple},
		{"a follow-up to reasoning", "", []string{"Prove step by step that there are infinitely many primes.", "…", "And for twin ones"}, Complex},
		{"thanks for reasoning", "", []string{"Prove step by step that there are infinitely many primes.", "…", "Thanks!"}, Simple},
		{"a hard question after greetings", "", []string{"hi", "hello", "hey", "hello", "Prove step by step that there are infinitely many primes."}, Reasoning},
		{"a follow-up to small talk", "", []string{"hi", "hello", "And for twin ones"}, Simple},
		{"what the assistant says", "", []string{"hi", "Let me prove step by step that this Python function is right.", "go on"}, Simple},
		{"nothing", agent, nil, ""},
		{"spaces", agent, []string{"   "}, ""},
	} {
		if g := a.Grade(conversation(c.system, c.turns...)); g.Tier != c.want || g.Score < 0 || g.Score > 1 {
			t.Errorf("%s: %s, want %s", c.name, g, c.want)
		}
	}
}

func TestGradesSayWhatTheyAreMadeOf(t *testing.T) {
	a := New(Config{})
	g := a.Grade(conversation("Write Python.", "Write a function.\n- fast\n- short\nIs it right? Is it?", "…", "Refactor it and explain why: thanks!"))
	want := Grade{Simple, g.Score, []string{"6 words", "code 1", "reasoning 1", "simple 1", "instructions"}}
	want.Tier = Medium
	if diff := cmp.Diff(want, g); diff != "" {
		t.Error(diff)
	}
	if got := (Grade{Medium, 0.21, []string{"7 words", "code 1"}}).String(); got != "MEDIUM (score 0.21: 7 words, code 1)" {
		t.Error(got)
	}
	g = a.Grade(conversation("", "Write a Python function.\n- fast\n- short\nIs it right? Is it?", "…", "Go on"))
	if !slices.Contains(g.Reasons, "earlier questions") || g.Tier != Simple && g.Tier != Medium {
		t.Error(g)
	}
	for text, want := range map[string][]string{
		"Is it so? Is it? 1.5 - 2 * 3": {"steps 1"},
		"1. a\n 2) b\n- c\n* d\n-e":    {"steps 4"},
		"a b c? *d*":                   nil,
	} {
		if diff := cmp.Diff(want, a.Grade(conversation("", text)).Reasons[1:], cmp.Transformer("", func(l []string) string { return strings.Join(l, ",") })); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestBoundariesAndKeywordsCanBeChanged(t *testing.T) {
	body := conversation("", "Ein Gedicht über Möwen, 証明してください, C++ bitte")
	for _, c := range []struct {
		name   string
		config Config
		want   Tier
	}{
		{"built in", Config{}, Medium}, // c++
		{"a boundary", Config{SimpleMedium: 0.3}, Simple},
		{"all low", Config{SimpleMedium: 0.001, MediumComplex: 0.002, ComplexReasoning: 0.003}, Reasoning},
		{"letters of any script", Config{Code: []string{"MÖWEN"}}, Medium},
		{"a keyword of letters without spaces", Config{Code: []string{"x"}, Reasoning: []string{"証明", "gedicht über möwen"}}, Reasoning},
		{"half a phrase", Config{Code: []string{"gedicht über"}, Reasoning: []string{"über gedicht", "möwen gedicht"}}, Medium},
		{"other keywords", Config{Code: []string{"c"}}, Simple},
	} {
		if g := New(c.config).Grade(body); g.Tier != c.want {
			t.Errorf("%s: %s, want %s", c.name, g, c.want)
		}
	}
	long := New(Config{Reasoning: []string{"proof by", "proof", "by cases"}})
	if g := long.Grade(conversation("", "proof by cases")); g.Tier == Reasoning {
		t.Errorf("the words of one keyword count for others: %s", g)
	}
}

func TestZeroMeansTheBuiltInSettings(t *testing.T) {
	d := Default()
	if !(0 < d.SimpleMedium && d.SimpleMedium < d.MediumComplex && d.MediumComplex < d.ComplexReasoning && d.ComplexReasoning < 1) {
		t.Errorf("%+v", d)
	}
	for name, list := range map[string][]string{"code": d.Code, "reasoning": d.Reasoning, "technical": d.Technical, "simple": d.Simple} {
		if diff := cmp.Diff(Tidy(list), list); diff != "" || len(list) < 20 || slices.ContainsFunc(list, func(k string) bool { return !HasWord(k) }) {
			t.Errorf("%s: %s", name, diff)
		}
	}
	own := Config{MediumComplex: 0.4, Simple: []string{"hallo"}}
	if diff := cmp.Diff(own, own.Filled().Stripped()); diff != "" {
		t.Error(diff)
	}
	if f := own.Filled(); f.MediumComplex != 0.4 || f.SimpleMedium != d.SimpleMedium || len(f.Simple) != 1 || len(f.Code) != len(d.Code) {
		t.Errorf("%+v", f)
	}
	if !(Config{}).IsZero() || !d.Stripped().IsZero() || own.IsZero() {
		t.Error("what is zero")
	}
	if diff := cmp.Diff([]string{"a b", "c++"}, Tidy([]string{" A  B", "c++", "a b", "C++"})); diff != "" {
		t.Error(diff)
	}
}

// A body of any length costs no more than what is looked at.
func TestOnlyTheEndOfATextIsLookedAt(t *testing.T) {
	a := New(Config{})
	hard := "Prove step by step that it is so. "
	filler := strings.Repeat("a \"b\n", 1<<14)
	for _, c := range []struct {
		name string
		body []byte
		want Tier
	}{
		{"at the end", conversation("", filler+hard), Reasoning},
		{"far before it", conversation("", hard+filler), Medium},
		{"in a part before it", []byte(`{"messages":[{"role":"user","content":[{"type":"text","text":"` + hard + `"},{"type":"text","text":"` + strings.Repeat("a ", 1<<14) + `"}]}]}`), Medium},
		{"in the last part", []byte(`{"messages":[{"role":"user","content":[{"type":"text","text":"` + strings.Repeat("a ", 1<<14) + `"},{"type":"text","text":"` + hard + `"}]}]}`), Reasoning},
		{"a cut through an escape", []byte(`{"prompt":"` + strings.Repeat(`\\`, lastLimit) + hard + `"}`), Reasoning},
		{"a cut before an escape", []byte(`{"prompt":"x` + strings.Repeat(`\\`, lastLimit) + hard + `"}`), Reasoning},
	} {
		if g := a.Grade(c.body); g.Tier != c.want {
			t.Errorf("%s: %s", c.name, g)
		}
	}
	long := conversation(strings.Repeat("system ", 1<<17), strings.Repeat("word ", 1<<17), "…", strings.Repeat("word ", 1<<17))
	if words := a.Grade(long).Reasons[0]; words != "3277 words" {
		t.Errorf("%s of 131072 were looked at", words)
	}
}

func TestAllocations(t *testing.T) {
	a := New(Config{})
	short, long := conversation("", "Write a Python function."), conversation(strings.Repeat("system ", 1<<14), "hi", "…", strings.Repeat("Write code. ", 1<<14))
	for name, c := range map[string]struct {
		body []byte
		most float64
	}{"short": {short, 8}, "long": {long, 20}} {
		if n := testing.AllocsPerRun(100, func() { a.Grade(c.body) }); n > c.most {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkGrade(b *testing.B) {
	a := New(Config{})
	for name, body := range map[string][]byte{
		"short": conversation("You are helpful.", "Write a Python function that reverses a string."),
		"16K":   conversation("You are helpful.", strings.Repeat("Write a Python function that reverses a string. ", 341)),
		"1M":    conversation(strings.Repeat("You are helpful. ", 1<<15), strings.Repeat("hello there ", 1<<15), "…", "Go on"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a.Grade(body)
			}
		})
	}
}
