package converse

import (
	"bytes"
	"encoding/base64"

	"heimdall/providers/dialect"
	"heimdall/providers/eventstream"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
	"heimdall/providers/sse"
)

// invokeEncoder puts each event of a stream of the messages dialect into a chunk.
type invokeEncoder struct {
	inner  dialect.Encoder
	split  sse.Splitter
	event  sse.Event
	text   []byte
	w      rawjson.Writer
	usage  llm.Usage
	failed bool
}

func (e *invokeEncoder) Warnings() []llm.Warning { return e.inner.Warnings() }

func (e *invokeEncoder) Encode(dst []byte, ev llm.Event) []byte {
	switch {
	case e.failed:
		return dst
	case ev.Type == llm.EventError:
		e.failed = true
		return append(dst, errorFrame(llm.AsError(ev.Err))...)
	case ev.Type == llm.EventUsage && ev.Usage != nil:
		e.usage = *ev.Usage
	}
	e.text = e.inner.Encode(e.text[:0], ev)
	return e.chunks(dst)
}

func (e *invokeEncoder) Close(dst []byte) []byte {
	if e.failed {
		return dst
	}
	e.text = e.inner.Close(e.text[:0])
	return e.chunks(dst)
}

func (e *invokeEncoder) chunks(dst []byte) []byte {
	_ = e.split.Feed(e.text, func(frame []byte) {
		if e.event.Parse(frame); len(e.event.Data) > 0 {
			dst = e.chunk(dst, e.event.Data)
		}
	})
	return dst
}

// chunk frames an event. The last one also says what the call took; how long it took is not known here.
func (e *invokeEncoder) chunk(dst, data []byte) []byte {
	kind, _, _ := rawjson.Get(data, "type")
	if rawjson.EqualString(kind, "message_stop") {
		data = rawjson.AppendMembers(nil, data, rawjson.Member{Key: metricsKey, Value: e.metrics()})
	}
	w := &e.w
	w.B = append(w.B[:0], `{"bytes":"`...)
	w.B = base64.StdEncoding.AppendEncode(w.B, data)
	w.B = append(w.B, `"}`...)
	return appendEvent(dst, "chunk", w.B)
}

func (e *invokeEncoder) metrics() []byte {
	var w rawjson.Writer
	u := &e.usage
	w.Open('{')
	w.IntField("inputTokenCount", max(0, u.Input-u.CacheRead-u.CacheWrite))
	w.IntField("outputTokenCount", u.Output)
	w.IntField("invocationLatency", 0)
	w.IntField("firstByteLatency", 0)
	if u.CacheRead+u.CacheWrite > 0 {
		w.IntField("cacheReadInputTokenCount", u.CacheRead)
		w.IntField("cacheWriteInputTokenCount", u.CacheWrite)
	}
	w.Close('}')
	return w.B
}

// unwrap appends to dst what a chunk holds.
func unwrap(dst []byte, payload []byte) ([]byte, error) {
	v, ok, err := rawjson.Get(payload, "bytes")
	if err != nil || !ok || !rawjson.IsString(v) {
		return dst, dialect.At("bytes", dialect.Bad("must be base64"))
	}
	text := v[1 : len(v)-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		if text, err = rawjson.AppendUnquoted(nil, v); err != nil {
			return dst, dialect.At("bytes", err)
		}
	}
	if dst, err = base64.StdEncoding.AppendDecode(dst, text); err != nil {
		return dst, dialect.At("bytes", dialect.Bad("must be base64"))
	}
	return dst, nil
}

// invokeDecoder takes the events of the messages dialect out of their chunks.
type invokeDecoder struct {
	frames
	inner dialect.Decoder
	data  []byte
	text  []byte
}

func (d *invokeDecoder) Feed(dst []llm.Event, p []byte) []llm.Event {
	return d.feed(dst, p, d.message)
}

func (d *invokeDecoder) Close(dst []llm.Event) []llm.Event {
	if d.failed {
		return dst
	}
	return d.watch(d.inner.Close(dst), len(dst))
}

// watch sees the error with which the inner decoder ends.
func (d *invokeDecoder) watch(dst []llm.Event, from int) []llm.Event {
	for _, e := range dst[from:] {
		d.failed = d.failed || e.Type == llm.EventError
	}
	return dst
}

func (d *invokeDecoder) message(dst []llm.Event, m eventstream.Message) (_ []llm.Event, err error) {
	if string(m.Header(eventType)) != "chunk" {
		return dst, nil // an event of tomorrow
	}
	if d.data, err = unwrap(d.data[:0], m.Payload); err != nil {
		return dst, err
	}
	if !rawjson.IsObject(d.data) {
		return dst, dialect.Bad("must be a JSON object")
	}
	if _, ok, _ := rawjson.Get(d.data, "type"); !ok && rawjson.Valid(d.data) == nil {
		return dst, dialect.Bad(notMessages)
	}
	d.text = sse.AppendData(d.text[:0], d.data)
	return d.watch(d.inner.Feed(dst, d.text), len(dst)), nil
}

var (
	_ dialect.Server  = invokeServer{}
	_ dialect.Client  = invokeClient{}
	_ dialect.Decoder = (*invokeDecoder)(nil)
	_ dialect.Encoder = (*invokeEncoder)(nil)
	_ dialect.Tee     = (*invokeTee)(nil)
)
