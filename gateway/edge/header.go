package edge

import (
	"bytes"
	"strings"
	"unsafe"

	"github.com/valyala/fasthttp"
)

// maxLines is how many lines of a header are indexed; longer headers are searched by the HTTP library.
const maxLines = 32

// header shows a request's header to the rest of the gateway. Its lines are found once: each exchange asks for a dozen
// fields, most of which are not there, and the library would spell each name anew to find that out.
type header struct {
	h     *fasthttp.RequestHeader
	raw   []byte
	lines [maxLines]line
	n     int // lines found; -1 = too many, or the header came over HTTP/2
}

// line says where a field is in the raw header.
type line struct{ name, nameEnd, value, valueEnd uint16 }

// read indexes the header.
func (h *header) read(from *fasthttp.RequestHeader) {
	h.h, h.raw, h.n = from, from.RawHeaders(), 0
	if len(h.raw) == 0 {
		h.n = -1
	}
	for at := 0; at < len(h.raw); {
		end := bytes.IndexByte(h.raw[at:], '\n')
		if end < 0 {
			end = len(h.raw) - at
		}
		colon := bytes.IndexByte(h.raw[at:at+end], ':')
		if colon > 0 {
			if h.n == maxLines || len(h.raw) > 1<<16-1 {
				h.n = -1
				return
			}
			h.lines[h.n] = line{uint16(at), uint16(at + colon), uint16(at + colon + 1), uint16(at + end)}
			h.n++
		}
		at += end + 1
	}
}

// peek gives a field's value, nil where there is none. It is gone once the request is.
func (h *header) peek(name string) []byte {
	if h.n < 0 {
		return h.h.Peek(name)
	}
	for _, l := range h.lines[:h.n] {
		if int(l.nameEnd-l.name) == len(name) && strings.EqualFold(h.text(l.name, l.nameEnd), name) {
			return bytes.TrimSpace(h.raw[l.value:l.valueEnd])
		}
	}
	return nil
}

func (h *header) text(from, to uint16) string {
	return unsafe.String(unsafe.SliceData(h.raw[from:to]), int(to-from))
}

// Lines is the whole header but for its first line, each field in a line that ends with CRLF. It is gone once the request
// is.
func (h *header) Lines() []byte {
	if len(h.raw) > 0 {
		return h.raw
	}
	var out []byte
	for name, value := range h.h.All() {
		out = append(append(append(append(out, name...), ": "...), value...), "\r\n"...)
	}
	return out
}

func (h *header) Get(name string) string { return string(h.peek(name)) }

func (h *header) HasPrefix(prefix string) bool {
	for _, l := range h.lines[:max(h.n, 0)] {
		if h.begins(l, prefix) {
			return true
		}
	}
	found := false
	if h.n < 0 {
		h.eachInLong(prefix, func(_, _ string) { found = true })
	}
	return found
}

func (h *header) Each(prefix string, f func(name, value string)) {
	for _, l := range h.lines[:max(h.n, 0)] {
		if h.begins(l, prefix) {
			f(string(h.raw[l.name:l.nameEnd]), string(bytes.TrimSpace(h.raw[l.value:l.valueEnd])))
		}
	}
	if h.n < 0 {
		h.eachInLong(prefix, f)
	}
}

func (h *header) begins(l line, prefix string) bool {
	return int(l.nameEnd-l.name) >= len(prefix) && strings.EqualFold(h.text(l.name, l.name+uint16(len(prefix))), prefix)
}

func (h *header) eachInLong(prefix string, f func(name, value string)) {
	for name, value := range h.h.All() {
		if len(name) >= len(prefix) && strings.EqualFold(string(name[:len(prefix)]), prefix) {
			f(string(name), string(value))
		}
	}
}
