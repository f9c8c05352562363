package filter_test

import (
	"slices"
	"strings"
	"testing"

	"heimdall/gateway/filter"
)

// seen is a log with a few values.
func seen(f filter.Field, _ string) []filter.Seen {
	switch f {
	case filter.Model:
		return []filter.Seen{{Value: "large-5", Count: 90}, {Value: "mini large", Count: 7}, {Value: "large-4", Count: 5}}
	case filter.Key:
		return []filter.Seen{{Value: "key-1", Name: "Main key", Count: 3}}
	case filter.Status:
		return []filter.Seen{{Value: "error", Count: 4}, {Value: "429", Count: 2}}
	case filter.Metadata:
		return []filter.Seen{{Value: "env", Count: 8}, {Value: "team", Count: 2}}
	case "meta.env":
		return []filter.Seen{{Value: "prod", Count: 6}}
	default:
		return nil
	}
}

// TestComplete: | is the cursor; what a completion gives is the whole text after it.
func TestComplete(t *testing.T) {
	for _, c := range []struct {
		text  string
		first []string // what the first completions make of it
		count int64    // of the first
		not   string   // a label that is not offered
	}{
		{"|", []string{"model:", "provider:", "status:"}, 0, "OR"},
		{"mo|", []string{"model:"}, 0, "cost"},
		{"a mod| b", []string{"a model: b"}, 0, ""},
		{"co|st", []string{"cost>"}, 0, "model"},
		{"user_|", []string{"agent:"}, 0, "model"},
		{"virtual|", []string{"vk:"}, 0, ""},
		{"cost|", []string{"cost>", "cost>=", "cost<"}, 0, ""},
		{"model|", []string{"model:", "model!=", "model="}, 0, ""},
		{"model:|", []string{"model:large-5", `model:"mini large"`, "model:large-4"}, 90, ""},
		{"model:la|", []string{"model:large-5", "model:large-4", `model:"mini large"`}, 90, ""},
		{"model:LARGE-4|", []string{"model:large-4"}, 5, "large-5"},
		{"model:la|rge OR x", []string{"model:large-5 OR x"}, 90, ""},
		{"(model:a,la|)", []string{"(model:a,large-5)"}, 90, ""},
		{"model:(a, la|", []string{"model:(a, large-5"}, 90, ""},
		{"model:(a OR |", []string{"model:(a OR large-5"}, 90, ""},
		{`model:"mi|`, []string{`model:"mini large"`}, 7, "large-5"},
		{`model:"mi|x" b`, []string{`model:"mini large" b`}, 7, ""},
		{"model != la|", []string{"model != large-5"}, 90, ""},
		{"model: |", []string{"model: large-5"}, 90, ""},
		{"-m:la|", []string{"-m:large-5"}, 90, ""},
		{"key:ma|", []string{`key:"Main key"`}, 3, ""},
		{"key:key-|", []string{`key:"Main key"`}, 3, ""},
		{"status:|", []string{"status:success", "status:error", "status:cancelled", "status:processing", "status:429"}, 0, ""},
		{"status:e|", []string{"status:error"}, 4, "success"},
		{"stream:|", []string{"stream:true", "stream:false"}, 0, ""},
		{"cost>|", []string{"cost>0.01", "cost>0.1", "cost>1"}, 0, ""},
		{"cost>0.1|", []string{"cost>0.1"}, 0, "1"},
		{"time>|", []string{"time>15m"}, 0, ""},
		{"since:t|", []string{"since:today"}, 0, ""},
		{"op:em|", []string{"op:embedding"}, 0, ""},
		{"meta.|", []string{"meta.env:", "meta.team:"}, 8, ""},
		{"meta.env:|", []string{"meta.env:prod"}, 6, ""},
		{"has:c|", []string{"has:cost", "has:cache", "has:customer", "has:cached"}, 0, "time"},
		{"missing:meta.t|", []string{"missing:meta.team"}, 2, "meta.env"},
		{"model:a o|", []string{"model:a output>", "model:a op:", "model:a object:"}, 0, "AND"},
		{"model:a an|", []string{"model:a AND "}, 0, "OR"},
		{"a b or|", []string{"a b OR "}, 0, "AND"},
		{"(n|", []string{"(NOT "}, 0, "AND"},
		{"model~la|", nil, 0, "large-5"},
		{"text:la|", nil, 0, "large-5"},
		{`"la|`, nil, 0, "large-5"},
		{`"la"|`, nil, 0, "model"},
		{"nope:la|", nil, 0, "large-5"},
		{`é "x" mo|`, []string{`é "x" model:`}, 0, ""},
	} {
		cursor := strings.IndexByte(c.text, '|')
		text := strings.Replace(c.text, "|", "", 1)
		all := filter.Complete(text, cursor, seen)
		var made, labels []string
		for _, o := range all {
			made, labels = append(made, text[:o.From]+o.Insert+text[o.To:]), append(labels, o.Label)
		}
		if len(made) < len(c.first) || !slices.Equal(made[:len(c.first)], c.first) || c.first == nil && made != nil {
			t.Errorf("%s gives %q", c.text, made[:min(len(made), 6)])
			continue
		}
		if len(c.first) > 0 && all[0].Count != c.count {
			t.Errorf("%s: the first was seen %d times", c.text, all[0].Count)
		}
		if slices.Contains(labels, c.not) {
			t.Errorf("%s offers %s", c.text, c.not)
		}
	}
}

// TestCompleteWithoutLog: what was seen need not be known.
func TestCompleteWithoutLog(t *testing.T) {
	if got := filter.Complete("model:", 6, nil); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if got := filter.Complete("status:", 99, nil); len(got) != 4 {
		t.Errorf("got %v", got)
	}
}
