package jsondiff

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func shown(changes []Change) []string {
	var out []string
	value := func(s *string) string {
		if s == nil {
			return "–"
		}
		return *s
	}
	for _, c := range changes {
		out = append(out, c.Path+": "+value(c.First)+" | "+value(c.Second))
	}
	return out
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	v, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		name, first, second string
		want                []string
	}{
		{"the same in another order", `{"a":1,"b":[true,null]}`, ` {"b":[true,null], "a":1}`, nil},
		{"numbers are values", `{"a":1.0,"b":1e18,"c":0.10,"d":12345678901234567890}`, `{"a":1,"b":1000000000000000000,"c":0.1,"d":12345678901234567890}`, nil},
		{"large whole numbers stay apart", `[12345678901234567890]`, `[12345678901234567891]`, []string{"[0]: 12345678901234567890 | 12345678901234567891"}},
		{"a value, and who has none", `{"temperature":0.2,"seed":7}`, `{"temperature":0.9,"stop":["a"]}`,
			[]string{`seed: 7 | –`, `stop: – | ["a"]`, `temperature: 0.2 | 0.9`}},
		{"null is a value", `{"a":null}`, `{}`, []string{"a: null | –"}},
		{"deep inside", `{"messages":[{"role":"user","content":"a"},{"role":"user","content":[{"text":"<b>"}]}]}`,
			`{"messages":[{"role":"user","content":"a"},{"role":"user","content":[{"text":"c"}]}]}`, []string{`messages[1].content[0].text: "<b>" | "c"`}},
		{"an element in between", `[1,2,3]`, `[1,9,2,3]`, []string{"[1]: – | 9"}},
		{"elements at the end", `{"a":[1]}`, `{"a":[1,2,3]}`, []string{"a[1]: – | 2", "a[2]: – | 3"}},
		{"repeated elements", `[1,1]`, `[1,1,1]`, []string{"[2]: – | 1"}},
		{"another kind of value", `{"content":"a"}`, `{"content":[{"text":"a"}]}`, []string{`content: "a" | [{"text":"a"}]`}},
		{"names that are no words", `{"a.b":{"":1}}`, `{"a.b":{"":2}}`, []string{`["a.b"][""]: 1 | 2`}},
		{"the whole value", `1`, `"1"`, []string{`: 1 | "1"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, more := Compare(parsed(t, c.first), parsed(t, c.second), 10)
			if !slices.Equal(shown(got), c.want) || more {
				t.Errorf("got %v, want %v", shown(got), c.want)
			}
		})
	}
}

func TestCompareIsBounded(t *testing.T) {
	list := func(word string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(`{"text":"`+word+`"},`, 50_000), ",") + "]"
	}
	got, more := Compare(parsed(t, list("a")), parsed(t, list("b")), 3)
	if len(got) != 3 || !more {
		t.Errorf("%d changes, more: %v", len(got), more)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "{", `{"a":1} {"b":2}`, "nonsense", strings.Repeat("[", 100_000)} {
		if v, err := Parse([]byte(text)); err == nil {
			t.Errorf("%.20q is %s", text, fmt.Sprint(v))
		}
	}
}
