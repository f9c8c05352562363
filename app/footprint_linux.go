package app

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// shrink gives back what the process does not need at rest: free memory, and the pages of its own program. Most of those
// were read once, at the start; what is needed again comes back from the system's cache.
func shrink() {
	debug.FreeOSMemory()
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer maps.Close()
	own, err := os.Executable()
	if err != nil {
		return
	}
	var m mapping
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) >= 5 && strings.Contains(fields[0], "-"):
			m = newMapping(fields, own)
		case len(fields) == 3 && fields[0] == "Anonymous:" && fields[1] == "0" && m.program:
			// Not writable, and no page of it is a copy of our own: there is nothing to lose.
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED)
		}
	}
}

// mapping is a piece of the address space. program is true where it is a part of the program's file that nobody writes to.
type mapping struct {
	from, to uintptr
	program  bool
}

// newMapping reads the first line of a mapping: addresses, rights, offset, device, inode and file.
func newMapping(fields []string, program string) (m mapping) {
	begin, end, _ := strings.Cut(fields[0], "-")
	from, err := strconv.ParseUint(begin, 16, 64)
	if err != nil {
		return m
	}
	to, err := strconv.ParseUint(end, 16, 64)
	if err != nil || to <= from {
		return m
	}
	m.from, m.to = uintptr(from), uintptr(to)
	m.program = len(fields) == 6 && fields[5] == program && fields[1][1] == '-'
	return m
}
