package peer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// look asks the kernel for each of the sockets, which takes microseconds, and reads its tables of all where it does not
// answer.
func look(ctx context.Context, wanted []Socket, first []int, found func(Socket, Program) bool) {
	inodes, err := diagnose(wanted)
	if err != nil {
		among := map[Socket]bool{}
		for _, s := range wanted {
			among[s] = true
		}
		owners(ctx, func(s Socket) bool { return among[s] }, first, found)
		return
	}
	holders(ctx, inodes, first, found)
}

// owners tells who has those open of all sockets that are wanted.
func owners(ctx context.Context, wanted func(Socket) bool, first []int, found func(Socket, Program) bool) {
	inodes := map[uint64]Socket{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if data, err := os.ReadFile(table); err == nil {
			sockets(data, wanted, inodes)
		}
	}
	holders(ctx, inodes, first, found)
}

// holders tells who has sockets open: first those that called before, then others from the newest on, for a caller is
// often younger than what else runs. This process comes last: it has most sockets, and seldom calls itself.
func holders(ctx context.Context, inodes map[uint64]Socket, first []int, found func(Socket, Program) bool) {
	if len(inodes) == 0 {
		return
	}
	for _, pid := range first {
		if !search(pid, inodes, found) {
			return
		}
	}
	for _, pid := range others(first) {
		if ctx.Err() != nil || !search(pid, inodes, found) {
			return
		}
	}
}

// listening is the state of a socket that listens.
const listening = "0A"

// sockets reads one of the kernel's tables: of the lines, the columns 1, 2, 3 and 9 are the addresses, the state and the
// inode, which is 0 where no program has the socket any more.
func sockets(table []byte, wanted func(Socket) bool, inodes map[uint64]Socket) {
	lines := bufio.NewScanner(bytes.NewReader(table))
	for lines.Scan() {
		var s Socket
		var local, remote, state bool
		column := 0
		for field := range bytes.FieldsSeq(lines.Bytes()) {
			switch column {
			case 1:
				s.Local, local = address(field)
			case 2:
				s.Remote, remote = address(field)
			case 3:
				state = true
				if string(field) == listening {
					s.Remote = netip.AddrPort{}
				}
			case 9:
				inode, _ := strconv.ParseUint(string(field), 10, 64)
				if local && remote && state && inode != 0 && wanted(s) {
					inodes[inode] = s
				}
			}
			column++
		}
	}
}

// address reads an address as the kernel writes it: the words of the IP address as numbers of this machine, then the
// port, in hexadecimal digits.
func address(field []byte) (netip.AddrPort, bool) {
	ip, port, ok := bytes.Cut(field, []byte(":"))
	if !ok || len(ip) != 8 && len(ip) != 32 {
		return netip.AddrPort{}, false
	}
	var b [16]byte
	for i := 0; i < len(ip); i += 8 {
		word, err := strconv.ParseUint(string(ip[i:i+8]), 16, 32)
		if err != nil {
			return netip.AddrPort{}, false
		}
		binary.NativeEndian.PutUint32(b[i/2:], uint32(word))
	}
	n, err := strconv.ParseUint(string(port), 16, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	a, _ := netip.AddrFromSlice(b[:len(ip)/2])
	return normal(netip.AddrPortFrom(a, uint16(n))), true
}

// others are the processes that are not among the first, in the order in which they are searched.
func others(first []int) []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	own := os.Getpid()
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil && pid != own && !slices.Contains(first, pid) {
			pids = append(pids, pid)
		}
	}
	slices.SortFunc(pids, func(a, b int) int { return b - a })
	if slices.Contains(first, own) {
		return pids
	}
	return append(pids, own)
}

// search looks for the sockets among what a process has open, and reports whether the search goes on. All is read
// through the folder of the process, which is empty once it has ended, whoever gets its number.
func search(pid int, inodes map[uint64]Socket, found func(Socket, Program) bool) bool {
	folder, err := unix.Open("/proc/"+strconv.Itoa(pid), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return true
	}
	defer unix.Close(folder)
	fd, err := unix.Openat(folder, "fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return true // another user's
	}
	open := os.NewFile(uintptr(fd), "fd")
	defer open.Close()
	names, _ := open.Readdirnames(-1)
	var of *Program
	for _, name := range names {
		inode, ok := inodeOf(fd, name)
		if !ok {
			continue
		}
		s, ok := inodes[inode]
		if !ok {
			continue
		}
		delete(inodes, inode)
		if of == nil {
			of = describe(pid, folder)
		}
		if !found(s, *of) {
			return false
		}
	}
	return len(inodes) > 0
}

// inodeOf is the socket that a descriptor stands for.
func inodeOf(dir int, name string) (uint64, bool) {
	var buf [64]byte
	n, err := unix.Readlinkat(dir, name, buf[:])
	if err != nil || n == len(buf) {
		return 0, false
	}
	digits, ok := bytes.CutPrefix(buf[:n], []byte("socket:["))
	if !ok {
		return 0, false
	}
	inode, err := strconv.ParseUint(string(bytes.TrimSuffix(digits, []byte("]"))), 10, 64)
	return inode, err == nil
}

// describe reads what /proc says of a process, through its folder.
func describe(pid, folder int) *Program {
	p := &Program{PID: pid, Exe: link(folder, "exe"), Dir: link(folder, "cwd")}
	if fd, err := unix.Openat(folder, "cmdline", unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
		f := os.NewFile(uintptr(fd), "cmdline")
		defer f.Close()
		buf := make([]byte, cmdlineLimit)
		n, _ := f.Read(buf)
		p.Args = strings.Split(strings.TrimRight(string(buf[:n]), "\x00"), "\x00")
	}
	return p
}

// cmdlineLimit is as much as is read of the arguments: the name is near their beginning.
const cmdlineLimit = 4 << 10

func link(dir int, name string) string {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(dir, name, buf)
	if err != nil {
		return ""
	}
	return string(buf[:n])
}
