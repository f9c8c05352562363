//go:build !linux

package peer

import (
	"context"
	"net/netip"

	"github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"
)

func look(ctx context.Context, wanted []Socket, first []int, found func(Socket, Program) bool) {
	among := map[Socket]bool{}
	for _, s := range wanted {
		among[s] = true
	}
	owners(ctx, func(s Socket) bool { return among[s] }, first, found)
}

// owners asks the operating system for all sockets at once; it says whose they are.
func owners(ctx context.Context, wanted func(Socket) bool, _ []int, found func(Socket, Program) bool) {
	ctx, cancel := context.WithTimeout(ctx, holderTime)
	defer cancel()
	all, err := net.ConnectionsWithContext(ctx, "tcp")
	if err != nil {
		return
	}
	for _, c := range all {
		s := Socket{Local: address(c.Laddr), Remote: address(c.Raddr)}
		if c.Status == "LISTEN" {
			s.Remote = netip.AddrPort{}
		}
		if c.Pid <= 0 || !wanted(s) {
			continue
		}
		if !found(s, describe(ctx, c.Pid)) {
			return
		}
	}
}

// address reads an address. One that stands for all of the machine's may have no number.
func address(a net.Addr) netip.AddrPort {
	ip, err := netip.ParseAddr(a.IP)
	if err != nil {
		ip = netip.IPv4Unspecified()
	}
	return normal(netip.AddrPortFrom(ip, uint16(a.Port)))
}

func describe(ctx context.Context, pid int32) Program {
	of := process.Process{Pid: pid}
	p := Program{PID: int(pid)}
	p.Exe, _ = of.ExeWithContext(ctx)
	p.Args, _ = of.CmdlineSliceWithContext(ctx)
	p.Dir, _ = of.CwdWithContext(ctx)
	return p
}
