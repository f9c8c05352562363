package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"time"

	"github.com/valyala/fasthttp"
)

// client is one keep-alive connection of the load generator.
type client struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
	resp fasthttp.Response
}

// patience is how long any one request may take, and any one stream be silent.
const patience = 30 * time.Second

func dial(addr string) (*client, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	return &client{addr: addr, conn: conn, in: bufio.NewReaderSize(conn, 8<<10)}, nil
}

func (c *client) close() { c.conn.Close() }

// request is a whole POST, ready to be written.
func request(path string, body []byte, stream bool) []byte {
	accept := "application/json"
	if stream {
		accept = "text/event-stream"
	}
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: %s\r\n"+
		"Content-Type: application/json\r\nanthropic-version: 2023-06-01\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n",
		path, accept, virtualKey, len(body))
	return append([]byte(head), body...)
}

// plain sends a request and checks that its answer is complete and holds the text.
func (c *client) plain(request, text []byte) error {
	if _, err := c.conn.Write(request); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	c.resp.Reset()
	if err := c.resp.Read(c.in); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	if code := c.resp.StatusCode(); code != fasthttp.StatusOK {
		return refusal(code, c.resp.Body())
	}
	if !bytes.Contains(c.resp.Body(), text) {
		return fmt.Errorf("an answer of %d bytes without its text: %.200s", len(c.resp.Body()), c.resp.Body())
	}
	return nil
}

func refusal(code int, body []byte) error { return fmt.Errorf("status %d: %.300s", code, body) }

// stream sends a request and reads its stream: every chunk must come, once and in order, and then the end. saw is
// told of each chunk.
func (c *client) stream(request []byte, chunks int, saw func(number int, stamp int64)) error {
	if _, err := c.conn.Write(request); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	c.resp.Reset()
	if err := c.resp.Header.Read(c.in); err != nil {
		return fmt.Errorf("receive the head: %w", err)
	}
	if code := c.resp.StatusCode(); code != fasthttp.StatusOK {
		body := make([]byte, 300)
		n, _ := c.in.Read(body)
		return refusal(code, body[:n])
	}
	if c.resp.Header.ContentLength() != -1 {
		return fmt.Errorf("not a chunked stream: content length %d", c.resp.Header.ContentLength())
	}
	body := httputil.NewChunkedReader(c.in)
	next, ended := 0, false
	lines := bufio.NewReaderSize(body, 4<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("receive chunk %d: %w", next, err)
		}
		if number, stamp, ok := parseMark(line); ok {
			if number != next {
				return fmt.Errorf("chunk %d came where %d was due", number, next)
			}
			next++
			saw(number, stamp)
			continue
		}
		ended = ended || bytes.Contains(line, []byte("[DONE]")) || bytes.HasPrefix(line, []byte("event: message_stop"))
	}
	if next != chunks || !ended {
		return fmt.Errorf("the stream ended after %d of %d chunks, its end frame seen: %t", next, chunks, ended)
	}
	_, err := c.in.Discard(2) // the blank line after the last chunk
	return err
}

// open sends a request and, if asked to, waits for the first bytes of its answer; the answer is left unread.
func (c *client) open(request []byte, await bool) error {
	c.conn.SetDeadline(time.Now().Add(patience))
	if _, err := c.conn.Write(request); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if !await {
		return nil
	}
	const ok = "HTTP/1.1 200"
	head, err := c.in.Peek(len(ok))
	if err != nil {
		return fmt.Errorf("receive the head: %w", err)
	}
	if string(head) != ok {
		return fmt.Errorf("refused: %s", head)
	}
	return nil
}
