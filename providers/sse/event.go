package sse

import "bytes"

// Event is what a frame says. Its slices point into the frame or into the Event and are valid until the next Parse.
// Data is nil for a frame without any (a comment, say).
type Event struct {
	Name []byte
	ID   []byte
	Data []byte
	join []byte // the lines of a Data of several
}

var bom = []byte("\xEF\xBB\xBF")

// Parse reads a frame.
func (e *Event) Parse(frame []byte) {
	e.Name, e.ID, e.Data = nil, nil, nil
	frame = bytes.TrimPrefix(frame, bom)
	for i := 0; i < len(frame); {
		end, next := lineEnd(frame, i)
		if end < 0 {
			end, next = len(frame), len(frame)
			if frame[end-1] == '\r' {
				end--
			}
		}
		e.field(frame[i:end])
		i = next
	}
}

func (e *Event) field(line []byte) {
	name, value, _ := bytes.Cut(line, []byte{':'})
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch string(name) {
	case "data":
		e.data(value)
	case "event":
		e.Name = value
	case "id":
		e.ID = value
	}
}

func (e *Event) data(line []byte) {
	if e.Data == nil {
		e.Data = line
		if line == nil {
			e.Data = []byte{}
		}
		return
	}
	if len(e.join) == 0 || len(e.Data) == 0 || &e.join[0] != &e.Data[0] {
		e.join = append(e.join[:0], e.Data...)
	}
	e.join = append(append(e.join, '\n'), line...)
	e.Data = e.join
}

// AppendData appends a frame without a name to dst. Data of several lines becomes several data fields.
func AppendData(dst, data []byte) []byte { return AppendEvent(dst, "", data) }

// AppendEvent appends a frame to dst; an empty name leaves the event field out.
func AppendEvent(dst []byte, name string, data []byte) []byte {
	if name != "" {
		dst = append(append(append(dst, "event: "...), name...), '\n')
	}
	for {
		end, next := lineEnd(data, 0)
		if end < 0 {
			break
		}
		dst = append(append(append(dst, "data: "...), data[:end]...), '\n')
		data = data[next:]
	}
	dst = append(append(dst, "data: "...), bytes.TrimSuffix(data, []byte{'\r'})...)
	return append(dst, '\n', '\n')
}
