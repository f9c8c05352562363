package eventstream_test

import (
	"testing"

	"heimdall/providers/eventstream"
)

func TestText(t *testing.T) {
	stream := eventstream.Append(nil, []byte(`{"a":1}`), eventstream.Header{Name: ":event-type", Value: "messageStart"})
	stream = eventstream.Append(stream, []byte(`{"message":"busy"}`), eventstream.Header{Name: ":exception-type", Value: "throttlingException"})
	want := "event: messageStart\ndata: {\"a\":1}\n\nevent: throttlingException\ndata: {\"message\":\"busy\"}\n\n"
	if got := string(eventstream.Text(append(stream, "\x00\x00"...))); got != want {
		t.Errorf("%q", got)
	}
}
