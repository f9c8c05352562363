package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/catalog"
)

// Opened is a store in a place that may fail.
type Opened interface {
	Store
	Repricer
	Indexer
	Close() error
}

// KeeperOptions say where a store is.
type KeeperOptions struct {
	// Open opens the store, making it if need be.
	Open func(context.Context) (Opened, error)
	// Damaged tells errors that say that what is stored can't be read any more; nil = there are none.
	Damaged func(error) bool
	// SetAside moves the closed store away, so that Open makes a new one, and says where to.
	SetAside func() (where string, err error)
	Log      *slog.Logger // nil = nowhere
}

// Keeper is a store that outlives what happens to the place where it is. What is damaged it moves aside, and begins
// anew; what can't be opened it opens again and again. Its errors are those of the moment.
type Keeper struct {
	o     KeeperOptions
	mu    sync.RWMutex // held for reading while the store is used
	store Opened       // nil = not open

	state   sync.Mutex
	failing error     // why nothing is written now
	moved   string    // what became of the last store
	tried   time.Time // when opening failed last, and why
	why     error
	closed  bool
}

// retryEvery is how long a store that could not be opened is left alone.
const retryEvery = time.Second

// NewKeeper tries to open the store. Whether it can or not, the keeper is used as a store from now on.
func NewKeeper(ctx context.Context, o KeeperOptions) *Keeper {
	if o.Damaged == nil {
		o.Damaged = func(error) bool { return false }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	k := &Keeper{o: o}
	_ = k.open(ctx) // told by Problem, and tried again
	return k
}

// Problem says why nothing is written now, or what happened to the last store; "" = all is well.
func (k *Keeper) Problem() string {
	k.state.Lock()
	defer k.state.Unlock()
	if k.failing != nil {
		return fmt.Sprintf("the request log can't be written, which is tried again and again: %v", k.failing)
	}
	return k.moved
}

// open opens the store if it is not open.
func (k *Keeper) open(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.store != nil {
		return nil
	}
	if err := k.wait(); err != nil {
		return err
	}
	s, err := k.o.Open(ctx)
	if err != nil && k.o.Damaged(err) {
		if err = k.setAside(err); err == nil {
			s, err = k.o.Open(ctx)
		}
	}
	k.opened(err)
	if err != nil {
		return err
	}
	k.store = s
	return nil
}

// wait is the error of opening where that failed a moment ago.
func (k *Keeper) wait() error {
	k.state.Lock()
	defer k.state.Unlock()
	if k.closed {
		return errors.New("the request log is closed")
	}
	if k.why != nil && time.Since(k.tried) < retryEvery {
		return k.why
	}
	return nil
}

// opened notes how opening ended.
func (k *Keeper) opened(err error) {
	k.state.Lock()
	defer k.state.Unlock()
	if err != nil && k.why == nil {
		k.o.Log.Warn("the request log can't be opened; trying again", "error", err)
	}
	k.why, k.tried, k.failing = err, time.Now(), err
}

// setAside moves the store away that was found damaged.
func (k *Keeper) setAside(because error) error {
	where, err := k.o.SetAside()
	if err != nil {
		return fmt.Errorf("%w; it can't be moved aside: %w", because, err)
	}
	k.o.Log.Error("the request log is damaged; a new one is begun", "moved_to", where, "error", because)
	k.state.Lock()
	defer k.state.Unlock()
	k.moved = fmt.Sprintf("the request log was damaged (%v): it was moved to %s, and a new one was begun", because, where)
	return nil
}

// replace begins anew in place of a store that was found damaged, unless somebody else did.
func (k *Keeper) replace(ctx context.Context, damaged Opened, because error) error {
	k.mu.Lock()
	if k.store == damaged {
		_ = k.store.Close() // what it has to say is known
		k.store = nil
		if err := k.setAside(because); err != nil {
			k.mu.Unlock()
			k.opened(err)
			return err
		}
	}
	k.mu.Unlock()
	return k.open(ctx)
}

// use calls f with the store, and once more with a new one where f finds it damaged.
func (k *Keeper) use(ctx context.Context, f func(Opened) error) error {
	for again := false; ; again = true {
		s, err := k.try(ctx, f)
		if err == nil || s == nil || again || !k.o.Damaged(err) {
			return err
		}
		if err := k.replace(ctx, s, err); err != nil {
			return err
		}
	}
}

// try calls f with the store, which it opens if need be; nil where it can't.
func (k *Keeper) try(ctx context.Context, f func(Opened) error) (Opened, error) {
	k.mu.RLock()
	for k.store == nil {
		k.mu.RUnlock()
		if err := k.open(ctx); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		k.mu.RLock()
	}
	defer k.mu.RUnlock()
	return k.store, f(k.store)
}

// Append writes a batch.
func (k *Keeper) Append(ctx context.Context, batch []*exchange.Record) error {
	err := k.use(ctx, func(s Opened) error { return s.Append(ctx, batch) })
	k.state.Lock()
	defer k.state.Unlock()
	k.failing = err
	return err
}

// Get reads one record with its bodies.
func (k *Keeper) Get(ctx context.Context, id string) (r *exchange.Record, err error) {
	err = k.use(ctx, func(s Opened) (err error) {
		r, err = s.Get(ctx, id)
		return err
	})
	return r, err
}

// Search reads records without bodies.
func (k *Keeper) Search(ctx context.Context, q Query) (p Page, err error) {
	err = k.use(ctx, func(s Opened) (err error) {
		p, err = s.Search(ctx, q)
		return err
	})
	return p, err
}

// Stats adds records up.
func (k *Keeper) Stats(ctx context.Context, q Query, b Breakdown) (groups []Group, err error) {
	err = k.use(ctx, func(s Opened) (err error) {
		groups, err = s.Stats(ctx, q, b)
		return err
	})
	return groups, err
}

// Size says what the log takes.
func (k *Keeper) Size(ctx context.Context) (size Size, err error) {
	err = k.use(ctx, func(s Opened) (err error) {
		size, err = s.Size(ctx)
		return err
	})
	return size, err
}

// Delete removes records and their bodies for good.
func (k *Keeper) Delete(ctx context.Context, ids []string) error {
	return k.use(ctx, func(s Opened) error { return s.Delete(ctx, ids) })
}

// Prune removes what is older or more than the limits allow.
func (k *Keeper) Prune(ctx context.Context, l Limits) (done Pruned, err error) {
	err = k.use(ctx, func(s Opened) (err error) {
		done, err = s.Prune(ctx, l)
		return err
	})
	return done, err
}

// Reprice gives records another cost.
func (k *Keeper) Reprice(ctx context.Context, q Query, price func(*exchange.Record) (catalog.Cost, bool)) (done Repriced, err error) {
	err = k.use(ctx, func(s Opened) (err error) {
		done, err = s.Reprice(ctx, q, price)
		return err
	})
	return done, err
}

// IndexText makes what was said searchable.
func (k *Keeper) IndexText(ctx context.Context, n int, text func(*exchange.Record) string) (more bool, err error) {
	err = k.use(ctx, func(s Opened) (err error) {
		more, err = s.IndexText(ctx, n, text)
		return err
	})
	return more, err
}

// Close closes the store for good.
func (k *Keeper) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state.Lock()
	k.closed = true
	k.state.Unlock()
	if k.store == nil {
		return nil
	}
	err := k.store.Close()
	k.store = nil
	return err
}

var _ Opened = (*Keeper)(nil)
