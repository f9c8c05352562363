package providers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"testing"

	"heimdall/providers"
	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

var dialects = map[string]dialect.Dialect{"chat": chat.New(), "messages": messages.New()}

// newCall is a call of a client's body for the model "m" at p.
func newCall(t testing.TB, p providers.Provider, client, body string, doer transport.Doer) *providers.Call {
	t.Helper()
	peek, err := dialects[client].Server.Peek(dialect.Path{}, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return &providers.Call{
		Target:     &providers.Target{Name: "acme", Provider: p, Features: providers.Probe(p), Doer: doer},
		Credential: providers.Credential{Value: "sk-1"},
		Op:         llm.OpChat,
		Model:      "m", Client: dialects[client], Raw: []byte(body), Peek: peek, Keep: 1 << 20,
		Dialect: func(name string) (dialect.Dialect, bool) { d, ok := dialects[name]; return d, ok },
		Request: func(string) (*llm.Request, error) {
			return dialects[client].Server.DecodeRequest(dialect.Path{}, []byte(body))
		},
		Header: func(string) string { return "" },
	}
}

// says is an upstream that answers with status 200 and body.
func says(body string) *fake.Doer {
	return &fake.Doer{Remember: true, Script: func(*transport.Request) fake.Reply {
		return fake.Reply{Status: 200, Header: map[string]string{"Content-Type": "application/json", "X-Request-Id": "r1"}, Body: body}
	}}
}

const (
	chatAnswer     = `{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`
	messagesAnswer = `{"id":"m1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}}`
)

func answers(d string) string {
	if d == "chat" {
		return chatAnswer
	}
	return messagesAnswer
}

// TestCallEdits sends bodies whose edits differ to an upstream of the same dialect.
func TestCallEdits(t *testing.T) {
	for _, c := range []struct{ name, client, in, want string }{
		{"nothing to change", "chat", `{ "model":"m" , "messages":[] }`, `{ "model":"m" , "messages":[] }`},
		{"the model", "chat", `{"model" : "acme/m", "x":1.50}`, `{"model" : "m", "x":1.50}`},
		{"no model", "chat", `{"x":1}`, `{"x":1,"model":"m"}`},
		{"fallbacks", "chat", `{"model":"m","fallbacks":["b/c"],"x":1}`, `{"model":"m","x":1}`},
		{"fallbacks inside a string", "chat", `{"model":"m","messages":[{"role":"user","content":"\"fallbacks\""}]}`, `{"model":"m","messages":[{"role":"user","content":"\"fallbacks\""}]}`},
		{"fallbacks further in", "chat", `{"model":"m","metadata":{"fallbacks":1}}`, `{"model":"m","metadata":{"fallbacks":1}}`},
		{"model and fallbacks", "messages", `{"fallbacks":[],"model":"acme/m"}`, `{"model":"m"}`},
		{"a stream", "chat", `{"model":"m","stream":true}`, `{"model":"m","stream":true,"stream_options":{"include_usage":true}}`},
		{"a stream with options", "chat", `{"model":"m","stream":true,"stream_options":{"x":1}}`, `{"model":"m","stream":true,"stream_options":{"x":1,"include_usage":true}}`},
		{"a stream that says no", "chat", `{"model":"m","stream":true,"stream_options":{"include_usage":false}}`, `{"model":"m","stream":true,"stream_options":{"include_usage":true}}`},
		{"a stream that asked", "chat", `{"model":"m","stream":true,"stream_options":{"include_usage":true}}`, `{"model":"m","stream":true,"stream_options":{"include_usage":true}}`},
		{"a stream that always reports", "messages", `{"model":"m","stream":true}`, `{"model":"m","stream":true}`},
	} {
		upstream := says(answers(c.client))
		call := newCall(t, table(c.client), c.client, c.in, upstream)
		a, err := call.Do(t.Context())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := upstream.Seen()[0].Body; got != c.want {
			t.Errorf("%s: the upstream got %s, want %s", c.name, got, c.want)
		}
		if string(call.Raw) != c.in {
			t.Errorf("%s: the client's body became %s", c.name, call.Raw)
		}
		if len(a.Seen.Warnings) > 0 {
			t.Errorf("%s: warnings %v", c.name, a.Seen.Warnings)
		}
	}
}

// TestCallChooses picks the endpoint of the client's own dialect before the provider's best.
func TestCallChooses(t *testing.T) {
	for _, c := range []struct {
		offers           []string
		client, upstream string
	}{
		{[]string{"chat", "messages"}, "messages", "messages"},
		{[]string{"chat", "messages"}, "chat", "chat"},
		{[]string{"chat"}, "messages", "chat"},
		{[]string{"messages"}, "chat", "messages"},
	} {
		upstream := says(answers(c.upstream))
		a, err := newCall(t, table(c.offers...), c.client, `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`, upstream).Do(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if url := upstream.Seen()[0].URL; url != "https://api.acme.test/v1/"+c.upstream || a.Seen.Dialect != c.upstream {
			t.Errorf("%v for %s: %s in %s", c.offers, c.client, url, a.Seen.Dialect)
		}
		r, err := dialects[c.client].Client.DecodeResponse(a.Body)
		if err != nil || r.Choices[0].Parts[0].Text != "hello" || r.Usage.Input != 3 || r.Usage.Output != 2 {
			t.Errorf("%v for %s: %s, %v", c.offers, c.client, a.Body, err)
		}
		if native := c.client == c.upstream; native != (string(a.Body) == answers(c.upstream)) {
			t.Errorf("%v for %s: the client got %s", c.offers, c.client, a.Body)
		}
		if u := a.Seen.Scan.Usage; u.Input != 3 || u.Output != 2 || string(a.Seen.Kept) != answers(c.upstream) {
			t.Errorf("%v for %s: seen %+v", c.offers, c.client, a.Seen)
		}
		forwarded := map[string]string{}
		a.Forward(func(k, v []byte) { forwarded[string(k)] = string(v) })
		if forwarded["X-Request-Id"] != "r1" || a.Status != 200 {
			t.Errorf("status %d, header %v", a.Status, forwarded)
		}
		a.Release()
	}
}

// TestCallEdited encodes anew where the canonical view was changed, though the dialects match.
func TestCallEdited(t *testing.T) {
	upstream := says(chatAnswer)
	call := newCall(t, table("chat"), "chat", `{"model":"acme/m","messages":[{"role":"user","content":"hi"}],"x_knob":7}`, upstream)
	call.Edited = true
	why := ""
	decode := call.Request
	call.Request = func(w string) (*llm.Request, error) {
		why = w
		r, err := decode(w)
		r.Messages[0].Parts[0].Text = "bye"
		return r, err
	}
	if _, err := call.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := dialects["chat"].Server.DecodeRequest(dialect.Path{}, []byte(upstream.Seen()[0].Body))
	if err != nil || got.Model != "m" || got.Messages[0].Parts[0].Text != "bye" || !strings.Contains(upstream.Seen()[0].Body, `"x_knob":7`) {
		t.Errorf("the upstream got %s, %v", upstream.Seen()[0].Body, err)
	}
	if why != "plugin" {
		t.Errorf("decoded because of %q", why)
	}
}

// TestFallbacksAreTheGateways: they reach no upstream, and nothing says that they were lost on the way there.
func TestFallbacksAreTheGateways(t *testing.T) {
	for _, upstream := range []string{"chat", "messages"} {
		doer := says(answers(upstream))
		call := newCall(t, table(upstream), "chat", `{"model":"m","messages":[{"role":"user","content":"hi"}],"fallbacks":["b/c"],"x_knob":7}`, doer)
		call.Edited = true
		a, err := call.Do(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if sent := doer.Seen()[0].Body; strings.Contains(sent, "fallbacks") || strings.Contains(sent, "x_knob") != (upstream == "chat") {
			t.Errorf("%s got %s", upstream, sent)
		}
		for _, w := range a.Seen.Warnings {
			if w.Field != "x_knob" {
				t.Errorf("%s: %+v", upstream, w)
			}
		}
	}
}

func TestCallHeaders(t *testing.T) {
	client := map[string]string{"Acme-Beta": "b1", "Authorization": "Bearer gateway-key", "X-Other": "o"}
	for _, c := range []struct {
		name   string
		client map[string]string
		extra  map[string]string
		want   map[string]string
	}{
		{"defaults", nil, nil, map[string]string{"Acme-Version": "1", "Acme-Beta": "", "Authorization": "Bearer sk-1",
			"Content-Type": "application/json", "Accept-Encoding": "identity"}},
		{"the client's", client, nil, map[string]string{"Acme-Beta": "b1", "X-Other": "", "Authorization": "Bearer sk-1"}},
		{"the client's own version", map[string]string{"Acme-Version": "2"}, nil, map[string]string{"Acme-Version": "2"}},
		{"extra ones", client, map[string]string{"X-Org": "us", "Acme-Beta": "b2"}, map[string]string{"X-Org": "us", "Acme-Beta": "b2"}},
		{"the key wins over an extra one", nil, map[string]string{"Authorization": "Bearer other"}, map[string]string{"Authorization": "Bearer sk-1"}},
	} {
		upstream := says(chatAnswer)
		call := newCall(t, table("chat"), "chat", `{"model":"m"}`, upstream)
		call.Header = func(name string) string { return c.client[textproto.CanonicalMIMEHeaderKey(name)] }
		call.Target.Headers = c.extra
		if _, err := call.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := upstream.Seen()[0]
		for name, want := range c.want {
			if got.Header[name] != want {
				t.Errorf("%s: %s is %q, want %q", c.name, name, got.Header[name], want)
			}
		}
		if got.Method != "POST" {
			t.Errorf("%s: method %s", c.name, got.Method)
		}
	}
}

// doer is a transport made of a function.
type doer func(ctx context.Context, r *transport.Request) (*transport.Response, error)

func (d doer) Do(ctx context.Context, r *transport.Request) (*transport.Response, error) {
	return d(ctx, r)
}

func failsWith(err error) doer {
	return func(context.Context, *transport.Request) (*transport.Response, error) { return nil, err }
}

func TestCallFails(t *testing.T) {
	stopped := &llm.Error{Kind: llm.KindCancelled, Status: 503, Message: "the gateway was stopped"}
	for _, c := range []struct {
		name   string
		offers string
		doer   transport.Doer
		body   string
		kind   llm.ErrorKind
		status int
		says   string
	}{
		{"no endpoint", "", says(""), `{}`, llm.KindInvalidRequest, 400, "chat_completion is not supported by acme provider"},
		{"an unknown dialect", "klingon", says(""), `{}`, llm.KindInternal, 500, "klingon"},
		{"no connection", "chat", failsWith(fmt.Errorf("%w: %w", transport.ErrConnect, errors.New("connection refused"))), `{}`,
			llm.KindConnection, 502, "cannot connect to acme: connection refused; check its base URL"},
		{"too slow", "chat", failsWith(fmt.Errorf("%w: %w", transport.ErrTimeout, errors.New("i/o timeout"))), `{}`,
			llm.KindTimeout, 504, "default_request_timeout_in_seconds"},
		{"hung up", "chat", failsWith(io.ErrUnexpectedEOF), `{}`, llm.KindConnection, 502, "broke before it answered: unexpected EOF"},
		{"a known cause", "chat", failsWith(stopped), `{}`, llm.KindCancelled, 503, "the gateway was stopped"},
		{"an answer that is none", "messages", says(`{"id":`), `{"messages":[{"role":"user","content":"hi"}]}`, llm.KindServerError, 502, "the answer of acme cannot be read"},
	} {
		var p providers.Provider = table()
		if c.offers != "" {
			p = table(c.offers)
		}
		_, err := newCall(t, p, "chat", c.body, c.doer).Do(t.Context())
		var e *llm.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if e.Kind != c.kind || e.Status != c.status || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %s, %d, %s", c.name, e.Kind, e.Status, e.Message)
		}
	}
}

func TestCallCancelledBeforeAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stuck := doer(func(ctx context.Context, _ *transport.Request) (*transport.Response, error) {
		cancel()
		return nil, context.Cause(ctx)
	})
	_, err := newCall(t, table("chat"), "chat", `{"model":"m"}`, stuck).Do(ctx)
	if e := llm.AsError(err); e.Kind != llm.KindCancelled || e.Status != 499 {
		t.Errorf("%s, %d, %s", e.Kind, e.Status, e.Message)
	}
}

// TestCallRefused hands on an upstream's error with its own words and releases its answer, streamed or not.
func TestCallRefused(t *testing.T) {
	const body = `{"error":{"message":"slow down","type":"rate_limit_error","param":null,"code":"x"}}`
	for _, stream := range []bool{false, true} {
		upstream := &fake.Doer{Script: func(*transport.Request) fake.Reply {
			return fake.Reply{Status: 429, Header: map[string]string{"Retry-After": "7"}, Body: body}
		}}
		_, err := newCall(t, table("chat"), "chat", fmt.Sprintf(`{"model":"m","stream":%v}`, stream), upstream).Do(t.Context())
		e := llm.AsError(err)
		if e.Kind != llm.KindProviderLimited || e.Status != 429 || string(e.Raw) != body || e.Dialect != "chat" || e.RetryAfter.Seconds() != 7 {
			t.Errorf("stream %v: %+v", stream, e)
		}
		if upstream.Open() != 0 {
			t.Errorf("stream %v: the answer was not closed", stream)
		}
	}
}

type unsigned struct{ *providers.Table }

func (unsigned) Sign(context.Context, *providers.Outbound, providers.Credential) error {
	return errors.New("the token has expired")
}

func TestCallUnsigned(t *testing.T) {
	upstream := says(chatAnswer)
	_, err := newCall(t, unsigned{table("chat")}, "chat", `{"model":"m"}`, upstream).Do(t.Context())
	if e := llm.AsError(err); e.Kind != llm.KindAuthFailed || !strings.Contains(e.Message, "the token has expired") || len(upstream.Seen()) != 0 {
		t.Errorf("%s: %s", e.Kind, e.Message)
	}
}

// body4k is a native request of about four kilobytes.
func body4k() string {
	return `{"model":"acme/m","messages":[{"role":"user","content":"` + strings.Repeat("lorem ipsum dolor ", 220) + `"}],"temperature":0.2}`
}

// silent answers with the same response again and again, at no cost.
type silent struct{ resp *transport.Response }

func (s silent) Do(context.Context, *transport.Request) (*transport.Response, error) {
	return s.resp, nil
}

// callAllocs is the ceiling of a native call for an answer that comes whole; 8 were measured.
const callAllocs = 10

func TestCallAllocs(t *testing.T) {
	resp := &transport.Response{Status: 200, Body: []byte(chatAnswer), Release: func() {},
		Header: func(string) string { return "application/json" }, Each: func(func(name, value []byte)) {}}
	call := newCall(t, table("chat"), "chat", body4k(), silent{resp})
	got := testing.AllocsPerRun(200, func() {
		a, err := call.Do(context.Background())
		if err != nil || len(a.Body) == 0 {
			t.Fatal(err)
		}
		a.Release()
	})
	t.Logf("%.0f allocations", got)
	if got > callAllocs {
		t.Errorf("%.0f allocations, want at most %d", got, callAllocs)
	}
}

// TestOnePieceForAStream asks for a stream and is answered in one piece: the client gets the answer, not an error.
func TestOnePieceForAStream(t *testing.T) {
	for client, want := range map[string]string{"chat": chatAnswer, "messages": `"text":"hello"`} {
		a, err := newCall(t, table("chat"), client, `{"model":"m","stream":true,"max_tokens":9,"messages":[]}`, says(chatAnswer)).Do(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if a.Stream != nil || !strings.Contains(string(a.Body), want) || a.ContentType != "application/json" || a.Seen.Scan.Usage.Output != 2 {
			t.Errorf("%s: %+v, body %s", client, a, a.Body)
		}
		a.Release()
	}
}
