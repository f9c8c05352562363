package app

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway"
)

func TestParseCommand(t *testing.T) {
	tests := []struct {
		name     string
		args     string
		desktop  bool
		env      map[string]string
		command  string
		hidden   bool
		cassette gateway.Cassette
		fixed    gateway.Fixed
	}{
		{name: "the desktop app opens", desktop: true, command: "open"},
		{name: "hidden without a command", args: "--hidden", desktop: true, command: "open", hidden: true},
		{name: "hidden by the environment", desktop: true, env: map[string]string{"HEIMDALL_HIDDEN": "true"}, command: "open", hidden: true},
		{name: "the headless one serves", command: "serve"},
		{name: "serve on both", args: "serve", desktop: true, command: "serve"},
		{name: "a cassette", args: "serve --cassette /tapes/one", desktop: true, command: "serve", cassette: gateway.Cassette{Dir: "/tapes/one", Speed: 1}},
		{name: "a cassette without a command, at once", args: "--cassette /tapes/one --cassette-speed 0", command: "serve", cassette: gateway.Cassette{Dir: "/tapes/one"}},
		{name: "version", args: "version", command: "version"},
		{name: "flags before the command", args: "--port 9000 --host 0.0.0.0 serve", command: "serve",
			fixed: gateway.Fixed{Host: "0.0.0.0", Port: 9000, By: map[string]string{"host": "flag", "port": "flag"}}},
		{name: "flags after the command", args: "serve --port 9000", desktop: true, command: "serve",
			fixed: gateway.Fixed{Port: 9000, By: map[string]string{"port": "flag"}}},
		{name: "the environment", env: map[string]string{"HEIMDALL_HOST": "::1", "HEIMDALL_PORT": "9001"}, command: "serve",
			fixed: gateway.Fixed{Host: "::1", Port: 9001, By: map[string]string{"host": "environment", "port": "environment"}}},
		{name: "a flag wins over the environment", args: "--port 9000", env: map[string]string{"HEIMDALL_PORT": "9001"}, command: "serve",
			fixed: gateway.Fixed{Port: 9000, By: map[string]string{"port": "flag"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			got, err := ParseCommand(strings.Fields(tt.args), tt.desktop, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if tt.fixed.By == nil {
				tt.fixed.By = map[string]string{}
			}
			if got.Name != tt.command || got.Hidden != tt.hidden {
				t.Errorf("command %q, hidden %v", got.Name, got.Hidden)
			}
			if d := cmp.Diff(tt.fixed, got.Fixed); d != "" {
				t.Error(d)
			}
			if got.Cassette != tt.cassette {
				t.Errorf("cassette %+v", got.Cassette)
			}
		})
	}
}

func TestParseCommandRefuses(t *testing.T) {
	for args, words := range map[string]string{
		"--port 0":           "between 1 and 65535",
		"--port 70000":       "between 1 and 65535",
		"--port http":        "port",
		"--log-level loud":   "log-level",
		"--log-style yellow": "log-style",
		"launch":             "launch",
		"serve --cassette-speed -1 --cassette /tapes/one": "--cassette-speed",
	} {
		if _, err := ParseCommand(strings.Fields(args), false, io.Discard); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: error %v, want one about %s", args, err, words)
		}
	}
}
