package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"heimdall/gateway/exchange"
	"heimdall/providers/dialect"
	"heimdall/providers/timing"
)

// logFrames shows the frames of a stream and when each passed.
func (a *Admin) logFrames(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	p := query{values: x.Query}
	client := choice(&p, "side", "upstream", "client") == "client"
	if err := p.done(); err != nil {
		return nil, err
	}
	r, err := a.ended(ctx, x.Params["id"])
	if err != nil {
		return nil, err
	}
	side := a.upstreamSide(r)
	if client {
		side = a.clientSide(r)
	}
	out := StreamFrames{Frames: []StreamFrame{}, Cut: side.body.Cut()}
	next, stop := iter.Pull(timing.All(side.marks))
	defer stop()
	mark, measured := next()
	end := int64(0)
	for frame := range side.frames() {
		f := side.show(frame)
		end += int64(len(frame))
		for measured && mark.End < end {
			mark, measured = next()
		}
		if measured {
			at := float64(mark.At) / float64(time.Millisecond)
			f.AtMS = &at
		}
		out.Frames = append(out.Frames, f)
	}
	return answer(out)
}

// side is a stream as one side of the gateway saw it.
type side struct {
	body    exchange.Body
	marks   []byte
	dialect dialect.Dialect
	stream  bool
}

func (a *Admin) upstreamSide(r *exchange.Record) side {
	d, _ := a.Dialects(r.UpstreamDialect)
	return side{r.Response, r.ResponseMarks, d, r.Stream}
}

func (a *Admin) clientSide(r *exchange.Record) side {
	d, _ := a.Dialects(r.Dialect)
	return side{r.Answer, r.AnswerMarks, d, r.Stream}
}

func (s *side) count() (n int) {
	for range s.frames() {
		n++
	}
	return n
}

// frames are the pieces of the body, which together are all of it; none where it is no stream. The last may be cut.
func (s *side) frames() iter.Seq[[]byte] {
	data := s.body.Data
	if !s.stream || len(data) == 0 {
		return func(func([]byte) bool) {}
	}
	cut := s.textFrame
	switch start := bytes.TrimLeft(data, " \t\r\n"); {
	case s.dialect.Frames != nil && !bytes.HasPrefix(start, []byte("{")):
		cut = s.binaryFrame
	case bytes.HasPrefix(start, []byte("[")):
		cut = elementFrame
	case bytes.HasPrefix(start, []byte("{")):
		if json.Valid(data) { // an answer in one piece
			return func(func([]byte) bool) {}
		}
		cut = lineFrame
	}
	return func(yield func([]byte) bool) {
		for len(data) > 0 {
			n := cut(data)
			if !yield(data[:n]) {
				return
			}
			data = data[n:]
		}
	}
}

// textFrame is the length of the first server-sent event, with its blank line.
func (*side) textFrame(data []byte) int {
	for at := 0; at < len(data); {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			break
		}
		at += i + 1
		if rest := bytes.TrimPrefix(data[at:], []byte("\r")); bytes.HasPrefix(rest, []byte("\n")) {
			return len(data) - len(rest) + 1
		}
	}
	return len(data)
}

// binaryFrame is the length of the first whole frame.
func (s *side) binaryFrame(data []byte) int {
	low, high := 0, 1 // no whole frame in data[:low]
	for high < len(data) && s.dialect.Frames(data[:high]) == 0 {
		low, high = high, 2*high
	}
	if high = min(high, len(data)); s.dialect.Frames(data[:high]) == 0 {
		return len(data)
	}
	for low+1 < high {
		if middle := (low + high) / 2; s.dialect.Frames(data[:middle]) == 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// lineFrame is the length of the first line.
func lineFrame(data []byte) int {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1
	}
	return len(data)
}

// elementFrame is the length of the first element of a JSON array, with what stands before it and the comma or the end of
// the array behind it.
func elementFrame(data []byte) int {
	depth, text, escaped := 0, false, false
	for i, c := range data {
		switch {
		case escaped:
			escaped = false
		case text:
			escaped, text = c == '\\', c != '"'
		case c == '"':
			text = true
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1 + afterElement(data[i+1:])
			}
		}
	}
	return len(data)
}

// afterElement is the length of what belongs to an element behind it: all, where there is no further one.
func afterElement(rest []byte) int {
	next := bytes.IndexByte(rest, '{')
	if next < 0 {
		return len(rest)
	}
	return min(lineFrame(rest), next)
}

// show is a frame as text.
func (s *side) show(frame []byte) StreamFrame {
	f := StreamFrame{Size: int64(len(frame))}
	text := frame
	if s.dialect.Text != nil && !bytes.HasPrefix(frame, []byte("{")) {
		text = s.dialect.Text(frame)
	}
	var data []string
	for line := range strings.Lines(strings.ToValidUTF8(string(text), string(utf8.RuneError))) {
		line = strings.TrimRight(line, "\r\n")
		if value, ok := strings.CutPrefix(line, "data:"); ok {
			data = append(data, strings.TrimPrefix(value, " "))
		} else if value, ok := strings.CutPrefix(line, "event:"); ok {
			f.Event = strings.TrimSpace(value)
		}
	}
	if f.Data = strings.Join(data, "\n"); len(data) == 0 {
		f.Data = strings.TrimSpace(strings.ToValidUTF8(string(text), string(utf8.RuneError)))
	}
	return f
}
