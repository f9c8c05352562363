package demo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"heimdall/providers"
	"heimdall/providers/demo"
	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/fake"
	"heimdall/providers/llm"
)

// target is the demo with a clock on which no time passes; waited adds up what would have.
func target(t *testing.T) (to *providers.Target, waited *time.Duration) {
	t.Helper()
	p := demo.New()
	d, ok := p.Info().Doer.(*fake.Doer)
	if !ok {
		t.Fatalf("it is carried by %T", p.Info().Doer)
	}
	waited = new(time.Duration)
	d.After = func(pause time.Duration) <-chan time.Time {
		*waited += pause
		now := make(chan time.Time, 1)
		now <- time.Time{}
		return now
	}
	return &providers.Target{Name: "demo", Provider: p, Doer: d}, waited
}

const tools = `,"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","required":["city","days","dry","where","opts"],` +
	`"properties":{"city":{"type":"string"},"days":{"type":"integer"},"dry":{"type":"boolean"},"where":{"type":"array"},"opts":{"type":"object"},"extra":{"type":"string"}}}}}]`

// ask sends a question to a model and decodes the answer, streamed or not.
func ask(t *testing.T, to *providers.Target, model string, stream bool, messages, more string) (*llm.Response, *providers.Seen, error) {
	t.Helper()
	d := chat.New()
	body := []byte(fmt.Sprintf(`{"model":%q,"stream":%v,"stream_options":{"include_usage":true},"messages":[%s]%s}`, model, stream, messages, more))
	peek, err := d.Server.Peek(dialect.Path{}, body)
	if err != nil {
		t.Fatal(err)
	}
	call := &providers.Call{Target: to, Op: llm.OpChat, Model: model, Client: d, Raw: body, Peek: peek,
		Dialect: func(string) (dialect.Dialect, bool) { return d, true }, Header: func(string) string { return "" }}
	a, err := call.Do(t.Context())
	if err != nil {
		return nil, nil, err
	}
	if a.Stream == nil {
		r, err := d.Client.DecodeResponse(a.Body)
		return r, a.Seen, err
	}
	raw, err := io.ReadAll(a.Stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Stream.Close(); err != nil {
		t.Fatal(err)
	}
	dec := d.Client.Decoder()
	r, err := llm.Fold(slices.Values(dec.Close(dec.Feed(nil, raw))))
	return r, a.Seen, err
}

const hi = `{"role":"system","content":"be kind"},{"role":"user","content":[{"type":"text","text":"what is "},{"type":"text","text":"up?"}]}`

func TestAnswers(t *testing.T) {
	for _, model := range []string{"chat", "slow"} {
		said := ""
		for _, stream := range []bool{false, true} {
			to, waited := target(t)
			r, seen, err := ask(t, to, model, stream, hi, "")
			if err != nil {
				t.Fatalf("%s: %v", model, err)
			}
			text := r.Choices[0].Parts[0].Text
			if !strings.Contains(text, "demo provider") || !strings.HasSuffix(text, "You asked: what is up?") || r.Model != model {
				t.Errorf("%s as %s: %q", model, r.Model, text)
			}
			if said != "" && said != text {
				t.Errorf("%s says %q, streamed %q", model, said, text)
			}
			said = text
			if r.Choices[0].Finish.Reason != llm.FinishStop || r.Usage == nil || r.Usage.Input == 0 || r.Usage.Output == 0 || !seen.Scan.HasUsage {
				t.Errorf("%s: finish %v, usage %+v", model, r.Choices[0].Finish, r.Usage)
			}
			if slow := *waited > time.Second; stream && slow != (model == "slow") {
				t.Errorf("%s takes %v", model, *waited)
			}
		}
	}
}

func TestTools(t *testing.T) {
	for _, stream := range []bool{false, true} {
		to, _ := target(t)
		r, _, err := ask(t, to, "tools", stream, hi, tools)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(r.Choices[0].Parts, func(p llm.Part) bool { return p.Kind == llm.PartCall })
		if i < 0 || r.Choices[0].Finish.Reason != llm.FinishTools {
			t.Fatalf("stream %v: %+v", stream, r.Choices[0])
		}
		call := r.Choices[0].Parts[i].Call
		var args struct {
			City  string
			Days  int
			Dry   bool
			Where []any
			Opts  map[string]any
			Extra *string
		}
		if err := json.Unmarshal([]byte(call.Arguments), &args); err != nil || call.Name != "weather" || call.ID == "" ||
			args.City == "" || args.Days == 0 || !args.Dry || args.Where == nil || args.Opts == nil || args.Extra != nil {
			t.Errorf("stream %v: %+v, %v", stream, call, err)
		}

		turns := hi + `,{"role":"assistant","content":null,"tool_calls":[{"id":"call_demo_1","type":"function","function":{"name":"weather","arguments":"{}"}}]},` +
			`{"role":"tool","tool_call_id":"call_demo_1","content":"sun"}`
		if r, _, err = ask(t, to, "tools", stream, turns, tools); err != nil || r.Choices[0].Finish.Reason != llm.FinishStop {
			t.Errorf("stream %v: after the result it does not sum up: %+v, %v", stream, r, err)
		}
		if r, _, err = ask(t, to, "tools", stream, hi, ""); err != nil || r.Choices[0].Finish.Reason != llm.FinishStop {
			t.Errorf("stream %v: without a tool it does not answer: %+v, %v", stream, r, err)
		}
	}
}

func TestCut(t *testing.T) {
	to, _ := target(t)
	_, seen, err := ask(t, to, "cut", true, hi, "")
	var e *llm.Error
	if !errors.As(err, &e) || seen.Err == nil || seen.Err.Kind != llm.KindTruncated || seen.Scan.Done {
		t.Errorf("%v, seen %+v", err, seen.Err)
	}
	if _, all, _ := ask(t, to, "chat", true, hi, ""); seen.Size == 0 || seen.Size > all.Size*2/3 {
		t.Errorf("it breaks off after %d bytes of %d", seen.Size, all.Size)
	}
	if _, _, err := ask(t, to, "cut", false, hi, ""); !errors.As(err, &e) || e.Kind != llm.KindConnection {
		t.Errorf("not streamed: %v", err)
	}
}

func TestErrors(t *testing.T) {
	for model, want := range map[string]struct {
		status int
		kind   llm.ErrorKind
		says   string
	}{
		"error-401": {401, llm.KindAuthFailed, "always fails with status 401"},
		"error-429": {429, llm.KindProviderLimited, "429"},
		"error-500": {500, llm.KindServerError, "500"},
		"error-503": {503, llm.KindOverloaded, "503"},
		"error-200": {404, llm.KindModelUnavailable, "it has chat, slow, tools"},
		"error-x":   {404, llm.KindModelUnavailable, "it has chat, slow, tools"},
		"gpt-9":     {404, llm.KindModelUnavailable, `no model "gpt-9"; it has chat, slow, tools, cut, error-401, error-429, error-500`},
	} {
		for _, stream := range []bool{false, true} {
			to, _ := target(t)
			_, _, err := ask(t, to, model, stream, hi, "")
			var e *llm.Error
			if !errors.As(err, &e) || e.Status != want.status || e.Kind != want.kind || !strings.Contains(e.Message, want.says) {
				t.Errorf("%s, stream %v: %v", model, stream, err)
				continue
			}
			if (e.RetryAfter > 0) != (want.status == 429) {
				t.Errorf("%s: retry after %v", model, e.RetryAfter)
			}
		}
	}
}

// A request that it cannot read is refused in words about the request, not about this code.
func TestUnreadable(t *testing.T) {
	for more, says := range map[string]string{
		`,"tools":"none"`: "tools: must not be of type string",
		`,"tools":[{"function":{"name":["call"]}}]`: "tools.function.name: must not be of type array",
	} {
		to, _ := target(t)
		_, _, err := ask(t, to, "chat", false, hi, more)
		var e *llm.Error
		if !errors.As(err, &e) || e.Status != 400 || e.Message != says {
			t.Errorf("%s: %v", more, err)
		}
	}
}

// TestModels lists what a person can try, and all of it does what it says.
func TestModels(t *testing.T) {
	to, _ := target(t)
	got, err := providers.ListModels(t.Context(), to, providers.Credential{}, chat.New().Client.DecodeError)
	if err != nil || !slices.Equal(got, to.Provider.Info().Models) {
		t.Fatalf("%v, %v, want %v", got, err, to.Provider.Info().Models)
	}
	for _, m := range got {
		_, _, err := ask(t, to, m, true, hi, "")
		if fails := m == "cut" || strings.HasPrefix(m, "error-"); fails != (err != nil) {
			t.Errorf("%s: %v", m, err)
		}
		var e *llm.Error
		if errors.As(err, &e) && e.Kind == llm.KindModelUnavailable {
			t.Errorf("%s is listed and does not exist", m)
		}
	}
}
