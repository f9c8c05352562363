package keychain

import (
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"
)

// deadline holds for a call as a whole, the wait for its turn included.
const deadline = 2 * time.Second

// osStore is the keychain of the operating system. The binding takes no context and blocks for as long as an unlock
// prompt is open, so each call runs beside its caller. Calls take turns: a prompt left open holds the turn, and no
// second one opens over it.
type osStore struct {
	service string
	turn    chan struct{}
	lock    lockState
}

func newOSStore(service string) *osStore {
	return &osStore{service: service, turn: make(chan struct{}, 1)}
}

func (s *osStore) Get(name string) (string, error) {
	value, err := s.call(func() (string, error) { return keyring.Get(s.service, name) })
	if err != nil {
		return "", s.explain("read "+name+" from", err)
	}
	return value, nil
}

func (s *osStore) Set(name, value string) error {
	if len(value) > osLimit {
		return s.explain("store "+name+" in", keyring.ErrSetDataTooBig)
	}
	_, err := s.call(func() (string, error) { return "", keyring.Set(s.service, name, value) })
	if err != nil {
		return s.explain("store "+name+" in", err)
	}
	return nil
}

func (s *osStore) Delete(name string) error {
	_, err := s.call(func() (string, error) { return "", keyring.Delete(s.service, name) })
	if err != nil && !errors.Is(err, keyring.ErrNotFound) {
		return s.explain("delete "+name+" from", err)
	}
	return nil
}

// call runs f in its turn and gives up on it after the deadline.
func (s *osStore) call(f func() (string, error)) (string, error) {
	type result struct {
		value string
		err   error
	}
	end := time.NewTimer(deadline)
	defer end.Stop()
	select {
	case s.turn <- struct{}{}:
	case <-end.C:
		return "", s.late()
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-s.turn }()
		var r result
		// The binding panics where the bus ends while a prompt is open.
		defer func() {
			if p := recover(); p != nil {
				r = result{err: fmt.Errorf("%w: %v", ErrUnavailable, p)}
			}
			done <- r
		}()
		if r.err = s.lock.check(); r.err == nil {
			r.value, r.err = f()
		}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-end.C:
		return "", s.late()
	}
}

// late is the error of a call that ran out of time: an open unlock prompt is the usual reason.
func (s *osStore) late() error {
	if s.lock.asking() {
		return ErrLocked
	}
	return ErrTimeout
}

func (s *osStore) explain(doing string, err error) error {
	what, hint := sentinel(err), ""
	switch what {
	case ErrNotFound:
		hint = "; enter the key again"
	case ErrLocked:
		hint = "; unlock it and try again"
	case ErrTimeout:
		hint = "; try again"
	case ErrUnavailable:
		hint = "; " + osRepair
	}
	if errors.Is(err, what) { // ours: says more than the sentinel alone
		return fmt.Errorf("%s %s: %w%s", doing, osName, err, hint)
	}
	return fmt.Errorf("%s %s: %w (%v)%s", doing, osName, what, err, hint)
}

// sentinel finds what an error of the binding means.
func sentinel(err error) error {
	for _, known := range []error{ErrLocked, ErrTimeout, ErrUnavailable} {
		if errors.Is(err, known) {
			return known
		}
	}
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, keyring.ErrSetDataTooBig):
		return ErrTooBig
	case isLocked(err):
		return ErrLocked
	}
	return ErrUnavailable
}
