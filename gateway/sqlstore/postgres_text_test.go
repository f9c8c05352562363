package sqlstore

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
)

func TestRebind(t *testing.T) {
	for statement, want := range map[string]string{
		"SELECT 1":                     "SELECT 1",
		"a = ?":                        "a = $1",
		"VALUES (?, ?), (?,?)":         "VALUES ($1, $2), ($3,$4)",
		strings.Repeat("?,", 11) + "?": "$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12",
		`lower(a COLLATE "C") LIKE ? ESCAPE '\' x`: `lower(a COLLATE "C") LIKE $1 ESCAPE '\' x`,
	} {
		if got := rebindPostgres(statement); got != want {
			t.Errorf("%s: %s, want %s", statement, got, want)
		}
	}
}

func TestStorable(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"Grüße, 世界 🌍":              "Grüße, 世界 🌍",
		"a\x00b":                   "a\uFFFDb",
		"a\xffb":                   "a\uFFFDb",
		`{"a":"\u0000"}`:           `{"a":"\ufffd"}`,
		`{"a":"\\u0000"}`:          `{"a":"\\u0000"}`,
		`{"a":"\\\u0000"}`:         `{"a":"\\\ufffd"}`,
		`"\ud83c\udf0d"`:           `"\ud83c\udf0d"`,
		`"\uD83C\uDF0D"`:           `"\uD83C\uDF0D"`,
		`"\ud83c"`:                 `"\ufffd"`,
		`"\udf0d"`:                 `"\ufffd"`,
		`"\ud83cx\udf0d"`:          `"\ufffdx\ufffd"`,
		`"\ud83c\ud83c\udf0d"`:     `"\ufffd\ud83c\udf0d"`,
		`"\u00e4" \u12`:            `"\u00e4" \u12`,
		`\`:                        `\`,
		`a\u`:                      `a\u`,
		"\x00" + `\u0000` + "\xff": "\uFFFD" + `\ufffd` + "\uFFFD",
	} {
		if got := string(storable([]byte(text))); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What a client sends must neither keep the log from being written nor any search from working.
func TestPostgresStoresAnyText(t *testing.T) {
	l := openLogsOnPostgres(t, t.TempDir())
	long := strings.Repeat("ü", 3000)
	odd := &exchange.Record{
		ID: "odd\x00id", Time: time.Now(), Model: "a\x00b\xff", SessionID: "s" + long, Path: "/x\x00", Metadata: []exchange.Field{{Name: "n", Value: "\x00"}},
		Tools: []string{"Edit", "half \xf0\x9f", long, "never"}, UserAgent: long,
	}
	odd.Usage.Raw, odd.HasUsage = json.RawMessage(`{"a":"\u0000 \ud83c"}`), true
	plain := &exchange.Record{ID: "plain", Time: time.Now(), Path: "/y", Metadata: []exchange.Field{{Name: "n", Value: "v"}}, Tools: []string{"Bash"}}
	if err := l.Append(t.Context(), []*exchange.Record{odd, plain}); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":             "plain odd\uFFFDid",
		"path:/x*":     "odd\uFFFDid",
		"path:/y":      "plain",
		"tool:edit":    "odd\uFFFDid",
		"tool:bash":    "plain",
		"model:a*":     "odd\uFFFDid",
		"session:s*":   "odd\uFFFDid",
		"metadata.n:v": "plain",
		"agent~ü$":     "odd\uFFFDid",
		"path~^.y$":    "plain",
		"-path~^.y$":   "odd\uFFFDid",
	} {
		e, err := filter.Parse(text, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		p, err := l.Search(t.Context(), observe.Query{Where: e, Limit: 10, Ascending: false})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var ids []string
		for _, r := range p.Records {
			ids = append(ids, r.ID)
		}
		if diff := cmp.Diff(want, strings.Join(ids, " ")); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	r, err := l.Get(t.Context(), "odd\x00id")
	if err != nil || len(r.SessionID) > maxPostgresKey || !strings.HasPrefix(r.SessionID, "süü") {
		t.Fatalf("a record with odd texts: %+v, %v", r, err)
	}
	if diff := cmp.Diff([]string{"Edit", "half \uFFFD\uFFFD"}, r.Tools); diff != "" {
		t.Error("tools:", diff)
	}
}

func TestWordVectors(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "",
		" -- ":             "",
		"Hello, WORLD!":    "hello:1 world:2 ",
		"a-b_c d.e":        "a:1 b:2 c:3 d:4 e:5 ",
		"Grüße 世界 v2 it's": "grüße:1 世界:2 v2:3 it:4 s:5 ",
	} {
		if got := wordVectors(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	pieces := strings.Split(wordVectors(strings.Repeat("w ", pieceWords+1)), "\n")
	if len(pieces) != 2 || strings.Count(pieces[0], ":") != pieceWords || strings.Count(pieces[1], ":") != pieceOverlap+1 {
		t.Errorf("%d pieces", len(pieces))
	}
	for _, piece := range strings.Split(wordVectors(strings.Repeat(strings.Repeat("x", 5000)+" ", 3000)), "\n") {
		if len(piece) > pieceBytes+longestWord+10*pieceWords {
			t.Errorf("a piece of %d bytes", len(piece))
		}
	}
}

// Phrases are found wherever they are in a text that is longer than any vector.
func TestPostgresFindsPhrasesInLongTexts(t *testing.T) {
	l := openLogsOnPostgres(t, t.TempDir())
	if err := l.Append(t.Context(), []*exchange.Record{{ID: "a", Time: time.Now()}}); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	tr := newTraffic()
	for i := range 60_000 {
		b.WriteString(tr.words[tr.IntN(len(tr.words))] + " the ")
		if i%977 == 0 {
			b.WriteString("Needle" + decimal(int64(i)) + " in the Haystack" + decimal(int64(i)) + ". ")
		}
	}
	b.WriteString(strings.Repeat("y", 1<<20))
	if _, err := l.IndexText(t.Context(), 10, func(*exchange.Record) string { return b.String() }); err != nil {
		t.Fatal(err)
	}
	found := func(phrase string) bool {
		e := &filter.Term{Field: filter.Text, Op: filter.Has, Values: []filter.Value{{Text: phrase}}}
		p, err := l.Search(t.Context(), observe.Query{Where: e})
		if err != nil {
			t.Fatalf("%.50s: %v", phrase, err)
		}
		return p.Total == 1
	}
	for i := 0; i < 60_000; i += 977 {
		if n := decimal(int64(i)); !found("needle" + n + " in the haystack" + n) {
			t.Errorf("the phrase with %s is not found", n)
		}
	}
	for phrase, want := range map[string]bool{
		"NEEDLE0 in": true, "needle0 the": false, "haystack0 needle0": false, "need*": true, "need": false, "in the hay*": true,
		strings.Repeat("y", 4000): true,
	} {
		if found(phrase) != want {
			t.Errorf("%.50s: found is %v, want %v", phrase, !want, want)
		}
	}
}
