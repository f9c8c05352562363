package main

import (
	"bytes"
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

// floor is a reverse proxy that parses nothing: the least that one more process costs. fasthttp's own sizes of buffers
// are left as they are, since the goals were set beside such a floor.
type floor struct{ upstream fasthttp.HostClient }

func newFloor(upstream string) *floor {
	return &floor{upstream: fasthttp.HostClient{
		Addr: upstream, MaxConns: 1 << 16, MaxIdleConnDuration: time.Minute,
		NoDefaultUserAgentHeader: true, DisablePathNormalizing: true,
		RetryIfErr: func(*fasthttp.Request, int, error) (bool, bool) { return false, false },
	}}
}

func (f *floor) serve(ln net.Listener) error {
	s := fasthttp.Server{
		Handler: f.handle, NoDefaultServerHeader: true, Concurrency: 1 << 16, MaxRequestBodySize: 64 << 20,
		Logger: quiet,
	}
	return s.Serve(ln)
}

// handle relays a request. A header tells a stream, since the floor does not look into bodies, and buffering is
// cheaper for everything else.
func (f *floor) handle(ctx *fasthttp.RequestCtx) {
	if string(ctx.Path()) == "/health" {
		return
	}
	req, resp := &ctx.Request, &ctx.Response
	if bytes.Equal(req.Header.Peek("Accept"), []byte("text/event-stream")) {
		resp.StreamBody = true
		resp.ImmediateHeaderFlush = true
	}
	req.Header.Del("Connection")
	if err := f.upstream.Do(req, resp); err != nil {
		ctx.Error(err.Error(), fasthttp.StatusBadGateway)
		return
	}
	resp.Header.Del("Connection")
}
