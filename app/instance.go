package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"heimdall/app/control"
)

const (
	lockName     = "lock"
	instanceName = "instance.json"

	takeOverLimit = 8 * time.Second // the first one may just be starting, or ending
	takeOverRetry = 50 * time.Millisecond
)

// errShown says that the app was running already and shows its window now.
var errShown = errors.New("the running app shows its window")

// retry is an answer of the first process that another one may follow soon.
type retry struct{ error }

// instance is what a running process leaves in its app folder for the next one, readable by the user only.
type instance struct {
	PID     int    `json:"pid"`
	Address string `json:"address"`           // of the gateway
	Control string `json:"control,omitempty"` // host:port of the control listener; desktop only
	Token   string `json:"token,omitempty"`   // of the control listener; desktop only
}

// hold takes the app folder, which one process has at a time. The lock dies with the process, so that a crash leaves
// nothing to mend. Where another process has it, second says what to do about that: a retry = try again.
func hold(ctx context.Context, dir string, second func(instance) error) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, takeOverLimit)
	defer cancel()
	lock := flock.New(filepath.Join(dir, lockName))
	last := errors.New("it does not answer")
	for {
		ok, err := lock.TryLock()
		if err != nil {
			return nil, fmt.Errorf("lock the app folder: %w", err)
		}
		if ok {
			os.Remove(filepath.Join(dir, instanceName)) // left by a process that was killed
			return func() {
				os.Remove(filepath.Join(dir, instanceName))
				lock.Close()
			}, nil
		}
		if first, err := readInstance(dir); err == nil {
			err := second(first)
			var again retry
			if !errors.As(err, &again) {
				return nil, err
			}
			last = again.error
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("another Heimdall uses %s: %w; end it, or choose another --app-dir", dir, last)
		case <-time.After(takeOverRetry):
		}
	}
}

// showFirst asks the running app to show its window, unless the second launch wants none.
func showFirst(ctx context.Context, hidden bool) func(instance) error {
	return func(first instance) error {
		if first.Control == "" {
			return occupied(first)
		}
		if hidden {
			return errShown
		}
		if err := control.New(first.Control, first.Token).Show(ctx); err != nil {
			return retry{err} // it may be ending: then its lock is soon free
		}
		return errShown
	}
}

// refuseSecond is what a server does where something runs already.
func refuseSecond(first instance) error { return occupied(first) }

func occupied(first instance) error {
	return fmt.Errorf("another process already serves this app folder at %s (process %d); end it first, or choose another --app-dir",
		first.Address, first.PID)
}

func readInstance(dir string) (instance, error) {
	var i instance
	b, err := os.ReadFile(filepath.Join(dir, instanceName))
	if err != nil {
		return i, err
	}
	return i, json.Unmarshal(b, &i)
}

// publish writes the file at once and whole.
func (i instance) publish(dir string) error {
	b, err := json.Marshal(i)
	if err != nil {
		return fmt.Errorf("write %s: %w", instanceName, err)
	}
	name := filepath.Join(dir, instanceName)
	if err := os.WriteFile(name+".new", b, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", instanceName, err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("write %s: %w", instanceName, err)
	}
	return nil
}
