package peer

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"heimdall/gateway/exchange"
)

type place = *atomic.Pointer[exchange.Process]

// caller is the address of a program whose process has the number of its port.
func caller(n int) net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: n} }

var gate = &net.TCPAddr{IP: net.ParseIP("::ffff:127.0.0.1"), Port: 8080}

// machine has a process for every port of 127.0.0.1 that is below 2000. To look through it takes long.
type machine struct {
	begun []time.Time
	ended []time.Time
	first [][]int
	whole int // how often it was looked through to the end
}

const long = 10 * time.Millisecond

func (m *machine) look(_ context.Context, wanted []Socket, first []int, found func(Socket, Program) bool) {
	m.begun, m.first = append(m.begun, time.Now()), append(m.first, first)
	time.Sleep(long)
	m.ended = append(m.ended, time.Now())
	for n := 1; n < 2000; n++ {
		s := Socket{Local: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(n)), Remote: netip.MustParseAddrPort("127.0.0.1:8080")}
		if slices.Contains(wanted, s) && !found(s, Program{PID: n, Exe: "/bin/caller", Dir: "/work"}) {
			return
		}
	}
	m.whole++
}

// within runs a test with a Finder in a time of its own.
func within(t *testing.T, test func(f *Finder, m *machine)) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{}
		f := New(Options{Look: m.look})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); f.Run(ctx) }()
		test(f, m)
		cancel()
		<-ended
	})
}

// pass lets time pass, and what is due then happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func pid(t *testing.T, p place) int {
	t.Helper()
	if p == nil || p.Load() == nil {
		return 0
	}
	if got := *p.Load(); got.Name != "caller" || got.Dir != "/work" {
		t.Errorf("%+v", got)
	}
	return p.Load().PID
}

func TestOneScanServesAll(t *testing.T) {
	within(t, func(f *Finder, m *machine) {
		first := f.Of(gate, caller(1))
		synctest.Wait() // it is looking
		if pid(t, first) != 0 {
			t.Error("Of has waited")
		}
		var many []place
		for n := 2; n < 500; n++ {
			many = append(many, f.Of(gate, caller(n)))
		}
		stranger := f.Of(gate, caller(3000))
		pass(time.Minute)
		if pid(t, first) != 1 || stranger == nil || pid(t, stranger) != 0 {
			t.Errorf("the first is %d, the one that nobody knows %d", pid(t, first), pid(t, stranger))
		}
		for i, p := range many {
			if pid(t, p) != i+2 {
				t.Fatalf("%d instead of %d", pid(t, p), i+2)
			}
		}
		if len(m.begun) != 2 {
			t.Errorf("%d scans", len(m.begun))
		}
	})
}

// However many come, looking takes no more than a twentieth of the time, and none while nobody comes.
func TestScansRest(t *testing.T) {
	within(t, func(f *Finder, m *machine) {
		begun := time.Now()
		for n := range 1000 {
			f.Of(gate, caller(n+1))
			time.Sleep(5 * time.Millisecond)
		}
		all := time.Since(begun)
		pass(time.Minute)
		if n := len(m.begun); n < 20 || time.Duration(n-1)*long > all/20 {
			t.Errorf("%d scans of %s in %s", n, long, all)
		}
		for i := 1; i < len(m.begun); i++ {
			if rested := m.begun[i].Sub(m.ended[i-1]); rested < 20*long {
				t.Errorf("scan %d after %s of rest", i, rested)
			}
		}
		n := len(m.begun)
		pass(time.Hour)
		if len(m.begun) != n {
			t.Errorf("%d scans for nobody", len(m.begun)-n)
		}
		at := time.Now()
		f.Of(gate, caller(1))
		synctest.Wait()
		if last := m.begun[len(m.begun)-1]; !last.Equal(at) {
			t.Errorf("who comes after a while is looked for after %s", last.Sub(at))
		}
	})
}

func TestWhoIsNotLookedFor(t *testing.T) {
	within(t, func(f *Finder, m *machine) {
		for _, a := range []net.Addr{&net.TCPAddr{IP: net.IPv4(192, 168, 1, 5), Port: 1}, &net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0", Port: 1}, &net.UnixAddr{Name: "@"}, nil} {
			if f.Of(gate, a) != nil {
				t.Errorf("%v", a)
			}
		}
		synctest.Wait()
		if len(m.begun) != 0 {
			t.Error("looked")
		}
		if f.Of(gate, &net.TCPAddr{IP: net.IPv6loopback, Port: 1}) == nil {
			t.Error("::1")
		}
	})
}

func TestTheQueueIsBounded(t *testing.T) {
	within(t, func(f *Finder, _ *machine) {
		f.Of(gate, caller(1))
		synctest.Wait()
		for n := range maxWaiting {
			if f.Of(gate, caller(n+2)) == nil {
				t.Fatalf("place %d", n)
			}
		}
		if f.Of(gate, caller(1999)) != nil {
			t.Error("one too many")
		}
		pass(time.Minute)
		if p := f.Of(gate, caller(1999)); p == nil {
			t.Error("the queue stays full")
		}
	})
}

// A connection that is over before it was looked for must not get the program that has its addresses next.
func TestAddressesUsedAgain(t *testing.T) {
	within(t, func(f *Finder, _ *machine) {
		f.Of(gate, caller(7))
		synctest.Wait()
		before, after := f.Of(gate, caller(8)), f.Of(gate, caller(8))
		pass(time.Minute)
		if pid(t, before) != 0 || pid(t, after) != 8 {
			t.Errorf("%d, %d", pid(t, before), pid(t, after))
		}
	})
}

func TestCallersAreTriedFirst(t *testing.T) {
	within(t, func(f *Finder, m *machine) {
		for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 5, 5} {
			f.Of(gate, caller(n))
			pass(time.Minute)
		}
		f.Of(gate, caller(1))
		synctest.Wait()
		if last := m.first[len(m.first)-1]; !slices.Equal(last, []int{5, 9, 8, 7, 6, 4, 3, 2}) {
			t.Errorf("first come %v", last)
		}
		if m.whole != 0 {
			t.Errorf("%d times it went on when all were found", m.whole)
		}
	})
}
