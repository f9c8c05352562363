package responses

import (
	"errors"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
)

func TestCount(t *testing.T) {
	d := NewCount()
	req, err := d.Server.DecodeRequest(dialect.Path{}, []byte(`{"model":"m","input":"hi","instructions":"a","stream":true,"max_output_tokens":5,"store":true,"truncation":"auto","metadata":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	body, warnings, err := d.Client.EncodeRequest(req)
	want := `{"model":"m","instructions":"a","input":[{"type":"message","role":"user","content":"hi"}],"truncation":"auto"}`
	if err != nil || len(warnings) > 0 || string(body) != want {
		t.Errorf("%s (%v, %v), want %s", body, warnings, err, want)
	}
	answer := []byte(`{"object":"response.input_tokens","input_tokens":18}`)
	r, err := d.Client.DecodeResponse(answer)
	if err != nil || r.Usage.Input != 18 || len(r.Choices) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	if out, _ := d.Server.EncodeResponse(r); string(out) != string(answer) {
		t.Errorf("%s", out)
	}
	if s := d.Client.Scan(answer); !s.Done || s.Usage.Input != 18 {
		t.Errorf("%+v", s)
	}
	if _, err := d.Client.DecodeResponse([]byte(`{"input_tokens":"many"}`)); err == nil {
		t.Error("words are no number")
	}
}

func TestCountCorpus(t *testing.T) {
	d := NewCount()
	for _, c := range dialecttest.Corpus(t, "responses.input_tokens") {
		if err := dialecttest.RequestIdentity(d, c.Path, c.Request); err != nil {
			t.Errorf("%s: %v", c.ID, err)
		}
		if r, err := d.Client.DecodeResponse(c.Response); err != nil || r.Usage.Input == 0 {
			t.Errorf("%s: %+v, %v", c.ID, r, err)
		}
	}
}

func TestStored(t *testing.T) {
	d := NewStored()
	for _, c := range []struct {
		path dialect.Path
		in   string
		want dialect.Peek
	}{
		{dialect.Path{}, "", dialect.Peek{IncludeUsage: true}},
		{dialect.Path{Stream: true}, " ", dialect.Peek{IncludeUsage: true, Stream: true}},
		{dialect.Path{}, `{"model":"m","input":[]}`, dialect.Peek{IncludeUsage: true, Model: "m"}},
	} {
		if got, err := d.Server.Peek(c.path, []byte(c.in)); err != nil || got != c.want {
			t.Errorf("%q: %+v, %v", c.in, got, err)
		}
	}
	if _, err := d.Server.Peek(dialect.Path{}, []byte("[]")); err == nil {
		t.Error("a list is no body")
	}
	var e *llm.Error
	if _, err := d.Server.DecodeRequest(dialect.Path{}, nil); !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest {
		t.Errorf("%v", err)
	}
	if _, _, err := d.Client.EncodeRequest(&llm.Request{}); !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest {
		t.Errorf("%v", err)
	}
	for in, want := range map[string]dialect.Scan{
		`{"id":"resp_1","object":"response","deleted":true}`: {Done: true},
		`{"object":"list","data":[]}`:                        {Done: true},
		`{"status":"cancelled","output":[]}`:                 {Done: true, Finish: llm.Finish{Reason: llm.FinishOther, Raw: "cancelled"}},
		`{"id":`:                                             {},
	} {
		if got := d.Client.Scan([]byte(in)); got.Done != want.Done || got.Finish.Reason != want.Finish.Reason || got.Err != nil {
			t.Errorf("%s: %+v", in, got)
		}
	}
}

// TestStoredCorpus: the streams and bodies of stored answers say what they used, like those that are new.
func TestStoredCorpus(t *testing.T) {
	for _, endpoint := range []string{"responses.get", "responses.compact"} {
		for _, c := range dialecttest.Corpus(t, endpoint) {
			s := NewStored().Client.Scan(c.Response)
			if c.Framing == "sse" {
				tee := NewStored().Client.Tee()
				tee.Feed(c.Response)
				s = tee.Result()
			}
			if !s.Done || !s.HasUsage || s.Usage.Input == 0 {
				t.Errorf("%s: %+v", c.ID, s)
			}
		}
	}
}
