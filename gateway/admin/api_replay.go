package admin

import "encoding/json"

// Replay is the body of POST /api/logs/{id}/replay. What is left out stays as it was. Params replace members of the
// conversation's parameters (temperature, max_tokens, …; null removes one). Tools are offered as before and not executed.
type Replay struct {
	Provider string                     `json:"provider,omitempty"`
	Model    string                     `json:"model,omitempty"`
	Params   map[string]json.RawMessage `json:"params,omitempty" tstype:"Record<string, unknown>"`
}

// Replayed is the answer: LogID is the row of the new request, whose parent is the old one.
type Replayed struct {
	LogID   string        `json:"log_id"`
	Status  int           `json:"status"`
	Error   *ErrorDetails `json:"error"`
	Message string        `json:"message,omitempty"`
}

// DiffPart is a piece of text that both have, or only the first (removed) or the second (added) has.
type DiffPart struct {
	Op   string `json:"op" tstype:"'same' | 'added' | 'removed'"`
	Text string `json:"text"`
}

// DiffCall is one tool call, as either side has it; null where it has none. Arguments differ where Same is false.
type DiffCall struct {
	Name      string     `json:"name"`
	Same      bool       `json:"same"`
	First     *string    `json:"first"` // its arguments as JSON
	Second    *string    `json:"second"`
	Arguments []DiffPart `json:"arguments"`
}

// DiffNumber is one figure of both; null where it is not known. Unit is tokens, usd, ms or tokens/s.
type DiffNumber struct {
	Name   string   `json:"name"`
	Unit   string   `json:"unit"`
	First  *float64 `json:"first"`
	Second *float64 `json:"second"`
}

// DiffField is one place where the requests differ, as JSON, of which an ellipsis stands for the rest of a long one; null =
// it is not there.
type DiffField struct {
	Path   string  `json:"path"`
	First  *string `json:"first"`
	Second *string `json:"second"`
}

// LogDiff is GET /api/logs/diff?first=…&second=…: what differs between two requests and their answers.
type LogDiff struct {
	First   LogEntry     `json:"first"`
	Second  LogEntry     `json:"second"`
	Text    []DiffPart   `json:"text"`
	Thought []DiffPart   `json:"thought"`
	Calls   []DiffCall   `json:"calls"`
	Numbers []DiffNumber `json:"numbers"`
	Request []DiffField  `json:"request"`
	More    bool         `json:"more,omitempty"`    // the requests differ in more places than Request lists
	Missing string       `json:"missing,omitempty"` // why there is no text to compare
}

// SaveCassette is the body of POST /api/logs/cassettes: the requests by id, or those of a session, or those that a filter
// selects. They are played in the order of their time.
type SaveCassette struct {
	Name      string   `json:"name"`
	IDs       []string `json:"ids,omitempty"`
	SessionID string   `json:"session_id,omitempty"`
	Filter    string   `json:"filter,omitempty"`
}

// SavedCassette says where it is: heimdall serve --cassette Dir plays it.
type SavedCassette struct {
	Dir     string   `json:"dir"`
	Entries int      `json:"entries"`
	Skipped []string `json:"skipped"` // ids whose bodies the log does not have whole, or whose answer never came
}
