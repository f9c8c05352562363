package providertest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// TestReplay sends every recorded exchange through a call, to a client of its own dialect and to one of each other,
// and writes what came of it into the document.
func TestReplay(t *testing.T) {
	var r report
	dialects := all.Dialects()
	recorded := recordings(t)
	for _, rec := range recorded {
		t.Run(rec.ID, func(t *testing.T) {
			own := dialects[spoken[rec.Endpoint]]
			row := r.row(rec)
			row.count(rec)
			if t.Run("native", func(t *testing.T) { native(t, rec, own, &r) }) {
				row.native++
			}
			for name, client := range dialects {
				if name == own.Name {
					continue
				}
				if t.Run(name, func(t *testing.T) { translated(t, rec, own, client, &r) }) {
					row.translated++
				}
			}
		})
	}
	if r.total() == len(recorded) { // else only some were asked for
		r.write(t)
	}
}

// native has a client that speaks the upstream's dialect: bytes in, bytes out.
func native(t *testing.T, rec *recording, own dialect.Dialect, r *report) {
	was := rec.own(t)
	v, _, _ := rawjson.Get(was, "model")
	model, err := rawjson.Unquote(v)
	if err != nil {
		t.Fatal(err)
	}
	body := must(rawjson.Set(nil, was, "model", rawjson.AppendString(nil, rec.Provider+"/"+model)))
	upstream := rec.upstream()
	call, url := rec.call(t, own, body, model, upstream)
	answer, err := call.Do(t.Context())

	got := upstream.Seen()
	if len(got) != 1 {
		t.Fatalf("the upstream got %d requests", len(got))
	}
	if got[0].URL != url {
		r.address(rec)
	}
	if diff := cmp.Diff(untouched(was), untouched([]byte(got[0].Body))); diff != "" {
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
	scanned(t, rec, own, answer.Seen)
}

// untouched is a request without what the gateway may change; everything else must be the same, byte by byte.
func untouched(body []byte) string {
	body = must(rawjson.Delete(nil, body, "stream_options"))
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
	asked, err := own.Server.DecodeRequest(dialect.Path{}, rec.own(t))
	if err != nil {
		t.Fatal(err)
	}
	asked.Params.IncludeUsage = true
	body, _, err := client.Client.EncodeRequest(asked)
	if err != nil {
		t.Fatal(err)
	}
	upstream := rec.upstream()
	call, _ := rec.call(t, client, body, asked.Model, upstream)
	answer, err := call.Do(t.Context())
	if got := upstream.Seen(); len(got) == 1 {
		arrived(t, own, asked, []byte(got[0].Body))
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
	compare(t, want, got, answer.Seen.Warnings)
	missing(t, own, want, got, answer.Seen.Warnings, r)
}

// arrived checks that the upstream was asked in its own dialect for the same.
func arrived(t *testing.T, own dialect.Dialect, asked *llm.Request, body []byte) {
	t.Helper()
	got, err := own.Server.DecodeRequest(dialect.Path{}, body)
	if err != nil {
		t.Errorf("the upstream got what it cannot read: %v in %s", err, body)
		return
	}
	if got.Model != asked.Model || got.Stream != asked.Stream {
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
	if own.Name == client.Name {
		if !bytes.Equal(body, rec.response) {
			t.Errorf("%s became %s", rec.response, body)
		}
		return
	}
	var was, is struct{ Error struct{ Message string } }
	if json.Unmarshal(rec.response, &was) != nil || json.Unmarshal(body, &is) != nil || was.Error.Message == "" || was != is {
		t.Errorf("%s became %s", rec.response, body)
	}
}

// compare checks that what was said arrived: thoughts, words, calls, the finish and the bill.
func compare(t *testing.T, want, got *llm.Response, warnings []llm.Warning) {
	t.Helper()
	if a, b := dialecttest.Text(want), dialecttest.Text(got); a != b {
		t.Errorf("%s\nbecame\n%s\nwith %v", a, b, warnings)
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
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("usage: %s", diff)
	}
}

// softened are the reasons that the other dialect has no word of its own for.
func softened(r *llm.Response, a, b string) bool {
	if a == llm.FinishStop && b == llm.FinishTools {
		return slices.ContainsFunc(r.Choices[0].Parts, func(p llm.Part) bool { return p.Kind == llm.PartCall })
	}
	return a == llm.FinishRefusal && b == llm.FinishFilter || a == llm.FinishFilter && b == llm.FinishRefusal ||
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
