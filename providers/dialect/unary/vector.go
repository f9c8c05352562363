package unary

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash/fnv"
	"math"
	"strconv"

	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

const (
	floats  = "float"
	base64s = "base64"
)

// packed is the vector as base64 of little-endian 32-bit floats; empty where its numbers cannot be read.
func packed(v llm.Vector) string {
	if v.Base64 != "" {
		return v.Base64
	}
	var b []byte
	it := rawjson.Array(v.Floats)
	for it.Next() {
		f, ok := rawjson.Float(it.Value())
		if !ok {
			return ""
		}
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(f)))
	}
	if it.Err() != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(b)
}

// numbers is the vector as a JSON array; nil where its base64 is none of 32-bit floats.
func numbers(v llm.Vector) json.RawMessage {
	if v.Floats != nil {
		return v.Floats
	}
	b, err := base64.StdEncoding.DecodeString(v.Base64)
	if err != nil || len(b) == 0 || len(b)%4 != 0 {
		return nil
	}
	list := make([]byte, 1, len(b)*3)
	list[0] = '['
	for i := 0; i < len(b); i += 4 {
		if i > 0 {
			list = append(list, ',')
		}
		f := float64(math.Float32frombits(binary.LittleEndian.Uint32(b[i:])))
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil
		}
		list = strconv.AppendFloat(list, f, 'g', -1, 32)
	}
	return append(list, ']')
}

// identity is an id for an answer that has none: the same for the same answer.
func identity(prefix string, r *llm.Response) string {
	if r.ID != "" {
		return r.ID
	}
	h := fnv.New128a()
	h.Write([]byte(r.Model))
	for _, v := range r.Vectors {
		h.Write(v.Floats)
		h.Write([]byte(v.Base64))
	}
	for _, k := range r.Ranks {
		h.Write([]byte(strconv.Itoa(k.Index) + " " + string(k.Score)))
	}
	return prefix + hex.EncodeToString(h.Sum(nil))
}
