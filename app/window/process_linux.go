package window

import (
	"os/exec"
	"syscall"
)

// isolate keeps a terminal's Ctrl+C from the window, which is ended by the end of its input, and lets the kernel end
// it with us.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
