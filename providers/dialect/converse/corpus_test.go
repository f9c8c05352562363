package converse_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/converse"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// endpoints maps each recorded endpoint to its dialect.
var endpoints = map[string]dialect.Dialect{
	"converse":             converse.New(),
	"converse-stream":      converse.New(),
	"invoke":               converse.NewInvoke(messages.New()),
	"invoke-stream":        converse.NewInvoke(messages.New()),
	"bedrock.count_tokens": converse.NewCount(messages.New()),
}

// merges are the recorded requests with two turns of one role in a row, which come out as one.
var merges = map[string]bool{"bedrock.invoke-stream.s.2cf528dc69": true}

func TestCorpus(t *testing.T) {
	for _, endpoint := range []string{"converse", "converse-stream"} {
		t.Run(endpoint, func(t *testing.T) { dialecttest.Replay(t, endpoint, endpoints[endpoint], chat.New()) })
	}
}

// TestInvokeCorpus: the laws hold for bodies of the messages dialect. Those of other models are refused with a reason,
// and still say what they cost.
func TestInvokeCorpus(t *testing.T) {
	for _, endpoint := range []string{"invoke", "invoke-stream", "bedrock.count_tokens"} {
		t.Run(endpoint, func(t *testing.T) {
			for _, c := range dialecttest.Corpus(t, endpoint) {
				t.Run(c.ID, func(t *testing.T) { recorded(t, endpoints[endpoint], c) })
			}
		})
	}
}

func recorded(t *testing.T, own dialect.Dialect, c dialecttest.Case) {
	law := func(name string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c.Status != 200 {
		law("error", recordedError(own, c))
		return
	}
	if _, shaped, _ := rawjson.Get(c.Request, "anthropic_version"); !shaped && own.Name == "invoke" {
		law("other model", otherModel(own, c))
		return
	}
	if !merges[c.ID] {
		law("request identity", dialecttest.RequestIdentity(own, c.Path, c.Request))
	}
	law("request across", requestAcross(own, chat.New(), c.Path, c.Request))
	if c.Framing == "none" {
		law("response identity", dialecttest.ResponseIdentity(own, c.Response))
		return
	}
	rng := rand.New(rand.NewPCG(1, 2))
	law("stream identity", dialecttest.StreamIdentity(own, c.Response))
	law("chop", dialecttest.Chop(own, c.Response, rng))
	law("cut", dialecttest.Cut(own, c.Response, rng))
	law("usage", dialecttest.Usage(own, c.Response))
	law("stream across", streamAcross(own, chat.New(), c.Response))
}

func recordedError(d dialect.Dialect, c dialecttest.Case) error {
	e := d.Client.DecodeError(c.Status, func(name string) string { return c.Header[name] }, c.Response)
	if e.Status != c.Status || e.Message == "" || e.Kind == llm.KindOther {
		return fmt.Errorf("%+v", e)
	}
	if status, body := d.Server.EncodeError(e); status != c.Status || d.Client.DecodeError(status, nil, body).Kind != e.Kind {
		return fmt.Errorf("%d %s", status, body)
	}
	return nil
}

func otherModel(d dialect.Dialect, c dialecttest.Case) error {
	peek, err := d.Server.Peek(c.Path, c.Request)
	if err != nil || peek.Model == "" || peek.Model != c.Path.Model || peek.Stream != c.Path.Stream {
		return fmt.Errorf("peek %+v, %v", peek, err)
	}
	var e *llm.Error
	if _, err := d.Server.DecodeRequest(c.Path, c.Request); !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest {
		return fmt.Errorf("its request: %v", err)
	}
	s := d.Client.Scan(c.Response)
	if c.Framing != "none" {
		tee := d.Client.Tee()
		tee.Feed(c.Response)
		s = tee.Result()
		if !s.HasUsage || s.Usage.Output == 0 || s.Finish.Reason == "" {
			return fmt.Errorf("%+v", s)
		}
	}
	if !s.Done {
		return fmt.Errorf("not done: %+v", s)
	}
	return nil
}

func said(r *llm.Request) (all string) {
	var parts []llm.Part
	for _, m := range r.Messages {
		for _, p := range m.Parts {
			if p.Kind == llm.PartResult {
				all += dialecttest.Said(p.Result.Parts)
				continue
			}
			parts = append(parts, p)
		}
	}
	return all + dialecttest.Said(parts)
}

func requestAcross(own, other dialect.Dialect, path dialect.Path, body []byte) error {
	first, err := own.Server.DecodeRequest(path, body)
	if err != nil {
		return err
	}
	out, warnings, err := other.Client.EncodeRequest(first)
	if err != nil {
		return err
	}
	second, err := other.Server.DecodeRequest(path, out)
	if err != nil {
		return err
	}
	if a, b := said(first), said(second); a != b && len(warnings) == 0 {
		return fmt.Errorf("%s became %s", a, b)
	}
	return nil
}

func streamAcross(own, other dialect.Dialect, stream []byte) error {
	events := dialecttest.Decode(own, stream)
	first, err := llm.Fold(slices.Values(events))
	if err != nil {
		return err
	}
	out, _ := dialecttest.Encode(other, &llm.Request{Stream: true, Params: llm.Params{IncludeUsage: true}}, events)
	second, err := llm.Fold(slices.Values(dialecttest.Decode(other, out)))
	if err != nil {
		return err
	}
	if a, b := dialecttest.Text(first), dialecttest.Text(second); a != b || second.Usage == nil || second.Usage.Input != first.Usage.Input {
		return fmt.Errorf("%s became %s, %+v", a, b, second.Usage)
	}
	return nil
}
