package coherechat_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/coherechat"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/llm"
)

// golden is what a body becomes in another dialect, with the warnings behind it.
func golden(t *testing.T, name string, body []byte, warnings []llm.Warning) {
	t.Helper()
	var out bytes.Buffer
	if json.Indent(&out, body, "", "  ") != nil {
		out.Reset()
		out.Write(body)
	}
	for _, w := range warnings {
		out.WriteString("\n! " + w.Field + ": " + w.Why)
	}
	dialecttest.Golden(t, name, append(out.Bytes(), '\n'))
}

// TestAcross carries requests, streams and whole answers to the finished dialects and from them.
func TestAcross(t *testing.T) {
	own := coherechat.New()
	for _, other := range []dialect.Dialect{chat.New(), messages.New()} {
		for _, way := range []struct {
			from, to dialect.Dialect
			dir      string
		}{{own, other, "."}, {other, own, filepath.Join("..", "..", other.Name, "testdata")}} {
			name := way.from.Name + ".to." + way.to.Name + ".golden"
			input := func(file string) []byte { return dialecttest.Input(t, filepath.Join(way.dir, file)) }
			req, err := way.from.Server.DecodeRequest(dialect.Path{}, input("request.json"))
			if err != nil {
				t.Fatal(err)
			}
			body, warnings, err := way.to.Client.EncodeRequest(req)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "request."+name, body, warnings)

			events := dialecttest.Decode(way.from, input("stream.sse"))
			first, err := llm.Fold(slices.Values(events))
			if err != nil {
				t.Fatal(err)
			}
			stream, warnings := dialecttest.Encode(way.to, &llm.Request{Params: llm.Params{IncludeUsage: true}}, events)
			golden(t, "stream."+name, stream, warnings)
			second, err := llm.Fold(slices.Values(dialecttest.Decode(way.to, stream)))
			if err != nil {
				t.Fatal(err)
			}
			if dialecttest.Text(first) != dialecttest.Text(second) {
				t.Errorf("%s: %s\nbecame %s", name, dialecttest.Text(first), dialecttest.Text(second))
			}
			whole, warnings := way.to.Server.EncodeResponse(first)
			golden(t, "response."+name, whole, warnings)
		}
	}
}
