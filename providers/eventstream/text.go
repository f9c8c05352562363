package eventstream

import "bytes"

// Text shows a stream to people: the type and the payload of each message, in the form of server-sent events. What comes
// after the last whole message is left out.
func Text(stream []byte) []byte {
	var out bytes.Buffer
	var s Splitter
	_ = s.Feed(stream, func(frame []byte) { // what was whole before an error is shown
		m, err := Parse(frame)
		if err != nil {
			return
		}
		kind := m.Header(":event-type")
		if len(kind) == 0 {
			kind = m.Header(":exception-type")
		}
		out.WriteString("event: ")
		out.Write(kind)
		out.WriteString("\ndata: ")
		out.Write(m.Payload)
		out.WriteString("\n\n")
	})
	return out.Bytes()
}
