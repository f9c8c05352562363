package compat

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// fields is a header.
type fields map[string]string

func (f fields) Get(name string) string { return f[name] }
func (f fields) HasPrefix(prefix string) bool {
	for n := range f {
		if len(n) >= len(prefix) && strings.EqualFold(n[:len(prefix)], prefix) {
			return true
		}
	}
	return false
}

func (f fields) Each(prefix string, found func(name, value string)) {
	for n, v := range f {
		if len(n) >= len(prefix) && strings.EqualFold(n[:len(prefix)], prefix) {
			found(n, v)
		}
	}
}

func decorate(t *testing.T, d exchange.Decoration, h fields, upstream string, reply *exchange.Reply) *exchange.Reply {
	t.Helper()
	x := &exchange.Exchange{Row: &exchange.Row{Decorate: d}, Header: h, Start: time.Now(),
		Record: &exchange.Record{Op: llm.OpChat, Dialect: "chat", UpstreamDialect: upstream, Provider: "p", Model: "m", RequestedModel: "p/m", Stream: reply.Stream != nil}}
	out, err := Decorate(nil, nil)(func(context.Context, *exchange.Exchange) (*exchange.Reply, error) { return reply, nil })(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhoGetsExtraFields(t *testing.T) {
	for _, c := range []struct {
		name     string
		decorate exchange.Decoration
		header   fields
		upstream string
		want     bool
	}{
		{"always", exchange.DecorateAlways, nil, "chat", true},
		{"on demand, nobody asks", exchange.DecorateOnDemand, fields{"X-B": "1", "User-Agent": "x-bf-y"}, "chat", false},
		{"on demand, a header asks", exchange.DecorateOnDemand, fields{"x-bF-anything": ""}, "chat", true},
		{"on demand, translated", exchange.DecorateOnDemand, nil, "messages", true},
		{"never", exchange.DecorateNever, fields{"X-Bf-Test": "1"}, "messages", false},
	} {
		got := decorate(t, c.decorate, c.header, c.upstream, &exchange.Reply{Body: []byte(`{"id":"a"}`)})
		if has := strings.Contains(string(got.Body), `"extra_fields"`); has != c.want || !json.Valid(got.Body) {
			t.Errorf("%s: %s", c.name, got.Body)
		}
	}
	for _, body := range []string{`[1]`, `oops`, ``} {
		if got := decorate(t, exchange.DecorateAlways, nil, "chat", &exchange.Reply{Body: []byte(body)}); string(got.Body) != body {
			t.Errorf("%q became %q", body, got.Body)
		}
	}
}

// In whatever pieces a stream comes, each of its chunks gets extra_fields once, counted from 0, and the rest stays.
func TestDecoratedStream(t *testing.T) {
	const in = ": ping\n\ndata: {\"a\":1}\n\nevent: x\r\ndata: {\"b\":\"}\"}\r\n\r\ndata: [DONE]\n\ndata: {\"cut"
	read := func(r io.Reader) []string {
		t.Helper()
		out := decorate(t, exchange.DecorateAlways, nil, "chat", &exchange.Reply{Stream: io.NopCloser(r)})
		b, err := io.ReadAll(iotest.OneByteReader(out.Stream))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(string(b), "\n\n")
	}
	for name, r := range map[string]io.Reader{"whole": strings.NewReader(in), "bytes": iotest.OneByteReader(strings.NewReader(in)), "halves": iotest.HalfReader(strings.NewReader(in))} {
		got := read(r)
		for i, part := range []string{": ping", `data: {"a":1,"extra_fields":{`, "event: x\ndata: " + `{"b":"}","extra_fields":{`, "data: [DONE]", `data: {"cut`} {
			if i >= len(got) || !strings.HasPrefix(got[i], part) {
				t.Fatalf("%s: frame %d is not %q in %q", name, i, part, got)
			}
		}
		if !strings.Contains(got[1], `"chunk_index":0`) || !strings.Contains(got[2], `"chunk_index":1`) || got[4] != `data: {"cut` {
			t.Errorf("%s: %q", name, got)
		}
	}
}
