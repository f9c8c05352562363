package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// options of the runner.
type options struct {
	gateway     string
	gatewayAddr string
	gatewayPID  int
	bigLog      string
	runs        int
	quick       bool
	only        []int
}

// bench holds what the measures share.
type bench struct {
	options
	report            *report
	mock, floor, load *process
	off, full         *process // gateways without and with the log; started by the first measure that needs them
	dir               string   // of all app folders; removed at the end
}

// measure answers one or more goals of the project by their numbers.
type measure struct {
	goals []int
	run   func(*bench) error
}

// measures in their order: those of a fresh process first, the start with a big log after everything was logged.
var measures = []measure{
	{[]int{15}, (*bench).start},
	{[]int{12, 13, 16, 18}, (*bench).fresh},
	{[]int{3}, (*bench).alone},
	{[]int{1, 2, 5, 8}, (*bench).sixteen},
	{[]int{6, 7, 8}, (*bench).arriving},
	{[]int{10, 11}, (*bench).streams},
	{[]int{9}, (*bench).translated},
	{[]int{17}, (*bench).bigRequests},
	{[]int{14}, (*bench).saturated},
	{[]int{15}, (*bench).startWithBigLog},
}

func (b *bench) wanted(goal int) bool { return len(b.only) == 0 || slices.Contains(b.only, goal) }

// run measures all that is wanted. The lines of measures that did not finish are missing, and its error says why.
func (b *bench) run() error {
	if b.gatewayAddr == "" {
		if _, err := os.Stat(b.gateway); err != nil {
			return fmt.Errorf("there is no gateway to measure: %w; build the headless program first, or name it with --gateway", err)
		}
	}
	var err error
	if b.dir, err = os.MkdirTemp("", "heimdall-bench"); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer b.close()
	b.closeOnSignal()
	if err := b.startParts(); err != nil {
		return err
	}
	var failed []error
	for _, m := range measures {
		if !slices.ContainsFunc(m.goals, b.wanted) {
			continue
		}
		if err := b.mock.behave(behaviour{Answer: 1024, Chunks: 100, Interval: 5 * time.Millisecond}); err != nil {
			return err
		}
		if err := m.run(b); err != nil {
			failed = append(failed, fmt.Errorf("goals %v: %w", m.goals, err))
			b.progress("failed: " + err.Error())
		}
	}
	return errors.Join(failed...)
}

// closeOnSignal removes what was written. The processes end with this one.
func (b *bench) closeOnSignal() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stop
		os.RemoveAll(b.dir)
		os.Exit(1)
	}()
}

func (b *bench) startParts() (err error) {
	if b.mock, err = startSelf("mock", true); err != nil {
		return err
	}
	if b.floor, err = startSelf("floor", true, "--upstream", b.mock.addr); err != nil {
		return err
	}
	b.load, err = startSelf("load", false)
	return err
}

func (b *bench) close() {
	for _, p := range []*process{b.load, b.off, b.full, b.floor, b.mock} {
		p.stop()
	}
	os.RemoveAll(b.dir)
}

// start another gateway, or take the one that is there.
func (b *bench) startOne(log bool) (*process, error) {
	if b.gatewayAddr != "" {
		return &process{name: "gateway", addr: b.gatewayAddr, pid: b.gatewayPID}, nil
	}
	dir, err := b.newFolder()
	if err != nil {
		return nil, err
	}
	p, _, err := startGateway(b.gateway, b.mock.addr, dir, log)
	return p, err
}

// newFolder makes an empty app folder.
func (b *bench) newFolder() (string, error) { return os.MkdirTemp(b.dir, "app") }

// gateways starts the two that are compared, once.
func (b *bench) gateways() (err error) {
	if b.full != nil {
		return nil
	}
	if b.off, err = b.startOne(false); err != nil {
		return err
	}
	b.full, err = b.startOne(true)
	return err
}

const (
	direct    = "direct"
	floorName = "floor"
	noLog     = "gateway, no log"
	fullLog   = "gateway, full log"
)

// target gives one of the four by its name. prefix is the gateway's route of the dialect.
func (b *bench) target(name, prefix string) target {
	switch name {
	case direct:
		return target{name, b.mock, ""}
	case floorName:
		return target{name, b.floor, ""}
	case noLog:
		return target{name, b.off, prefix}
	default:
		return target{fullLog, b.full, prefix}
	}
}

// plan scales a measure to the flags.
func (b *bench) plan(warm, slice time.Duration) plan {
	if b.quick {
		warm, slice = warm/2, slice/2
	}
	return plan{warm, slice, b.runs}
}

func (b *bench) progress(what string) { fmt.Fprintln(os.Stderr, "bench:", what) }

const (
	openAI    = "/openai"
	anthropic = "/anthropic"
	model     = "gpt-4o-mini"
)

// usual is the request that most goals speak of: 4 KB to 1 KB.
func usual(do string, conns int) job {
	return job{Do: do, Dialect: chatPath, Model: model, Conns: conns, Size: 4 << 10, Answer: 1024}
}
