package completions_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/completions"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

// others were recorded under this endpoint but speak another format.
var others = map[string]string{
	"portkey.completions.n.73a3535357": "a stored prompt, answered by a chat",
	"writer.completions.s.71cf0d9326":  "a stream of bare values without choices, finish or end",
}

func TestCorpus(t *testing.T) {
	for _, c := range dialecttest.Corpus(t, "completions") {
		t.Run(c.ID, func(t *testing.T) {
			if why := others[c.ID]; why != "" {
				t.Skip(why)
			}
			replay(t, c)
		})
	}
}

func replay(t *testing.T, c dialecttest.Case) {
	own, other := completions.New(), chat.New()
	law := func(name string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c.Status != 200 {
		e := own.Client.DecodeError(c.Status, func(name string) string { return c.Header[name] }, c.Response)
		if status, body := own.Server.EncodeError(e); status != c.Status || string(body) != string(c.Response) {
			t.Errorf("%d %s", status, body)
		}
		return
	}
	if c.Request != nil {
		law("request identity", dialecttest.RequestIdentity(own, dialect.Path{}, c.Request))
	}
	var r *llm.Response
	var err error
	if c.Framing == "none" {
		law("response identity", dialecttest.ResponseIdentity(own, c.Response))
		r, err = own.Client.DecodeResponse(c.Response)
	} else {
		rng := rand.New(rand.NewPCG(1, 2))
		law("stream identity", dialecttest.StreamIdentity(own, c.Response))
		law("chop", dialecttest.Chop(own, c.Response, rng))
		law("cut", dialecttest.Cut(own, c.Response, rng))
		law("usage", dialecttest.Usage(own, c.Response))
		r, err = llm.Fold(slices.Values(dialecttest.Decode(own, c.Response)))
	}
	if err != nil {
		t.Fatal(err)
	}
	out, _ := other.Server.EncodeResponse(r)
	across, err := other.Client.DecodeResponse(out)
	if err != nil {
		t.Fatal(err)
	}
	if dialecttest.Text(r) != dialecttest.Text(across) || r.Choices[0].Finish.Reason != across.Choices[0].Finish.Reason {
		t.Errorf("%s became %s", dialecttest.Text(r), dialecttest.Text(across))
	}
}
