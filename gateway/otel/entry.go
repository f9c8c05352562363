package otel

import (
	"slices"
	"sync"

	"heimdall/gateway/exchange"
	"heimdall/gateway/transcript"
	"heimdall/providers/llm"
)

// entry is a record that waits to be sent, by one profile or several. Its bytes are its own.
type entry struct {
	rec exchange.Record

	once sync.Once
	req  *llm.Request
	resp *llm.Response
}

// needs are what the profiles want of a record beside its row.
type needs struct{ bodies, raw, header bool }

func (n needs) and(o needs) needs {
	return needs{n.bodies || o.bodies, n.raw || o.raw, n.header || o.header}
}

// weight is how many bytes of a record somebody has to copy who needs n.
func (n needs) weight(r *exchange.Record) int64 {
	var size int
	if n.bodies {
		size += len(r.Request.Data) + len(r.Response.Data)
	}
	if n.raw {
		size += len(r.Sent.Data)
	}
	if n.header {
		size += len(r.Header)
	}
	return int64(size)
}

// own takes a copy of a record that keeps none of the exchange's bytes.
func own(r *exchange.Record, n needs) *entry {
	e := &entry{rec: *r}
	c := &e.rec
	if c.Trace.ID == ([16]byte{}) {
		c.Trace = exchange.NewTrace()
	}
	for _, b := range [...]struct {
		wanted bool
		place  *[]byte
	}{
		{n.bodies, &c.Request.Data}, {n.bodies, &c.Response.Data}, {n.raw, &c.Sent.Data}, {n.header, &c.Header},
		{false, &c.Answer.Data}, {false, &c.ResponseHeader}, {false, &c.ResponseMarks}, {false, &c.AnswerMarks}, {false, (*[]byte)(&c.Usage.Raw)},
	} {
		if b.wanted {
			*b.place = slices.Clone(*b.place)
		} else {
			*b.place = nil
		}
	}
	c.Process = nil
	return e
}

// decoded reads the bodies, once.
func (e *entry) decoded(r transcript.Reader) (*llm.Request, *llm.Response) {
	e.once.Do(func() { e.req, e.resp = r.Request(&e.rec), r.Response(&e.rec) })
	return e.req, e.resp
}
