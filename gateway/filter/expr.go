package filter

// Expr is an expression: And, Or, Not or *Term. nil selects everything.
//
// What Parse and the constructors give is in normal form: And and Or have at least two parts, none of which is of their
// own kind; a Not is not of a Not.
type Expr interface{ expr() }

// And holds where all of its parts hold, Or where one of them does, Not where its part does not.
type (
	And []Expr
	Or  []Expr
	Not struct{ Of Expr }
)

// Term compares a field with values. It holds where the field has one of the values in the way that Op says; for NotIs
// and NotMatches, where it has none of them. A request that does not have the field at all (no cost is known, there is
// no session) is never selected by a Term but for NotIs and NotMatches. Not turns that round: it selects a request that
// does not have the field wherever its Term does not.
//
// A field may have several values at once: the name and the id of a key, all the tools that were called. One of them
// that fits is enough; for NotIs and NotMatches none may fit. The fields' comments say which values there are.
//
// That a field is known is said by a Term too, see Known: texts match *, numbers are at least 0.
type Term struct {
	Field  Field
	Key    string // of Metadata: which; lower case
	Op     Op
	Values []Value // one, but for Has, Is and NotIs, which may have several
}

// Value is what a field is compared with. Number is set for fields that are numbers, in the unit of their kind, and for
// an HTTP status. Text is the value as it is written at its shortest; of a time it is as it was written, so that "2h"
// stays two hours back from whenever it is parsed again.
type Value struct {
	Text   string
	Number float64
}

func (And) expr()   {}
func (Or) expr()    {}
func (Not) expr()   {}
func (*Term) expr() {}

// Op is how a Term compares. Where two texts are equal but for case, it is the case of ASCII letters that does not count.
type Op string

const (
	Has        Op = ":"  // text: equal but for case, where each * stands for any characters, also for none; Text: see Text; else as Is
	Is         Op = "="  // exactly
	NotIs      Op = "!=" // none of the values is exactly so
	Less       Op = "<"  // this and the next three: numbers
	AtMost     Op = "<="
	More       Op = ">"
	AtLeast    Op = ">="
	Matches    Op = "~" // a regular expression (RE2) matches some of the text
	NotMatches Op = "!~"
)

// Field names one thing that is known of a request.
type Field string

// The fields. Those of the first group are the labels of the store: few distinct values, counted together.
const (
	Provider  Field = "provider"
	Model     Field = "model"    // as the provider was asked, and as the client wrote it
	Alias     Field = "alias"    // as the client wrote it
	Status    Field = "status"   // as texts: processing, success, error or cancelled, and the HTTP status in digits; as a number: the HTTP status, where there is one
	Key       Field = "key"      // id and name
	VK        Field = "vk"       // virtual key, id and name
	Team      Field = "team"     // id and name
	Customer  Field = "customer" // id and name
	Rule      Field = "rule"     // routing rule, id and name
	Operation Field = "op"       // chat, embedding, …
	Object    Field = "object"   // chat.completion, chat.completion.chunk, …
	Dialect   Field = "dialect"  // the client's
	Upstream  Field = "upstream" // the provider's dialect
	Stream    Field = "stream"   // true or false
	Finish    Field = "finish"   // why the answer ended
	ErrorKind Field = "error"    // the kind of the error
	App       Field = "app"      // the program by its User-Agent: codex, claude-code, …
	Agent     Field = "agent"    // the User-Agent
	Cache     Field = "cache"    // direct or semantic
	Fallback  Field = "fallback" // a number: which of the fallbacks answered, 0 = the primary
	Engine    Field = "engine"   // each that decided where it went: routing-rule, governance, …

	ID        Field = "id"
	Session   Field = "session"
	Parent    Field = "parent"  // the request that this one repeats
	Time      Field = "time"    // when it began
	Latency   Field = "latency" // a time
	TTFT      Field = "ttft"    // a time
	Tokens    Field = "tokens"  // input and output together; like the next four not known where no usage was reported
	Input     Field = "input"   // tokens, with those from the cache
	Output    Field = "output"  // tokens, with those of reasoning
	Cached    Field = "cached"  // tokens read from the provider's cache
	Reasoning Field = "reasoning"
	Cost      Field = "cost" // US dollars
	Retries   Field = "retries"
	Size      Field = "size"    // of the request's body
	Tool      Field = "tool"    // each that the answer calls
	ProcessBy Field = "process" // that called: its name and its working directory
	Path      Field = "path"
	Warning   Field = "warning" // each field that could not be carried
	Decoded   Field = "decoded" // why the body was decoded
	Trace     Field = "trace"   // id, in hex
	Metadata  Field = "meta"    // meta.<key>

	// Text is the conversation and the error's message. A value is words that stand there one after another: runs of
	// letters and digits, whatever is between them and whatever their case; the last one may end with *, and is then
	// only begun so. Has is its only Op.
	Text Field = "text"
)

// Kind is what a field's values are. Numbers are compared in the grain in which they are stored, see Kind.Grain.
type Kind string

const (
	KindText     Kind = "text"
	KindChoice   Kind = "choice"   // one of Info.Choices
	KindStatus   Kind = "status"   // a word or an HTTP status, or 4xx for all from 400 to 499
	KindFlag     Kind = "flag"     // true or false
	KindCount    Kind = "count"    // 12, 3k, 1.5M
	KindBytes    Kind = "bytes"    // 100, 4KB, 2MB, where a KB is 1024 as on the pages
	KindDuration Kind = "duration" // 250ms, 2s, 1.5m; Number is in milliseconds
	KindMoney    Kind = "money"    // US dollars: 0.05, $1
	KindTime     Kind = "time"     // 2026-01-31, 2026-01-31T12:00:00Z, or back from now: 15m, 2h, 7d; Number is in milliseconds since 1970
	KindWords    Kind = "words"    // text that is searched for
)
