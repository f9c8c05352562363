package providertest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/providers"
	"heimdall/providers/all"
	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// clients are the dialects that every recorded conversation is carried over to.
var clients = []string{"chat", "responses", "messages", "generate", "converse", "coherechat"}

// TestReplay sends every recorded exchange through a call, to a client of its own dialect and to one of each other,
// and writes what came of it into the document.
func TestReplay(t *testing.T) {
	var r report
	dialects := all.Dialects()
	recorded, skipped := recordings(t)
	r.skipped = skipped
	for _, rec := range recorded {
		t.Run(rec.ID, func(t *testing.T) {
			own := dialects[rec.dialect]
			row := r.row(rec)
			row.count(rec)
			if t.Run("native", func(t *testing.T) { native(t, rec, own, &r) }) {
				row.native++
			}
			if rec.op != llm.OpChat {
				return
			}
			carried := true
			for _, name := range clients {
				if name != own.Name && rec.carries(own) {
					carried = t.Run(name, func(t *testing.T) { translated(t, rec, own, dialects[name], &r) }) && carried
				}
			}
			if rec.carries(own) {
				row.carried++
			}
			if carried && rec.carries(own) {
				row.translated++
			}
		})
	}
	if r.total() == len(recorded) { // else only some were asked for
		r.write(t)
	}
}

// carries reports whether a recording is of a kind that has a meaning in other dialects: the bodies of some models'
// own formats are only passed on.
func (r *recording) carries(own dialect.Dialect) bool {
	if own.Name != "invoke" {
		return true
	}
	return strings.Contains(r.Path, "anthropic.claude") && !r.failed()
}

// native has a client that speaks the upstream's dialect: bytes in, bytes out.
func native(t *testing.T, rec *recording, own dialect.Dialect, r *report) {
	was := rec.own(t, own)
	body, model := was, rec.name()
	if v, ok, _ := rawjson.Get(orEmpty(was), "model"); ok && !own.ModelInPath {
		if name, err := rawjson.Unquote(v); err == nil {
			model = name
		}
		body = must(rawjson.Set(nil, was, "model", rawjson.AppendString(nil, rec.Provider+"/"+model)))
	}
	asked := rec.Provider + "/" + model
	if own.RepeatsModel {
		asked = model // by another name the body would be encoded anew
	}
	upstream := rec.upstream()
	call, url := rec.call(t, own, rec.op, body, asked, model, upstream)
	answer, err := call.Do(t.Context())

	got := upstream.Seen()
	if len(got) != 1 {
		t.Fatalf("the upstream got %d requests: %v", len(got), err)
	}
	if address, _, _ := strings.Cut(got[0].URL, "?"); unescaped(address) != unescaped(url) {
		r.address(rec)
	}
	edits := edits(call, own)
	if diff := cmp.Diff(untouched(was, edits), untouched([]byte(got[0].Body), edits)); diff != "" {
		t.Errorf("the upstream got another request: %s", diff)
	}
	if rec.failed() {
		refused(t, rec, own, own, err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	out := whole(t, answer)
	want := rec.response
	if rec.stream() && !call.Peek.IncludeUsage {
		want = unasked(want)
	}
	if !bytes.Equal(want, out) {
		t.Errorf("the client got other bytes: %s", cmp.Diff(string(want), string(out)))
	}
	if rec.carries(own) && rec.op == llm.OpChat {
		scanned(t, rec, own, answer.Seen)
	}
}

func unescaped(address string) string {
	out, err := url.PathUnescape(address)
	if err != nil {
		return address
	}
	return out
}

// edits are the members of a request that the gateway may change: its own and those that the endpoint names.
func edits(call *providers.Call, own dialect.Dialect) []string {
	out := []string{"stream_options"}
	for _, e := range call.Target.Provider.Endpoints(call.Op, call.Model) {
		for _, edit := range e.Edits {
			out = append(out, edit.Keys()...)
		}
	}
	return out
}

// untouched is a request without what the gateway may change; everything else must be the same, byte by byte.
func untouched(body []byte, edits []string) string {
	for _, key := range edits {
		if len(body) > 0 {
			body = must(rawjson.Delete(nil, body, key))
		}
	}
	return string(body)
}

// whole reads all of an answer.
func whole(t *testing.T, a *providers.Answer) []byte {
	t.Helper()
	if a.Stream == nil {
		return a.Body
	}
	out, err := io.ReadAll(a.Stream)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// unasked takes the frames out of a stream that are nothing but a usage report.
func unasked(stream []byte) (out []byte) {
	var split sse.Splitter
	_ = split.Feed(stream, func(frame []byte) {
		var e sse.Event
		e.Parse(frame)
		var chunk struct {
			Choices []any
			Usage   map[string]any
		}
		if json.Unmarshal(e.Data, &chunk) == nil && chunk.Choices != nil && len(chunk.Choices) == 0 && chunk.Usage != nil {
			return
		}
		out = append(out, frame...)
	})
	return append(out, split.Rest()...)
}

// scanned checks what the record would say against what decoding all of the answer gives.
func scanned(t *testing.T, rec *recording, own dialect.Dialect, seen *providers.Seen) {
	t.Helper()
	full, err := decode(own, rec.response, rec.stream())
	if rec.broken() {
		if err == nil || seen.Err == nil || seen.Err.Message == "" {
			t.Errorf("the error in the stream was not seen: %v, %+v", err, seen.Err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if seen.Err != nil || !seen.Scan.Done || seen.Size != int64(len(rec.response)) {
		t.Errorf("seen %d bytes of %d, done %v, error %v", seen.Size, len(rec.response), seen.Scan.Done, seen.Err)
	}
	if seen.Scan.HasUsage != (full.Usage != nil) {
		t.Errorf("usage seen: %v, decoded: %+v", seen.Scan.HasUsage, full.Usage)
	} else if full.Usage != nil {
		if diff := cmp.Diff(*full.Usage, seen.Scan.Usage, dialecttest.Same); diff != "" {
			t.Error(diff)
		}
	}
}

func decode(d dialect.Dialect, body []byte, stream bool) (*llm.Response, error) {
	if !stream {
		return d.Client.DecodeResponse(body)
	}
	return llm.Fold(slices.Values(dialecttest.Decode(d, body)))
}

// translated has a client of another dialect that asks the same and gets the recorded answer in its own words.
func translated(t *testing.T, rec *recording, own, client dialect.Dialect, r *report) {
	asked, err := own.Server.DecodeRequest(rec.named(own, rec.name()), rec.own(t, own))
	if err != nil {
		t.Fatal(err)
	}
	asked.Params.IncludeUsage = true
	if asked.Model == "" {
		asked.Model = rec.name()
	}
	body, _, err := client.Client.EncodeRequest(asked)
	if err != nil {
		t.Fatal(err)
	}
	upstream := rec.upstream()
	call, _ := rec.call(t, client, rec.op, body, asked.Model, asked.Model, upstream)
	answer, err := call.Do(t.Context())
	if got := upstream.Seen(); len(got) == 1 {
		arrived(t, rec, own, asked, []byte(got[0].Body))
	}
	if rec.failed() {
		refused(t, rec, own, client, err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	out := whole(t, answer)
	want, wrong := decode(own, rec.response, rec.stream())
	got, err := decode(client, out, rec.stream())
	if rec.broken() {
		var a, b *llm.Error
		if !errors.As(wrong, &a) || !errors.As(err, &b) || a.Message != b.Message {
			t.Errorf("the error in the stream %v became %v", wrong, err)
		}
		return
	}
	if wrong != nil || err != nil {
		t.Fatalf("%v, %v in %s", wrong, err, out)
	}
	r.lost(own, client, answer.Seen.Warnings)
	compare(t, client, want, got, answer.Seen.Warnings)
	missing(t, own, want, got, answer.Seen.Warnings, r)
}

// arrived checks that the upstream was asked in its own dialect for the same.
func arrived(t *testing.T, rec *recording, own dialect.Dialect, asked *llm.Request, body []byte) {
	t.Helper()
	got, err := own.Server.DecodeRequest(rec.named(own, asked.Model), body)
	if err != nil {
		t.Errorf("the upstream got what it cannot read: %v in %s", err, body)
		return
	}
	if got.Model != "" && got.Model != asked.Model || got.Stream != asked.Stream {
		t.Errorf("model %q, stream %v became %q, %v", asked.Model, asked.Stream, got.Model, got.Stream)
	}
}

// refused checks that an error keeps its status and its words on its way to a client.
func refused(t *testing.T, rec *recording, own, client dialect.Dialect, err error) {
	t.Helper()
	var e *llm.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v, want an error with status %d", err, rec.Status)
	}
	status, body := client.Server.EncodeError(e)
	if status != rec.Status || e.Kind == llm.KindOther || e.Gateway() {
		t.Errorf("status %d, kind %s", status, e.Kind)
	}
	if bytes.Equal(body, rec.response) {
		return
	}
	if own.Name == client.Name && e.Raw != nil {
		t.Errorf("%s became %s", rec.response, body)
	}
	was := own.Client.DecodeError(rec.Status, func(name string) string { return rec.header[name] }, rec.response)
	is := client.Client.DecodeError(status, func(string) string { return "" }, body)
	if was.Message == "" || was.Message != is.Message {
		t.Errorf("%s became %s", rec.response, body)
	}
}

// compare checks that what was said arrived: thoughts, words, calls, the finish and the bill.
func compare(t *testing.T, client dialect.Dialect, want, got *llm.Response, warnings []llm.Warning) {
	t.Helper()
	if a, b := dialecttest.Text(want), dialecttest.Text(got); a != b {
		t.Errorf("%s\nbecame\n%s\nwith %v", a, b, warnings)
	}
	if a, b := dialecttest.Cited(want), dialecttest.Cited(got); !slices.Equal(a, b) && !dialecttest.Uncited(warnings) {
		t.Errorf("citations %v became %v with %v", a, b, warnings)
	}
	if len(want.Choices) > len(got.Choices) && len(warnings) == 0 {
		t.Error("choices went missing without a warning")
	}
	if a, b := want.Choices[0].Finish.Reason, got.Choices[0].Finish.Reason; a != b && !softened(want, a, b) {
		t.Errorf("finish %s became %s", a, b)
	}
	if want.Usage == nil {
		return
	}
	if got.Usage == nil {
		t.Error("usage went missing")
		return
	}
	a, b := *want.Usage, *got.Usage
	a.Raw, b.Raw = nil, nil
	known := counted(client)
	a.CacheRead *= known.CacheRead
	a.CacheWrite *= known.CacheWrite
	a.Reasoning *= known.Reasoning
	a.CacheWriteHour *= known.CacheWriteHour
	a.InputAudio *= known.InputAudio
	a.InputImage *= known.InputImage
	a.CacheReadAudio *= known.CacheReadAudio
	a.OutputAudio *= known.OutputAudio
	a.OutputImage *= known.OutputImage
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("usage: %s", diff)
	}
}

// counted has a 1 for every kind of token that a dialect has a field for.
func counted(d dialect.Dialect) llm.Usage {
	all := &llm.Usage{Input: 5, CacheRead: 1, CacheWrite: 1, Output: 4, Reasoning: 1,
		CacheWriteHour: 1, InputAudio: 1, InputImage: 1, CacheReadAudio: 1, OutputAudio: 1, OutputImage: 1}
	body, _ := d.Server.EncodeResponse(&llm.Response{ID: "i", Model: "m", Created: 1, Usage: all,
		Choices: []llm.Choice{{Parts: []llm.Part{{Kind: llm.PartText, Text: "x"}}, Finish: llm.Finish{Reason: llm.FinishStop}}}})
	r, err := d.Client.DecodeResponse(body)
	if err != nil || r.Usage == nil {
		return llm.Usage{}
	}
	return *r.Usage
}

// softened are the reasons that the other dialect has no word of its own for.
func softened(r *llm.Response, a, b string) bool {
	if a == llm.FinishStop && b == llm.FinishTools {
		return slices.ContainsFunc(r.Choices[0].Parts, func(p llm.Part) bool { return p.Kind == llm.PartCall })
	}
	return a == llm.FinishOther && b == llm.FinishStop || a == llm.FinishRefusal && b == llm.FinishFilter || a == llm.FinishFilter && b == llm.FinishRefusal ||
		a == llm.FinishPause && b == llm.FinishStop
}

// missing checks that every field that only the upstream's dialect knows is named in a warning. How a thought was
// labelled is bookkeeping between a provider and its own clients: it is counted instead.
func missing(t *testing.T, own dialect.Dialect, want, got *llm.Response, warnings []llm.Warning, r *report) {
	t.Helper()
	named := func(key string) bool {
		return slices.ContainsFunc(warnings, func(w llm.Warning) bool {
			return w.Field == key || strings.HasSuffix(w.Field, "."+key)
		})
	}
	check := func(where string, x, arrived llm.Extra) {
		for it := rawjson.Object(orEmpty(x[own.Name])); it.Next(); {
			key := string(it.Key())
			if rawjson.IsNull(it.Value()) || named(key) {
				continue
			}
			if _, kept, _ := rawjson.Get(orEmpty(arrived[own.Name]), key); !kept {
				t.Errorf("%s%s = %.80s went missing without a warning", where, key, it.Value())
			}
		}
	}
	check("", want.Extra, got.Extra)
	for i, c := range want.Choices {
		check(fmt.Sprintf("choices[%d].", i), c.Extra, nil)
		for j, p := range c.Parts {
			if p.Kind == llm.PartOpaque && len(warnings) == 0 {
				t.Errorf("part %d of choice %d went missing without a warning", j, i)
			}
			switch p.Kind {
			case llm.PartOpaque:
			case llm.PartReasoning:
				r.label(own, p.Extra)
			default:
				check(fmt.Sprintf("choices[%d].parts[%d].", i, j), p.Extra, nil)
			}
		}
	}
}

func orEmpty(obj []byte) []byte {
	if obj == nil {
		return []byte("{}")
	}
	return obj
}
