package coherechat_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/coherechat"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

// served leaves out what was recorded of the older /v1/chat, which is another format under the same endpoint: its
// requests have a message instead of messages, or its answers have choices.
func served(c dialecttest.Case) bool {
	return !bytes.Contains(c.Request, []byte(`"chat_history":`)) && !bytes.Contains(c.Response, []byte(`"chat_history":`)) &&
		!bytes.Contains(c.Response, []byte(`"choices":`))
}

func TestCorpus(t *testing.T) {
	n := 0
	for _, c := range dialecttest.Corpus(t, "cohere.chat") {
		if served(c) {
			n++
			t.Run(c.ID, func(t *testing.T) { replay(t, c) })
		}
	}
	t.Logf("%d recorded exchanges", n)
}

func replay(t *testing.T, c dialecttest.Case) {
	own, other := coherechat.New(), chat.New()
	law := func(name string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c.Request != nil {
		law("request identity", dialecttest.RequestIdentity(own, c.Path, c.Request))
		req, err := own.Server.DecodeRequest(c.Path, c.Request)
		law("request", err)
		body, _, err := other.Client.EncodeRequest(req)
		law("request across", err)
		back, err := other.Server.DecodeRequest(dialect.Path{}, body)
		if law("request back", err); err == nil && said(req) != said(back) {
			t.Errorf("%s\nbecame %s", said(req), said(back))
		}
	}
	var first *llm.Response
	var err error
	if c.Framing == "none" {
		law("response identity", dialecttest.ResponseIdentity(own, c.Response))
		first, err = own.Client.DecodeResponse(c.Response)
	} else {
		rng := rand.New(rand.NewPCG(1, 2))
		law("stream identity", dialecttest.StreamIdentity(own, c.Response))
		law("chop", dialecttest.Chop(own, c.Response, rng))
		law("cut", dialecttest.Cut(own, c.Response, rng))
		law("usage", dialecttest.Usage(own, c.Response))
		first, err = llm.Fold(slices.Values(dialecttest.Decode(own, c.Response)))
	}
	if err != nil {
		t.Fatal(err)
	}
	// The answer keeps its words, finish and usage in the other dialect, there and back, streamed and whole.
	whole, _ := other.Server.EncodeResponse(first)
	second, err := other.Client.DecodeResponse(whole)
	if err != nil {
		t.Fatal(err)
	}
	back, _ := own.Server.EncodeResponse(second)
	third, err := own.Client.DecodeResponse(back)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*llm.Response{second, third} {
		if dialecttest.Text(first) != dialecttest.Text(r) || first.Choices[0].Finish.Reason != r.Choices[0].Finish.Reason {
			t.Errorf("%s %v\nbecame %s %v", dialecttest.Text(first), first.Choices[0].Finish, dialecttest.Text(r), r.Choices[0].Finish)
		}
		if a, b := *first.Usage, *r.Usage; a.Input != b.Input || a.Output != b.Output || a.CacheRead != b.CacheRead {
			t.Errorf("usage %+v became %+v", a, b)
		}
	}
}

func said(r *llm.Request) (all string) {
	for _, m := range r.Messages {
		for _, p := range m.Parts {
			if p.Kind == llm.PartResult {
				all += p.Result.ID + dialecttest.Said(p.Result.Parts)
			}
		}
		all += string(m.Role) + dialecttest.Said(m.Parts)
	}
	return all
}
