//go:build unix

package transport

import (
	"net"
	"syscall"
)

// stale reports whether a connection at rest is unusable: closed by its peer, or with bytes on it that nobody asked
// for.
func stale(c net.Conn) bool {
	for t, ok := c.(interface{ NetConn() net.Conn }); ok; t, ok = c.(interface{ NetConn() net.Conn }) {
		c = t.NetConn()
	}
	sc, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	dead := false
	err = rc.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, rerr := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		dead = n > 0 || rerr == nil || rerr != syscall.EAGAIN && rerr != syscall.EINTR
		return true
	})
	return dead || err != nil
}
