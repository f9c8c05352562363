package peer

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"heimdall/gateway/exchange"
)

const (
	maxWaiting = 1024 // connections; what comes on top is not looked up
	maxCallers = 8    // programs that are tried first
	rest       = 20   // times what a scan took, until the next
	holderTime = 3 * time.Second
)

// Options say how to look.
type Options struct {
	// Look looks through the machine; nil = as its operating system wants it.
	Look Look
}

// Look tells who holds the wanted sockets, until found returns false. The programs in first are tried before all others.
type Look func(ctx context.Context, wanted []Socket, first []int, found func(Socket, Program) (more bool))

// Socket is a program's end of a TCP connection. One that listens has no Remote.
type Socket struct{ Local, Remote netip.AddrPort }

// Program is what the operating system says of a process. What it does not say is empty.
type Program struct {
	PID  int
	Exe  string // path
	Args []string
	Dir  string // working directory
}

// Finder finds the programs at the other end of connections.
type Finder struct {
	look Look
	wake chan struct{} // holds one

	mu      sync.Mutex
	waiting map[Socket]*atomic.Pointer[exchange.Process]

	callers []int // the last ones, the newest first; Run's own
}

// New makes a Finder, which finds nothing before Run.
func New(o Options) *Finder {
	if o.Look == nil {
		o.Look = look
	}
	return &Finder{look: o.Look, wake: make(chan struct{}, 1), waiting: map[Socket]*atomic.Pointer[exchange.Process]{}}
}

// Of gives the place where the program will stand that has connected from remote to local; nil where remote is not on the
// loopback interface, or too many others wait. A program that cannot be found leaves its place empty.
func (f *Finder) Of(local, remote net.Addr) *atomic.Pointer[exchange.Process] {
	s := Socket{Local: plain(remote), Remote: plain(local)}
	if !s.Local.Addr().IsLoopback() {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiting) >= maxWaiting {
		return nil
	}
	place := new(atomic.Pointer[exchange.Process])
	f.waiting[s] = place // a connection that had the same addresses is over
	select {
	case f.wake <- struct{}{}:
	default:
	}
	return place
}

// plain is an address in the form that all tables share.
func plain(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return normal(t.AddrPort())
}

func normal(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// Run looks for whom Of was asked, all of them at once, until ctx ends.
func (f *Finder) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		}
		begun := time.Now()
		f.scan(ctx)
		timer := time.NewTimer(rest * time.Since(begun))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func (f *Finder) scan(ctx context.Context) {
	f.mu.Lock()
	waiting := f.waiting
	f.waiting = map[Socket]*atomic.Pointer[exchange.Process]{}
	f.mu.Unlock()
	f.look(ctx, slices.Collect(maps.Keys(waiting)), f.callers, func(s Socket, p Program) bool {
		if place := waiting[s]; place != nil {
			place.Store(p.process())
			delete(waiting, s)
		}
		f.called(p.PID)
		return len(waiting) > 0
	})
}

// called puts a program first among the callers. It makes a new list: the old one may be walked.
func (f *Finder) called(pid int) {
	if len(f.callers) > 0 && f.callers[0] == pid {
		return
	}
	others := slices.DeleteFunc(slices.Clone(f.callers), func(other int) bool { return other == pid })
	f.callers = append([]int{pid}, others[:min(len(others), maxCallers-1)]...)
}

func (p Program) process() *exchange.Process {
	return &exchange.Process{PID: p.PID, Name: p.name(), Dir: p.Dir}
}

// Holder is the program that listens on a port, nil where the operating system does not tell this user.
func Holder(port int) (holder *exchange.Process) {
	ctx, cancel := context.WithTimeout(context.Background(), holderTime)
	defer cancel()
	listens := func(s Socket) bool { return !s.Remote.IsValid() && int(s.Local.Port()) == port }
	owners(ctx, listens, nil, func(_ Socket, p Program) bool {
		holder = p.process()
		return false
	})
	return holder
}
