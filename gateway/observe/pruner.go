package observe

import (
	"context"
	"log/slog"
	"time"
)

// How often the pruner looks, and how long after the start for the first time. A gateway at full speed writes some
// hundred megabytes in between.
const (
	pruneEvery = time.Minute
	pruneFirst = 10 * time.Second
)

// Retention is how much of the log is kept. Zero = no limit.
type Retention struct {
	Age        time.Duration // of records
	ErrorAge   time.Duration // of records of errors; zero = Age counts for them, too
	ContentAge time.Duration // of bodies, but for those of errors
	MaxBytes   int64         // of the whole log; bodies go, oldest first, those of errors last, then records
}

// Pruner keeps the log within its retention.
type Pruner struct {
	Store     Store
	Retention func() Retention // asked each time
	Log       *slog.Logger
}

// Run prunes now and then until ctx is done. A failure is logged once, however often it repeats.
func (p *Pruner) Run(ctx context.Context) {
	timer := time.NewTimer(pruneFirst)
	defer timer.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		err := p.prune(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			p.Log.Warn("the request log can't be pruned; trying again", "error", err)
		}
		failing = err != nil
		timer.Reset(pruneEvery)
	}
}

func (p *Pruner) prune(ctx context.Context) error {
	keep := p.Retention()
	limits := Limits{MaxBytes: keep.MaxBytes}
	now := time.Now()
	for _, of := range [...]struct {
		age    time.Duration
		before *time.Time
	}{{keep.Age, &limits.Before}, {keep.ErrorAge, &limits.ErrorsBefore}, {keep.ContentAge, &limits.BodiesBefore}} {
		if of.age > 0 {
			*of.before = now.Add(-of.age)
		}
	}
	if limits == (Limits{}) {
		return nil
	}
	pruned, err := p.Store.Prune(ctx, limits)
	if pruned != (Pruned{}) {
		p.Log.Debug("pruned the request log", "rows", pruned.Rows, "bodies", pruned.Bodies)
	}
	return err
}
