package edge

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/valyala/fasthttp"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

const (
	socketPatience = 10 * time.Second // for one write
	socketMessage  = 64 << 10         // the longest message that a client may send, in bytes
	socketFlood    = 1 << 20          // bytes that it may send between two pings
)

// upgrader leaves it to the guards who may ask.
var upgrader = websocket.FastHTTPUpgrader{CheckOrigin: func(*fasthttp.RequestCtx) bool { return true }}

// errNoSocket answers who asks for a websocket in another way than this server speaks it, or for none at all.
func errNoSocket(why error) error {
	return &llm.Error{Kind: llm.KindInvalidRequest, Status: 426, Type: "upgrade_required",
		Message: "this address is a websocket; open it with a websocket client over HTTP/1.1 (" + why.Error() + ")"}
}

// sockets are the websockets that are open.
type sockets struct {
	mu      sync.Mutex
	open    map[*socket]struct{}
	closing bool
	talks   sync.WaitGroup
}

// upgrade hands the connection to talk, once the client has heard that it may speak. The exchange is over then.
func (s *Server) upgrade(ctx *fasthttp.RequestCtx, talk func(exchange.Socket)) error {
	if _, multiplexed := ctx.Conn().(*stream); multiplexed {
		ctx.Response.Header.Set("Upgrade", "websocket")
		return errNoSocket(errors.New("this is HTTP/2"))
	}
	err := upgrader.Upgrade(ctx, func(c *websocket.Conn) {
		w := &socket{conn: c, gone: make(chan struct{}), stop: make(chan struct{})}
		if !s.sockets.enter(w) {
			w.close()
			return
		}
		defer s.sockets.leave(w)
		go w.listen()
		defer func() {
			if p := recover(); p != nil {
				s.opts.Log.Error("a websocket failed inside the gateway", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
			w.close()
			<-w.gone // nothing reads from the connection when it is given back
		}()
		talk(w)
	})
	if err != nil {
		ctx.Response.Header.Set("Upgrade", "websocket")
		return errNoSocket(err)
	}
	return nil
}

// enter adds a websocket; false where the server stops.
func (s *sockets) enter(w *socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	if s.open == nil {
		s.open = map[*socket]struct{}{}
	}
	s.open[w] = struct{}{}
	s.talks.Add(1)
	return true
}

func (s *sockets) leave(w *socket) {
	s.mu.Lock()
	delete(s.open, w)
	s.mu.Unlock()
	s.talks.Done()
}

// close ends all of them: what comes over them has no end to wait for.
func (s *sockets) close() {
	s.each(func(w *socket) { w.end() })
	late := time.AfterFunc(time.Second, func() { s.each((*socket).interrupt) })
	defer late.Stop()
	s.talks.Wait()
}

// each calls do with every websocket that is open. There will be no further ones.
func (s *sockets) each(do func(*socket)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	for w := range s.open {
		do(w)
	}
}

// socket is the websocket of one client.
type socket struct {
	conn *websocket.Conn
	gone chan struct{} // closed when nothing reads any more
	stop chan struct{} // closed when the client has left, or the server stops
	once sync.Once

	mu   sync.Mutex
	read int64 // bytes of messages since the last ping
}

func (w *socket) end() { w.once.Do(func() { close(w.stop) }) }

// Done is closed once the client has left, or the server stops.
func (w *socket) Done() <-chan struct{} { return w.stop }

// Send sends a text.
func (w *socket) Send(text []byte) error {
	if err := w.conn.SetWriteDeadline(time.Now().Add(socketPatience)); err != nil {
		return err
	}
	return w.conn.WriteMessage(websocket.TextMessage, text)
}

// Ping asks for a sign of life.
func (w *socket) Ping() error {
	w.mu.Lock()
	w.read = 0
	w.mu.Unlock()
	return w.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(socketPatience))
}

// listen throws away what the client sends, until it leaves or sends too much.
func (w *socket) listen() {
	defer close(w.gone)
	defer w.end()
	w.conn.SetReadLimit(socketMessage)
	for {
		_, message, err := w.conn.NextReader()
		if err != nil {
			return
		}
		n, err := io.Copy(io.Discard, message)
		w.mu.Lock()
		w.read += n + 1
		flood := w.read > socketFlood
		w.mu.Unlock()
		if err != nil || flood {
			return
		}
	}
}

// close says goodbye and hangs up.
func (w *socket) close() {
	_ = w.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), time.Now().Add(time.Second))
	w.interrupt()
}

// interrupt ends what reads or writes. The connection is closed by its server, once the talk is over.
func (w *socket) interrupt() { _ = w.conn.NetConn().SetDeadline(time.Unix(1, 0)) }

var _ exchange.Socket = (*socket)(nil)
