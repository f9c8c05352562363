package cassette

import (
	"encoding/json"
	"strings"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// Format is the version of the folder's form.
const Format = 1

// The files of a cassette. Each entry has a folder of its own, named as in the manifest: entry.json, the bodies, and where
// the answer took time, timing.json.
const (
	manifestFile = "cassette.json"
	entryFile    = "entry.json"
	requestFile  = "request.json"
	timingFile   = "timing.json"
)

// manifest is cassette.json. Entries are the names of their folders, in the order in which they are played.
type manifest struct {
	Format  int       `json:"format"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Entries []string  `json:"entries"`
}

// entry is entry.json: one request and its answer. Files are named from their folder; "" = there is no body.
type entry struct {
	ID       string   `json:"id"` // in the log that it was saved from
	Request  asked    `json:"request"`
	Response answered `json:"response"`
}

type asked struct {
	Method  string `json:"method"`
	Path    string `json:"path"`
	Op      string `json:"op"`
	Dialect string `json:"dialect"`
	Model   string `json:"model"`
	Stream  bool   `json:"stream"`
	Body    string `json:"body"`
}

// answered is what the client got, and who gave it. Stream says that it came in frames; Error, how it failed.
type answered struct {
	Status      int      `json:"status"`
	Stream      bool     `json:"stream"`
	ContentType string   `json:"content_type"`
	Header      []field  `json:"header"`
	Body        string   `json:"body"`
	Provider    string   `json:"provider"`
	Model       string   `json:"model"`
	Error       *failure `json:"error,omitempty"`
}

type field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// failure is an error. RetryAfterMS is for how long its client was told to wait; 0 = only the header says, if
// anything does.
type failure struct {
	Kind         llm.ErrorKind `json:"kind"`
	Type         string        `json:"type,omitempty"`
	Code         string        `json:"code,omitempty"`
	Message      string        `json:"message"`
	RetryAfterMS int64         `json:"retry_after_ms,omitempty"`
}

// timing is timing.json: when the last byte of each frame of the answer passed, in milliseconds from the beginning of the
// request. An answer that came whole is one frame. Frames that the list does not reach pass together with its last.
type timing struct {
	AtMS []float64 `json:"at_ms"`
}

// frames cuts an answer into the pieces that passed as such: events, or what the dialect calls a frame.
func frames(d dialect.Dialect, streamed bool, body []byte) [][]byte {
	if !streamed {
		return [][]byte{body}
	}
	var out [][]byte
	for len(body) > 0 {
		n := frameEnd(d, body)
		out = append(out, body[:n:n])
		body = body[n:]
	}
	return out
}

// frameEnd is where the first frame of a stream ends; the last one may be broken off.
func frameEnd(d dialect.Dialect, body []byte) int {
	if d.Frames != nil {
		return firstWhole(d.Frames, body)
	}
	end, blank := len(body), false
	for i, c := range body {
		switch c {
		case '\n':
			if blank {
				return i + 1
			}
			blank = true
		case '\r':
		default:
			blank = false
		}
	}
	return end
}

// firstWhole finds the end of the first frame where only the end of all whole frames is told.
func firstWhole(whole func([]byte) int, body []byte) int {
	low, high := 0, 1 // no frame ends before low; one does before high
	for whole(body[:min(high, len(body))]) == 0 {
		if high >= len(body) {
			return len(body)
		}
		low, high = high, 2*high
	}
	for high = min(high, len(body)); low+1 < high; {
		if middle := (low + high) / 2; whole(body[:middle]) > 0 {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// carried reports whether a field of an answer's header says how the answer is to be read or retried.
func carried(name string) bool {
	name = strings.ToLower(name)
	return !exchange.Secret(name) && (name == "retry-after" || name == "retry-after-ms" || strings.Contains(name, "ratelimit") || strings.HasSuffix(name, "request-id"))
}

func encode(v any) ([]byte, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	return append(data, '\n'), err
}
