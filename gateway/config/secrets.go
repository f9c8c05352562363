package config

import (
	"context"
	"slices"
	"sync"
	"time"
)

// resolve finds the values of all references of the draft that have none. The keychain is asked for several at once,
// and each has its own error. It is not asked again where it just failed: that is Run's and Retry's work.
func (m *Manager) resolve(d *Draft) {
	var wait sync.WaitGroup
	places := make(chan struct{}, 8)
	for _, s := range d.slots() {
		if *s.ref == "" || s.value.Reveal() != "" || (*s.problem != "" && s.ref.kept()) {
			continue
		}
		wait.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			*s.value, *s.problem = m.look(*s.ref, s.owner, d.install)
		})
	}
	wait.Wait()
}

func (m *Manager) look(ref Ref, owner, install string) (Secret, string) {
	value, err := m.vault.get(ref, owner, install)
	if err != nil {
		return Secret{}, err.Error()
	}
	return value, ""
}

// carry takes over the values that an older draft knows.
func (d *Draft) carry(old *Draft) {
	known := map[Ref]held{}
	for _, s := range old.slots() {
		known[*s.ref] = s
	}
	for _, s := range d.slots() {
		if o, ok := known[*s.ref]; ok {
			*s.value, *s.problem = *o.value, *o.problem
		}
	}
}

// locked are the places whose value the keychain does not give.
func (d *Draft) locked() []held {
	return slices.DeleteFunc(d.slots(), func(s held) bool { return *s.problem == "" || !s.ref.kept() })
}

// unused are the keychain items that old names and now does not.
func unused(old, now *Draft) []string {
	used := map[string]bool{}
	for _, s := range now.slots() {
		used[s.ref.item()] = true
	}
	var items []string
	for _, s := range old.slots() {
		if item := s.ref.item(); item != "" && !used[item] {
			items = append(items, item)
		}
	}
	return items
}

// discard removes keychain items; those that stay are tried again later.
func (m *Manager) discard(items []string) {
	for _, item := range items {
		if err := m.opts.Secrets.Delete(item); err != nil {
			m.garbage = append(m.garbage, item)
			m.wakeUp()
		}
	}
}

func (m *Manager) wakeUp() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Run asks the keychain again, ever less often, for what it did not give, until ctx ends.
func (m *Manager) Run(ctx context.Context) {
	const shortest, longest = 5 * time.Second, 5 * time.Minute
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
		}
		for pause := shortest; ; pause = min(2*pause, longest) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			if owed, _ := m.Retry(ctx); owed == 0 {
				break
			}
		}
	}
}

// Retry asks the keychain again for the keys that it did not give, and removes what it did not remove. owed is how
// many are still missing. What it finds makes a new version of the configuration.
func (m *Manager) Retry(ctx context.Context) (owed int, err error) {
	m.mu.Lock()
	asked, install := m.state.clone().locked(), m.state.install
	garbage := m.garbage
	m.garbage = nil
	m.mu.Unlock()

	// The keychain may take its time; the configuration can change meanwhile.
	found := map[Ref]Secret{}
	for _, s := range asked {
		if value, problem := m.look(*s.ref, s.owner, install); problem == "" {
			found[*s.ref] = value
		}
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	m.discard(garbage)
	if len(found) > 0 {
		err = m.use(ctx, found)
	}
	return len(m.state.locked()) + len(m.garbage), err
}

// use publishes values that were missing.
func (m *Manager) use(ctx context.Context, found map[Ref]Secret) error {
	d := m.state.clone()
	for _, s := range d.locked() {
		if value, ok := found[*s.ref]; ok {
			*s.value, *s.problem = value, ""
		}
	}
	next := m.snapshot(d, d.validate())
	next.Version = m.version + 1
	commits, err := m.prepare(next, true)
	if err != nil {
		return err
	}
	if m.version, err = m.apply(ctx, nil); err != nil {
		return err
	}
	next.Version, m.state = m.version, d
	m.publish(next, commits, true)
	return nil
}
