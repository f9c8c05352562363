package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"
)

// ManagerOptions is what a manager needs. Kinds are the providers that this program has.
type ManagerOptions struct {
	Store   Store
	Secrets Secrets
	Env     func(name string) string
	Kinds   []KindInfo
	Fixed   Fixed
}

// Fixed are settings that somebody outside decides. They win over what is stored and are never stored; the zero value
// of each decides nothing. A password switches the login on. By says who decides, by the setting's JSON name (host,
// port): flag or environment; the login is always the environment's.
type Fixed struct {
	Host          string
	Port          int
	AdminUsername string
	AdminPassword string
	By            map[string]string
}

// Manager holds the configuration and is the only one who changes it. Its methods may be called from anywhere.
type Manager struct {
	opts  ManagerOptions
	vault vault
	now   atomic.Pointer[Snapshot]

	mu       sync.Mutex // held while the configuration changes
	state    *Draft     // what is stored; never changed once it is here
	entities map[name]json.RawMessage
	version  int64
	notes    []Problem // of the file
	garbage  []string  // keychain items that nobody needs and that could not be removed yet
	fixed    string    // bcrypt hash of Fixed.AdminPassword
	hooks    []func(*Snapshot) (func(), error)
	watchers []func(*Snapshot)
	wake     chan struct{} // tells Run that the keychain owes something
}

// NewManager makes a manager; Load reads the configuration.
func NewManager(o ManagerOptions) *Manager {
	return &Manager{opts: o, vault: vault{secrets: o.Secrets, env: o.Env}, wake: make(chan struct{}, 1)}
}

// Snapshot is the configuration now; nil before Load.
func (m *Manager) Snapshot() *Snapshot { return m.now.Load() }

// OnSwap has every new snapshot pass f before it is stored and shown. f prepares what the snapshot needs and returns
// what puts that to use; an error refuses the snapshot. When storing fails the returned function is never called.
// Neither of the two may change the configuration.
func (m *Manager) OnSwap(f func(*Snapshot) (commit func(), err error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hooks = append(m.hooks, f)
}

// Subscribe tells f of every new snapshot, in order. f must return at once and must not change the configuration.
func (m *Manager) Subscribe(f func(*Snapshot)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watchers = append(m.watchers, f)
}

// Load reads what is stored, takes what is new in the file (nil = there is none), and where nothing is configured
// takes what the environment offers.
func (m *Manager) Load(ctx context.Context, file *File) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.fixPassword(); err != nil {
		return err
	}
	if err := m.reload(ctx); err != nil {
		return err
	}
	first := len(m.entities) == 0
	m.notes = nil
	if file != nil {
		m.notes = file.Problems
	}
	return m.change(ctx, true, func(d *Draft) error {
		if d.install == "" {
			d.install = uuid.NewString()
		}
		if file != nil {
			if err := d.take(file); err != nil {
				return err
			}
		}
		d.takeEnvironment(m.opts.Env, first)
		return nil
	})
}

func (m *Manager) fixPassword() error {
	if m.opts.Fixed.AdminPassword == "" || m.fixed != "" {
		return nil
	}
	hash, err := HashPassword(m.opts.Fixed.AdminPassword)
	m.fixed = hash
	return err
}

// HashPassword makes the PasswordHash of a password.
func HashPassword(password string) (string, error) {
	if len(password) > 72 {
		return "", invalid("auth_config.admin_password", "must be at most 72 bytes long")
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	return string(hash), err
}

// reload reads the store.
func (m *Manager) reload(ctx context.Context) error {
	entities, version, err := m.opts.Store.Load(ctx)
	if err != nil {
		return fmt.Errorf("load the configuration: %w", err)
	}
	state, err := decode(entities, m.opts.Kinds)
	if err != nil {
		return err
	}
	m.entities = make(map[name]json.RawMessage, len(entities))
	for _, e := range entities {
		m.entities[name{e.Kind, e.ID}] = e.Data
	}
	if m.state != nil {
		state.carry(m.state)
	}
	m.resolve(state)
	m.state, m.version = state, version
	return nil
}

// Update changes the configuration: edit works on a copy, which is checked, shown to the hooks, stored and published.
// Where it returns an error nothing has changed. edit may run more than once.
func (m *Manager) Update(ctx context.Context, edit func(*Draft) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for try := 0; ; try++ {
		err := m.change(ctx, false, edit)
		if !errors.Is(err, ErrConflict) || try == 2 {
			return err
		}
		if err := m.reload(ctx); err != nil {
			return err
		}
	}
}

// change is Update with the lock held; always publishes also where nothing changed.
func (m *Manager) change(ctx context.Context, always bool, edit func(*Draft) error) error {
	d := m.state.clone()
	if err := edit(d); err != nil {
		return err
	}
	before, after := m.state.validate(), d.validate()
	if err := Invalid(slices.DeleteFunc(slices.Clone(after), func(p Problem) bool { return slices.Contains(before, p) })); err != nil {
		return err
	}
	made, err := m.putAway(d)
	if err == nil {
		err = m.store(ctx, d, after, always)
	}
	if err != nil {
		m.discard(made)
		return err
	}
	return nil
}

// putAway stores every new secret of the draft and resolves the references that are new. made are the keychain items
// that it made, also where it fails.
func (m *Manager) putAway(d *Draft) (made []string, err error) {
	slots := d.slots()
	first := !slices.ContainsFunc(m.state.slots(), sealed) && !slices.ContainsFunc(m.state.VirtualKeys, (*VirtualKey).kept)
	for _, s := range slots {
		if *s.ref != "" || s.value.Reveal() == "" {
			continue
		}
		ref, item, err := m.vault.put(s.value.Reveal(), s.owner, d.install, first)
		if err != nil {
			return made, fmt.Errorf("%s: %w", s.path, err)
		}
		if item != "" {
			made = append(made, item)
		}
		*s.ref, *s.problem = ref, ""
		first = first && !sealed(s)
	}
	for _, k := range d.VirtualKeys {
		if k.fresh.Reveal() == "" {
			continue
		}
		// A keychain that does not answer costs no more than the copy: the key works without it.
		if ref, err := m.vault.seal(k.fresh.Reveal(), k.owner(), d.install, first); err == nil {
			k.Sealed, first = ref, false
		}
		k.fresh = Secret{}
	}
	m.resolve(d)
	return made, nil
}

// VirtualKeyValue opens the sealed copy of a virtual key's value.
func (m *Manager) VirtualKeyValue(id string) (Secret, error) {
	m.mu.Lock()
	d := m.state
	m.mu.Unlock()
	for _, k := range d.VirtualKeys {
		if k.ID == id && k.Sealed != "" {
			return m.vault.get(k.Sealed, k.owner(), d.install)
		}
	}
	return Secret{}, notFound("there is no copy of the value of the virtual key %q", id)
}

func sealed(s held) bool { return strings.HasPrefix(string(*s.ref), "sealed:") }

// store passes the draft by the hooks, writes what changed and publishes it.
func (m *Manager) store(ctx context.Context, d *Draft, wrong []Problem, always bool) error {
	entities, err := d.encode()
	if err != nil {
		return err
	}
	diff := changes(m.entities, entities)
	if len(diff) == 0 && !always {
		return nil
	}
	loud := always || slices.ContainsFunc(diff, func(e Entity) bool { return e.Kind != kindSession })
	next := m.snapshot(d, wrong)
	if len(diff) > 0 {
		next.Version = m.version + 1
	}
	commits, err := m.prepare(next, loud)
	if err != nil {
		return err
	}
	if len(diff) > 0 {
		if m.version, err = m.apply(ctx, diff); err != nil {
			return err
		}
		next.Version = m.version
	}
	old := m.state
	m.state, m.entities = d, entities
	m.publish(next, commits, loud)
	m.discard(unused(old, d))
	return nil
}

func (m *Manager) apply(ctx context.Context, diff []Entity) (int64, error) {
	version, err := m.opts.Store.Apply(ctx, m.version, diff)
	if err != nil {
		return m.version, fmt.Errorf("store the configuration: %w", err)
	}
	return version, nil
}

func (m *Manager) prepare(next *Snapshot, loud bool) (commits []func(), err error) {
	if !loud {
		return nil, nil
	}
	for _, hook := range m.hooks {
		commit, err := hook(next)
		if err != nil {
			return nil, fmt.Errorf("put the configuration to use: %w", err)
		}
		if commit != nil {
			commits = append(commits, commit)
		}
	}
	return commits, nil
}

func (m *Manager) publish(next *Snapshot, commits []func(), loud bool) {
	m.now.Store(next)
	for _, commit := range commits {
		commit()
	}
	if loud {
		for _, watch := range m.watchers {
			watch(next)
		}
	}
	if len(m.state.locked()) > 0 {
		m.wakeUp()
	}
}

// snapshot makes what others see of a draft.
func (m *Manager) snapshot(d *Draft, wrong []Problem) *Snapshot {
	c := d.clone()
	s := &Snapshot{
		Version: m.version, Client: c.Client, Auth: c.Auth, Settings: c.Settings, Logs: c.Logs, Providers: c.Providers, Plugins: c.Plugins,
		Sessions: c.Sessions, Locked: map[string]string{}, Problems: slices.Concat(wrong, m.notes),
		Pause: c.Pause, Views: c.Views, AppNames: c.AppNames, Governance: c.Governance,
	}
	for _, slot := range c.slots() {
		if *slot.problem != "" {
			s.Problems = append(s.Problems, Problem{slot.path, *slot.problem})
		}
	}
	s.Problems = append(s.Problems, d.lost()...)
	m.overlay(s)
	return s
}

func (m *Manager) overlay(s *Snapshot) {
	f := m.opts.Fixed
	maps.Copy(s.Locked, f.By)
	if f.Host != "" {
		s.Settings.Host = f.Host
	}
	if f.Port != 0 {
		s.Settings.Port = f.Port
	}
	if f.AdminUsername != "" {
		s.Auth.Username = f.AdminUsername
		s.Locked["admin_username"] = "environment"
	}
	if m.fixed == "" {
		return
	}
	s.Auth.Enabled, s.Auth.PasswordHash = true, m.fixed
	s.Locked["admin_password"] = "environment"
	if s.Auth.Username == "" {
		s.Auth.Username = "admin"
	}
}
