package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"heimdall/gateway"
	"heimdall/keychain"
)

// Import is the command that takes the configuration of another tool over.
type Import struct {
	Tool   string `arg:"" enum:"bifrost,litellm,claude-code-router,cc-switch" help:"Whose configuration: bifrost, litellm, claude-code-router or cc-switch."`
	File   string `arg:"" optional:"" type:"path" help:"Where it is: config.json or config.db, config.yaml, cc-switch.db (the tool's usual place when not set)."`
	DryRun bool   `help:"Show what would be taken and change nothing."`
}

// takeOver imports a configuration and prints what was taken and what was not.
func (p Program) takeOver(cmd Command, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	path, err := cmd.Import.source()
	if err != nil {
		return err
	}
	request := gateway.ImportRequest{Tool: cmd.Import.Tool, Path: path, DryRun: cmd.Import.DryRun}
	dir, err := folderPath(cmd.Flags.AppDir)
	if err != nil {
		return err
	}
	o := gateway.Options{AppDir: dir, ConfigFile: cmd.Flags.Config, Env: os.Getenv}
	if _, err := os.Stat(dir); request.DryRun && os.IsNotExist(err) {
		return importInto(ctx, o, request, "", out)
	}
	if _, err := openFolder(dir); err != nil {
		return err
	}
	release, err := hold(ctx, dir, refuseImport)
	if err != nil {
		return err
	}
	defer release()
	if request.DryRun {
		return importInto(ctx, o, request, "", out)
	}
	store, choice, err := p.Keychain(keychain.Options{Dir: dir, Service: keychainService, Env: os.Getenv})
	if err != nil {
		return fmt.Errorf("open the keychain: %w", err)
	}
	o.Secrets = store
	return importInto(ctx, o, request, choice.Detail, out)
}

func importInto(ctx context.Context, o gateway.Options, request gateway.ImportRequest, kept string, out io.Writer) error {
	r, err := gateway.Import(ctx, o, request)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	printImport(out, request, kept, r)
	return nil
}

// refuseImport is what an import does where Heimdall runs: that one would not see what is stored beneath it.
func refuseImport(first instance) error {
	return fmt.Errorf("this app folder is in use by a running Heimdall (process %d); quit it, then import again", first.PID)
}

// source is the file to import: the one that was named, or the first one there is where the tool keeps it.
func (i Import) source() (string, error) {
	if i.File != "" {
		return i.File, nil
	}
	places, err := i.places()
	if err != nil {
		return "", err
	}
	for _, path := range places {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no configuration of %s at %s; name the file: heimdall import %s FILE", i.Tool, strings.Join(places, " or "), i.Tool)
}

// places are where a tool keeps its configuration, the one that counts more first.
func (i Import) places() ([]string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, fmt.Errorf("find your home folder: %w", err)
	}
	switch i.Tool {
	case gateway.ImportBifrost:
		folder, err := os.UserConfigDir()
		if err != nil {
			return nil, fmt.Errorf("find your config folder: %w", err)
		}
		return []string{filepath.Join(folder, "bifrost", "config.db"), filepath.Join(folder, "bifrost", "config.json")}, nil
	case gateway.ImportClaudeCodeRouter:
		return []string{filepath.Join(home, ".claude-code-router", "config.json")}, nil
	case gateway.ImportCCSwitch:
		return []string{filepath.Join(home, ".cc-switch", "cc-switch.db"), filepath.Join(home, ".cc-switch", "config.json")}, nil
	}
	return []string{"config.yaml", "litellm_config.yaml"}, nil
}

// printImport says what was taken and what was not; kept says where secrets are.
func printImport(out io.Writer, request gateway.ImportRequest, kept string, r gateway.ImportReport) {
	head, taken := "Imported %s.\n", "Taken"
	if request.DryRun {
		head, taken = "A dry run of the import of %s: nothing is changed.\n", "To be taken"
	}
	fmt.Fprintf(out, head, request.Path)
	list := func(title string, items []string) {
		if len(items) > 0 {
			fmt.Fprintf(out, "\n%s:\n  %s\n", title, strings.Join(items, "\n  "))
		}
	}
	list(taken, r.New)
	list("Taken before, and the same since", r.Same)
	var left []string
	for _, n := range r.Left {
		left = append(left, n.What+": "+n.Why)
	}
	list("Not taken", left)
	switch {
	case len(r.New) == 0:
		fmt.Fprintln(out, "\nThere is nothing new to take.")
	case r.Secrets > 0 && request.DryRun:
		fmt.Fprintf(out, "\nSecrets to be stored: %d.\n", r.Secrets)
	case r.Secrets > 0:
		fmt.Fprintf(out, "\nSecrets stored: %d. %s The imported file still holds them; remove it when you no longer need it.\n", r.Secrets, kept)
	}
}
