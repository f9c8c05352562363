package generate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/generate"
	"heimdall/providers/llm"
)

// unaryOf is the dialect of a recorded exchange.
func unaryOf(c dialecttest.Case) dialect.Dialect {
	switch {
	case c.Endpoint == "countTokens":
		return generate.NewCount()
	case c.Endpoint == "predict":
		return generate.NewPredict()
	case bytes.Contains(c.Request, []byte(`"requests"`)):
		return generate.NewEmbeds()
	}
	return generate.NewEmbed()
}

// TestRecordedUnary checks that what was recorded survives its own dialect, and that the scan sees what decoding sees.
func TestRecordedUnary(t *testing.T) {
	for _, endpoint := range []string{"countTokens", "embedContent", "predict"} {
		for _, c := range dialecttest.Corpus(t, endpoint) {
			d := unaryOf(c)
			if c.Status != 200 {
				if e := d.Client.DecodeError(c.Status, nil, c.Response); e.Kind != llm.KindModelUnavailable {
					t.Errorf("%s: %+v", c.ID, e)
				}
				continue
			}
			if err := dialecttest.RequestIdentity(d, c.Path, c.Request); err != nil {
				t.Errorf("%s: request: %v", c.ID, err)
			}
			if err := sameAnswer(d, c.Response); err != nil {
				t.Errorf("%s: %v", c.ID, err)
			}
		}
	}
}

func sameAnswer(d dialect.Dialect, body []byte) error {
	first, err := d.Client.DecodeResponse(body)
	if err != nil {
		return err
	}
	out, warnings := d.Server.EncodeResponse(first)
	second, err := d.Client.DecodeResponse(out)
	if err != nil {
		return err
	}
	scan := d.Client.Scan(body)
	var usage llm.Usage
	if first.Usage != nil {
		usage = *first.Usage
	}
	switch diff := cmp.Diff(first, second, dialecttest.Same); {
	case diff != "":
		return errors.New(diff)
	case len(warnings) > 0:
		return errors.New("its own dialect loses " + warnings[0].Field)
	case len(first.Choices)+len(first.Vectors) == 0:
		return errors.New("nothing was read")
	case !scan.Done || scan.HasUsage != (first.Usage != nil) || !cmp.Equal(usage, scan.Usage, dialecttest.Same):
		return errors.New("the scan sees something else")
	}
	return nil
}

func TestCount(t *testing.T) {
	wrapped := `{"generateContentRequest":{"model":"models/m-3","systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"role":"user","parts":[{"text":"a"}]}]}}`
	flat := `{"systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"role":"user","parts":[{"text":"a"}]}]}`
	for _, in := range []string{wrapped, flat} {
		d := generate.NewCount()
		r, err := d.Server.DecodeRequest(dialect.Path{Model: "m-3"}, []byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if out, warnings, err := d.Client.EncodeRequest(r); err != nil || len(warnings) > 0 || string(out) != in {
			t.Errorf("%s became %s (%v, %v)", in, out, warnings, err)
		}
		if len(r.Messages) != 2 || r.Model != "m-3" {
			t.Errorf("%+v", r)
		}
	}
	foreign, err := chat.New().Server.DecodeRequest(dialect.Path{}, []byte(`{"model":"m-3","temperature":1,"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		d    dialect.Dialect
		want string
	}{{generate.NewCount(), wrapped}, {generate.NewCountFlat(), flat}} {
		if out, _, err := c.d.Client.EncodeRequest(foreign); err != nil || string(out) != c.want {
			t.Errorf("%s: %s, %v", c.d.Name, out, err)
		}
	}
	if out, _ := generate.NewCount().Server.EncodeResponse(&llm.Response{Usage: &llm.Usage{Input: 7}, Choices: []llm.Choice{{}}}); string(out) != `{"totalTokens":7}` {
		t.Errorf("%s", out)
	}
	if err := dialecttest.ResponseIdentity(generate.NewCount(), []byte(`{"totalTokens":7,"cachedContentTokenCount":2}`)); err != nil {
		t.Error(err)
	}
	if _, err := generate.NewCount().Client.DecodeResponse([]byte(`{}`)); err == nil {
		t.Error("an answer without a count was read")
	}
}

func TestEmbed(t *testing.T) {
	n := int64(3)
	r := &llm.Request{Model: "e-1", Embed: &llm.Embed{Inputs: []llm.EmbedInput{{Text: "a"}, {Text: "b"}}, Task: llm.TaskQuery, Dimensions: &n}}
	for _, c := range []struct {
		d    dialect.Dialect
		want string
	}{
		{generate.NewEmbeds(), `{"requests":[{"model":"models/e-1","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":3},` +
			`{"model":"models/e-1","content":{"parts":[{"text":"b"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":3}]}`},
		{generate.NewPredict(), `{"instances":[{"content":"a","task_type":"RETRIEVAL_QUERY"},{"content":"b","task_type":"RETRIEVAL_QUERY"}],"parameters":{"outputDimensionality":3}}`},
	} {
		out, warnings, err := c.d.Client.EncodeRequest(r)
		if err != nil || len(warnings) > 0 || string(out) != c.want {
			t.Errorf("%s: %s, %v, %v", c.d.Name, out, warnings, err)
		}
		back, err := c.d.Server.DecodeRequest(dialect.Path{Model: "e-1"}, out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, back); diff != "" {
			t.Errorf("%s: %s", c.d.Name, diff)
		}
	}
	if _, _, err := generate.NewEmbed().Client.EncodeRequest(r); err == nil || !strings.Contains(err.Error(), "one text a call, not 2") {
		t.Error(err)
	}
	r.Embed.Inputs = []llm.EmbedInput{{Tokens: []int64{1}}}
	for _, d := range []dialect.Dialect{generate.NewEmbed(), generate.NewEmbeds(), generate.NewPredict()} {
		if _, _, err := d.Client.EncodeRequest(r); err == nil {
			t.Errorf("%s takes tokens", d.Name)
		}
	}
}

func TestEmbedIdentity(t *testing.T) {
	for in, d := range map[string]dialect.Dialect{
		`{"content":{"parts":[{"text":"a"}]},"taskType":"CODE_RETRIEVAL_QUERY","title":"t"}`:                                                                                                        generate.NewEmbed(),
		`{"requests":[{"model":"models/e","content":{"parts":[{"text":"a"}]},"title":"t"},{"model":"models/e","content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}}],"x":1}`: generate.NewEmbeds(),
		`{"instances":[{"content":"a","title":"t","task_type":"RETRIEVAL_DOCUMENT"}],"parameters":{"autoTruncate":false,"outputDimensionality":2},"x":1}`:                                           generate.NewPredict(),
	} {
		r, err := d.Server.DecodeRequest(dialect.Path{Model: "e"}, []byte(in))
		if err != nil {
			t.Fatal(err)
		}
		out, warnings, err := d.Client.EncodeRequest(r)
		if err != nil || len(warnings) > 0 || !sameJSON(t, in, out) {
			t.Errorf("%s became %s (%v, %v)", in, out, warnings, err)
		}
	}
}

func sameJSON(t *testing.T, a string, b []byte) bool {
	t.Helper()
	var x, y any
	parse(t, []byte(a), &x)
	parse(t, b, &y)
	return cmp.Equal(x, y)
}

func TestBadEmbeds(t *testing.T) {
	item := func(s string) string { return `{"requests":[{"content":{"parts":[{"text":"a"}]}},` + s + `]}` }
	for in, want := range map[string]string{
		`{}`:              "requests: is missing; it must be a list of requests",
		`{"requests":{}}`: "requests: must be a list of requests",
		item(`{}`):        "requests[1].content: is missing",
		item(`{"content":{"parts":[{"text":"a"},{"text":"b"}]}}`):                 "requests[1].content.parts: must be one text or one file, for this model",
		item(`{"content":{"parts":[{"text":"a"}]},"taskType":"CLUSTERING"}`):      "requests[1].taskType: must be the same in all requests",
		item(`{"content":{"parts":[{"text":"a"}]},"outputDimensionality":5}`):     "requests[1].outputDimensionality: must be the same in all requests",
		item(`{"content":{"parts":[{"text":"a"}]},"output_dimensionality":"no"}`): "requests[1].output_dimensionality: must be a whole number",
	} {
		_, err := generate.NewEmbeds().Server.DecodeRequest(dialect.Path{}, []byte(in))
		var e *llm.Error
		if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

// TestOtherModel: a body that repeats the model of the URL names the one that is really asked.
func TestOtherModel(t *testing.T) {
	const content = `{"parts":[{"text":"a"}]}`
	for _, c := range []struct {
		d        dialect.Dialect
		in, want string
	}{
		{generate.NewEmbeds(), `{"requests":[{"model":"models/alias","content":` + content + `},{"content":` + content + `,"model":"alias"}]}`,
			`{"requests":[{"model":"models/e-1","content":` + content + `},{"model":"models/e-1","content":` + content + `}]}`},
		{generate.NewCount(), `{"generateContentRequest":{"model":"models/alias","contents":[{"role":"user","parts":[{"text":"a"}]}]}}`,
			`{"generateContentRequest":{"model":"models/e-1","contents":[{"role":"user","parts":[{"text":"a"}]}]}}`},
		{generate.NewCountFlat(), `{"model":"alias","contents":[{"role":"user","parts":[{"text":"a"}]}]}`, `{"contents":[{"role":"user","parts":[{"text":"a"}]}]}`},
	} {
		if !c.d.RepeatsModel {
			t.Errorf("%s: the body would be passed on as it is", c.d.Name)
		}
		r, err := c.d.Server.DecodeRequest(dialect.Path{Model: "alias"}, []byte(c.in))
		if err != nil {
			t.Fatal(err)
		}
		r.Model = "e-1"
		if out, warnings, err := c.d.Client.EncodeRequest(r); err != nil || len(warnings) > 0 || string(out) != c.want {
			t.Errorf("%s: %s, %v, %v", c.d.Name, out, warnings, err)
		}
	}
}

// TestVectors: clients of these endpoints get numbers, however the provider wrote them.
func TestVectors(t *testing.T) {
	r := &llm.Response{Usage: &llm.Usage{Input: 2}, Vectors: []llm.Vector{{Base64: "AACAPwAAAL8="}, {Index: 1, Floats: json.RawMessage(`[1,2.50]`)}}}
	for _, c := range []struct {
		d    dialect.Dialect
		want string
	}{
		{generate.NewEmbed(), `{"embedding":{"values":[1,-0.5]},"usageMetadata":{"promptTokenCount":2,"totalTokenCount":2}}`},
		{generate.NewEmbeds(), `{"embeddings":[{"values":[1,-0.5]},{"values":[1,2.50]}],"usageMetadata":{"promptTokenCount":2,"totalTokenCount":2}}`},
		{generate.NewPredict(), `{"predictions":[{"embeddings":{"values":[1,-0.5],"statistics":{"token_count":2}}},{"embeddings":{"values":[1,2.50]}}]}`},
	} {
		if out, warnings := c.d.Server.EncodeResponse(r); string(out) != c.want || len(warnings) > 0 {
			t.Errorf("%s: %s, %v", c.d.Name, out, warnings)
		}
	}
}
