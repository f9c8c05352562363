package converse_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/eventstream"
)

func appendMessage(dst []byte, header, kind, messageType string, payload []byte) []byte {
	return eventstream.Append(dst, payload, eventstream.Header{Name: header, Value: kind},
		eventstream.Header{Name: ":content-type", Value: "application/json"}, eventstream.Header{Name: ":message-type", Value: messageType})
}

// binary makes the stream that lines of "kind payload" describe. The payload of a chunk is wrapped; a kind that ends in
// Exception is one.
func binary(lines string) (out []byte) {
	for line := range strings.Lines(lines) {
		kind, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		payload := []byte(text)
		if kind == "chunk" {
			payload = []byte(`{"bytes":"` + base64.StdEncoding.EncodeToString(payload) + `","p":"abc"}`)
		}
		if strings.HasSuffix(kind, "Exception") {
			out = appendMessage(out, ":exception-type", kind, "exception", payload)
			continue
		}
		out = appendMessage(out, ":event-type", kind, "event", payload)
	}
	return out
}

// lines is what binary reads, of a stream.
func lines(t *testing.T, stream []byte) string {
	t.Helper()
	var out strings.Builder
	var s eventstream.Splitter
	err := s.Feed(stream, func(frame []byte) {
		m, err := eventstream.Parse(frame)
		if err != nil {
			t.Fatal(err)
		}
		kind, payload := string(m.Header(":event-type")), m.Payload
		if kind == "" {
			kind = string(m.Header(":exception-type"))
		}
		if kind == "chunk" {
			var chunk struct{ Bytes []byte }
			if err := json.Unmarshal(payload, &chunk); err != nil {
				t.Fatal(err)
			}
			payload = chunk.Bytes
		}
		out.WriteString(kind + " " + string(payload) + "\n")
	})
	if err != nil || len(s.Rest()) > 0 {
		t.Fatalf("%v, %d bytes left", err, len(s.Rest()))
	}
	return out.String()
}

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	return binary(string(dialecttest.Input(t, name)))
}

func pretty(t *testing.T, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return out.Bytes()
}
