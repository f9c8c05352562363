package generate

import (
	"strings"

	"heimdall/providers/rawjson"
)

// typeNumbers are the names of types that some clients send as numbers.
var typeNumbers = [...]string{"", "string", "number", "integer", "boolean", "array", "object", "null"}

// jsonSchema makes a JSON schema of one in the endpoint's older notation, which spells types in capitals, has nullable
// and writes bounds as strings. A JSON schema comes out as it is.
func jsonSchema(v []byte) []byte {
	if !rawjson.IsObject(v) {
		return append([]byte(nil), v...)
	}
	var w rawjson.Writer
	w.Open('{')
	nullable, _, _ := rawjson.Get(v, "nullable")
	optional, _ := rawjson.Bool(nullable)
	for it := rawjson.Object(v); it.Next(); {
		schemaField(&w, field(&it), it.Value(), optional)
	}
	w.Close('}')
	return w.B
}

func schemaField(w *rawjson.Writer, key string, v []byte, nullable bool) {
	switch key {
	case "type":
		schemaType(w, v, nullable)
	case "nullable":
		if _, isBool := rawjson.Bool(v); !isBool {
			w.RawField(key, v)
		}
	case "minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties":
		if s, err := rawjson.Unquote(v); err == nil {
			if _, ok := rawjson.Int([]byte(s)); ok {
				v = []byte(s)
			}
		}
		w.RawField(key, v)
	case "items", "not", "additionalProperties":
		w.RawField(key, jsonSchema(v))
	case "properties", "$defs", "defs", "definitions":
		w.Key(key)
		schemaMap(w, v)
	case "anyOf", "oneOf", "allOf", "prefixItems":
		w.Key(key)
		schemaList(w, v)
	default:
		w.RawField(key, v)
	}
}

func schemaType(w *rawjson.Writer, v []byte, nullable bool) {
	var name string
	if n, ok := rawjson.Int(v); ok && n >= 0 && int(n) < len(typeNumbers) {
		name = typeNumbers[n]
	} else if s, err := rawjson.Unquote(v); err == nil {
		name = strings.ToLower(s)
	} else {
		w.RawField("type", v)
		return
	}
	switch {
	case name == "" || name == "type_unspecified":
	case nullable && name != "null":
		w.Key("type")
		w.Open('[')
		w.String(name)
		w.Elem()
		w.String("null")
		w.Close(']')
	default:
		w.StringField("type", name)
	}
}

func schemaMap(w *rawjson.Writer, v []byte) {
	if !rawjson.IsObject(v) {
		w.Raw(v)
		return
	}
	w.Open('{')
	for it := rawjson.Object(v); it.Next(); {
		w.RawField(string(it.Key()), jsonSchema(it.Value()))
	}
	w.Close('}')
}

func schemaList(w *rawjson.Writer, v []byte) {
	if !rawjson.IsArray(v) {
		w.Raw(v)
		return
	}
	w.Open('[')
	for it := rawjson.Array(v); it.Next(); {
		w.Elem()
		w.Raw(jsonSchema(it.Value()))
	}
	w.Close(']')
}
