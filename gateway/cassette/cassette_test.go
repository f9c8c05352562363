package cassette

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/exchange"
	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/converse"
	"heimdall/providers/dialect/generate"
	"heimdall/providers/llm"
	timings "heimdall/providers/timing"
)

var spoken = map[string]dialect.Dialect{"chat": chat.New(), "converse": converse.New(), "generate.array": generate.NewArray()}

func find(name string) (dialect.Dialect, bool) { d, ok := spoken[name]; return d, ok }

var row = exchange.Row{Method: "POST", Path: "/v1/chat/completions", Op: llm.OpChat, Dialect: "chat", Decorate: exchange.DecorateAlways}

// call is a request that was logged, and its answer; marks are pairs of bytes and milliseconds.
func call(body, answer string, marks ...int) *exchange.Record {
	rec := &exchange.Record{
		ID: "log-1", Op: llm.OpChat, Dialect: "chat", UpstreamDialect: "chat", Method: "POST", Path: row.Path, RequestedModel: "m", Provider: "p", Model: "m-1",
		Status: exchange.StatusSuccess, HTTPStatus: 200, Latency: 250 * time.Millisecond,
		Request: bodyOf(body), Answer: bodyOf(answer),
	}
	var m timings.Marks
	for i := 0; i < len(marks); i += 2 {
		m.Add(marks[i], time.Duration(marks[i+1])*time.Millisecond)
	}
	rec.AnswerMarks = m.Bytes()
	rec.Stream = len(marks) > 0
	return rec
}

func bodyOf(text string) exchange.Body {
	return exchange.Body{Data: []byte(text), Size: int64(len(text))}
}

func save(t *testing.T, records ...*exchange.Record) (dir string) {
	t.Helper()
	w, err := Create(t.TempDir(), "tape", time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	w.Dialect = find
	for _, r := range records {
		if kept, err := w.Add(r); err != nil || !kept {
			t.Fatalf("%v, kept: %v", err, kept)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Dir()
}

func open(t *testing.T, dir string, speed float64) *Player {
	t.Helper()
	p, err := Open(dir, speed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// ask sends a body to the player.
func ask(ctx context.Context, p *Player, body string) (*exchange.Exchange, *exchange.Reply, error) {
	r := row
	x := &exchange.Exchange{Row: &r, Method: "POST", Path: row.Path, Raw: []byte(body), Start: time.Now(), Record: &exchange.Record{}}
	x.SetDialect(spoken["chat"])
	reply, err := p.Handler()(ctx, x)
	return x, reply, err
}

// Two requests are the same where they ask for the same.
func TestSameRequest(t *testing.T) {
	const body = `{"model":"m","temperature":1.0,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"metadata":{"user_id":"one","team":"blue"}}`
	p := open(t, save(t, call(body, `{"id":"1"}`)), 0)
	for other, same := range map[string]bool{
		body: true,
		`{ "metadata":{"team":"blue"}, "messages":[{"content":[{"text":"h\u0069","type":"text"}],"role":"user"}], "temperature":1, "model":"m"}`: true,
		strings.Replace(body, `"one"`, `"another"`, 1):                                                                           true,
		strings.Replace(body, `"text":"hi"`, `"text":"hi","cache_control":{"type":"ephemeral"}`, 1):                              true,
		strings.Replace(body, `{"type":"text","text":"hi"}`, `{"type":"text","text":"hi"},{"cachePoint":{"type":"default"}}`, 1): true,
		strings.Replace(body, `"model":"m"`, `"model":"m","prompt_cache_key":"session"`, 1):                                      true,
		strings.Replace(body, `"model":"m"`, `"model":"n"`, 1):                                                                   false,
		strings.Replace(body, `"blue"`, `"red"`, 1):                                                                              false,
		strings.Replace(body, `1.0`, `0.9`, 1):                                                                                   false,
		strings.Replace(body, `[{"type":"text","text":"hi"}]`, `[]`, 1):                                                          false,
	} {
		_, _, err := ask(t.Context(), p, other)
		if same != (err == nil) {
			t.Errorf("%s: %v", other, err)
		}
	}
}

// Answers to the same request come in the order in which they were recorded; the last one stays.
func TestTakes(t *testing.T) {
	p := open(t, save(t, call(`{"a":1}`, `{"take":1}`), call(`{"b":1}`, `{"other":1}`), call(`{"a":1}`, `{"take":2}`)), 0)
	for _, want := range []string{`{"take":1}`, `{"take":2}`, `{"take":2}`} {
		x, reply, err := ask(t.Context(), p, `{"a":1}`)
		if err != nil || string(reply.Body) != want || reply.Stream != nil {
			t.Fatalf("%v %+v, want %s", err, reply, want)
		}
		if x.Row.Decorate != exchange.DecorateNever || row.Decorate != exchange.DecorateAlways {
			t.Error("what was recorded with its extra_fields gets them again")
		}
		if r := x.Record; r.Provider != "p" || r.Model != "m-1" || len(r.Routing) != 1 || !r.Cost.Known || r.Cost.Total != 0 {
			t.Errorf("%+v", r)
		}
	}
}

const frame1, frame2, frame3 = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n", "data: {\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2},\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n", "data: [DONE]\n\n"

// streamed is a stream whose second frame came in two pieces, and its third together with the second's end.
func streamedCall() *exchange.Record {
	return call(`{"stream":true}`, frame1+frame2+frame3, len(frame1), 100, 10, 150, len(frame2)+len(frame3)-10, 400)
}

// read gives what comes of a stream, and when, in milliseconds since from.
func read(t *testing.T, from time.Time, s io.Reader) (pieces []string, at []int64) {
	t.Helper()
	for buf := make([]byte, 4096); ; {
		n, err := s.Read(buf)
		if n > 0 {
			pieces, at = append(pieces, string(buf[:n])), append(at, time.Since(from).Milliseconds())
		}
		if errors.Is(err, io.EOF) {
			return pieces, at
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRecordedTiming(t *testing.T) {
	dir := save(t, streamedCall())
	for _, c := range []struct {
		speed  float64
		timing string // in place of the recorded one
		want   []int64
	}{
		{1, "", []int64{100, 400, 400}}, {2, "", []int64{50, 200, 200}}, {0, "", []int64{0, 0, 0}},
		{1, `{"at_ms":[10.5, 20]}`, []int64{10, 20, 20}}, {1, `{"at_ms":[30]}`, []int64{30, 30, 30}}, {1, `{"at_ms":[]}`, []int64{0, 0, 0}},
	} {
		if c.timing != "" {
			if err := os.WriteFile(filepath.Join(dir, "0001", timingFile), []byte(c.timing), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p := open(t, dir, c.speed)
		synctest.Test(t, func(t *testing.T) {
			from := time.Now()
			x, reply, err := ask(t.Context(), p, `{"stream":true}`)
			if err != nil {
				t.Fatal(err)
			}
			if first := time.Since(from).Milliseconds(); first != c.want[0] || x.Record.TTFT.Milliseconds() != first {
				t.Errorf("the header comes after %d ms, noted %v", first, x.Record.TTFT)
			}
			pieces, at := read(t, from, reply.Stream)
			if diff := cmp.Diff([]string{frame1, frame2, frame3}, pieces); diff != "" || cmp.Diff(c.want, at) != "" {
				t.Errorf("speed %v: after %v ms, want %v %s", c.speed, at, c.want, diff)
			}
			if r := x.Record; !reply.Verbatim || reply.ContentType != "text/event-stream" || r.Usage.Output != 2 || r.Finish.Reason != llm.FinishStop || r.Error != nil {
				t.Errorf("%+v", x.Record)
			}
		})
	}
}

func TestClientLeaves(t *testing.T) {
	p := open(t, save(t, streamedCall()), 1)
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		go func() { time.Sleep(50 * time.Millisecond); leave() }()
		if _, _, err := ask(ctx, p, `{"stream":true}`); err == nil || llm.AsError(err).Kind != llm.KindCancelled {
			t.Errorf("before the first frame: %v", err)
		}
		ctx, leave = context.WithCancel(t.Context())
		_, reply, err := ask(ctx, p, `{"stream":true}`)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = reply.Stream.Read(make([]byte, 4096))
		leave()
		if _, err := reply.Stream.Read(make([]byte, 4096)); err == nil || llm.AsError(err).Kind != llm.KindCancelled {
			t.Errorf("in the stream: %v", err)
		}
		_, reply, err = ask(t.Context(), p, `{"stream":true}`)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = reply.Stream.Read(make([]byte, 4096))
		_ = reply.Stream.Close()
		if _, err := reply.Stream.Read(make([]byte, 4096)); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("closed: %v", err)
		}
	})
}

func TestRecordedErrors(t *testing.T) {
	const body = `{"error":{"message":"slow down","type":"rate","param":null,"code":null}}`
	failed := call(`{"fail":1}`, body)
	failed.Status, failed.HTTPStatus = exchange.StatusError, 429
	failed.Error = &llm.Error{Kind: llm.KindBudgetExceeded, Type: "budget", Message: "all is spent"}
	failed.ResponseHeader = []byte("Retry-After: 7\r\nSet-Cookie: a=b\r\nX-Other: 1\r\n")
	broken := streamedCall()
	broken.Status, broken.Error = exchange.StatusError, &llm.Error{Kind: llm.KindTruncated, Message: "it broke off"}
	p := open(t, save(t, failed, broken), 0)
	_, _, err := ask(t.Context(), p, `{"fail":1}`)
	if e := llm.AsError(err); e.Status != 429 || e.Kind != llm.KindBudgetExceeded || string(e.Raw) != body || e.Dialect != "chat" || e.RetryAfter != 7*time.Second {
		t.Errorf("%+v", e)
	}
	x, _, err := ask(t.Context(), p, `{"stream":true}`)
	if err != nil || x.Record.Error == nil || x.Record.Error.Kind != llm.KindTruncated {
		t.Errorf("%v %+v", err, x.Record.Error)
	}
}

// A miss names what is most like the request, and what is different.
func TestMiss(t *testing.T) {
	long := strings.Repeat("long ", 100)
	dir := save(t,
		call(`{"model":"m","messages":[{"role":"user","content":"first question"},{"role":"assistant","content":"answer"}]}`, `{}`),
		call(`{"model":"m","messages":[{"role":"user","content":"`+long+`x"},{"role":"assistant","content":"answer"},{"role":"user","content":"second question"}]}`, `{}`))
	p := open(t, dir, 0)
	for body, words := range map[string][]string{
		`{"model":"m","messages":[{"role":"user","content":"first question"}]}`: {"recording 0001", `messages[1]: recorded {"content":"answer","role":"assistant"}, asked nothing`},
		`{"model":"m","messages":[{"role":"user","content":"` + long + `y"},{"role":"assistant","content":"answer"},{"role":"user","content":"second question"}]}`: {
			"recording 0002", "messages[0].content: recorded …", `long x", asked …`},
		`no JSON`: {"the nearest"},
	} {
		_, _, err := ask(t.Context(), p, body)
		e := llm.AsError(err)
		if e.Status != 404 || e.Type != "cassette_miss" || !e.Gateway() {
			t.Errorf("%s: %+v", body, e)
		}
		for _, w := range words {
			if !strings.Contains(strings.ToLower(e.Message), strings.ToLower(w)) || len(e.Message) > 1000 {
				t.Errorf("%s: %s", body, e.Message)
			}
		}
	}
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, filepath.Join(empty, manifestFile), `{"format":1,"name":"none","created":"2026-01-02T03:04:05Z","entries":[]}`)
	if _, _, err := ask(t.Context(), open(t, empty, 0), `{}`); err == nil || !strings.Contains(err.Error(), "it is empty") {
		t.Error(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What a person changes in the folder is what plays.
func TestEdited(t *testing.T) {
	dir := save(t, call(`{"a":1}`, `{"b":2}`))
	write(t, filepath.Join(dir, "0001", "response.json"), `{"b":3}`)
	write(t, filepath.Join(dir, "0001", requestFile), "{\n  // no comment\n}")
	if _, reply, err := ask(t.Context(), open(t, dir, 0), "{\n  // no comment\n}"); err != nil || string(reply.Body) != `{"b":3}` {
		t.Errorf("%v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct{ file, text, words string }{
		"another format":     {manifestFile, `{"format":2}`, "format 2"},
		"no JSON":            {manifestFile, `{`, manifestFile},
		"a mistyped name":    {"0001/" + entryFile, `{"respnse":{}}`, `unknown field "respnse"`},
		"no status":          {"0001/" + entryFile, `{"response":{}}`, "response.status"},
		"a body that is not": {"0001/" + entryFile, `{"request":{"body":"other.json"},"response":{"status":200}}`, "other.json"},
		"a way out":          {"0001/" + entryFile, `{"request":{"body":"../../secret"},"response":{"status":200}}`, "secret"},
		"an entry outside":   {manifestFile, `{"format":1,"entries":["../0001"]}`, "name of a folder"},
		"no timing":          {"0001/" + timingFile, `[]`, timingFile},
	} {
		dir := save(t, call(`{"a":1}`, `{"b":2}`))
		write(t, filepath.Join(filepath.Dir(dir), "secret"), "{}")
		write(t, filepath.Join(dir, c.file), c.text)
		if p, err := Open(dir, 1); err == nil || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	if _, err := Open(save(t), -1); err == nil || !strings.Contains(err.Error(), "speed") {
		t.Error(err)
	}
}

// A folder has what was said in it, not who said it.
func TestFiles(t *testing.T) {
	rec := streamedCall()
	rec.Header = []byte("Authorization: Bearer sk-1\r\nUser-Agent: x\r\n")
	rec.ResponseHeader = []byte("X-Ratelimit-Remaining-Tokens: 9\r\nX-Request-Id: r\r\nSet-Cookie: c\r\nDate: today\r\nX-Api-Token-Request-Id: t\r\n")
	dir := save(t, rec)
	got := map[string]string{}
	for _, name := range []string{manifestFile, "0001/" + entryFile, "0001/" + requestFile, "0001/response.sse", "0001/" + timingFile} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got[name] = string(data)
	}
	var e entry
	if err := json.Unmarshal([]byte(got["0001/"+entryFile]), &e); err != nil {
		t.Fatal(err)
	}
	want := entry{ID: "log-1",
		Request: asked{Method: "POST", Path: row.Path, Op: "chat", Dialect: "chat", Model: "m", Stream: true, Body: requestFile},
		Response: answered{Status: 200, Stream: true, ContentType: "text/event-stream", Header: []field{{"X-Ratelimit-Remaining-Tokens", "9"}, {"X-Request-Id", "r"}},
			Body: "response.sse", Provider: "p", Model: "m-1"}}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
	delete(got, "0001/"+entryFile)
	if diff := cmp.Diff(map[string]string{
		manifestFile:          "{\n  \"format\": 1,\n  \"name\": \"tape\",\n  \"created\": \"2026-01-02T03:04:05Z\",\n  \"entries\": [\n    \"0001\"\n  ]\n}\n",
		"0001/" + requestFile: "{\n  \"stream\": true\n}\n", "0001/response.sse": frame1 + frame2 + frame3, "0001/" + timingFile: `{"at_ms":[100,400,400]}`,
	}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNotKept(t *testing.T) {
	w, err := Create(t.TempDir(), "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.Dialect = find
	for name, spoil := range map[string]func(*exchange.Record){
		"no request":     func(r *exchange.Record) { r.Request.Data = nil },
		"half a request": func(r *exchange.Record) { r.Request.Size++ },
		"no answer":      func(r *exchange.Record) { r.Answer = exchange.Body{} },
		"half an answer": func(r *exchange.Record) { r.Answer.Size++; r.Response = bodyOf("whole") },
		"another's answer": func(r *exchange.Record) {
			r.Answer, r.Response, r.UpstreamDialect = exchange.Body{}, bodyOf("x"), "other"
		},
		"a client that left": func(r *exchange.Record) { r.Status = exchange.StatusCancelled },
		"an unknown dialect": func(r *exchange.Record) { r.Dialect = "other" },
	} {
		rec := call(`{"a":1}`, `{"b":2}`)
		spoil(rec)
		if kept, err := w.Add(rec); kept || err != nil {
			t.Errorf("%s: kept %v, %v", name, kept, err)
		}
	}
	native := call(`{"a":1}`, "")
	native.Response = bodyOf(`{"b":2}`)
	if kept, err := w.Add(native); !kept || err != nil || w.Entries() != 1 {
		t.Errorf("the provider's own answer: %v, %v", kept, err)
	}
	if left, _ := os.ReadDir(w.Dir()); len(left) != 1 {
		t.Errorf("%v", left)
	}
	if err := w.Discard(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(w.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// Other dialects frame their streams in their own way.
func TestFrames(t *testing.T) {
	message := string(spoken["converse"].Server.ErrorFrame(llm.Errorf(llm.KindInternal, "x")))
	for name, c := range map[string]struct {
		dialect string
		pieces  []string
	}{
		"binary":          {"converse", []string{message, message, message[:20]}},
		"elements":        {"generate.array", []string{`[{"a":1}`, "\n,{\"b\":2}", "\n]"}},
		"events, cut off": {"chat", []string{"data: 1\n\n", ": comment\r\n\r\n", "data: 2"}},
	} {
		if diff := cmp.Diff(c.pieces, texts(frames(spoken[c.dialect], true, []byte(strings.Join(c.pieces, ""))))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func texts(parts [][]byte) (out []string) {
	for _, p := range parts {
		out = append(out, string(p))
	}
	return out
}

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{
		"my agent": "my-agent", "../../etc/passwd": "etc-passwd", "C:\\x": "C--x", "CON": "cassette-CON", "nul.txt": "cassette-nul.txt",
		"": "cassette", "...": "cassette", "Grüße": "Grüße", "a\x00b\n": "a-b", ".hidden.": "hidden", strings.Repeat("x", 100): strings.Repeat("x", 60),
	} {
		if got := safeName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	parent := t.TempDir()
	for _, want := range []string{"a", "a-2", "a-3"} {
		w, err := Create(parent, "a", time.Now())
		if err != nil || filepath.Base(w.Dir()) != want {
			t.Errorf("%v %v, want %s", w, err, want)
		}
	}
}
