package dialecttest_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

// input reads a file of a dialect's own tests.
func input(t *testing.T, dialect, name string) []byte {
	t.Helper()
	return dialecttest.Input(t, filepath.Join("..", "..", dialect, "testdata", name))
}

// golden is the body that one dialect becomes in another, with the warnings behind it.
func golden(t *testing.T, name string, body []byte, warnings []llm.Warning) {
	t.Helper()
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		out.Reset()
		out.Write(body)
	}
	for _, w := range warnings {
		out.WriteString("\n! " + w.Field + ": " + w.Why)
	}
	dialecttest.Golden(t, name, append(out.Bytes(), '\n'))
}

func TestRequestsAcross(t *testing.T) {
	for _, e := range endpoints {
		in := input(t, e.own.Name, "request.json")
		if err := dialecttest.RequestIdentity(e.own, dialect.Path{}, in); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
		req, err := e.own.Server.DecodeRequest(dialect.Path{}, in)
		if err != nil {
			t.Fatal(err)
		}
		body, warnings, err := e.other.Client.EncodeRequest(req)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "request."+e.own.Name+".to."+e.other.Name+".golden", body, warnings)
	}
}

func TestStreamsAcross(t *testing.T) {
	req := &llm.Request{Params: llm.Params{IncludeUsage: true}}
	for _, e := range endpoints {
		in := input(t, e.own.Name, "stream.sse")
		rng := rand.New(rand.NewPCG(1, 2))
		for name, err := range map[string]error{
			"identity": dialecttest.StreamIdentity(e.own, in),
			"chop":     dialecttest.Chop(e.own, in, rng),
			"cut":      dialecttest.Cut(e.own, in, rng),
			"usage":    dialecttest.Usage(e.own, in),
		} {
			if err != nil {
				t.Errorf("%s: %s: %v", e.name, name, err)
			}
		}
		events := dialecttest.Decode(e.own, in)
		body, warnings := dialecttest.Encode(e.other, req, events)
		golden(t, "stream."+e.own.Name+".to."+e.other.Name+".golden", body, warnings)

		// The whole answer is the fold of its stream, in the other dialect too.
		r, err := llm.Fold(slices.Values(events))
		if err != nil {
			t.Fatal(err)
		}
		whole, warnings := e.other.Server.EncodeResponse(r)
		golden(t, "response."+e.own.Name+".to."+e.other.Name+".golden", whole, warnings)
	}
}

// TestSignedThoughts follows a signature from the provider through a client of another dialect and back.
func TestSignedThoughts(t *testing.T) {
	chat, messages := endpoints[0].own, endpoints[0].other
	events := dialecttest.Decode(messages, input(t, "messages", "stream.sse"))
	streamed, _ := dialecttest.Encode(chat, nil, events)
	answer, err := llm.Fold(slices.Values(dialecttest.Decode(chat, streamed)))
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := chat.Server.EncodeResponse(answer)
	var got struct {
		Choices []struct{ Message json.RawMessage }
	}
	if err := json.Unmarshal(whole, &got); err != nil {
		t.Fatal(err)
	}
	turn := `{"model":"m","messages":[{"role":"user","content":"hi"},` + string(got.Choices[0].Message) + `]}`
	req, err := chat.Server.DecodeRequest(dialect.Path{}, []byte(turn))
	if err != nil {
		t.Fatal(err)
	}
	body, _, err := messages.Client.EncodeRequest(req)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"type":"thinking","thinking":"I look.","signature":"sig-1"}`,
		`{"type":"redacted_thinking","data":"secret"}`,
	} {
		if !bytes.Contains(body, []byte(want)) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
}

// TestPrefix adds turns one by one: what was sent of earlier turns must not change by a byte, or the provider's prompt
// cache is cold again.
func TestPrefix(t *testing.T) {
	for _, from := range endpoints {
		in := input(t, from.own.Name, "request.json")
		req, err := from.own.Server.DecodeRequest(dialect.Path{}, in)
		if err != nil {
			t.Fatal(err)
		}
		req.Messages = append(req.Messages,
			llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartText, Text: "Done."}}},
			llm.Message{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.PartText, Text: "More."}}})
		for _, to := range endpoints {
			var before []byte
			for n := 3; n <= len(req.Messages); n++ {
				part := *req
				part.Messages = req.Messages[:n]
				body, _, err := to.own.Client.EncodeRequest(&part)
				if err != nil {
					t.Fatal(err)
				}
				var sent struct{ Messages []json.RawMessage }
				if err := json.Unmarshal(body, &sent); err != nil {
					t.Fatal(err)
				}
				turns := bytes.Join(rawMessages(sent.Messages), nil)
				// The turn that was last may go on, so its closing brackets are not compared.
				if open := bytes.TrimRight(before, "]}"); !bytes.HasPrefix(turns, open) {
					t.Errorf("%s to %s: turn %d changes what came before it:\n%s\n%s", from.name, to.name, n, before, turns)
				}
				before = turns
			}
		}
	}
}

func rawMessages(in []json.RawMessage) (out [][]byte) {
	for _, m := range in {
		out = append(out, m)
	}
	return out
}
