package compat

import (
	"strconv"

	"heimdall/providers/catalog"
	"heimdall/providers/rawjson"
)

// withCost adds what a call costs to the usage object of an answer or of a chunk, which the last event of some streams
// has in the answer that it repeats. One that says its cost itself keeps it.
func withCost(body []byte, c catalog.Cost) []byte {
	if !c.Known {
		return body
	}
	if inner, ok, _ := rawjson.Get(body, "response"); ok && rawjson.IsObject(inner) {
		return replaced(body, "response", withCost(inner, c))
	}
	usage, ok, _ := rawjson.Get(body, "usage")
	if !ok || !rawjson.IsObject(usage) {
		return body
	}
	if _, said, _ := rawjson.Get(usage, "cost"); said {
		return body
	}
	return replaced(body, "usage", rawjson.AppendMembers(nil, usage, rawjson.Member{Key: "cost", Value: costObject(c)}))
}

func replaced(body []byte, key string, value []byte) []byte {
	out, err := rawjson.Set(nil, body, key, value)
	if err != nil {
		return body
	}
	return out
}

// costObject is a cost in Bifrost's shape.
func costObject(c catalog.Cost) []byte {
	var w rawjson.Writer
	w.Open('{')
	for _, part := range []struct {
		name  string
		value float64
	}{
		{"input_tokens_cost", c.Input + c.CacheRead + c.CacheWrite}, {"output_tokens_cost", c.Output},
		{"reasoning_tokens_cost", c.Reasoning}, {"request_cost", c.Request}, {"total_cost", c.Total},
	} {
		w.RawField(part.name, appendMoney(nil, part.value))
	}
	w.Close('}')
	return w.B
}

// appendMoney writes US dollars with the digits that count, twelve of them: more are the noise of adding.
func appendMoney(dst []byte, usd float64) []byte {
	var room [32]byte
	usd, _ = strconv.ParseFloat(string(strconv.AppendFloat(room[:0], usd, 'g', 12, 64)), 64)
	return strconv.AppendFloat(dst, usd, 'f', -1, 64)
}
