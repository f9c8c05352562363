package peer

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"heimdall/gateway/exchange"
)

const patience = 10 * time.Second

// TestMain is also the program that calls: it connects to an address and keeps the connection until its input ends.
func TestMain(m *testing.M) {
	if address := os.Getenv("PEER_TEST_CALLS"); address != "" {
		if _, err := net.Dial("tcp", address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	os.Exit(m.Run())
}

// calls starts a program that calls ln, and gives its process and the connection.
func calls(t *testing.T, ln net.Listener, dir string) (*exec.Cmd, net.Conn) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), "PEER_TEST_CALLS="+ln.Addr().String()), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return cmd, conn
}

// ways are both ways to look.
var ways = map[string]Look{
	"asking": look,
	"tables": func(ctx context.Context, wanted []Socket, first []int, found func(Socket, Program) bool) {
		owners(ctx, func(s Socket) bool { return slices.Contains(wanted, s) }, first, found)
	},
}

// found looks once for who is at the other end of connections.
func found(look Look, conns ...net.Conn) []*exchange.Process {
	f := New(Options{Look: look})
	var places []place
	for _, c := range conns {
		places = append(places, f.Of(c.LocalAddr(), c.RemoteAddr()))
	}
	f.scan(context.Background())
	var all []*exchange.Process
	for _, p := range places {
		all = append(all, p.Load())
	}
	return all
}

func TestProgramsAreFound(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", "[::ffff:127.0.0.1]:0"} {
		t.Run(address, func(t *testing.T) {
			ln, err := net.Listen("tcp", address)
			if err != nil {
				t.Skip(err)
			}
			defer ln.Close()
			dir, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			one, first := calls(t, ln, dir)
			two, second := calls(t, ln, "/")
			_, third := pair(t, ln)
			here, err := os.Getwd()
			if err != nil {
				t.Fatal(err)
			}
			want := []exchange.Process{{PID: one.Process.Pid, Name: "peer.test", Dir: dir}, {PID: two.Process.Pid, Name: "peer.test", Dir: "/"}, {PID: os.Getpid(), Name: "peer.test", Dir: here}}
			for way, look := range ways {
				for i, p := range found(look, first, second, third) {
					if p == nil || *p != want[i] {
						t.Errorf("%s: %+v, not %+v", way, p, want[i])
					}
				}
			}
		})
	}
}

// Who has hung up has no program any more: nobody else is taken for it, nor who listens on its port then.
func TestWhoHungUpIsNotFound(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, stays := calls(t, ln, "/")
	gone, left := pair(t, ln)
	left.Close() // it is this end that the kernel remembers for a while
	_ = gone.SetReadDeadline(time.Now().Add(patience))
	_, _ = gone.Read(make([]byte, 1))
	gone.Close()
	look := func() {
		t.Helper()
		for way, look := range ways {
			if all := found(look, left, stays); all[0] != nil || all[1] == nil {
				t.Errorf("%s: %+v, %+v", way, all[0], all[1])
			}
		}
	}
	look()
	if inodes, err := diagnose([]Socket{{plain(left.RemoteAddr()), plain(left.LocalAddr())}}); len(inodes) != 0 || err != nil {
		t.Errorf("%v, %v", inodes, err)
	}
	other, err := net.Listen("tcp", gone.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	look()
}

// pair gives both ends of a connection.
func pair(t testing.TB, ln net.Listener) (far, near net.Conn) {
	t.Helper()
	far, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	near, err = ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	return far, near
}

func TestSystemWithoutDiagnosis(t *testing.T) {
	if inode, err := ask(-1, Socket{}); err == nil {
		t.Errorf("inode %d", inode)
	}
}

func TestHolder(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := ln.Addr().(*net.TCPAddr).Port
	if p := Holder(port); p == nil || p.PID != os.Getpid() || p.Name != "peer.test" {
		t.Errorf("%+v", p)
	}
	pair(t, ln)
	ln.Close()
	if p := Holder(port); p != nil {
		t.Errorf("%+v holds a closed port", p)
	}
}

func TestTables(t *testing.T) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	got := map[uint64]Socket{}
	all := func(Socket) bool { return true }
	sockets([]byte(head+
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 101 1 0 100 0 0 10 0\n"+
		"   1: 0100007F:D431 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 102 1 0 20 4 30 10 -1\n"+
		"   2: 0100007F:D432 0100007F:1F90 06 00000000:00000000 03:00000C1F 00000000     0        0 0 3 0\n"+
		"   3: broken\n"+
		"   4: 0100007F:XXXX 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 103 1 0\n"), all, got)
	sockets([]byte(head+
		"   0: 00000000000000000000000001000000:D433 00000000000000000000000001000000:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 104 1 0\n"+
		"   1: 0000000000000000FFFF00000100007F:D434 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 105 1 0\n"), all, got)
	at := netip.MustParseAddrPort
	want := map[uint64]Socket{
		101: {Local: at("127.0.0.1:8080")},
		102: {at("127.0.0.1:54321"), at("127.0.0.1:8080")},
		104: {at("[::1]:54323"), at("[::1]:8080")},
		105: {at("127.0.0.1:54324"), at("127.0.0.1:8080")},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v", got)
	}
}

func BenchmarkScan(b *testing.B) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	_, conn := pair(b, ln)
	f := New(Options{})
	for _, known := range []bool{true, false} {
		b.Run(fmt.Sprint("known ", known), func(b *testing.B) {
			for b.Loop() {
				if !known {
					f.callers = nil
				}
				p := f.Of(conn.LocalAddr(), conn.RemoteAddr())
				f.scan(context.Background())
				if p.Load() == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}
