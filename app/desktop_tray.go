//go:build tray

package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"heimdall/app/control"
	"heimdall/app/tray"
	"heimdall/app/window"
)

const (
	// runName is the folder, inside the app folder, of what lives only as long as the process.
	runName     = "run"
	windowLimit = 2 * time.Second // for the window to end when the app quits
	themeLimit  = 500 * time.Millisecond
)

// desktop opens the app.
var desktop = open

func open(ctx context.Context, a *App) error {
	release, err := hold(ctx, a.dir, showFirst(ctx, a.cmd.Hidden))
	if err != nil {
		return err
	}
	defer release()
	environment := childEnvironment(os.Environ()) // before the tray changes it
	if err := a.start(ctx, true); err != nil {
		return err
	}
	return a.stop(a.draw(ctx, environment))
}

// draw shows tray and window until the app is to end. The gateway serves already, whatever happens here.
func (a *App) draw(ctx context.Context, environment []string) error {
	if !tray.Display() {
		a.log.Warn("there is no display: no tray, no window; open the page in a browser", "url", a.gw.Address())
		return a.wait(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer cancel()
		return a.wait(ctx)
	})

	supervisor := a.supervisor(environment)
	a.shell.use(supervisor.Open, environment)
	if !a.cmd.Hidden || !tray.HostPresent() {
		supervisor.Open()
	}
	addr, token := a.gw.Control()
	drawn := tray.Run(ctx, tray.Options{Control: control.New(addr, token), Dir: filepath.Join(a.dir, runName), Log: a.log})
	cancel()
	end, stop := context.WithTimeout(context.Background(), windowLimit)
	defer stop()
	supervisor.Shutdown(end)
	a.shell.sweep()
	if err := group.Wait(); err != nil {
		return err
	}
	return drawn
}

func (a *App) supervisor(environment []string) *window.Supervisor {
	addr, token := a.gw.Control()
	theme := control.New(addr, token)
	o := window.Options{
		Launch: func(hello window.Hello, on window.Events) (window.Process, error) {
			path, err := window.Find()
			if err != nil {
				return nil, err
			}
			exited := on.Exited
			on.Exited = func(err error) {
				exited(err)
				time.AfterFunc(settled, shrink) // an app without a window is to be small
			}
			return window.Program{Path: path, Env: environment, Log: a.log}.Launch(hello, on)
		},
		Hello: func() window.Hello {
			ctx, cancel := context.WithTimeout(context.Background(), themeLimit)
			defer cancel()
			chosen, err := theme.Theme(ctx)
			if err != nil {
				a.log.Debug("the window starts without the theme", "error", err)
			}
			return window.Hello{Address: addr, Code: a.gw.NewCode(), Idle: a.gw.WindowIdle(), Theme: chosen}
		},
		Browser: func() {
			if err := a.shell.browse(context.Background()); err != nil {
				a.log.Warn("the page could not be opened in a browser", "error", err)
			}
		},
		Closed: func() {
			if !tray.HostPresent() {
				a.quit() // nothing would be left to open the window with
			}
		},
		Log: a.log,
	}
	if _, built := Page(a.Page); built {
		o.Streams = a.gw.WindowStreams
	}
	return window.NewSupervisor(o)
}

// childEnvironment is ours without what a window or a browser has no business to know.
func childEnvironment(ours []string) []string {
	var out []string
	for _, pair := range ours {
		name, _, _ := strings.Cut(pair, "=")
		if !private(strings.ToUpper(name)) {
			out = append(out, pair)
		}
	}
	return out
}

func private(name string) bool {
	if strings.HasPrefix(name, "HEIMDALL_") {
		return true
	}
	for _, word := range []string{"_KEY", "TOKEN", "SECRET", "PASS"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
