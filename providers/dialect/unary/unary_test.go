package unary_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/unary"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

func all() []dialect.Dialect {
	return []dialect.Dialect{unary.NewEmbeddings(), unary.NewEmbed(), unary.NewRerank(), unary.NewCohereRerank(), unary.NewTokenize()}
}

// TestGolden writes again what was read: nothing is lost, and the form is the one that is meant.
func TestGolden(t *testing.T) {
	for _, d := range all() {
		in := dialecttest.Input(t, d.Name+".request.json")
		if err := dialecttest.RequestIdentity(d, dialect.Path{}, in); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
		out, warnings, err := d.Client.EncodeRequest(read(t, d, in))
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, %v", d.Name, warnings, err)
		}
		golden(t, d.Name+".request.golden", out)

		body := dialecttest.Input(t, d.Name+".response.json")
		first := answer(t, d, body)
		out, warnings = d.Server.EncodeResponse(first)
		if diff := cmp.Diff(first, answer(t, d, out), dialecttest.Same); diff != "" || len(warnings) > 0 {
			t.Errorf("%s: %s %v", d.Name, diff, warnings)
		}
		golden(t, d.Name+".response.golden", out)
		s := d.Client.Scan(body)
		if want := (dialect.Scan{Usage: *first.Usage, HasUsage: true, Done: true}); !cmp.Equal(s, want, dialecttest.Same) {
			t.Errorf("%s: scan %+v, want %+v", d.Name, s, want)
		}
	}
}

func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	dialecttest.Golden(t, name, append(pretty.Bytes(), '\n'))
}

func TestPeek(t *testing.T) {
	for _, d := range all() {
		got, err := d.Server.Peek(dialect.Path{}, []byte(`{"input":"\"model\":\"x\"","model":"a/b","stream":true,"fallbacks":["c/d"]}`))
		if want := (dialect.Peek{Model: "a/b", Fallbacks: true}); err != nil || got != want {
			t.Errorf("%s: %+v, %v", d.Name, got, err)
		}
		for in, want := range map[string]string{
			`{"model":7}`:  "model: must be a string",
			`[]`:           "the body must be a JSON object",
			`{"model":"a"`: "invalid JSON at offset 12: want a comma or a closing bracket",
		} {
			_, err := d.Server.Peek(dialect.Path{}, []byte(in))
			var e *llm.Error
			if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != want {
				t.Errorf("%s: %s: %v, want %s", d.Name, in, err, want)
			}
		}
	}
}

func TestBadRequests(t *testing.T) {
	const tokens = "must be a list of token numbers"
	for _, c := range []struct {
		d        dialect.Dialect
		in, want string
	}{
		{unary.NewEmbeddings(), `{"model":"m"}`, "input: is missing; it must be a string or a list of strings"},
		{unary.NewEmbeddings(), `{"input":5}`, "input: must be a string, a list of strings or a list of token numbers"},
		{unary.NewEmbeddings(), `{"input":[1,"a"]}`, "input[1]: must be a whole number"},
		{unary.NewEmbeddings(), `{"input":["a",{}]}`, "input[1]: must be a string, a list of token numbers, or an object with a text or an image"},
		{unary.NewEmbeddings(), `{"input":"a","dimensions":"x"}`, "dimensions: must be a whole number"},
		{unary.NewEmbed(), `{"model":"m"}`, "texts: is missing; it must be a list of strings"},
		{unary.NewEmbed(), `{"texts":"a"}`, "texts: must be a list of strings"},
		{unary.NewEmbed(), `{"texts":[1]}`, "texts[0]: must be a string"},
		{unary.NewEmbed(), `{"inputs":[{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]}`,
			"inputs[0].content[1]: must be the only part; only a provider of this endpoint makes one vector of several"},
		{unary.NewEmbed(), `{"inputs":[{"content":[]}]}`, "inputs[0].content: must hold a part"},
		{unary.NewRerank(), `{"documents":[]}`, "query: is missing; it must be a string"},
		{unary.NewRerank(), `{"query":"q"}`, "documents: is missing; it must be a list of strings"},
		{unary.NewRerank(), `{"query":"q","documents":[1]}`, "documents[0]: must be a string, or an object with a text"},
		{unary.NewRerank(), `{"query":"q","documents":[{"text":1}]}`, "documents[0].text: must be a string"},
		{unary.NewCohereRerank(), `{"query":"q","documents":[],"top_n":"x"}`, "top_n: must be a whole number"},
		{unary.NewTokenize(), `{"model":"m"}`, "text: is missing; it must be a string"},
		{unary.NewTokenize(), `{"text":"a"`, "the body is invalid JSON at offset 11: want a comma or a closing bracket"},
		{unary.NewTokenize(), `[]`, "the body must be a JSON object"},
	} {
		_, err := c.d.Server.DecodeRequest(dialect.Path{}, []byte(c.in))
		var e *llm.Error
		if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != c.want {
			t.Errorf("%s: %s:\n%v, want\n%s", c.d.Name, c.in, err, c.want)
		}
	}
	for _, c := range []struct {
		d        dialect.Dialect
		in, want string
	}{
		{unary.NewEmbeddings(), `{"object":"list"}`, "data: must be a list"},
		{unary.NewEmbeddings(), `{"data":[{"embedding":5}]}`, "data[0].embedding: must be a list of numbers or a string"},
		{unary.NewEmbed(), `{"embeddings":{"float":{}}}`, "embeddings.float: must be a list"},
		{unary.NewRerank(), `{"results":[{"index":0,"relevance_score":"x"}]}`, "results[0].relevance_score: must be a number"},
		{unary.NewTokenize(), `{"tokens":["a"]}`, "tokens[0]: must be a whole number"},
		{unary.NewTokenize(), `{}`, "tokens: " + tokens},
		{unary.NewTokenize(), `<html>`, "invalid JSON at offset 0: want a value"},
	} {
		_, err := c.d.Client.DecodeResponse([]byte(c.in))
		var e *llm.Error
		if !errors.As(err, &e) || e.Kind != llm.KindServerError || e.Message != "the provider's answer could not be read: "+c.want {
			t.Errorf("%s: %s:\n%v, want\n%s", c.d.Name, c.in, err, c.want)
		}
	}
}

// encoded is the answer that a client gets for its request.
func encoded(t *testing.T, d dialect.Dialect, req string, r *llm.Response) (body []byte, warnings []llm.Warning) {
	t.Helper()
	return d.Server.(dialect.Answerer).EncodeAnswer(read(t, d, []byte(req)), r)
}

// TestForms: a client gets its vectors in the form that it asked for, whatever the provider gave.
func TestForms(t *testing.T) {
	const list, packed, broken = `[0.5,-0.25,0.1]`, `AAAAPwAAgL7NzMw9`, `AAAAPwAA`
	for _, c := range []struct {
		name, encoding string
		in             llm.Vector
		want           string
		warnings       int
	}{
		{"numbers as base64", `,"encoding_format":"base64"`, llm.Vector{Floats: []byte(list)}, `"` + packed + `"`, 0},
		{"base64 as numbers", `,"encoding_format":"float"`, llm.Vector{Base64: packed}, list, 0},
		{"numbers unless asked", ``, llm.Vector{Base64: packed}, list, 0},
		{"both are there", `,"encoding_format":"base64"`, llm.Vector{Floats: []byte(list), Base64: packed}, `"` + packed + `"`, 0},
		{"other numbers than floats", `,"output_dtype":"binary"`, llm.Vector{Base64: broken}, `"` + broken + `"`, 0},
		{"unreadable", ``, llm.Vector{Base64: broken}, `"` + broken + `"`, 1},
		{"another form", ``, llm.Vector{Extra: llm.Extra{"embed": []byte(`{"int8":[1]}`)}}, `[]`, 2},
	} {
		body, warnings := encoded(t, unary.NewEmbeddings(), `{"model":"m","input":"a"`+c.encoding+`}`, &llm.Response{Vectors: []llm.Vector{c.in}})
		data, _, _ := rawjson.Get(body, "data")
		if want := `[{"object":"embedding","index":0,"embedding":` + c.want + `}]`; string(data) != want || len(warnings) != c.warnings {
			t.Errorf("%s: %s %v, want %s", c.name, data, warnings, want)
		}
	}
	for types, want := range map[string]string{
		``:                                       `{"float":[` + list + `]}`,
		`,"embedding_types":["base64"]`:          `{"base64":["` + packed + `"]}`,
		`,"embedding_types":["float","base64"]`:  `{"float":[` + list + `],"base64":["` + packed + `"]}`,
		`,"embedding_types":["float","ubinary"]`: `{"float":[` + list + `],"ubinary":[[]]}`,
	} {
		for _, v := range []llm.Vector{{Floats: []byte(list)}, {Base64: packed}} {
			body, warnings := encoded(t, unary.NewEmbed(), `{"model":"m","texts":["a"]`+types+`}`, &llm.Response{Vectors: []llm.Vector{v}})
			got, _, _ := rawjson.Get(body, "embeddings")
			if string(got) != want || (len(warnings) > 0) != strings.Contains(types, "ubinary") {
				t.Errorf("%s: %s %v, want %s", types, got, warnings, want)
			}
			if texts, _, _ := rawjson.Get(body, "texts"); string(texts) != `["a"]` {
				t.Errorf("texts %s", texts)
			}
		}
	}
}

// TestAnswerHasWhatClientsNeed: an id and a model, even where the provider gave none; the same id for the same answer.
func TestAnswerHasWhatClientsNeed(t *testing.T) {
	r := &llm.Response{Vectors: []llm.Vector{{Floats: []byte(`[1]`)}}}
	body, _ := encoded(t, unary.NewEmbeddings(), `{"model":"m","input":"a"}`, r)
	again, _ := encoded(t, unary.NewEmbeddings(), `{"model":"m","input":"a"}`, r)
	other, _ := encoded(t, unary.NewEmbeddings(), `{"model":"m","input":"a"}`, &llm.Response{Vectors: []llm.Vector{{Floats: []byte(`[2]`)}}})
	id, _, _ := rawjson.Get(body, "id")
	otherID, _, _ := rawjson.Get(other, "id")
	if !bytes.Equal(body, again) || bytes.Equal(id, otherID) || !strings.HasPrefix(string(id), `"embd-`) {
		t.Errorf("%s, %s", id, otherID)
	}
	want := `"model":"m","usage":{"prompt_tokens":0,"total_tokens":0}}`
	if !strings.HasSuffix(string(body), want) {
		t.Errorf("%s, want %s", body, want)
	}
}

// TestEmbedAcross carries what a request asks for between the two formats.
func TestEmbedAcross(t *testing.T) {
	openly, theirs := unary.NewEmbeddings(), unary.NewEmbed()
	for _, c := range []struct {
		from, to dialect.Dialect
		in, want string
		warnings int
	}{
		{openly, theirs, `{"model":"m","input":"a","encoding_format":"base64","dimensions":8}`,
			`{"model":"m","texts":["a"],"input_type":"search_document","output_dimension":8,"embedding_types":["float"]}`, 0},
		{openly, theirs, `{"model":"m","input":["a"],"input_type":"query","user":"u"}`, `{"model":"m","texts":["a"],"input_type":"search_query"}`, 1},
		{openly, theirs, `{"model":"m","input":["a"],"task":"text-matching"}`, `{"model":"m","texts":["a"],"input_type":"search_document"}`, 1},
		{openly, theirs, `{"model":"m","input":[{"image":"https://example.org/a.png"}]}`, `{"model":"m","images":["https://example.org/a.png"],"input_type":"search_document"}`, 0},
		{openly, theirs, `{"model":"m","input":["a",{"image":"data:image/png;base64,AA"}]}`, `{"model":"m","inputs":[{"content":[{"type":"text","text":"a"}]},` +
			`{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}],"input_type":"search_document"}`, 0},
		{theirs, openly, `{"model":"m","texts":["a"],"input_type":"search_query","output_dimension":8,"embedding_types":["float"]}`,
			`{"model":"m","input":["a"],"encoding_format":"float","dimensions":8}`, 1},
		{theirs, openly, `{"model":"m","inputs":[{"content":[{"type":"text","text":"a"}]}],"truncate":"END"}`, `{"model":"m","input":["a"]}`, 1},
	} {
		out, warnings, err := c.to.Client.EncodeRequest(read(t, c.from, []byte(c.in)))
		if err != nil || string(out) != c.want || len(warnings) != c.warnings {
			t.Errorf("%s:\n%s\n%v %v, want\n%s", c.in, out, warnings, err, c.want)
		}
	}
	_, _, err := theirs.Client.EncodeRequest(read(t, openly, []byte(`{"input":[[1,2]]}`)))
	var e *llm.Error
	if !errors.As(err, &e) || e.Kind != llm.KindInvalidRequest || e.Message != "input[0]: must be text; the provider of this model does not read token numbers" {
		t.Error(err)
	}
}

// TestRerankAcross: documents are texts for the one format, and come back to the client of the other as it sent them.
func TestRerankAcross(t *testing.T) {
	ours, theirs := unary.NewRerank(), unary.NewCohereRerank()
	in := `{"model":"m","query":"q","documents":["a",{"text":"b","id":"2"},{"text":"c","meta":{}}],"top_k":2,"return_documents":true}`
	out, warnings, err := theirs.Client.EncodeRequest(read(t, ours, []byte(in)))
	if want := `{"model":"m","query":"q","documents":["a","b","c"],"top_n":2}`; err != nil || string(out) != want || len(warnings) != 1 {
		t.Errorf("%s %v %v, want %s", out, warnings, err, want)
	}
	r := answer(t, theirs, []byte(`{"id":"i","results":[{"index":1,"relevance_score":0.9},{"index":0,"relevance_score":0.10}],"meta":{"billed_units":{"search_units":1}}}`))
	body, warnings := encoded(t, ours, in, r)
	want := `{"id":"i","results":[{"index":1,"relevance_score":0.9,"document":{"text":"b","id":"2"}},{"index":0,"relevance_score":0.10,"document":{"text":"a"}}],` +
		`"model":"m","usage":{"prompt_tokens":0,"total_tokens":0}}`
	if string(body) != want || len(warnings) > 0 {
		t.Errorf("%s %v, want %s", body, warnings, want)
	}
	// Other speakers call the list data, and count only the total.
	r = answer(t, ours, []byte(`{"object":"list","data":[{"index":0,"score":2}],"usage":{"total_tokens":7}}`))
	body, _ = encoded(t, theirs, `{"model":"m","query":"q","documents":["a"]}`, r)
	if id, _, _ := rawjson.Get(body, "id"); !strings.HasPrefix(string(id), `"rerank-`) {
		t.Errorf("id %s", id)
	}
	if !strings.HasSuffix(string(body), `"results":[{"index":0,"relevance_score":2}],"meta":{"billed_units":{"input_tokens":7}}}`) {
		t.Errorf("%s", body)
	}
}

// TestCount counts a whole request; the tokens themselves exist only where they were told.
func TestCount(t *testing.T) {
	d := unary.NewTokenize()
	text := func(s string) []llm.Part { return []llm.Part{{Kind: llm.PartText, Text: s}} }
	out, warnings, err := d.Client.EncodeRequest(&llm.Request{Model: "m", Tools: []llm.Tool{{Name: "f", Schema: []byte(`{"type":"object"}`)}}, Messages: []llm.Message{
		{Role: llm.RoleSystem, Parts: text("s")},
		{Role: llm.RoleUser, Parts: append(text("u"), llm.Part{Kind: llm.PartMedia, Media: &llm.Media{}})},
		{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.PartCall, Call: &llm.ToolCall{Name: "f", Arguments: "{}"}}}},
		{Role: llm.RoleTool, Parts: []llm.Part{{Kind: llm.PartResult, Result: &llm.ToolResult{Parts: text("r")}}}},
	}})
	want := `{"text":"f\n\n{\"type\":\"object\"}\n\ns\n\nu\n\nf\n\n{}\n\nr","model":"m"}`
	if err != nil || string(out) != want || len(warnings) != 1 {
		t.Errorf("%s %v %v", out, warnings, err)
	}
	if r := answer(t, d, dialecttest.Input(t, "tokenize.response.json")); r.Usage.Input != 4 {
		t.Errorf("%+v", r.Usage)
	}
	body, warnings := d.Server.EncodeResponse(&llm.Response{Usage: &llm.Usage{Input: 4}})
	if message, ok, _ := rawjson.Get(body, "message"); !ok || len(message) < 20 || len(warnings) != 1 {
		t.Errorf("%s %v", body, warnings)
	}
}

func TestErrors(t *testing.T) {
	header := func(name string) string { return map[string]string{"Retry-After": "7"}[name] }
	const wrapped, plain = `{"error":{"message":"bad","type":"t","param":null,"code":null}}`, `{"id":"x","message":"bad"}`
	for _, d := range all() {
		own, other, key := wrapped, plain, []string{"error", "message"}
		if d.Name != "embeddings" && d.Name != "rerank" {
			own, other, key = plain, wrapped, []string{"message"}
		}
		for body, kept := range map[string]bool{own: true, other: false, `{"detail":"bad"}`: false, `{"object":"error","message":"bad"}`: false, `bad`: false} {
			e := d.Client.DecodeError(422, header, []byte(body))
			if e.Kind != llm.KindInvalidRequest || e.Message != "bad" || e.RetryAfter != 7*time.Second || (e.Raw != nil) != kept {
				t.Errorf("%s: %s: %+v", d.Name, body, *e)
			}
			status, out := d.Server.EncodeError(e)
			if message, _, _ := rawjson.Get(out, key...); status != 422 || !rawjson.EqualString(message, "bad") || kept && string(out) != body {
				t.Errorf("%s: %s became %d %s", d.Name, body, status, out)
			}
		}
		status, out := d.Server.EncodeError(llm.Errorf(llm.KindModelUnavailable, "no"))
		if status != 404 || !json.Valid(out) {
			t.Errorf("%s: %d %s", d.Name, status, out)
		}
	}
}

// TestNoStream: what never streams holds nothing, and reading it as a stream is an error.
func TestNoStream(t *testing.T) {
	for _, d := range all() {
		events := dialecttest.Decode(d, []byte("data: {}\n\n"))
		if len(events) != 1 || events[0].Err == nil || events[0].Err.Kind != llm.KindTruncated {
			t.Errorf("%s: %+v", d.Name, events)
		}
		out, warnings := dialecttest.Encode(d, nil, []llm.Event{{Type: llm.EventStart}})
		if len(out)+len(warnings) > 0 || d.Server.ErrorFrame(llm.Errorf(llm.KindOther, "x")) != nil || d.Client.Tee().Result().Done {
			t.Errorf("%s: %s", d.Name, out)
		}
	}
}

func TestAllocations(t *testing.T) {
	body := []byte(`{"input":"` + strings.Repeat("hi ", 1000) + `","model":"m"}`)
	answer := dialecttest.Input(t, "embeddings.response.json")
	for _, d := range all() {
		if n := testing.AllocsPerRun(100, func() { _, _ = d.Server.Peek(dialect.Path{}, body) }); n > 1 {
			t.Errorf("%s: peek allocates %v times", d.Name, n)
		}
	}
	c := unary.NewEmbeddings().Client
	if n := testing.AllocsPerRun(100, func() { c.Scan(answer) }); n > 0 {
		t.Errorf("scan allocates %v times", n)
	}
}
