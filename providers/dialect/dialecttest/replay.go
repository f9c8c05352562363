package dialecttest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// Replay checks the laws on every recorded exchange of an endpoint: within its own dialect, and across to others and
// back.
func Replay(t *testing.T, endpoint string, own dialect.Dialect, others ...dialect.Dialect) {
	t.Helper()
	ReplayCases(t, Corpus(t, endpoint), own, others...)
}

// ReplayCases is Replay for some of what was recorded.
func ReplayCases(t *testing.T, cases []Case, own dialect.Dialect, others ...dialect.Dialect) {
	t.Helper()
	failed := 0
	for _, c := range cases {
		if !t.Run(c.ID, func(t *testing.T) { replay(t, own, others, c) }) {
			failed++
		}
	}
	t.Logf("%d recorded exchanges, %d passed, %d failed", len(cases), len(cases)-failed, failed)
}

func replay(t *testing.T, own dialect.Dialect, others []dialect.Dialect, c Case) {
	rng := rand.New(rand.NewPCG(1, 2))
	law := func(name string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c.Request != nil && c.Status == 200 {
		law("request identity", RequestIdentity(own, c.Path, c.Request))
		for _, other := range others {
			law("request to "+other.Name, requestAcross(own, other, c.Path, c.Request))
		}
	}
	switch {
	case c.Status != 200:
		law("error", recordedError(own, c))
	case c.Framing == "none":
		law("response identity", ResponseIdentity(own, c.Response))
		for _, other := range others {
			law("response to "+other.Name, responseAcross(own, other, c.Response))
		}
	case c.Has("stream_error") || bytes.Contains(c.Response, []byte(`"error":{"`)):
		_, err := llm.Fold(slices.Values(Decode(own, c.Response)))
		if err == nil {
			t.Error("the error in the stream was not seen")
		}
	default:
		law("stream identity", StreamIdentity(own, c.Response))
		law("chop", Chop(own, c.Response, rng))
		law("cut", Cut(own, c.Response, rng))
		law("usage", Usage(own, c.Response))
		for _, other := range others {
			law("stream to "+other.Name, streamAcross(own, other, c.Response))
		}
	}
}

func recordedError(d dialect.Dialect, c Case) error {
	e := d.Client.DecodeError(c.Status, func(name string) string { return c.Header[name] }, c.Response)
	if e.Status != c.Status || e.Message == "" || e.Kind == llm.KindOther {
		return fmt.Errorf("%+v", e)
	}
	status, body := d.Server.EncodeError(e)
	if status != c.Status || e.Raw != nil && string(body) != string(c.Response) {
		return fmt.Errorf("%d %s", status, body)
	}
	return nil
}

// requestAcross carries a request to the other dialect and back.
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
		return fmt.Errorf("%w in %s", err, out)
	}
	if a, b := spoken(first), spoken(second); a != b && len(warnings) == 0 {
		return fmt.Errorf("without a warning\n%s became\n%s", a, b)
	}
	if len(first.Tools) != len(second.Tools) && len(warnings) == 0 {
		return errors.New("tools went missing without a warning")
	}
	return nil
}

// spoken is all that was said in a conversation, results included.
func spoken(r *llm.Request) (all string) {
	var parts []llm.Part
	for _, m := range r.Messages {
		for _, p := range m.Parts {
			if p.Kind == llm.PartResult {
				all += Said(p.Result.Parts)
				continue
			}
			parts = append(parts, p)
		}
	}
	return all + Said(parts)
}

func responseAcross(own, other dialect.Dialect, body []byte) error {
	first, err := own.Client.DecodeResponse(body)
	if err != nil {
		return err
	}
	out, warnings := other.Server.EncodeResponse(first)
	second, err := other.Client.DecodeResponse(out)
	if err != nil {
		return err
	}
	return across(first, second, warnings)
}

func streamAcross(own, other dialect.Dialect, stream []byte) error {
	events := Decode(own, stream)
	first, err := llm.Fold(slices.Values(events))
	if err != nil {
		return err
	}
	req := &llm.Request{Stream: true, Params: llm.Params{IncludeUsage: true}}
	out, warnings := Encode(other, req, events)
	second, err := llm.Fold(slices.Values(Decode(other, out)))
	if err != nil {
		return err
	}
	return across(first, second, warnings)
}

func across(first, second *llm.Response, warnings []llm.Warning) error {
	if a, b := Text(first), Text(second); a != b {
		return fmt.Errorf("%s became\n%s (%v)", a, b, warnings)
	}
	a, b := first.Choices[0].Finish.Reason, second.Choices[0].Finish.Reason
	if a != b && !softened(first, a, b) && !slices.ContainsFunc(warnings, aboutFinish) {
		return fmt.Errorf("finish %s became %s", a, b)
	}
	if a, b := Cited(first), Cited(second); !slices.Equal(a, b) && !Uncited(warnings) {
		return fmt.Errorf("citations %v became %v (%v)", a, b, warnings)
	}
	if len(first.Choices) > 1 && len(second.Choices) == 1 && len(warnings) == 0 {
		return errors.New("choices went missing without a warning")
	}
	for i, p := range first.Choices[0].Parts {
		if p.Kind == llm.PartOpaque && len(warnings) == 0 {
			return fmt.Errorf("part %d went missing without a warning", i)
		}
	}
	return sameUsage(first.Usage, second.Usage)
}

// softened lists the reasons that the other dialect says in its own way.
func softened(r *llm.Response, a, b string) bool {
	for _, p := range r.Choices[0].Parts {
		if p.Kind == llm.PartCall && a == llm.FinishStop && b == llm.FinishTools {
			return true
		}
	}
	return (a == llm.FinishFilter || a == llm.FinishRefusal) && (b == llm.FinishFilter || b == llm.FinishRefusal) ||
		a == llm.FinishPause && b == llm.FinishStop
}

func aboutFinish(w llm.Warning) bool { return w.Field == "finish_reason" }

func sameUsage(a, b *llm.Usage) error {
	if a == nil || b == nil {
		if a != nil {
			return errors.New("usage went missing")
		}
		return nil
	}
	if !dialect.SameCounts(*a, *b) {
		return fmt.Errorf("usage %+v became %+v", *a, *b)
	}
	return nil
}
