package llm

import "encoding/json"

// Response is a whole answer: the fold of its stream. Vectors and Ranks answer Embed and Rerank; the answer to a count
// of tokens is Usage.Input.
type Response struct {
	ID      string
	Model   string
	Created int64 // unix seconds; 0 where the provider does not say
	Choices []Choice
	Vectors []Vector
	Ranks   []Rank
	Usage   *Usage
	Extra   Extra
}

// Choice is one alternative answer; most calls have exactly one, with Index 0.
type Choice struct {
	Index  int
	Parts  []Part
	Finish Finish
	Extra  Extra
}

// Usage counts tokens. Input includes CacheRead and CacheWrite; Output includes Reasoning. Raw is the provider's own
// usage object.
type Usage struct {
	Input      int64           `json:"input"`
	CacheRead  int64           `json:"cache_read"`
	CacheWrite int64           `json:"cache_write"`
	Output     int64           `json:"output"`
	Reasoning  int64           `json:"reasoning"`
	Raw        json.RawMessage `json:"-"`

	// Some tokens have prices of their own. CacheWriteHour is of CacheWrite and was kept for an hour; InputAudio and
	// InputImage are of Input, CacheReadAudio of CacheRead and InputAudio, OutputAudio and OutputImage of Output.
	CacheWriteHour int64 `json:"cache_write_hour,omitempty"`
	InputAudio     int64 `json:"input_audio,omitempty"`
	InputImage     int64 `json:"input_image,omitempty"`
	CacheReadAudio int64 `json:"cache_read_audio,omitempty"`
	OutputAudio    int64 `json:"output_audio,omitempty"`
	OutputImage    int64 `json:"output_image,omitempty"`
}

// Finish says why the model stopped: Reason is unified (stop, length, tool_calls, content_filter, …), Raw is the
// provider's own word.
type Finish struct {
	Reason string
	Raw    string
	Extra  Extra // e.g. the stop sequence that was hit
}

const (
	FinishStop    = "stop"
	FinishLength  = "length"
	FinishTools   = "tool_calls"
	FinishFilter  = "content_filter"
	FinishRefusal = "refusal"
	FinishPause   = "pause"
	FinishOther   = "other"
)

type EventType string

const (
	EventStart      EventType = "start"       // once, first: Meta
	EventBlockStart EventType = "block_start" // Part with Kind and, for calls, ID and Name
	EventDelta      EventType = "delta"       // Part with the next piece of the block's text, signature or arguments
	EventBlockEnd   EventType = "block_end"
	EventFinish     EventType = "finish" // once per choice: Finish
	EventUsage      EventType = "usage"  // the totals so far; later ones replace earlier ones
	EventError      EventType = "error"  // Err; ends the stream
)

// Event is one step of a streamed answer. Block numbers the parts of a choice from 0 in the order of their start;
// blocks may overlap. Every stream is start, then blocks, then a finish for each choice; usage may come anywhere
// after start.
type Event struct {
	Type   EventType
	Choice int
	Block  int
	Part   Part
	Meta   *Meta
	Finish *Finish
	Usage  *Usage
	Err    *Error
	Extra  Extra
}

// Meta is what a stream says of its answer at the start.
type Meta struct {
	ID      string
	Model   string
	Created int64
	Extra   Extra
}
