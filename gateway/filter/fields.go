package filter

import (
	"math"
	"strings"
)

// Info is what there is to say of a field.
type Info struct {
	Field   Field
	Aliases []string // other names that people write
	Kind    Kind
	Label   bool     // the store keeps it among its labels
	Late    bool     // while a request runs it is not known, or may change
	Choices []string // of KindChoice, KindStatus and KindFlag the only words; of others what is offered
	Title   string   // in sentences: "cost"
	Help    string   // one line
	Unit    string   // of a number: "ms", "$", "tokens"
}

// Fields are all fields, those first that people ask for most.
var Fields = []Info{
	{Field: Model, Aliases: []string{"m", "models"}, Kind: KindText, Label: true, Title: "model", Help: "model, as the client wrote it or as the provider was asked"},
	{Field: Provider, Aliases: []string{"p", "providers"}, Kind: KindText, Label: true, Title: "provider", Help: "provider that was asked"},
	{Field: Status, Aliases: []string{"s", "code", "http_status"}, Kind: KindStatus, Label: true, Late: true, Title: "status", Help: "how it ended: a word or an HTTP status",
		Choices: []string{"success", "error", "cancelled", "processing"}},
	{Field: App, Aliases: []string{"apps", "program", "client"}, Kind: KindText, Label: true, Title: "app", Help: "program that asked"},
	{Field: Session, Aliases: []string{"session_id", "sid"}, Kind: KindText, Late: true, Title: "session", Help: "session of a coding agent"},
	{Field: Cost, Aliases: []string{"c", "price", "usd"}, Kind: KindMoney, Late: true, Title: "cost", Help: "cost in US dollars", Unit: "$", Choices: []string{"0.01", "0.1", "1"}},
	{Field: Latency, Aliases: []string{"l", "duration", "took"}, Kind: KindDuration, Late: true, Title: "latency", Help: "time it took", Unit: "ms", Choices: []string{"1s", "10s", "1m"}},
	{Field: TTFT, Aliases: []string{"first_token", "time_to_first_token"}, Kind: KindDuration, Late: true, Title: "time to first token", Help: "time until the answer began", Unit: "ms", Choices: []string{"500ms", "2s", "10s"}},
	{Field: Tokens, Aliases: []string{"total_tokens"}, Kind: KindCount, Late: true, Title: "tokens", Help: "tokens in and out together", Unit: "tokens", Choices: []string{"1k", "10k", "100k"}},
	{Field: Tool, Aliases: []string{"t", "tools", "tool_call"}, Kind: KindText, Late: true, Title: "tool", Help: "tool that the answer calls"},
	{Field: Text, Aliases: []string{"content", "body", "words", "search"}, Kind: KindWords, Late: true, Title: "text", Help: "words of the conversation or of the error"},
	{Field: Time, Aliases: []string{"timestamp", "date", "at"}, Kind: KindTime, Title: "time", Help: "when it began: a date, or 2h for two hours ago", Choices: []string{"15m", "1h", "24h", "7d", "today", "yesterday"}},
	{Field: ErrorKind, Aliases: []string{"error_kind", "error_type", "err"}, Kind: KindText, Label: true, Late: true, Title: "error", Help: "kind of the error"},
	{Field: Cache, Aliases: []string{"cache_hit"}, Kind: KindChoice, Label: true, Late: true, Title: "cache", Help: "how our cache answered", Choices: []string{"direct", "semantic"}},
	{Field: Stream, Aliases: []string{"streamed", "streaming"}, Kind: KindFlag, Label: true, Title: "stream", Help: "whether the answer was streamed", Choices: []string{"true", "false"}},
	{Field: Key, Aliases: []string{"k", "keys", "key_id", "selected_key"}, Kind: KindText, Label: true, Title: "key", Help: "key of the provider, by id or name"},
	{Field: VK, Aliases: []string{"virtual_key", "virtual_keys", "virtual_key_id"}, Kind: KindText, Label: true, Title: "virtual key", Help: "virtual key, by id or name"},
	{Field: Team, Aliases: []string{"teams", "team_id"}, Kind: KindText, Label: true, Title: "team", Help: "team, by id or name"},
	{Field: Customer, Aliases: []string{"customers", "customer_id"}, Kind: KindText, Label: true, Title: "customer", Help: "customer, by id or name"},
	{Field: Input, Aliases: []string{"in", "input_tokens", "prompt_tokens"}, Kind: KindCount, Late: true, Title: "input tokens", Help: "tokens of the question", Unit: "tokens", Choices: []string{"1k", "10k", "100k"}},
	{Field: Output, Aliases: []string{"out", "output_tokens", "completion_tokens"}, Kind: KindCount, Late: true, Title: "output tokens", Help: "tokens of the answer", Unit: "tokens", Choices: []string{"100", "1k", "10k"}},
	{Field: Cached, Aliases: []string{"cached_tokens", "cache_read"}, Kind: KindCount, Late: true, Title: "cached tokens", Help: "tokens from the provider's cache", Unit: "tokens", Choices: []string{"1k", "10k", "100k"}},
	{Field: Reasoning, Aliases: []string{"reasoning_tokens", "thinking"}, Kind: KindCount, Late: true, Title: "reasoning tokens", Help: "tokens of reasoning", Unit: "tokens", Choices: []string{"100", "1k", "10k"}},
	{Field: Retries, Aliases: []string{"retry", "number_of_retries"}, Kind: KindCount, Late: true, Title: "retries", Help: "how often it was tried again", Unit: "retries", Choices: []string{"0", "1", "3"}},
	{Field: Fallback, Aliases: []string{"fallbacks", "fallback_index"}, Kind: KindCount, Label: true, Late: true, Title: "fallback", Help: "which of the fallbacks answered, 0 = none", Choices: []string{"0", "1", "2"}},
	{Field: Size, Aliases: []string{"bytes", "request_size"}, Kind: KindBytes, Title: "size", Help: "bytes of the request", Unit: "bytes", Choices: []string{"10KB", "100KB", "1MB"}},
	{Field: Rule, Aliases: []string{"rules", "routing_rule"}, Kind: KindText, Label: true, Late: true, Title: "routing rule", Help: "routing rule that decided, by id or name"},
	{Field: Engine, Aliases: []string{"engines", "routing_engine"}, Kind: KindText, Label: true, Late: true, Title: "routing engine", Help: "what decided where it went",
		Choices: []string{"routing-rule", "governance", "model-catalog", "identity", "core"}},
	{Field: Operation, Aliases: []string{"operation", "request_type"}, Kind: KindText, Label: true, Title: "operation", Help: "what was asked for",
		Choices: []string{"chat", "embedding", "rerank", "models", "count_tokens"}},
	{Field: Object, Aliases: []string{"objects"}, Kind: KindText, Label: true, Title: "object", Help: "what was answered",
		Choices: []string{"chat.completion", "chat.completion.chunk", "response", "text_completion"}},
	{Field: Finish, Aliases: []string{"stop_reason", "finish_reason"}, Kind: KindText, Label: true, Late: true, Title: "finish", Help: "why the answer ended",
		Choices: []string{"stop", "length", "tool_calls", "content_filter", "refusal"}},
	{Field: Alias, Aliases: []string{"aliases", "requested_model"}, Kind: KindText, Label: true, Title: "alias", Help: "model as the client wrote it"},
	{Field: Agent, Aliases: []string{"user_agent", "useragent", "ua"}, Kind: KindText, Label: true, Title: "user agent", Help: "User-Agent of the program"},
	{Field: Dialect, Aliases: []string{"api"}, Kind: KindText, Label: true, Title: "dialect", Help: "API that the client speaks"},
	{Field: Upstream, Aliases: []string{"upstream_dialect"}, Kind: KindText, Label: true, Late: true, Title: "upstream dialect", Help: "API that the provider speaks"},
	{Field: ProcessBy, Aliases: []string{"dir", "cwd", "folder"}, Kind: KindText, Late: true, Title: "process", Help: "program on this machine, by name or working directory"},
	{Field: Path, Aliases: []string{"url", "route"}, Kind: KindText, Title: "path", Help: "path that was called"},
	{Field: ID, Aliases: []string{"request_id", "request"}, Kind: KindText, Title: "id", Help: "id of the request"},
	{Field: Parent, Aliases: []string{"parent_id", "parent_request_id", "replay_of"}, Kind: KindText, Title: "parent", Help: "request that this one repeats"},
	{Field: Trace, Aliases: []string{"trace_id"}, Kind: KindText, Title: "trace", Help: "id of the distributed trace"},
	{Field: Warning, Aliases: []string{"warnings", "lost"}, Kind: KindText, Late: true, Title: "warning", Help: "field that could not be carried to the provider"},
	{Field: Decoded, Aliases: []string{"decoded_because"}, Kind: KindText, Late: true, Title: "decoded", Help: "why the body was decoded"},
	{Field: Metadata, Aliases: []string{"metadata"}, Kind: KindText, Title: "metadata", Help: "what the caller said of it: meta.team:blue"},
}

// byName finds fields by name and alias.
var byName = func() map[string]*Info {
	m := map[string]*Info{}
	for i := range Fields {
		m[string(Fields[i].Field)] = &Fields[i]
		for _, a := range Fields[i].Aliases {
			m[a] = &Fields[i]
		}
	}
	return m
}()

// Lookup finds a field by one of its names, in whatever case.
func Lookup(name string) (Info, bool) {
	info, ok := lookup(name)
	if !ok {
		return Info{}, false
	}
	return *info, true
}

func lookup(name string) (*Info, bool) {
	info, ok := byName[name]
	if !ok {
		info, ok = byName[strings.ToLower(name)]
	}
	return info, ok
}

// about is the Info of a field of the table; what is not there is taken for text.
func about(f Field) *Info {
	if info, ok := byName[string(f)]; ok && info.Field == f {
		return info
	}
	return &Info{Field: f, Kind: KindText, Title: string(f)}
}

// always reports whether each request has the field.
func (i *Info) always() bool {
	switch i.Field {
	case Time, Stream, Text, Retries, Fallback, Size:
		return true
	default:
		return false
	}
}

// Late reports whether the field of a running request is not known, or may change. Session, ProcessBy and Rule are late
// only until they have a value.
func Late(f Field) bool { return about(f).Late }

// Numeric reports whether values of the kind are numbers.
func (k Kind) Numeric() bool {
	switch k {
	case KindCount, KindBytes, KindDuration, KindMoney, KindTime:
		return true
	default:
		return false
	}
}

// Grain is what a number of the kind is multiplied by and then rounded where it is compared: money is counted in
// nano-dollars, times in microseconds. 0 = it is compared as it is.
func (k Kind) Grain() float64 {
	switch k {
	case KindMoney:
		return 1e9
	case KindDuration, KindTime:
		return 1e3
	default:
		return 0
	}
}

// grains is a number as it is compared.
func (k Kind) grains(n float64) float64 {
	if g := k.Grain(); g != 0 {
		return math.Round(n * g)
	}
	return n
}

// nearest is the name of a field that looks most like what was written; "" where none does.
func nearest(written string) string {
	written = strings.ToLower(written)
	if len(written) >= 3 {
		for i := range Fields {
			if strings.HasPrefix(string(Fields[i].Field), written) {
				return string(Fields[i].Field)
			}
		}
	}
	best, most := "", 2
	if len(written) < 5 {
		most = 1
	}
	for i := range Fields {
		for _, name := range append([]string{string(Fields[i].Field)}, Fields[i].Aliases...) {
			if d := distance(written, name); len(name) >= 3 && d <= most { // all short names are near each other
				best, most = string(Fields[i].Field), d-1
			}
		}
	}
	return best
}

// closest is the choice that looks most like what was written; "" where none does.
func closest(written string, choices []string) string {
	best, most := "", 3
	for _, c := range choices {
		if d := distance(strings.ToLower(written), c); d < most {
			best, most = c, d
		}
	}
	if best == "" {
		for _, c := range choices {
			if len(written) > 1 && strings.HasPrefix(c, strings.ToLower(written)) {
				return c
			}
		}
	}
	return best
}

// distance counts the letters that differ: added, left out, changed or swapped with their neighbour.
func distance(a, b string) int {
	if max(len(a), len(b)) > 32 {
		return 32
	}
	var rows [3][33]int
	for j := range len(b) + 1 {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row := &rows[(i+2)%3], &rows[i%3], &rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return rows[(len(a)+1)%3][len(b)]
}
