package app

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"heimdall/gateway"
)

// Flags are what every command takes. A flag wins over its environment variable, and both win over file and store.
type Flags struct {
	Host     string `help:"Address to listen on (127.0.0.1 when nothing else says so)." env:"HEIMDALL_HOST" placeholder:"ADDRESS"`
	Port     *int   `help:"Port to listen on (8080 when nothing else says so)." env:"HEIMDALL_PORT" placeholder:"PORT"`
	AppDir   string `help:"Folder for settings and logs (in your config folder when not set)." env:"HEIMDALL_APP_DIR" type:"path" placeholder:"DIR"`
	Config   string `help:"Configuration file (config.json in the app folder when not set)." env:"HEIMDALL_CONFIG" type:"path" placeholder:"FILE"`
	LogLevel string `help:"How much to log: debug, info, warn or error." env:"HEIMDALL_LOG_LEVEL" enum:"debug,info,warn,error" default:"info"`
	LogStyle string `help:"How to log: json or pretty (pretty on a terminal, else json)." env:"HEIMDALL_LOG_STYLE" enum:",json,pretty" default:""`
}

type openFlags struct {
	Hidden bool `help:"Start in the tray, without a window." env:"HEIMDALL_HIDDEN"`
}

type serveFlags struct {
	Cassette      string  `help:"Answer every call of a model from this folder of recordings, and reach no provider." type:"path" placeholder:"DIR"`
	CassetteSpeed float64 `help:"How fast recordings play: 1 = as recorded, 2 = twice as fast, 0 = at once." default:"1" placeholder:"FACTOR"`
}

type desktopCLI struct {
	Flags   `embed:""`
	Open    openFlags  `cmd:"" default:"withargs" help:"Open the app: the gateway, its tray icon and its window. This is what happens without a command."`
	Serve   serveFlags `cmd:"" help:"Run the gateway alone, with its page in the browser."`
	Import  Import     `cmd:"" help:"Take the configuration of another tool over."`
	Version struct{}   `cmd:"" help:"Print the version."`
}

type headlessCLI struct {
	Flags   `embed:""`
	Serve   serveFlags `cmd:"" default:"withargs" help:"Run the gateway, with its page in the browser. This is what happens without a command."`
	Import  Import     `cmd:"" help:"Take the configuration of another tool over."`
	Version struct{}   `cmd:"" help:"Print the version."`
}

// Command is a command line, read.
type Command struct {
	Name     string // open, serve, import or version
	Hidden   bool
	Cassette gateway.Cassette
	Import   Import
	Flags    Flags
	Fixed    gateway.Fixed
}

// ParseCommand reads a command line and the environment. --help prints to out and ends the process.
func ParseCommand(args []string, desktop bool, out io.Writer) (Command, error) {
	var with desktopCLI
	var without headlessCLI
	name, grammar := "heimdall-headless", any(&without)
	if desktop {
		name, grammar = "heimdall", &with
	}
	parser, err := kong.New(grammar, kong.Name(name), kong.Description("A local gateway for language models."),
		kong.Writers(out, out), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return Command{}, fmt.Errorf("build the command line: %w", err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return Command{}, err
	}
	c := Command{Name: parsed.Selected().Name, Flags: without.Flags, Import: without.Import}
	serve := without.Serve
	if desktop {
		c.Flags, c.Hidden, c.Import = with.Flags, with.Open.Hidden, with.Import
		serve = with.Serve
	}
	if serve.CassetteSpeed < 0 {
		return Command{}, fmt.Errorf("--cassette-speed must not be negative, not %v: 1 = as recorded, 2 = twice as fast, 0 = at once", serve.CassetteSpeed)
	}
	if serve.Cassette != "" {
		c.Cassette = gateway.Cassette{Dir: serve.Cassette, Speed: serve.CassetteSpeed}
	}
	c.Fixed, err = fixed(c.Flags, given(parsed))
	return c, err
}

// given holds the names of the flags that the command line itself has.
func given(parsed *kong.Context) map[string]bool {
	names := map[string]bool{}
	for _, p := range parsed.Path {
		if p.Flag != nil {
			names[p.Flag.Name] = true
		}
	}
	return names
}

// fixed says which settings the flags and their environment variables decide.
func fixed(f Flags, given map[string]bool) (gateway.Fixed, error) {
	out := gateway.Fixed{By: map[string]string{}}
	by := func(setting string) {
		out.By[setting] = "environment"
		if given[setting] {
			out.By[setting] = "flag"
		}
	}
	if f.Host != "" {
		out.Host = f.Host
		by("host")
	}
	if f.Port != nil {
		if *f.Port < 1 || *f.Port > 65535 {
			return out, fmt.Errorf("--port must be between 1 and 65535, not %d", *f.Port)
		}
		out.Port = *f.Port
		by("port")
	}
	return out, nil
}

// Main runs a command line and returns the exit status. It must be called on the main thread.
func Main(p Program) int {
	cmd, err := ParseCommand(os.Args[1:], desktop != nil, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "heimdall:", err)
		return 2
	}
	if cmd.Name == "version" {
		fmt.Println(describe())
		return 0
	}
	run := p.run
	if cmd.Name == "import" {
		run = func(cmd Command) error { return p.takeOver(cmd, os.Stdout) }
	}
	if err := run(cmd); err != nil && !errors.Is(err, errShown) {
		fmt.Fprintln(os.Stderr, "heimdall:", err)
		return 1
	}
	return 0
}
