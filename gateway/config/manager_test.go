package config_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
)

const canary = "sk-canary-0123456789abcdef0123456789"

// memory is a store in memory.
type memory struct {
	entities map[string]config.Entity
	version  int64
	fail     error
	before   func() // runs before the next Apply, once
}

func (m *memory) Load(context.Context) ([]config.Entity, int64, error) {
	return slices.Collect(maps.Values(m.entities)), m.version, nil
}

func (m *memory) Apply(_ context.Context, base int64, changes []config.Entity) (int64, error) {
	if f := m.before; f != nil {
		m.before = nil
		f()
	}
	if m.fail != nil {
		return 0, m.fail
	}
	if base != m.version {
		return 0, config.ErrConflict
	}
	if m.entities == nil {
		m.entities = map[string]config.Entity{}
	}
	for _, c := range changes {
		id := c.Kind + "/" + c.ID
		if c.Data == nil {
			delete(m.entities, id)
			continue
		}
		m.entities[id] = c
	}
	m.version++
	return m.version, nil
}

func (m *memory) text() string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(m.entities)) {
		b.WriteString(id + string(m.entities[id].Data))
	}
	return b.String()
}

// chain is a keychain in memory.
type chain struct {
	mu     sync.Mutex
	items  map[string]string
	locked func(item string) bool
	limit  int
}

type tooBig struct{}

func (tooBig) Error() string { return "too big" }
func (tooBig) TooBig() bool  { return true }

func (c *chain) closed(item string) bool { return c.locked != nil && c.locked(item) }

func (c *chain) Get(item string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, ok := c.items[item]
	switch {
	case c.closed(item):
		return "", errors.New("the keychain is locked")
	case !ok:
		return "", errors.New("the keychain has no such item")
	}
	return value, nil
}

func (c *chain) Set(item, value string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed(item):
		return errors.New("the keychain is locked")
	case c.limit > 0 && len(value) > c.limit:
		return fmt.Errorf("set: %w", tooBig{})
	}
	c.items[item] = value
	return nil
}

func (c *chain) Delete(item string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed(item) {
		return errors.New("the keychain is locked")
	}
	delete(c.items, item)
	return nil
}

var kinds = []config.KindInfo{
	{Name: "alpha", Variables: []string{"ALPHA_API_KEY"}},
	{Name: "beta", Variables: []string{"BETA_API_KEY"}},
	{Name: "cloud", Variables: []string{"CLOUD_API_KEY"}, ValueOptional: true, KeyOptions: []config.KeyOption{
		{Name: "region", Type: "text", Required: true}, {Name: "endpoint", Type: "url"}, {Name: "secret_key", Type: "secret"}, {Name: "credentials", Type: "secret"},
	}},
	{Name: "play", Keyless: true, FirstRun: true},
	{Name: "own", Custom: true, Bases: []string{"alpha", "beta"}},
}

// world is everything around a manager.
type world struct {
	store *memory
	chain *chain
	env   map[string]string
	fixed config.Fixed
	m     *config.Manager
}

func newWorld() *world {
	return &world{store: &memory{}, chain: &chain{items: map[string]string{}}, env: map[string]string{}}
}

// start makes a manager as a new run of the program does.
func (w *world) start(t *testing.T, file *config.File) *config.Manager {
	t.Helper()
	w.m = w.manager()
	if err := w.m.Load(t.Context(), file); err != nil {
		t.Fatalf("load: %v", err)
	}
	return w.m
}

func (w *world) manager() *config.Manager {
	return config.NewManager(config.ManagerOptions{
		Store: w.store, Secrets: w.chain, Env: func(n string) string { return w.env[n] }, Kinds: kinds, Fixed: w.fixed,
	})
}

func (w *world) update(t *testing.T, edit func(*config.Draft) error) {
	t.Helper()
	if err := w.m.Update(t.Context(), edit); err != nil {
		t.Fatalf("update: %v", err)
	}
}

func text(s string) *config.Input { return &config.Input{Text: config.NewSecret(s)} }

func key(name, value string) config.KeyEdit {
	in, err := config.ParseInput(value)
	if err != nil {
		panic(err)
	}
	return config.KeyEdit{Name: &name, Value: &in}
}

func add(provider string, keys ...config.KeyEdit) func(*config.Draft) error {
	return func(d *config.Draft) error {
		return d.AddProvider(provider, config.SourceAPI, config.ProviderEdit{Keys: keys})
	}
}

func TestAKeyLivesInTheKeychainOnly(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	w.update(t, add("alpha", key("k1", canary)))

	if strings.Contains(w.store.text(), canary) {
		t.Fatal("the store holds the key")
	}
	k := w.start(t, nil).Snapshot().Provider("alpha").Keys[0]
	if k.Value.Reveal() != canary || k.Problem != "" {
		t.Fatalf("after a restart the key is %q (%s)", k.Value.Reveal(), k.Problem)
	}
	for _, print := range []string{fmt.Sprint(k), fmt.Sprintf("%#v", *k), fmt.Sprintf("%+v", w.m.Snapshot().Providers[0])} {
		if strings.Contains(print, canary) {
			t.Fatalf("the key prints itself: %s", print)
		}
	}
	if data, _ := json.Marshal(w.m.Snapshot()); strings.Contains(string(data), canary) {
		t.Fatal("the key is in the snapshot's JSON")
	}

	w.update(t, func(d *config.Draft) error {
		return d.EditKey("alpha", k.ID, config.KeyEdit{Value: text("sk-another-0123456789")})
	})
	if len(w.chain.items) != 1 {
		t.Fatalf("a replaced value stays in the keychain: %d items", len(w.chain.items))
	}
	w.update(t, func(d *config.Draft) error { return d.DeleteProvider("alpha") })
	if len(w.chain.items) != 0 {
		t.Fatal("a deleted provider's key stays in the keychain")
	}
}

func TestAFailedUpdateChangesNothing(t *testing.T) {
	broken := errors.New("no")
	cases := map[string]func(w *world){
		"the hook refuses": func(w *world) {
			first := true
			w.m.OnSwap(func(*config.Snapshot) (func(), error) {
				if first {
					first = false
					return nil, broken
				}
				return nil, nil
			})
		},
		"the store fails": func(w *world) { w.store.fail = broken },
		"the keychain is locked for the second key": func(w *world) {
			w.chain.locked = func(string) bool { return len(w.chain.items) == 1 }
		},
	}
	for name, arrange := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.start(t, nil)
			before, stored := w.m.Snapshot(), w.store.text()
			committed := false
			w.m.OnSwap(func(*config.Snapshot) (func(), error) { return func() { committed = true }, nil })
			arrange(w)
			err := w.m.Update(t.Context(), add("alpha", key("k1", canary), key("k2", canary+"2")))
			if err == nil {
				t.Fatal("the update succeeded")
			}
			if strings.Contains(err.Error(), canary) {
				t.Fatal("the error holds the key")
			}
			if w.m.Snapshot() != before || w.store.text() != stored || committed {
				t.Fatal("something changed")
			}
			w.chain.locked, w.store.fail = nil, nil
			w.m.Retry(t.Context())
			if len(w.chain.items) != 0 {
				t.Fatalf("the keychain keeps %d items", len(w.chain.items))
			}
		})
	}
}

func TestABigValueIsSealed(t *testing.T) {
	w := newWorld()
	w.chain.limit = 100
	w.start(t, nil)
	big := canary + strings.Repeat("x", 200)
	w.update(t, add("alpha", key("k1", big)))
	if strings.Contains(w.store.text(), canary) {
		t.Fatal("the store holds the value")
	}
	if got := w.start(t, nil).Snapshot().Provider("alpha").Keys[0].Value.Reveal(); got != big {
		t.Fatalf("opened to %.20q", got)
	}

	// Without its master key the value can't be opened, and no new master key may take its place.
	var master string
	for item := range w.chain.items {
		master = item
	}
	if !strings.HasPrefix(master, "master-") || len(w.chain.items) != 1 {
		t.Fatalf("the keychain has %v", slices.Collect(maps.Keys(w.chain.items)))
	}
	saved := w.chain.items[master]
	delete(w.chain.items, master)
	w.start(t, nil)
	if p := w.m.Snapshot().Provider("alpha").Keys[0].Problem; p == "" {
		t.Fatal("a value that can't be opened is no problem")
	}
	if err := w.m.Update(t.Context(), add("beta", key("k1", big))); err == nil {
		t.Fatal("a second value was sealed with a new master key")
	}
	w.chain.items[master] = saved
	if owed, err := w.m.Retry(t.Context()); owed != 0 || err != nil {
		t.Fatalf("with the master key back %d are missing: %v", owed, err)
	}
}

func TestAnUnsetVariableIsAProblemOfItsKey(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	w.env["SET"] = canary
	w.update(t, add("alpha", key("k1", "env.SET"), key("k2", "env.UNSET")))
	keys := w.m.Snapshot().Provider("alpha").Keys
	if keys[0].Value.Reveal() != canary || keys[0].Problem != "" {
		t.Fatalf("the set one: %+v", keys[0])
	}
	if keys[1].Value.Reveal() != "" || !strings.Contains(keys[1].Problem, "UNSET") {
		t.Fatalf("the unset one: %+v", keys[1])
	}
	want := []config.Problem{{Path: "providers.alpha.keys[1].value", Message: keys[1].Problem}}
	if diff := cmp.Diff(want, w.m.Snapshot().Problems); diff != "" {
		t.Fatal(diff)
	}
	if strings.Contains(w.store.text(), canary) || len(w.chain.items) != 0 {
		t.Fatal("a value from the environment was stored")
	}
}

func TestALockedKeychainIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.start(t, nil)
		w.update(t, add("alpha", key("k1", canary), key("k2", canary+"2")))
		bad := string(w.m.Snapshot().Provider("alpha").Keys[0].Ref)[len("keychain:"):]
		w.chain.locked = func(item string) bool { return item == bad }

		w.m = w.manager()
		var versions []int64
		w.m.Subscribe(func(s *config.Snapshot) { versions = append(versions, s.Version) })
		if err := w.m.Load(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		keys := w.m.Snapshot().Provider("alpha").Keys
		if !strings.Contains(keys[0].Problem, "locked") || keys[1].Value.Reveal() != canary+"2" {
			t.Fatalf("keys: %+v, %+v", keys[0], keys[1])
		}
		go w.m.Run(t.Context())
		time.Sleep(time.Minute)
		w.chain.mu.Lock()
		w.chain.locked = nil
		w.chain.mu.Unlock()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if got := w.m.Snapshot().Provider("alpha").Keys[0]; got.Value.Reveal() != canary || got.Problem != "" {
			t.Fatalf("the key after the keychain was unlocked: %+v", got)
		}
		if len(versions) != 2 || versions[0] == versions[1] {
			t.Fatalf("snapshots of versions %v were announced, want two", versions)
		}
	})
}

func TestFirstRun(t *testing.T) {
	names := func(m *config.Manager) (names []string) {
		for _, p := range m.Snapshot().Providers {
			names = append(names, p.Name+" from "+string(p.Source))
		}
		return names
	}
	w := newWorld()
	w.start(t, nil)
	if diff := cmp.Diff([]string{"play from api"}, names(w.m)); diff != "" {
		t.Fatalf("an empty first run: %s", diff)
	}
	w.env["ALPHA_API_KEY"], w.env["CLOUD_API_KEY"] = canary, canary // a key of cloud needs more than its value
	w.start(t, nil)
	if diff := cmp.Diff([]string{"alpha from env", "play from api"}, names(w.m)); diff != "" {
		t.Fatalf("with a variable: %s", diff)
	}
	if k := w.m.Snapshot().Provider("alpha").Keys[0]; k.Ref != "env.ALPHA_API_KEY" || k.Value.Reveal() != canary {
		t.Fatalf("its key: %+v", k)
	}
	w.update(t, func(d *config.Draft) error { return errors.Join(d.DeleteProvider("alpha"), d.DeleteProvider("play")) })
	w.start(t, nil)
	if got := names(w.m); got != nil {
		t.Fatalf("what the user removed came back: %v", got)
	}
	w.update(t, add("alpha", key("k", canary)))
	w.env["BETA_API_KEY"] = canary
	w.start(t, nil)
	if diff := cmp.Diff([]string{"alpha from api"}, names(w.m)); diff != "" {
		t.Fatalf("a configured gateway takes nothing from the environment: %s", diff)
	}
}

func TestSomebodyElseChangedTheStore(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	other := w.manager()
	if err := other.Load(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	w.store.before = func() {
		if err := other.Update(t.Context(), add("beta", key("b", "vb"))); err != nil {
			t.Error(err)
		}
	}
	w.update(t, add("alpha", key("a", "va")))
	s := w.m.Snapshot()
	if s.Provider("alpha") == nil || s.Provider("beta") == nil || s.Version != w.store.version {
		t.Fatalf("snapshot %d has %d providers", s.Version, len(s.Providers))
	}
	if len(w.chain.items) != 2 {
		t.Fatalf("the keychain has %d items", len(w.chain.items))
	}
}

func TestASessionIsNoNewConfiguration(t *testing.T) {
	w := newWorld()
	w.start(t, nil)
	told := 0
	w.m.Subscribe(func(*config.Snapshot) { told++ })
	w.m.OnSwap(func(*config.Snapshot) (func(), error) { told++; return nil, nil })
	now := time.Now().UTC()
	w.update(t, func(d *config.Draft) error {
		d.AddSession("h", config.Session{Created: now, Expires: now.Add(time.Hour)}, now)
		return nil
	})
	if told != 0 {
		t.Fatal("a login was announced as a new configuration")
	}
	if _, ok := w.start(t, nil).Snapshot().Sessions["h"]; !ok {
		t.Fatal("the session is gone after a restart")
	}
}

func TestFixedSettingsWinAndAreNotStored(t *testing.T) {
	w := newWorld()
	w.fixed = config.Fixed{Port: 9999, AdminUsername: "root", AdminPassword: canary, By: map[string]string{"port": "flag"}}
	s := w.start(t, nil).Snapshot()
	if s.Settings.Port != 9999 || !s.Auth.Enabled || s.Auth.Username != "root" || s.Locked["port"] != "flag" {
		t.Fatalf("snapshot: %+v %+v", s.Settings, s.Auth)
	}
	w.fixed = config.Fixed{}
	if s := w.start(t, nil).Snapshot(); s.Settings.Port != 8080 || s.Auth.Enabled {
		t.Fatalf("without them: %+v %+v", s.Settings, s.Auth)
	}
}
