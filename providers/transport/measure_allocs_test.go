package transport

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"heimdall/providers/timing"
)

// On a connection from the pool the figures cost no memory.
func TestTimingIsFree(t *testing.T) {
	conn := &measured{&net.TCPConn{}, timing.Attempt{Connect: time.Second}}
	from := strings.NewReader("")
	in := bufio.NewReader(from)
	var took timing.Attempt
	if n := testing.AllocsPerRun(100, func() {
		from.Reset("HTTP/1.1 200 OK\r\n")
		in.Reset(from)
		took.Begun = time.Now()
		made(&took, conn, true)
		answered(&took, in)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if !took.Reused || took.Connect != 0 || took.First <= 0 {
		t.Errorf("%+v", took)
	}
}

func BenchmarkTiming(b *testing.B) {
	conn := &measured{&net.TCPConn{}, timing.Attempt{Connect: time.Second}}
	in := bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\n"))
	var took timing.Attempt
	for b.Loop() {
		took = timing.Attempt{Begun: time.Now()}
		made(&took, conn, true)
		answered(&took, in)
	}
}
