package edge

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"heimdall/gateway/exchange"
)

// talking is a row whose websocket says hello, waits until it is over and then tells why it could not go on.
func talking(over chan<- error) exchange.Row {
	return row("/ws", func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
		return &exchange.Reply{Socket: func(s exchange.Socket) {
			err := s.Send([]byte("hello"))
			if err == nil {
				err = s.Ping()
			}
			<-s.Done()
			over <- err
		}}, nil
	})
}

func connect(t *testing.T, url string, header http.Header) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(url, "http")+"/ws", header)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	return c
}

func within(t *testing.T, over <-chan error) {
	t.Helper()
	select {
	case err := <-over:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the websocket did not end")
	}
}

func TestWebsocket(t *testing.T) {
	over := make(chan error, 1)
	measured := make(chan int, 10)
	o := options(talking(over))
	o.Measure = func(m Measured) { measured <- m.Status }
	s, url := serveOptions(t, o)
	c := connect(t, url, nil)
	pinged := false
	c.SetPingHandler(func(string) error { pinged = true; return errors.New("enough") })
	if kind, text, err := c.ReadMessage(); err != nil || kind != websocket.TextMessage || string(text) != "hello" {
		t.Fatalf("%d %s %v", kind, text, err)
	}
	if _, _, err := c.ReadMessage(); err == nil || !pinged {
		t.Errorf("no ping: %v", err)
	}
	if status := <-measured; status != 101 {
		t.Errorf("measured %d", status)
	}
	// What it says is thrown away, up to a bound.
	for range 100 {
		if err := c.WriteMessage(websocket.TextMessage, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-over:
		t.Fatalf("ended too early: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	c.Close()
	within(t, over)
	if err := s.Shutdown(time.Second); err != nil {
		t.Error(err)
	}
}

func TestWebsocketsThatSayTooMuch(t *testing.T) {
	over := make(chan error, 1)
	s, url := serveRows(t, talking(over))
	defer s.Shutdown(time.Second)
	long := connect(t, url, nil)
	_ = long.WriteMessage(websocket.TextMessage, make([]byte, socketMessage+1))
	within(t, over)
	often := connect(t, url, nil)
	for range socketFlood/1000 + 2 {
		if often.WriteMessage(websocket.TextMessage, make([]byte, 1000)) != nil {
			break
		}
	}
	within(t, over)
}

// A stopping server hangs up on websockets at once, and says so.
func TestWebsocketsEndWithTheServer(t *testing.T) {
	over := make(chan error, 1)
	s, url := serveRows(t, talking(over))
	c := connect(t, url, nil)
	if _, _, err := c.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := s.Shutdown(time.Minute); err != nil {
		t.Error(err)
	}
	within(t, over)
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) || time.Since(begun) > 30*time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}

func TestWebsocketPanics(t *testing.T) {
	s, url := serveRows(t, row("/ws", func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
		return &exchange.Reply{Socket: func(exchange.Socket) { panic("lost") }}, nil
	}))
	c := connect(t, url, nil)
	if _, _, err := c.ReadMessage(); err == nil {
		t.Error("it goes on")
	}
	if err := s.Shutdown(time.Second); err != nil {
		t.Error(err)
	}
}

// keys is a policy that lets in whoever has the ticket or the header.
type keys struct{ open }

func (keys) Admin(h exchange.Header) bool { return h.Get("X-Key") == "right" }
func (keys) Ticket(ticket string) bool    { return ticket == "good" }
func (keys) NeedsAdmin(g exchange.Guard) bool {
	return g == exchange.GuardSocket || g == exchange.GuardManage
}
func (keys) AllowedOrigins() []string { return []string{"http://friend.test"} }

// The guards hold before a websocket is there.
func TestWebsocketGuards(t *testing.T) {
	over := make(chan error, 10)
	socket, manage := talking(over), row("/manage", func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
		return &exchange.Reply{Status: 200}, nil
	})
	socket.Guard, manage.Guard = exchange.GuardSocket, exchange.GuardManage
	o := options(socket, manage)
	o.Policy = keys{}
	s, url := serveOptions(t, o)
	defer s.Shutdown(time.Second)
	const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	host := strings.TrimPrefix(url, "http://")
	for _, c := range []struct {
		name, path, header string
		status             int
	}{
		{"nothing", "/ws", upgrade, 401},
		{"key", "/ws", upgrade + "X-Key: right\r\n", 101},
		{"ticket", "/ws?ticket=good", upgrade, 101},
		{"wrong ticket", "/ws?ticket=bad", upgrade, 401},
		{"a ticket is for websockets only", "/manage?ticket=good", "", 401},
		{"own page", "/ws?ticket=good", upgrade + "Origin: http://" + host + "\r\n", 101},
		{"foreign page", "/ws?ticket=good", upgrade + "Origin: http://evil.test\r\n", 403},
		{"a page that may call models", "/ws?ticket=good", upgrade + "Origin: http://friend.test\r\n", 403},
		{"no upgrade", "/ws?ticket=good", "", 426},
		{"old version", "/ws?ticket=good", strings.Replace(upgrade, "13", "8", 1), 426},
	} {
		conn := dial(t, url)
		fmt.Fprint(conn, "GET "+c.path+" HTTP/1.1\r\nHost: "+host+"\r\n"+c.header+"\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != c.status {
			t.Errorf("%s: %+v, %v", c.name, resp, err)
			continue
		}
		if c.status == 426 && resp.Header.Get("Upgrade") != "websocket" {
			t.Errorf("%s: %v", c.name, resp.Header)
		}
		_, _ = io.CopyN(io.Discard, resp.Body, 1)
		conn.Close()
	}
}
