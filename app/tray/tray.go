//go:build tray

package tray

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/getlantern/systray"

	"heimdall/app/control"
	"heimdall/gateway/admin"
)

// callLimit bounds one request of a click.
const callLimit = 20 * time.Second

// connecting is shown until the first event and whenever the control listener does not answer.
var connecting = view{picture: pictureStarting, state: "Connecting…", toggle: "Start gateway"}

// Options is what the tray must be told.
type Options struct {
	Control *control.Client
	Dir     string // a private folder for the icon that is shown
	Log     *slog.Logger
}

// Run shows the icon until ctx is done. It must be called on the main thread, and only where Display said yes.
func Run(ctx context.Context, o Options) error {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return fmt.Errorf("make the folder for the tray icon: %w", err)
	}
	Sweep(o.Dir)
	defer Sweep(o.Dir)
	// The library writes the icon that it shows into a file below TMPDIR, and a panel reads it from there.
	if err := os.Setenv("TMPDIR", o.Dir); err != nil {
		return fmt.Errorf("set TMPDIR: %w", err)
	}
	systray.Run(func() { newMenu(o).run(ctx) }, nil)
	return nil
}

// Sweep removes the icon files that a killed process left in dir.
func Sweep(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, "systray_*"))
	for _, f := range left {
		os.Remove(f)
	}
}

// menu is the tray's menu. Its fields belong to the goroutine that runs it.
type menu struct {
	Options
	now                               view
	state, spending                   *systray.MenuItem
	toggle, pause, copy, window, quit *systray.MenuItem
}

func newMenu(o Options) *menu {
	m := &menu{Options: o}
	systray.SetTooltip("Heimdall")
	m.state = systray.AddMenuItem("", "")
	m.state.Disable()
	m.spending = systray.AddMenuItem("", "")
	m.spending.Disable()
	m.spending.Hide()
	m.toggle = systray.AddMenuItem("", "")
	m.pause = systray.AddMenuItem("Pause all calls", "")
	m.pause.Disable()
	m.copy = systray.AddMenuItem("Copy endpoint", "")
	systray.AddSeparator()
	m.window = systray.AddMenuItem("Open window", "")
	systray.AddSeparator()
	m.quit = systray.AddMenuItem("Quit", "")
	m.show(connecting)
	return m
}

// run shows states and serves clicks until ctx is done, then ends the tray. The library drops a click that nobody
// waits for, so all work happens in goroutines of its own.
func (m *menu) run(ctx context.Context) {
	defer systray.Quit()
	views := make(chan view)
	send := func(v view) {
		select {
		case views <- v:
		case <-ctx.Done():
		}
	}
	var gateway admin.Gateway
	var spending *admin.KillSwitch
	go m.Control.Watch(ctx,
		func(f admin.Frame) {
			switch {
			case f.Gateway != nil:
				gateway = *f.Gateway
			case f.Spending != nil:
				spending = f.Spending
			default:
				return
			}
			send(render(gateway, spending))
		},
		func(err error) {
			m.Log.Debug("the tray lost its event stream", "error", err)
			send(connecting)
		})
	for {
		select {
		case <-ctx.Done():
			return
		case v := <-views:
			m.show(v)
		case <-m.toggle.ClickedCh:
			m.flip(ctx)
		case <-m.pause.ClickedCh:
			m.flipPause(ctx)
		case <-m.copy.ClickedCh:
			go m.copyEndpoint(m.now.endpoint)
		case <-m.window.ClickedCh:
			go m.ask(ctx, "open the window", m.Control.Show)
		case <-m.quit.ClickedCh:
			go m.ask(ctx, "quit", m.Control.Quit)
		}
	}
}

func (m *menu) flip(ctx context.Context) {
	switch m.now.toggles {
	case actionStart:
		go m.ask(ctx, "start the gateway", m.Control.StartGateway)
	case actionStop:
		go m.ask(ctx, "stop the gateway", m.Control.StopGateway)
	}
}

func (m *menu) flipPause(ctx context.Context) {
	paused := !m.now.paused
	go m.ask(ctx, "flip the kill switch", func(ctx context.Context) error { return m.Control.Pause(ctx, paused) })
}

// ask sends one request. What became of it arrives as an event; a failure has nowhere to be shown but the log.
func (m *menu) ask(ctx context.Context, what string, call func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if err := call(ctx); err != nil {
		m.Log.Warn("the tray could not "+what, "error", err)
	}
}

func (m *menu) copyEndpoint(address string) {
	if err := copyText(address); err != nil {
		m.Log.Warn("the tray could not copy the endpoint", "error", err)
	}
}

func (m *menu) show(v view) {
	if m.now == v {
		return
	}
	if m.now.picture != v.picture {
		setIcon(v.picture)
	}
	m.now = v
	m.state.SetTitle(v.state)
	m.toggle.SetTitle(v.toggle)
	able(m.toggle, v.canFlip)
	able(m.pause, v.pause != "")
	if v.pause != "" {
		m.pause.SetTitle(v.pause)
	}
	m.spending.SetTitle(v.spending)
	if v.spending == "" {
		m.spending.Hide()
	} else {
		m.spending.Show()
	}
	able(m.copy, v.endpoint != "")
}

func able(item *systray.MenuItem, on bool) {
	if on {
		item.Enable()
	} else {
		item.Disable()
	}
}
