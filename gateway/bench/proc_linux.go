package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what a process and its descendants used since they started and hold now.
type usage struct {
	CPU time.Duration
	RSS int64 // bytes
}

// tick is the unit of CPU times in /proc, the same on every Linux.
const tick = time.Second / 100

func usageOf(pid int) (usage, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return usage{}, fmt.Errorf("read what process %d uses: %w", pid, err)
	}
	// The fields after the name, which is in brackets and may hold anything: state is 3, utime to cstime 14 to 17,
	// rss (in pages) 24.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(fields[i-3], 10, 64)
		return n
	}
	u := usage{
		CPU: time.Duration(number(14)+number(15)+number(16)+number(17)) * tick,
		RSS: number(24) * int64(os.Getpagesize()),
	}
	lists, _ := filepath.Glob(filepath.Join(dir, "task", "*", "children"))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, child := range strings.Fields(string(text)) {
			id, _ := strconv.Atoi(child)
			if c, err := usageOf(id); err == nil { // else it ended meanwhile
				u.CPU += c.CPU
				u.RSS += c.RSS
			}
		}
	}
	return u, nil
}

// endWithUs makes a child end when the thread that starts it does: main keeps its thread for as long as it runs.
func endWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
