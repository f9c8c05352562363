package dialecttest_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// input reads a file of a dialect's own tests.
func input(t *testing.T, dialect, name string) []byte {
	t.Helper()
	return dialecttest.Input(t, filepath.Join("..", "..", dialect, "testdata", name))
}

// asked reads the request of a dialect's own tests.
func asked(t *testing.T, d dialect.Dialect) *llm.Request {
	t.Helper()
	req, err := d.Server.DecodeRequest(place(d), input(t, d.Name, "request.json"))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// place is what a URL says where it names the model.
func place(d dialect.Dialect) (p dialect.Path) {
	if d.ModelInPath {
		p = dialect.Path{Model: "m-3", Stream: true}
	}
	return p
}

// golden is the body that one dialect becomes in another, with the warnings behind it.
func golden(t *testing.T, what string, from, to dialect.Dialect, body []byte, warnings []llm.Warning) {
	t.Helper()
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		out.Reset()
		out.Write(body)
	}
	for _, w := range warnings {
		out.WriteString("\n! " + w.Field + ": " + w.Why)
	}
	dialecttest.Golden(t, what+"."+from.Name+".to."+to.Name+".golden", append(out.Bytes(), '\n'))
}

// targets are the dialects that goldens show one in.
func targets(from dialect.Dialect) []dialect.Dialect {
	all := speakers
	if from.Name != hubs[0].Name && from.Name != hubs[1].Name {
		all = hubs
	}
	return slices.DeleteFunc(slices.Clone(all), func(d dialect.Dialect) bool { return d.Name == from.Name })
}

func TestRequestsAcross(t *testing.T) {
	for _, from := range speakers {
		if err := dialecttest.RequestIdentity(from, place(from), input(t, from.Name, "request.json")); err != nil {
			t.Errorf("%s: %v", from.Name, err)
		}
		for _, to := range targets(from) {
			body, warnings, err := to.Client.EncodeRequest(asked(t, from))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "request", from, to, body, warnings)
		}
	}
}

func TestStreamsAcross(t *testing.T) {
	req := &llm.Request{Stream: true, Params: llm.Params{IncludeUsage: true}}
	for _, from := range speakers {
		if _, err := os.Stat(filepath.Join("..", from.Name, "testdata", "stream.sse")); err != nil {
			continue // it is no text
		}
		in := input(t, from.Name, "stream.sse")
		rng := rand.New(rand.NewPCG(1, 2))
		for law, err := range map[string]error{
			"identity": dialecttest.StreamIdentity(from, in),
			"chop":     dialecttest.Chop(from, in, rng),
			"cut":      dialecttest.Cut(from, in, rng),
			"usage":    dialecttest.Usage(from, in),
		} {
			if err != nil {
				t.Errorf("%s: %s: %v", from.Name, law, err)
			}
		}
		events := dialecttest.Decode(from, in)
		answer := folded(t, events)
		for _, to := range targets(from) {
			stream, warnings := dialecttest.Encode(to, req, events)
			if to.Frames == nil {
				golden(t, "stream", from, to, stream, warnings)
			}
			// The whole answer is the fold of its stream, in the other dialect too.
			whole, warnings := to.Server.EncodeResponse(answer)
			golden(t, "response", from, to, whole, warnings)
			read, err := to.Client.DecodeResponse(whole)
			if err != nil {
				t.Fatal(err)
			}
			said := dialecttest.Text(answer)
			if a, b := dialecttest.Text(folded(t, dialecttest.Decode(to, stream))), dialecttest.Text(read); a != said || b != said {
				t.Errorf("%s to %s: %s\nstreamed %s\nwhole %s", from.Name, to.Name, said, a, b)
			}
		}
	}
}

// turnsOf is where a dialect's body has the conversation.
var turnsOf = map[string]string{"responses": "input", "generate": "contents"}

// TestPrefix adds turns one by one: what was sent of earlier turns must not change by a byte, or the provider's prompt
// cache is cold again.
func TestPrefix(t *testing.T) {
	for _, from := range speakers {
		req := asked(t, from)
		req.Messages = append(req.Messages,
			llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartText, Text: "Done."}}},
			llm.Message{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartText, Text: "More."}}})
		for _, to := range speakers {
			key := turnsOf[to.Name]
			if key == "" {
				key = "messages"
			}
			var before []byte
			for n := 3; n <= len(req.Messages); n++ {
				part := *req
				part.Messages = req.Messages[:n]
				body, _, err := to.Client.EncodeRequest(&part)
				if err != nil {
					t.Fatal(err)
				}
				turns, _, _ := rawjson.Get(body, key)
				// The turn that was last may go on, so its closing brackets are not compared.
				if !bytes.HasPrefix(turns, bytes.TrimRight(before, "]}")) {
					t.Errorf("%s to %s: turn %d changes what came before it:\n%s\n%s", from.Name, to.Name, n, before, turns)
				}
				before = turns
			}
		}
	}
}
