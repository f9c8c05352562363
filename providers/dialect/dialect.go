package dialect

import "heimdall/providers/llm"

// Dialect is one wire format. Server faces clients, Client faces upstreams. Name is the folder's name; a folder's
// further formats add a word to it ("messages.count").
type Dialect struct {
	Name   string
	Server Server
	Client Client

	// ModelInPath is true where the URL names the model and says whether to stream, not the body.
	ModelInPath bool

	// RepeatsModel is true where the body repeats the model that the URL names: when the gateway calls it by another name
	// the body is encoded anew.
	RepeatsModel bool

	// EchoesModel is true where clients compare the answer's model with the one that they asked for.
	EchoesModel bool

	// NativeOnly is true where only a provider of the same endpoint can answer.
	NativeOnly bool

	// Foreign reports whether a body holds thoughts that this gateway carried here from another dialect and that no
	// provider of this one takes; nil = it never does. Such a body is encoded anew, without them.
	Foreign func(body []byte) bool

	// Frames is the length of the whole frames at the beginning of p; nil where a stream is text and its frames end with
	// a blank line. A dialect that has it frames its streams in binary: nothing may be put in between or replaced.
	Frames func(p []byte) int

	// Text shows a stream of binary frames to people; nil where the stream is text.
	Text func(stream []byte) []byte
}

// Path holds what a route's path and query say of a request, for dialects that name the model there.
type Path struct {
	Model  string
	Stream bool
}

// Peek is what routing needs to know of a body without decoding it. Model is as the caller wrote it.
type Peek struct {
	Model        string
	Stream       bool
	IncludeUsage bool  // the caller asked for usage in its stream, or the dialect always sends it
	Fallbacks    bool  // the body has the gateway's own field "fallbacks"
	MaxOutput    int64 // the longest answer that the body allows, in tokens; 0 = it does not say
}

// Server is the side of a dialect that faces clients. Errors are *llm.Error of kind KindInvalidRequest with a message
// that names the field and says what to change.
type Server interface {
	// Peek reads the body with a scanner; it fails only where the body is no JSON object or a peeked field has the
	// wrong type. A missing model is not its error.
	Peek(Path, []byte) (Peek, error)
	DecodeRequest(Path, []byte) (*llm.Request, error)
	EncodeResponse(*llm.Response) ([]byte, []llm.Warning)
	// Encoder makes the stream that answers req.
	Encoder(req *llm.Request) Encoder
	// EncodeError gives the HTTP status and body; where e.Raw already is of this dialect it may be used as it is.
	EncodeError(e *llm.Error) (status int, body []byte)
	// ErrorFrame is an error in the middle of a stream, framed.
	ErrorFrame(e *llm.Error) []byte
	// ContentType is that of a streamed answer.
	ContentType() string
}

// Client is the side of a dialect that faces upstreams.
type Client interface {
	EncodeRequest(*llm.Request) ([]byte, []llm.Warning, error)
	DecodeResponse([]byte) (*llm.Response, error)
	Decoder() Decoder
	DecodeError(status int, header func(name string) string, body []byte) *llm.Error
	// Scan reads what the log needs from an answer without decoding it.
	Scan(body []byte) Scan
	// Tee does the same for a stream, in whatever pieces it arrives.
	Tee() Tee
}

// Decoder turns the bytes of a streamed answer into events, in whatever pieces they arrive. Feed appends to dst and
// returns it. Close ends the stream: where the finish event is missing its last event is an EventError of kind
// KindTruncated.
type Decoder interface {
	Feed(dst []llm.Event, p []byte) []llm.Event
	Close(dst []llm.Event) []llm.Event
}

// Encoder turns events into the bytes of a stream, framed. Encode and Close append to dst and return it. Warnings are
// what it could not carry so far.
type Encoder interface {
	Encode(dst []byte, e llm.Event) []byte
	Close(dst []byte) []byte
	Warnings() []llm.Warning
}

// Tee watches a stream go by. Feed never keeps p and does not allocate once warm.
type Tee interface {
	Feed(p []byte)
	Result() Scan
}

// Scan is what the record wants to know of an answer. Done is true when the answer is whole: a stream has had its
// finish event. Err is an error that came inside a stream.
type Scan struct {
	Usage    llm.Usage
	HasUsage bool
	Finish   llm.Finish
	Done     bool
	Err      *llm.Error
}

// UsageAsker is a Client whose upstreams report a stream's usage only when they are asked to.
type UsageAsker interface {
	// AskUsage appends to dst the body with the question in it.
	AskUsage(dst, body []byte) ([]byte, error)
	// UsageOnly reports whether a frame of the stream is nothing but the answer to that question.
	UsageOnly(frame []byte) bool
}

// Answerer is a Server whose whole answer depends on what was asked. EncodeAnswer stands in for EncodeResponse.
type Answerer interface {
	EncodeAnswer(*llm.Request, *llm.Response) ([]byte, []llm.Warning)
}

// ErrorNamer is a Server whose clients read an error's class from a header field.
type ErrorNamer interface {
	ErrorHeader(e *llm.Error) (name, value string)
}
