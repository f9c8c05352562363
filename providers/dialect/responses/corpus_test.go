package responses_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/responses"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// TestTwin: a stream folds to what its last event says the whole answer is.
func TestTwin(t *testing.T) {
	for _, c := range dialecttest.Corpus(t, "responses") {
		if c.Framing != "sse" || c.Status != 200 {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			whole := lastResponse(c.Response)
			if whole == nil {
				t.Skip("no whole answer in it")
			}
			// One speaker names its items anew in every event.
			whole = passing.ReplaceAll(whole, []byte(`"id":"$1"`))
			c.Response = passing.ReplaceAll(c.Response, []byte(`"id":"$1"`))
			want, err := responses.New().Client.DecodeResponse(whole)
			if err != nil {
				t.Fatal(err)
			}
			got, err := llm.Fold(slices.Values(dialecttest.Decode(responses.New(), c.Response)))
			if err != nil {
				t.Fatal(err)
			}
			// What is encrypted is so anew each time.
			same := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Signature" },
				cmp.Comparer(func(a, b string) bool { return (a == "") == (b == "") }))
			if diff := cmp.Diff(want, got, dialecttest.Same, same); diff != "" {
				t.Error(diff)
			}
		})
	}
}

var passing = regexp.MustCompile(`"id":"(\w+_tmp)_\w+"`)

// lastResponse is the answer in the last event of a stream.
func lastResponse(stream []byte) (whole json.RawMessage) {
	var split sse.Splitter
	var event sse.Event
	_ = split.Feed(append(slices.Clone(stream), "\n\n"...), func(frame []byte) {
		event.Parse(frame)
		if kind, _, _ := rawjson.Get(event.Data, "type"); rawjson.EqualString(kind, "response.completed") {
			v, _, _ := rawjson.Get(event.Data, "response")
			whole = slices.Clone(v)
		}
	})
	return whole
}
