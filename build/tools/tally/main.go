// Command tally runs one step of the checks and counts its tests, so that the last line of a run can say how many
// passed and failed.
//
//	tally run NAME COMMAND [ARG…]   runs a step; its tests are counted where its output is known, else it counts as one
//	tally report                    prints "N passed, N failed" for the steps since the last reset
//	tally reset                     starts anew
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const file = "build/cache/tally"

func main() {
	if err := run(os.Args[1:]); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "reset":
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		return os.WriteFile(file, nil, 0o644)
	case len(args) == 1 && args[0] == "report":
		return report()
	case len(args) > 2 && args[0] == "run":
		return step(args[1], args[2:])
	}
	return errors.New("usage: tally run NAME COMMAND… | report | reset")
}

// step runs a command, shows what is worth reading of its output, and notes its count.
func step(name string, command []string) error {
	began := time.Now()
	cmd := exec.Command(command[0], command[1:]...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	c := counter{output: map[string][]string{}}
	c.read(out)
	err = cmd.Wait()
	if c.passed+c.failed == 0 {
		if err == nil {
			c.passed = 1
		} else {
			c.failed = 1
		}
	} else if err != nil && c.failed == 0 {
		c.failed = 1
	}
	fmt.Printf("== %s: %d passed, %d failed (%s)\n", name, c.passed, c.failed, time.Since(began).Round(time.Second))
	if noteErr := note(c.passed, c.failed); noteErr != nil {
		return noteErr
	}
	return err
}

func note(passed, failed int) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = fmt.Fprintf(f, "%d %d\n", passed, failed)
	return err
}

func report() error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	passed, failed := 0, 0
	for line := range strings.Lines(string(b)) {
		var p, f int
		if _, err := fmt.Sscanf(line, "%d %d", &p, &f); err != nil {
			return err
		}
		passed, failed = passed+p, failed+f
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	return nil
}

// counter reads the outputs of go test -json, of node's test runner and of vitest. Of go test it shows only what
// failed and a line for each package.
type counter struct {
	passed, failed int
	output         map[string][]string // of running Go tests
}

var (
	nodeLine   = regexp.MustCompile(`^(?:#|ℹ) (pass|fail) (\d+)$`)
	vitestLine = regexp.MustCompile(`^\s*Tests\s+(?:(\d+) failed \| )?(?:(\d+) passed)?`)
	colour     = regexp.MustCompile("\x1b\\[[0-9;]*m")
)

func (c *counter) read(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 1<<20), 64<<20)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, `{"`) && c.event(line) {
			continue
		}
		fmt.Println(line)
		plain := colour.ReplaceAllString(line, "")
		if m := nodeLine.FindStringSubmatch(plain); m != nil {
			c.add(m[1] == "pass", m[2])
		} else if m := vitestLine.FindStringSubmatch(plain); m != nil {
			c.add(false, m[1])
			c.add(true, m[2])
		}
	}
}

func (c *counter) add(pass bool, number string) {
	n, err := strconv.Atoi(number)
	if err != nil {
		return
	}
	if pass {
		c.passed += n
	} else {
		c.failed += n
	}
}

// event takes one line of go test -json.
func (c *counter) event(line string) bool {
	var e struct{ Action, Package, Test, Output, ImportPath string }
	if err := json.Unmarshal([]byte(line), &e); err != nil || e.Action == "" {
		return false
	}
	key := e.Package + e.ImportPath + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		c.output[key] = append(c.output[key], e.Output)
	case "pass", "skip", "fail", "build-fail":
		if e.Test != "" && e.Action == "pass" {
			c.passed++
		}
		if e.Test != "" && e.Action == "fail" {
			c.failed++
		}
		if strings.HasSuffix(e.Action, "fail") || e.Test == "" {
			c.show(c.output[key], strings.HasSuffix(e.Action, "fail"))
		}
		delete(c.output, key)
	}
	return true
}

func (c *counter) show(lines []string, all bool) {
	for _, l := range lines {
		if all || strings.HasPrefix(l, "ok ") || strings.HasPrefix(l, "FAIL") {
			fmt.Print(l)
		}
	}
}
