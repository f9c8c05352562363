package window

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
)

// Program is where the window's program is and with what environment it runs.
type Program struct {
	Path string
	Env  []string
	Log  *slog.Logger
}

// Launch starts the program and hands the hello over by pipe.
func (p Program) Launch(hello Hello, on Events) (Process, error) {
	line, err := json.Marshal(hello)
	if err != nil {
		return nil, fmt.Errorf("write the window's hello: %w", err)
	}
	cmd := exec.Command(p.Path, Flag)
	cmd.Env = p.Env
	isolate(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make the window's input: %w", err)
	}
	// Pipes of our own: WebKit's processes inherit the far ends, and Wait would wait for those too.
	out, err := listen(&cmd.Stdout, func(l string) { heard(l, on) })
	if err != nil {
		return nil, err
	}
	defer out.Close()
	errs, err := listen(&cmd.Stderr, func(l string) { p.Log.Debug("the window says", "line", l) })
	if err != nil {
		return nil, err
	}
	defer errs.Close()

	started := make(chan error)
	go func() {
		// The kernel ends the window with the *thread* that started it, so that thread must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		on.Exited(cmd.Wait())
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start the window's program: %w", err)
	}
	proc := &process{in: in, kill: cmd.Process.Kill}
	if err := proc.write(string(line)); err != nil {
		p.Log.Debug("the window ended at once", "error", err) // Exited says so too
	}
	return proc, nil
}

func heard(line string, on Events) {
	switch line {
	case cueShown:
		on.Shown()
	case cueHidden:
		on.Hidden()
	}
}

// listen gives the program a pipe to write to and calls each for every line of it. The returned end is to be closed
// once the program has it.
func listen(stream *io.Writer, each func(string)) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe for the window: %w", err)
	}
	*stream = w
	go func() {
		defer r.Close()
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			each(strings.TrimSpace(lines.Text()))
		}
	}()
	return w, nil
}

type process struct {
	mu   sync.Mutex
	in   io.WriteCloser
	kill func() error
}

func (p *process) Show() error { return p.write(cueShow) }

func (p *process) Close() { p.in.Close() }

func (p *process) Kill() { p.kill() }

func (p *process) write(line string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := io.WriteString(p.in, line+"\n")
	return err
}
