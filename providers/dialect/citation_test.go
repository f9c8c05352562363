package dialect_test

import (
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/rawjson"
)

// TestURLCitations: a list is taken whole and comes back as it was, or it is left alone.
func TestURLCitations(t *testing.T) {
	for _, test := range []struct {
		list   string
		nested bool
		ok     bool
	}{
		{`[]`, false, true},
		{`[{"type":"url_citation","url":"https://a"}]`, false, true},
		{`[{"type":"url_citation","url":"https://a","title":"A","start_index":0,"end_index":3,"content":"c"}]`, false, true},
		{`[{"type":"url_citation","url_citation":{"url":"https://a","start_index":7,"end_index":9}}]`, true, true},
		{`[{"type":"url_citation","url":"https://a","score":1}]`, false, false},
		{`[{"type":"url_citation","url":"https://a"},{"type":"file_citation","file_id":"f"}]`, false, false},
		{`[{"type":"url_citation","url_citation":{"url":"https://a"},"rank":1}]`, true, false},
		{`[{"type":"url_citation","url_citation":{"url":"https://a"}}]`, false, false},
		{`[{"type":"url_citation","title":"A"}]`, false, false},
		{`[{"type":"url_citation","url":"https://a","start_index":-1}]`, false, false},
		{`[{"type":"url_citation","url":"https://a","end_index":9223372036854775807}]`, false, false},
		{`{"type":"url_citation"}`, false, false},
		{`[1]`, true, false},
	} {
		citations, ok := dialect.URLCitations([]byte(test.list), test.nested)
		if ok != test.ok {
			t.Errorf("%s is taken: %v", test.list, ok)
		}
		if !ok {
			continue
		}
		var w rawjson.Writer
		w.Open('[')
		for _, c := range citations {
			dialect.URLCitation(&w, c, 0, test.nested)
		}
		w.Close(']')
		if string(w.B) != test.list {
			t.Errorf("%s became %s", test.list, w.B)
		}
	}
}
