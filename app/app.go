package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"heimdall/gateway"
	"heimdall/keychain"
)

// Version is set by the linker.
var Version = "dev"

// drainLimit is how long requests in flight may take to end when the app quits.
const drainLimit = 5 * time.Second

// settled is how long it takes until all that a start or the end of a window sets off has been done.
const settled = 4 * time.Second

// keychainService is the name under which the operating system's keychain files our items.
const keychainService = "heimdall"

// Server is the gateway's life cycle.
type Server interface {
	Start(ctx context.Context) error
	Address() string
	Failed() <-chan error
	Close(ctx context.Context) error
}

// Control is what the window and the tray need of the gateway.
type Control interface {
	Control() (addr, token string)
	NewCode() string
	WindowStreams() int
	WindowIdle() time.Duration
}

// Gateway is what the app needs of the gateway.
type Gateway interface {
	Server
	Control
}

// Program is what main knows.
type Program struct {
	Page     fs.FS // the built page, maybe empty
	Keychain func(keychain.Options) (keychain.Store, keychain.Choice, error)
	Gateway  func(gateway.Options) (Gateway, error)
}

func describe() string {
	return fmt.Sprintf("heimdall %s (%s/%s, %s)", Version, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// App is one running process.
type App struct {
	Program
	cmd   Command
	log   *slog.Logger
	style string
	dir   string
	keys  keychain.Choice
	gw    Gateway
	shell *shell
	quit  context.CancelFunc
}

// run does what the command says until a signal or the user ends it.
func (p Program) run(cmd Command) error {
	// The first signal ends in good order; the second one at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	ctx, quit := context.WithCancel(ctx)
	defer quit()

	dir, err := openFolder(cmd.Flags.AppDir)
	if err != nil {
		return err
	}
	style := chooseStyle(cmd.Flags.LogStyle, os.Stderr)
	a := &App{Program: p, cmd: cmd, dir: dir, style: style, log: newLog(os.Stderr, cmd.Flags.LogLevel, style), quit: quit}
	if cmd.Name == "serve" {
		return a.serve(ctx)
	}
	return desktop(ctx, a)
}

// serve runs the gateway alone.
func (a *App) serve(ctx context.Context) error {
	release, err := hold(ctx, a.dir, refuseSecond)
	if err != nil {
		return err
	}
	defer release()
	if err := a.start(ctx, false); err != nil {
		return err
	}
	return a.stop(a.wait(ctx))
}

// start builds and starts the gateway and tells the next launch where it is.
func (a *App) start(ctx context.Context, desktop bool) error {
	store, choice, err := a.Keychain(keychain.Options{Dir: a.dir, Service: keychainService, Env: os.Getenv})
	if err != nil {
		return fmt.Errorf("open the keychain: %w", err)
	}
	a.keys = choice
	page, built := Page(a.Page)
	if !built {
		a.log.Warn("this program was built without its page; the API works all the same")
	}
	o := gateway.Options{
		AppDir: a.dir, ConfigFile: a.cmd.Flags.Config, Version: Version, UI: page, Log: a.log,
		Secrets: store, Keychain: choice.Kind, KeychainDetail: choice.Detail,
		Fixed: a.cmd.Fixed, Cassette: a.cmd.Cassette, Desktop: desktop, Env: os.Getenv,
	}
	if desktop {
		a.shell = newShell(a)
		o.Shell = a.shell.rows()
	}
	if a.gw, err = a.Program.Gateway(o); err != nil {
		return err
	}
	if err := a.gw.Start(ctx); err != nil {
		return a.stop(err)
	}
	me := instance{PID: os.Getpid(), Address: a.gw.Address()}
	if desktop {
		me.Control, me.Token = a.gw.Control()
	}
	if err := me.publish(a.dir); err != nil {
		return a.stop(err)
	}
	a.announce()
	time.AfterFunc(settled, shrink)
	return nil
}

// announce prints where the gateway is and where keys are kept.
func (a *App) announce() {
	if chooseStyle(a.cmd.Flags.LogStyle, os.Stdout) == stylePretty {
		fmt.Printf("\n  Heimdall %s\n  %s\n  %s\n\n", Version, a.gw.Address(), a.keys.Detail)
		return
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"event": "started", "url": a.gw.Address(), "keychain": a.keys.Kind, "keychain_detail": a.keys.Detail,
		"version": Version, "pid": os.Getpid(),
	})
}

// wait returns when the app is to end: nil where somebody asked for it.
func (a *App) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.gw.Failed():
		return err
	}
}

// stop closes the gateway and returns why it had to, or what went wrong meanwhile.
func (a *App) stop(why error) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainLimit)
	defer cancel()
	if err := a.gw.Close(ctx); err != nil && why == nil {
		return fmt.Errorf("close the gateway: %w", err)
	}
	return why
}
