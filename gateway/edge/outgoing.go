package edge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// outgoing is a streamed reply on its way to the client. The server reads it until it ends and closes it, also when a
// write fails because the client has left.
//
// The server has sent on all that it read when it reads again. So while it waits in Read somebody else may write to the
// client, and Read returns only after that.
type outgoing struct {
	stream io.ReadCloser
	over   func()
	log    *slog.Logger

	client client // takes comments while the stream is silent; nil = it takes none
	mu     sync.Mutex
	waits  bool    // the server is in Read
	reads  int     // how many have returned
	size   int64   // of what was read
	tail   [4]byte // the last bytes read

	seen  int       // reads, when the server's patrol last found more of them
	since time.Time // that time, or that of the last comment
}

// Read breaks the connection where the stream panics: its client must not take what came for the whole.
//
// Thousands wait here, so what lies on the stack meanwhile counts: below four kilobytes in all, the runtime makes the stack
// smaller by half.
func (o *outgoing) Read(p []byte) (n int, err error) {
	o.begins()
	defer o.returns(p, &n, &err)
	return o.stream.Read(p)
}

func (o *outgoing) begins() {
	if o.client != nil {
		o.mu.Lock()
		o.waits = true
		o.mu.Unlock()
	}
}

func (o *outgoing) returns(p []byte, n *int, err *error) {
	if cause := recover(); cause != nil {
		o.log.Error("a stream failed inside the gateway", "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
		*n, *err = 0, errors.New("panic while streaming")
	}
	o.size += int64(*n)
	if o.client == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waits = false
	o.reads++
	if *n < len(o.tail) {
		copy(o.tail[:], o.tail[*n:])
	}
	end := p[max(*n-len(o.tail), 0):*n]
	copy(o.tail[len(o.tail)-len(end):], end)
}

func (o *outgoing) Close() error {
	if o.over == nil {
		return nil
	}
	err := o.stream.Close()
	o.over()
	o.over = nil
	return err
}

// keepAlive is the comment that keeps a silent stream of events from being taken for dead.
const keepAlive = ": keep-alive\n\n"

// takesComments reports whether the answer is a stream of events, and sent in chunks that another may follow.
func takesComments(ctx *fasthttp.RequestCtx) bool {
	h := &ctx.Response.Header
	return strings.HasPrefix(string(h.ContentType()), "text/event-stream") && len(h.ContentEncoding()) == 0 &&
		ctx.Request.Header.IsHTTP11()
}

// silent reports whether the client has received nothing for that long and would take a comment now. Only the server's
// patrol asks.
func (o *outgoing) silent(now time.Time, silence time.Duration) bool {
	if !o.mu.TryLock() {
		return false
	}
	defer o.mu.Unlock()
	if o.since.IsZero() || o.reads != o.seen {
		o.seen, o.since = o.reads, now
		return false
	}
	if now.Sub(o.since) < silence || !o.betweenFrames() {
		return false
	}
	o.since = now
	return true
}

// comment writes one, unless the stream has gone on.
func (o *outgoing) comment() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.betweenFrames() {
		o.client.tell(keepAlive)
	}
}

// betweenFrames reports whether the server waits for the beginning of a frame: nothing was read yet, or a blank line
// last.
func (o *outgoing) betweenFrames() bool {
	if o.reads == 0 {
		return o.waits
	}
	before, ended := bytes.CutSuffix(o.tail[:], []byte("\n"))
	_, blank := bytes.CutSuffix(bytes.TrimSuffix(before, []byte("\r")), []byte("\n"))
	return o.waits && ended && blank
}
