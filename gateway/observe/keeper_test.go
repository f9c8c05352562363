package observe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"heimdall/gateway/exchange"
)

var errDamaged = errors.New("malformed")

// place is where the stores of a test are: Open fails with err, and makes a new store where the last one was set aside.
type place struct {
	mu    sync.Mutex
	err   error
	now   *memory
	aside []*memory
	opens int
	stuck error // of setting aside
}

func (p *place) options() KeeperOptions {
	return KeeperOptions{
		Open: func(context.Context) (Opened, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.opens++
			if p.err != nil {
				return nil, p.err
			}
			if p.now == nil {
				p.now = &memory{}
			}
			return p.now, nil
		},
		Damaged: func(err error) bool { return errors.Is(err, errDamaged) },
		SetAside: func() (string, error) {
			if p.stuck != nil {
				return "", p.stuck
			}
			p.aside, p.now, p.err = append(p.aside, p.now), nil, nil
			return "the shelf", nil
		},
	}
}

func kept(t *testing.T, test func(t *testing.T, p *place)) {
	synctest.Test(t, func(t *testing.T) { test(t, &place{}) })
}

func appended(t *testing.T, k *Keeper, want error) {
	t.Helper()
	if err := k.Append(t.Context(), []*exchange.Record{record("a", "", "")}); !errors.Is(err, want) {
		t.Errorf("append: %v, want %v", err, want)
	}
}

func problem(t *testing.T, k *Keeper, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if got := k.Problem(); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("the problem is %q, want %q", got, want)
		}
	}
}

func TestKeeperOpensAgain(t *testing.T) {
	kept(t, func(t *testing.T, p *place) {
		p.err = errors.New("the file is locked")
		k := NewKeeper(t.Context(), p.options())
		problem(t, k, "the file is locked")
		appended(t, k, p.err)
		if _, err := k.Search(t.Context(), Query{}); !errors.Is(err, p.err) {
			t.Errorf("search: %v", err)
		}
		if p.opens != 1 {
			t.Errorf("opened %d times at once", p.opens)
		}
		time.Sleep(retryEvery)
		p.err = nil
		appended(t, k, nil)
		problem(t, k, "")
		if len(p.now.stored()) != 1 {
			t.Error("the record is not there")
		}
		if err := k.Close(); err != nil || !p.now.closed {
			t.Errorf("close: %v", err)
		}
		if _, err := k.Get(t.Context(), "a"); err == nil || p.opens != 2 {
			t.Errorf("a closed store is opened again: %v", err)
		}
	})
}

func TestKeeperBeginsAnew(t *testing.T) {
	kept(t, func(t *testing.T, p *place) {
		first := &memory{}
		p.now = first
		k := NewKeeper(t.Context(), p.options())
		appended(t, k, nil)
		problem(t, k, "")
		first.set(func() { first.err = fmt.Errorf("write: %w", errDamaged) })
		appended(t, k, nil)
		if len(p.aside) != 1 || p.aside[0] != first || !first.closed || len(p.now.stored()) != 1 {
			t.Errorf("set aside: %d, closed: %v", len(p.aside), first.closed)
		}
		problem(t, k, "was damaged", "malformed", "the shelf")

		// Also where only reading finds out, and many do at once.
		second := p.now
		second.set(func() { second.broken = errDamaged })
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if page, err := k.Search(t.Context(), Query{}); err != nil || len(page.Records) != 0 {
					t.Errorf("search: %+v, %v", page, err)
				}
			})
		}
		wg.Wait()
		if len(p.aside) != 2 {
			t.Errorf("%d stores were set aside, want 2", len(p.aside))
		}
	})
}

func TestKeeperFindsDamageAtTheStart(t *testing.T) {
	kept(t, func(t *testing.T, p *place) {
		p.err = errDamaged
		k := NewKeeper(t.Context(), p.options())
		problem(t, k, "the shelf")
		appended(t, k, nil)
	})
}

func TestKeeperCannotSetAside(t *testing.T) {
	kept(t, func(t *testing.T, p *place) {
		p.err, p.stuck = errDamaged, errors.New("the folder is read-only")
		k := NewKeeper(t.Context(), p.options())
		problem(t, k, "malformed", "the folder is read-only")
		appended(t, k, p.stuck)
		time.Sleep(retryEvery)
		p.stuck = nil
		appended(t, k, nil)
		problem(t, k, "the shelf")
	})
}

func TestKeeperSaysWhatFails(t *testing.T) {
	kept(t, func(t *testing.T, p *place) {
		k := NewKeeper(t.Context(), p.options())
		full := errors.New("the disk is full")
		p.now.set(func() { p.now.err = full })
		appended(t, k, full)
		problem(t, k, "the disk is full")
		if page, err := k.Search(t.Context(), Query{}); err != nil || page.Total != 0 {
			t.Errorf("what is there can't be read: %v", err)
		}
		p.now.set(func() { p.now.err = nil })
		appended(t, k, nil)
		problem(t, k, "")
	})
}

// The writer goes on whatever the store does: what waits is written when it can be.
func TestWriterOutlivesItsStore(t *testing.T) {
	kept(t, func(t *testing.T, p *place) {
		p.err = errors.New("no such folder")
		k := NewKeeper(t.Context(), p.options())
		w := NewWriter(WriterOptions{Store: k})
		defer w.Close(t.Context())
		for i := range 10 {
			w.End(record(fmt.Sprint(i), "", ""))
			time.Sleep(time.Second)
		}
		p.mu.Lock()
		p.err = nil
		p.mu.Unlock()
		time.Sleep(maxBackoff)
		synctest.Wait()
		if n := len(p.now.stored()); n != 10 {
			t.Errorf("%d records were written, want 10", n)
		}
	})
}
