package completions

import (
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/sse"
)

func errorFrame(e *llm.Error) []byte {
	_, body := dialect.EncodeErrorObject(e)
	return sse.AppendData(nil, body)
}

func streamError(data []byte) *llm.Error { return dialect.StreamError(data, dialect.IsErrorObject) }
