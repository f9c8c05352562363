package providers

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"heimdall/providers/dialect"
	"heimdall/providers/llm"
	"heimdall/providers/timing"
	"heimdall/providers/transport"
)

// Target is a provider made ready for calls: as it is configured.
type Target struct {
	Name     string
	Provider Provider
	Features Features
	BaseURL  string            // "" = the credential's, or the provider's own
	Headers  map[string]string // sent with every request
	Secrets  []string          // values among them that nobody may see
	Timeout  time.Duration
	Idle     time.Duration
	Guard    Guard // of streams
	Doer     transport.Doer
	Raw      Raw

	// Allowed are the request types that may be sent there, by the names of RequestType; nil = all.
	Allowed map[string]bool
	// Paths are the user's own paths or whole URLs by request type.
	Paths map[string]string

	last     atomic.Pointer[located]
	openings sync.Pool // of *opening
}

// Raw says which bodies of an exchange with the upstream the client gets to see beside its answer.
type Raw struct{ Request, Response bool }

// Call is one attempt of a request at one target.
type Call struct {
	Target     *Target
	Credential Credential
	Op         llm.Op
	Model      string // as the upstream knows it

	Client  dialect.Dialect // what the client speaks
	Dialect func(name string) (dialect.Dialect, bool)
	Raw     []byte // the client's body; never changed
	Peek    dialect.Peek
	Params  map[string]string                                   // what the client's path holds besides the model
	Query   url.Values                                          // the client's query
	Edited  bool                                                // the canonical view was changed: the raw body no longer counts
	Request func(why string) (*llm.Request, error)              // the canonical view
	Header  func(name string) string                            // the client's header
	Each    func(prefix string, found func(name, value string)) // its fields whose names begin so; nil = it has none
	Add     []transport.Field                                   // fields that the client wants to be sent
	Keep    int                                                 // how many bytes of a stream the record wants
	Start   time.Time                                           // marks of a stream count from it; zero = nobody wants any
	Timing  *timing.Attempt                                     // what the attempt's time was spent on; nil = nobody asks

	// Patience is how long Do waits for a stream to begin: an error that comes within that time in place of an answer is
	// Do's. 0 = it does not wait. For a guarded target it waits until the guard knows, however long that takes.
	Patience time.Duration

	again string // why the body has to be encoded anew for its own dialect; "" = it has not
	seen  *Seen  // of the last attempt; nil = nothing was sent
}

// Spent is the usage that the upstream reported in the last attempt, also where that failed.
func (c *Call) Spent() (u llm.Usage, ok bool) {
	if c.seen == nil {
		return u, false
	}
	return c.seen.Scan.Usage, c.seen.Scan.HasUsage
}

// Sent is the body of the last attempt, nil where nothing was sent.
func (c *Call) Sent() []byte {
	if c.seen == nil {
		return nil
	}
	return c.seen.Sent
}

// Answer is what an attempt gave. Exactly one of Body and Stream is set, both in the client's dialect. Seen is
// complete once Body was returned or Stream has ended; until then nobody may look into it, for the stream may be read
// ahead. First and Warnings are what was known of it when the attempt was over.
type Answer struct {
	Status      int
	ContentType string
	Forward     func(func(name, value []byte))
	Body        []byte
	Stream      io.ReadCloser
	Release     func()
	Verbatim    bool // Stream gives what the upstream sends, but for an error frame at its end
	Seen        *Seen
	First       time.Time // zero = nothing had come
	Warnings    []llm.Warning
}

// Seen is what the gateway saw of an answer on its way.
type Seen struct {
	Dialect  string // the upstream's
	Sent     []byte // what the upstream was asked
	Scan     dialect.Scan
	Kept     []byte       // what the upstream sent, up to Call.Keep bytes
	Size     int64        // all that it sent
	Marks    timing.Marks // when what of a stream came
	First    time.Time
	Warnings []llm.Warning
	Err      *llm.Error // what broke a stream after it had begun
}

// try is what one attempt needs in memory, in one piece.
type try struct {
	seen   Seen
	answer Answer
	out    Outbound
	header [8]transport.Field
}

// Do makes the attempt. Its error is an *llm.Error.
func (c *Call) Do(ctx context.Context) (*Answer, error) {
	c.again, c.seen = c.rewritten(), nil
	endpoint, upstream, err := c.endpoint()
	if errors.Is(err, errUnserved) && c.Op == llm.OpCountTokens && !c.Client.NativeOnly {
		return c.estimate()
	}
	if err != nil {
		return nil, err
	}
	t := &try{seen: Seen{Dialect: upstream.Name}}
	seen := &t.seen
	body, asked, err := c.body(endpoint, upstream, seen)
	if err != nil {
		return nil, err
	}
	seen.Sent = body
	if err := c.outbound(ctx, t, endpoint, upstream, body); err != nil {
		return nil, err
	}
	c.seen, t.out.Timing = seen, c.Timing
	resp, err := c.Target.Doer.Do(ctx, &t.out.Request)
	if err != nil {
		return nil, failure(ctx, c.Target.Name, err)
	}
	if err := c.refusal(upstream, resp); err != nil {
		return nil, err
	}
	if resp.Stream != nil && strings.HasPrefix(resp.ContentType, "application/json") {
		if err := whole(resp); err != nil {
			return nil, failure(ctx, c.Target.Name, err)
		}
	}
	if resp.Stream != nil {
		return c.stream(ctx, upstream, resp, t, asked)
	}
	return c.unary(upstream, resp, t)
}

// whole reads an answer to its end: some upstreams answer in one piece though they were asked for a stream.
func whole(resp *transport.Response) error {
	stream := resp.Stream
	resp.Release = func() { _ = stream.Close() }
	body, err := io.ReadAll(io.LimitReader(stream, wholeLimit))
	if err != nil {
		resp.Release()
		return err
	}
	resp.Body, resp.Stream = body, nil
	return nil
}

// wholeLimit bounds an answer that is read at once.
const wholeLimit = 256 << 20

// endpoint chooses the endpoint that speaks the client's own dialect, else the provider's best.
func (c *Call) endpoint() (Endpoint, dialect.Dialect, error) {
	var best *Endpoint
	offers := c.Target.Provider.Endpoints(c.Op, c.Model)
	for i := range offers {
		e := &offers[i]
		if c.Target.Allowed != nil && !c.Target.allows(c.Op, e.Dialect) {
			continue
		}
		if best == nil || e.Dialect == c.Client.Name {
			best = e
		}
		if e.Dialect == c.Client.Name {
			break
		}
	}
	if best == nil || c.Client.NativeOnly && best.Dialect != c.Client.Name {
		return Endpoint{}, dialect.Dialect{}, unserved(RequestType(c.Op, c.Client.Name, c.Peek.Stream), c.Target.Name)
	}
	d, ok := c.Dialect(best.Dialect)
	if !ok {
		return Endpoint{}, dialect.Dialect{}, llm.Errorf(llm.KindInternal, "provider %s names an unknown dialect %q", c.Target.Name, best.Dialect)
	}
	return *best, d, nil
}

// native reports whether the upstream gets the client's own bytes.
func (c *Call) native(upstream dialect.Dialect) bool {
	return upstream.Name == c.Client.Name && !c.Edited && c.again == ""
}

// rewritten says why a body has to be encoded anew even for its own dialect; "" = it has not.
func (c *Call) rewritten() string {
	switch {
	case c.Client.RepeatsModel && c.Peek.Model != c.Model, c.Client.Foreign != nil && c.Client.Foreign(c.Raw):
		return "rewriter"
	}
	return ""
}

// refusal turns an error answer, or one that is no answer of an API at all, into an error.
func (c *Call) refusal(upstream dialect.Dialect, resp *transport.Response) error {
	html := strings.HasPrefix(resp.ContentType, "text/html")
	if resp.Status < 300 && !html {
		return nil
	}
	defer resp.Release()
	body := resp.Body
	if resp.Stream != nil {
		body, _ = io.ReadAll(io.LimitReader(resp.Stream, 1<<20))
	}
	status := resp.Status
	if status < 400 {
		status = 502
	}
	body = redact(bytes.Clone(body), c.Target.secrets(c.Credential)...) // an error goes to the log and to the client
	e := upstream.Client.DecodeError(status, resp.Header, body)
	e.Dialect = upstream.Name
	return e
}

// unary hands on an answer that came whole.
func (c *Call) unary(upstream dialect.Dialect, resp *transport.Response, t *try) (*Answer, error) {
	seen := &t.seen
	seen.First = time.Now()
	seen.Kept, seen.Size = resp.Body, int64(len(resp.Body))
	seen.Scan = upstream.Client.Scan(resp.Body)
	if u := c.Target.Features.Usage; u != nil && !seen.Scan.HasUsage {
		seen.Scan.Usage, seen.Scan.HasUsage = u(resp.Header)
	}
	a := &t.answer
	*a = Answer{Status: resp.Status, Forward: resp.Each, Release: resp.Release, Seen: seen, First: seen.First, Warnings: seen.Warnings}
	if c.native(upstream) {
		a.ContentType, a.Body = resp.ContentType, resp.Body
		return a, nil
	}
	r, err := upstream.Client.DecodeResponse(resp.Body)
	if err != nil {
		defer resp.Release()
		return nil, llm.Errorf(llm.KindServerError, "the answer of %s cannot be read: %w", c.Target.Name, err)
	}
	r.ID, r.Model, r.Created = c.named(r.ID, r.Model, r.Created)
	a.ContentType = "application/json"
	if a.Body, err = c.encodeAnswer(r, seen); err != nil {
		resp.Release()
		return nil, err
	}
	a.Warnings = seen.Warnings
	return a, nil
}

// named fills in what not every dialect says of an answer and some clients need: an id of its own, the model, the time.
func (c *Call) named(id, model string, created int64) (string, string, int64) {
	if id == "" {
		id = strings.ToLower(rand.Text())
	}
	if c.Client.EchoesModel {
		model = c.Peek.Model
	}
	if model == "" {
		model = c.Model
	}
	if created == 0 {
		created = time.Now().Unix()
	}
	return id, model, created
}

// encodeAnswer writes an answer in the client's dialect.
func (c *Call) encodeAnswer(r *llm.Response, seen *Seen) ([]byte, error) {
	answerer, ok := c.Client.Server.(dialect.Answerer)
	if !ok {
		body, lost := c.Client.Server.EncodeResponse(r)
		seen.Warnings = append(seen.Warnings, lost...)
		return body, nil
	}
	asked, err := c.Request("cross-dialect attempt")
	if err != nil {
		return nil, err
	}
	body, lost := answerer.EncodeAnswer(asked, r)
	seen.Warnings = append(seen.Warnings, lost...)
	return body, nil
}

// stream hands on an answer that comes in pieces: the upstream's bytes as they are where the dialects match, else
// decoded and encoded event by event.
func (c *Call) stream(ctx context.Context, upstream dialect.Dialect, resp *transport.Response, t *try, asked bool) (*Answer, error) {
	seen := &t.seen
	f := &flow{ctx: ctx, src: resp.Stream, seen: seen, keep: c.Keep, start: c.Start, tee: upstream.Client.Tee(), client: c.Client.Server, binary: c.Client.Frames != nil, name: c.Target.Name, secrets: c.Target.secrets(c.Credential)}
	a := &t.answer
	*a = Answer{Status: resp.Status, Forward: resp.Each, Stream: f, Seen: seen}
	switch {
	case c.native(upstream):
		a.ContentType = resp.ContentType
		if c.Client.Frames != nil {
			f.steps = &framed{relay: relay{c.Client.Server}, length: c.Client.Frames, tells: f.leaks}
		} else if asked {
			f.drop = upstream.Client.(dialect.UsageAsker).UsageOnly
		} else {
			a.Verbatim = true
		}
	default:
		r, err := c.Request("cross-dialect attempt")
		if err != nil {
			resp.Release()
			return nil, err
		}
		a.ContentType = c.Client.Server.ContentType()
		f.steps = &translation{decoder: upstream.Client.Decoder(), encoder: c.Client.Server.Encoder(r), seen: seen, named: c.named, hide: f.hide}
	}
	a.Warnings = seen.Warnings
	if e := f.begin(c.Target, c.Patience, upstream); e != nil {
		_ = f.Close()
		return nil, e
	}
	if f.begins != nil && !f.begins.reads {
		a.First = seen.First
	}
	return a, nil
}

// failure explains why there was no answer at all.
func failure(ctx context.Context, name string, err error) error {
	var known *llm.Error
	if errors.As(err, &known) {
		return known
	}
	switch {
	case ctx.Err() != nil:
		return &llm.Error{Kind: llm.KindCancelled, Status: 499, Message: "request cancelled by caller", Type: "request_cancelled", Cause: err}
	case errors.Is(err, transport.ErrConnect):
		return &llm.Error{Kind: llm.KindConnection, Status: 502, Type: "connection_failed", Cause: err, Unsent: true,
			Message: "cannot connect to " + name + ": " + reason(err) + "; check its base URL and your network"}
	case errors.Is(err, transport.ErrTimeout):
		return &llm.Error{Kind: llm.KindTimeout, Status: 504, Type: "request_timed_out", Cause: err,
			Message: name + " did not answer in time; raise network_config.default_request_timeout_in_seconds if it needs longer"}
	default:
		return &llm.Error{Kind: llm.KindConnection, Status: 502, Type: "connection_failed", Cause: err,
			Message: "the connection to " + name + " broke before it answered: " + reason(err)}
	}
}

// reason is the innermost text of an error, which says what happened without the wrapping.
func reason(err error) string {
	for {
		next := errors.Unwrap(err)
		if many, ok := err.(interface{ Unwrap() []error }); ok {
			list := many.Unwrap()
			next = list[len(list)-1]
		}
		if next == nil {
			return err.Error()
		}
		err = next
	}
}
