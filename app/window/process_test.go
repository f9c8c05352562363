package window

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"
)

// TestMain plays the window's program when the test starts itself as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == Flag {
		playWindow()
		return
	}
	os.Exit(m.Run())
}

func playWindow() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Scan()
	var hello Hello
	if json.Unmarshal(lines.Bytes(), &hello) != nil || hello.Code != "the-code" || os.Getenv("GIVEN") != "yes" {
		os.Exit(3)
	}
	fmt.Println("something a library prints")
	fmt.Println(cueShown)
	for lines.Scan() {
		if lines.Text() == cueShow {
			fmt.Println(cueShown)
			fmt.Println(cueHidden)
		}
	}
}

func TestLaunch(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := Program{Path: self, Env: []string{"GIVEN=yes"}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	heard := make(chan string, 10)
	exits := make(chan error, 1)
	start := func() Process {
		p, err := program.Launch(Hello{Address: "127.0.0.1:1", Code: "the-code"}, Events{
			Shown:  func() { heard <- cueShown },
			Hidden: func() { heard <- cueHidden },
			Exited: func(err error) { exits <- err },
		})
		if err != nil {
			t.Fatal(err)
		}
		want(t, heard, cueShown)
		return p
	}

	p := start()
	if err := p.Show(); err != nil {
		t.Fatal(err)
	}
	want(t, heard, cueShown)
	want(t, heard, cueHidden)
	p.Close()
	if err := <-exits; err != nil {
		t.Errorf("the end of the input must end it in good order: %v", err)
	}

	start().Kill()
	if err := <-exits; err == nil {
		t.Error("a killed window must not look like one that fell asleep")
	}
}

func TestLaunchOfNothing(t *testing.T) {
	program := Program{Path: "/nonexistent/heimdall-window", Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if _, err := program.Launch(Hello{}, Events{}); err == nil {
		t.Error("there is no such program")
	}
}

func want(t *testing.T, heard <-chan string, cue string) {
	t.Helper()
	select {
	case got := <-heard:
		if got != cue {
			t.Fatalf("heard %q, want %q", got, cue)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("never heard %q", cue)
	}
}
