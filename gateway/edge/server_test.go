package edge

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fasthttp"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// dial opens a connection that fails rather than hangs.
func dial(t *testing.T, url string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

// Who asks for a websocket is answered like anybody else, and may go on with plain requests.
func TestWebsocketUpgradeIsAnswered(t *testing.T) {
	s, url := serveRows(t, row("/responses", func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
		return nil, &llm.Error{Kind: llm.KindInvalidRequest, Status: 426, Type: "upgrade_required", Message: "no"}
	}))
	conn := dial(t, url)
	from := bufio.NewReader(conn)
	for i := range 2 {
		fmt.Fprint(conn, "GET /responses HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
		resp, err := http.ReadResponse(from, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		body, err := io.ReadAll(resp.Body)
		if resp.StatusCode != 426 || string(body) != "upgrade_required" || err != nil || resp.Close {
			t.Errorf("answer %d: %d %q %v, closes: %v", i, resp.StatusCode, body, err, resp.Close)
		}
	}
	if err := s.Shutdown(time.Second); err != nil {
		t.Error(err)
	}
}

// An answer to HEAD has no body, so that the next answer is found.
func TestHeadHasNoBody(t *testing.T) {
	head := row("/", func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
		return &exchange.Reply{Status: 200, ContentType: "text/plain", Body: []byte("unseen")}, nil
	})
	head.Method = "HEAD"
	s, url := serveRows(t, head)
	defer s.Shutdown(time.Second)
	conn := dial(t, url)
	fmt.Fprint(conn, strings.Repeat("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n", 2)+"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	all, err := io.ReadAll(conn)
	if err != nil || strings.Contains(string(all), "unseen") || strings.Count(string(all), "HTTP/1.1 200 OK") != 2 || !strings.HasSuffix(string(all), "method_not_allowed") {
		t.Errorf("%q, %v", all, err)
	}
}

func TestHeader(t *testing.T) {
	for name, raw := range map[string]string{
		"short": "x-Bf-One: 1\r\nX-BF-TWO:  2 \r\nX-B: no\r\nX-Bf-One: 3\r\n",
		"long":  "x-Bf-One: 1\r\nX-BF-TWO:  2 \r\nX-B: no\r\nX-Bf-One: 3\r\n" + strings.Repeat("X-Other: 1\r\n", maxLines),
	} {
		var from fasthttp.RequestHeader
		if err := from.Read(bufio.NewReader(strings.NewReader("GET / HTTP/1.1\r\nHost: h\r\n" + raw + "\r\n"))); err != nil {
			t.Fatal(err)
		}
		var h header
		h.read(&from)
		var got []string
		h.Each("x-bf-", func(name, value string) { got = append(got, http.CanonicalHeaderKey(name)+"="+value) })
		if diff := cmp.Diff([]string{"X-Bf-One=1", "X-Bf-Two=2", "X-Bf-One=3"}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if !h.HasPrefix("X-bF-t") || h.HasPrefix("x-bf-three") || h.Get("x-bf-two") != "2" {
			t.Errorf("%s: HasPrefix or Get", name)
		}
	}
}

// What the server itself allocates for a request is part of what keeps a gateway in between for free.
func TestRequestAllocations(t *testing.T) {
	reply := &exchange.Reply{Status: 200, ContentType: "text/plain", Body: []byte("pong")}
	post := row("/ping", func(context.Context, *exchange.Exchange) (*exchange.Reply, error) { return reply, nil })
	post.Method = "POST"
	s, url := serveRows(t, post)
	defer s.Shutdown(time.Second)
	conn := dial(t, url)
	ask := []byte("POST /ping HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: test\r\nContent-Length: 4\r\n\r\nping")
	answer := make([]byte, 4<<10)
	n := testing.AllocsPerRun(200, func() {
		_, _ = conn.Write(ask)
		if _, err := conn.Read(answer); err != nil {
			t.Fatal(err)
		}
	})
	if n > 4 {
		t.Errorf("a request allocates %.0f times", n)
	}
}
