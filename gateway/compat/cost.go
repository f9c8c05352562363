package compat

import (
	"bytes"
	"strconv"

	"heimdall/providers/catalog"
	"heimdall/providers/rawjson"
)

// appendCosted appends an answer or a chunk with what its call costs in its usage object, which the last event of some
// streams has in the answer that it repeats. One that says its cost itself keeps it.
func appendCosted(dst, body []byte, c catalog.Cost) []byte {
	if !c.Known {
		return append(dst, body...)
	}
	at, ok := usage(body)
	if !ok {
		return append(dst, body...)
	}
	w := rawjson.Writer{B: append(dst, body[:at.end]...)}
	w.Reopen()
	w.Key("cost")
	appendCost(&w, c)
	w.Close('}')
	w.Raw(body[at.end:])
	return w.B
}

// span is a part of a body.
type span struct{ start, end int }

// usage finds the usage object of a body that does not say a cost itself.
func usage(body []byte) (at span, ok bool) {
	it := rawjson.Object(body)
	for it.Next() {
		switch v := it.Value(); string(it.Key()) {
		case "response":
			if !rawjson.IsObject(v) {
				continue
			}
			inner, ok := usage(v)
			return span{it.Place() + inner.start, it.Place() + inner.end}, ok
		case "usage":
			at, ok = span{it.Place(), it.Place() + len(v)}, rawjson.IsObject(v)
		}
	}
	if !ok || it.Err() != nil {
		return at, false
	}
	_, said, err := rawjson.Get(body[at.start:at.end], "cost")
	return at, !said && err == nil
}

// appendCost writes a cost in Bifrost's shape.
func appendCost(w *rawjson.Writer, c catalog.Cost) {
	w.Open('{')
	moneyField(w, "input_tokens_cost", c.Input+c.CacheRead+c.CacheWrite)
	moneyField(w, "output_tokens_cost", c.Output)
	moneyField(w, "reasoning_tokens_cost", c.Reasoning)
	moneyField(w, "request_cost", c.Request)
	moneyField(w, "total_cost", c.Total)
	w.Close('}')
}

func moneyField(w *rawjson.Writer, name string, usd float64) {
	w.Key(name)
	w.B = appendMoney(w.B, usd)
}

// appendMoney writes US dollars with the digits that count, twelve of them: more are the noise of adding.
func appendMoney(dst []byte, usd float64) []byte {
	if usd <= 0 {
		return append(dst, '0')
	}
	var room [32]byte
	text := strconv.AppendFloat(room[:0], usd, 'e', 11, 64) // d.ddddddddddde±dd
	mark := bytes.IndexByte(text, 'e')
	exponent, _ := strconv.Atoi(string(text[mark+1:]))
	digits := bytes.TrimRight(append(text[:1], text[2:mark]...), "0")
	switch whole := exponent + 1; {
	case whole <= 0:
		dst = append(append(dst, "0."...), bytes.Repeat([]byte{'0'}, -whole)...)
		return append(dst, digits...)
	case whole >= len(digits):
		return append(append(dst, digits...), bytes.Repeat([]byte{'0'}, whole-len(digits))...)
	default:
		dst = append(append(dst, digits[:whole]...), '.')
		return append(dst, digits[whole:]...)
	}
}
