package converse

import (
	"heimdall/providers/dialect"
	"heimdall/providers/eventstream"
	"heimdall/providers/llm"
)

// frames reads the messages of a stream one by one, up to the first error, which ends it.
type frames struct {
	split  eventstream.Splitter
	failed bool
}

// feed calls take with every message that ends in p and is no error.
func (f *frames) feed(dst []llm.Event, p []byte, take func([]llm.Event, eventstream.Message) ([]llm.Event, error)) []llm.Event {
	err := f.split.Feed(p, func(frame []byte) {
		if f.failed {
			return
		}
		m, err := eventstream.Parse(frame)
		if err == nil {
			if e := streamError(m); e != nil {
				dst = f.fail(dst, e)
				return
			}
			dst, err = take(dst, m)
		}
		if err != nil {
			dst = f.fail(dst, dialect.Unreadable(err))
		}
	})
	if err != nil {
		return f.fail(dst, dialect.Unreadable(err))
	}
	return dst
}

func (f *frames) fail(dst []llm.Event, err *llm.Error) []llm.Event {
	if f.failed {
		return dst
	}
	f.failed = true
	return append(dst, llm.Event{Type: llm.EventError, Err: err})
}
