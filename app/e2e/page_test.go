//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// pageLimit is how long the window may take to show something, from a cold start.
const pageLimit = 30 * time.Second

// page is what the window shows, as a screen reader has it.
type page struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

type pageItem struct{ Role, Name, Text string }

func newPage(w *world) (*page, error) {
	cmd := exec.Command("/usr/bin/python3", "-W", "ignore", "testdata/page.py")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := w.start(cmd); err != nil {
		return nil, err
	}
	p := &page{in: in, out: bufio.NewReader(out)}
	if _, err := p.read(); err != nil {
		return nil, fmt.Errorf("read the screen (apt-get install python3-gi gir1.2-atspi-2.0 at-spi2-core): %w", err)
	}
	return p, nil
}

func (p *page) ask(order, answer any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := json.NewEncoder(p.in).Encode(order); err != nil {
		return err
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, answer)
}

func (p *page) read() ([]pageItem, error) {
	var answer struct{ Items []pageItem }
	err := p.ask(map[string]string{"op": "read"}, &answer)
	return answer.Items, err
}

// shows says nil where some item's name or text contains all the words.
func (p *page) shows(words ...string) error {
	items, err := p.read()
	if err != nil {
		return err
	}
	for _, i := range items {
		if containsAll(i.Name, words) || containsAll(i.Text, words) {
			return nil
		}
	}
	return fmt.Errorf("the window does not show %q; it shows:\n%s", words, transcript(items))
}

// button says nil where there is one with the name.
func (p *page) button(name string) error {
	items, err := p.read()
	if err != nil {
		return err
	}
	for _, i := range items {
		if strings.HasSuffix(i.Role, "button") && i.Name == name {
			return nil
		}
	}
	return fmt.Errorf("the window has no button %q; it shows:\n%s", name, transcript(items))
}

func (p *page) press(t *testing.T, name string) {
	t.Helper()
	eventually(t, pageLimit, "press "+name, func() error {
		var answer struct{ Pressed bool }
		if err := p.ask(map[string]string{"op": "press", "role": "button", "name": name}, &answer); err != nil {
			return err
		}
		if !answer.Pressed {
			return fmt.Errorf("there is no button %q to press", name)
		}
		return nil
	})
}

func containsAll(s string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

func transcript(items []pageItem) string {
	var b strings.Builder
	for _, i := range items {
		if i.Name != "" || i.Text != "" {
			fmt.Fprintf(&b, "  %s %q %q\n", i.Role, i.Name, i.Text)
		}
	}
	return b.String()
}
