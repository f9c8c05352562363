package govern

import (
	"context"
	"slices"
	"time"
)

// Store keeps the marks. Save writes all of them or none, each in place of the one with its ID; a mark whose Value is 0
// is as good as none and may be removed. Times are kept in microseconds.
type Store interface {
	Load(ctx context.Context) ([]Mark, error)
	Save(ctx context.Context, marks []Mark) error
}

// Mark is how much at most was used of a counter in the window that begins at Start.
type Mark struct {
	ID    string
	Start time.Time
	Value int64
}

// Once the store has failed it is tried again after this long.
const retryAfter = time.Second

// ask makes c be saved soon. While something is saved, all that is asked for waits to be saved together; while nothing
// is, nothing runs. The lock is held.
func (l *Ledger) ask(c *counter, now time.Time) {
	if !c.asked {
		c.asked = true
		l.asked = append(l.asked, c)
	}
	if !l.saving && !l.closed && (l.trouble == nil || !now.Before(l.retryAt)) {
		l.saving = true
		go l.save()
	}
}

// wait returns when all is saved that was asked for before; or when it can't be. The lock is held, but not meanwhile.
func (l *Ledger) wait() {
	round := l.begun
	if len(l.asked) > 0 {
		round++
	}
	for l.ended < round && l.saving && l.trouble == nil {
		l.saved.Wait()
	}
}

// save writes what is asked for until nothing is.
func (l *Ledger) save() {
	l.mu.Lock()
	defer l.mu.Unlock()
	var marks []Mark
	for len(l.asked) > 0 {
		batch := l.asked
		// A counter that was forgotten may have come back under its name.
		batch = slices.DeleteFunc(batch, func(c *counter) bool { return c.gone && l.counters[c.id] != nil })
		l.asked = nil
		marks = marks[:0]
		for _, c := range batch {
			marks = append(marks, c.ahead())
		}
		l.begun++
		l.mu.Unlock()
		err := l.store.Save(context.Background(), marks)
		l.mu.Lock()
		l.ended++
		l.report(err)
		if err != nil {
			l.again(batch)
			break
		}
		for i, c := range batch {
			if marks[i].Start.Equal(c.start) {
				c.mark = marks[i].Value
			}
		}
		l.saved.Broadcast()
	}
	l.saving = false
	l.saved.Broadcast()
}

// ahead is the mark to be saved. From now on the store may have the new one or still the old.
func (c *counter) ahead() Mark {
	c.asked = false
	m := Mark{ID: c.id, Start: c.start}
	if !c.gone {
		m.Value = c.level() + c.step
	}
	c.mark = min(c.mark, m.Value)
	return m
}

// again puts back what could not be saved.
func (l *Ledger) again(batch []*counter) {
	for _, c := range batch {
		if !c.asked {
			c.asked = true
			l.asked = append(l.asked, c)
		}
	}
}

// report notes whether the store works. Calls go on while it fails: what is used is counted in memory.
func (l *Ledger) report(err error) {
	switch {
	case err != nil && l.trouble == nil:
		l.log.Error("what is used of budgets and limits cannot be saved; it is counted in memory until it can", "error", err)
	case err == nil && l.trouble != nil:
		l.log.Info("what is used of budgets and limits is saved again")
	}
	l.trouble = err
	l.retryAt = l.now().Add(retryAfter)
}

// Trouble says why what is used is not saved; nil = it is.
func (l *Ledger) Trouble() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.trouble
}

// Close saves what is used to the last digit. What is settled afterwards is not saved.
func (l *Ledger) Close(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for l.saving {
		l.saved.Wait()
	}
	now := l.now()
	var marks []Mark
	for _, c := range l.asked {
		if c.gone {
			marks = append(marks, c.ahead())
		}
	}
	for _, c := range l.counters {
		c.roll(now)
		if level := c.level(); c.asked || c.mark != level {
			marks = append(marks, Mark{ID: c.id, Start: c.start, Value: level})
			c.mark, c.asked = level, false
		}
	}
	l.asked = nil
	if len(marks) == 0 {
		return nil
	}
	return l.store.Save(ctx, marks)
}
