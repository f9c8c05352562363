package unary

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/rawjson"
)

// failure is how an endpoint writes its errors; is recognises such a body.
type failure struct {
	is    func(body []byte) bool
	write func(w *rawjson.Writer, e *llm.Error)
}

// wrapped has an error object; plain has the message and little else.
var (
	wrapped = failure{dialect.IsErrorObject, writeWrapped}
	plain   = failure{isPlain, writePlain}
)

func (f failure) encode(e *llm.Error) (int, []byte) {
	status := dialect.Status(e)
	if f.is(e.Raw) && rawjson.Valid(e.Raw) == nil {
		return status, e.Raw
	}
	var w rawjson.Writer
	f.write(&w, e)
	return status, w.B
}

func writeWrapped(w *rawjson.Writer, e *llm.Error) {
	w.Open('{')
	w.Key("error")
	dialect.ErrorObject(w, e)
	w.Close('}')
}

func isPlain(body []byte) bool {
	if !rawjson.IsObject(body) {
		return false
	}
	message := false
	for it := rawjson.Object(body); it.Next(); {
		switch string(it.Key()) {
		case "message":
			message = rawjson.IsString(it.Value())
		case "error", "type", "object":
			return false
		}
	}
	return message
}

func writePlain(w *rawjson.Writer, e *llm.Error) {
	w.Open('{')
	w.StringField("message", e.Message)
	w.Close('}')
}
