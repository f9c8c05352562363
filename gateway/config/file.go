package config

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// File is what a configuration file asks for.
type File struct {
	Pieces   []Piece
	Problems []Problem // what in it has no effect, and why

	ConfigStore *Database // where the configuration is stored; nil = in the app folder
	LogStore    *Database // likewise the request log

	// Authoritative files decide at every start: every piece is applied again, and where they have a section of
	// providers, providers and keys that are not in it go.
	Authoritative bool
	HasProviders  bool
	HasRules      bool     // likewise routing rules
	HasPlugins    bool     // likewise plugins
	Holders       []string // likewise virtual_key, team and customer
}

// Piece is one thing that the file asks for. It is applied when its content is new, so that what is changed elsewhere
// stays changed while the file stays the same.
type Piece struct {
	ID      string // provider/NAME, key/PROVIDER/NAME, or the name of a section
	Content []byte // what the file says of it; only a hash of it is stored
	Guess   bool   // Content holds something that can be guessed, a password; its hash is made slowly
	Apply   func(*Draft) error
}

// take applies the pieces of a file that are new.
func (d *Draft) take(f *File) error {
	for _, p := range f.Pieces {
		hash, err := p.hash(d.install)
		if err != nil {
			return err
		}
		if d.seen[p.ID] == hash && !f.Authoritative {
			continue
		}
		if err := p.Apply(d); err != nil {
			return fmt.Errorf("apply the configuration file: %w", err)
		}
		d.seen[p.ID] = hash
	}
	if f.Authoritative && f.HasProviders {
		d.removeOthers(f)
	}
	if f.Authoritative && f.HasRules {
		d.dropRules(f)
	}
	if f.Authoritative && f.HasPlugins {
		d.dropPlugins(f)
	}
	if f.Authoritative {
		d.dropHolders(f)
		d.dropLimits(f)
	}
	return nil
}

// Took reports whether a piece of that ID was taken before, whatever it said then.
func (m *Manager) Took(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state.seen[id] != ""
}

func (p Piece) hash(install string) (string, error) {
	if !p.Guess {
		mac := hmac.New(sha256.New, []byte(install))
		mac.Write(p.Content)
		return hex.EncodeToString(mac.Sum(nil)), nil
	}
	sum, err := pbkdf2.Key(sha256.New, string(p.Content), []byte(install), 100_000, 32)
	if err != nil {
		return "", fmt.Errorf("hash the file's %s: %w", p.ID, err)
	}
	return hex.EncodeToString(sum), nil
}

func (d *Draft) removeOthers(f *File) {
	wanted := map[string]bool{}
	for _, p := range f.Pieces {
		wanted[p.ID] = true
	}
	d.Providers = slices.DeleteFunc(d.Providers, func(p *Provider) bool { return !wanted["provider/"+p.Name] })
	for _, p := range d.Providers {
		p.Keys = slices.DeleteFunc(p.Keys, func(k *Key) bool { return !wanted["key/"+p.Name+"/"+k.Name] })
	}
}

// takeEnvironment adds what works without being configured: at the first run the kinds made for that, and while the
// user has configured no provider those whose variables are set, each of them once.
func (d *Draft) takeEnvironment(env func(string) string, first bool) {
	if slices.ContainsFunc(d.Providers, d.configured) {
		return
	}
	for _, kind := range d.kinds {
		if kind.FirstRun && first {
			d.place(&Provider{Name: kind.Name, Kind: kind.Name, Source: SourceAPI})
			continue
		}
		mark := "environment/" + kind.Name
		i := slices.IndexFunc(kind.Variables, func(name string) bool { return strings.TrimSpace(env(name)) != "" })
		if i < 0 || d.seen[mark] != "" || d.Provider(kind.Name) != nil || kind.needsMore() {
			continue
		}
		key := newKey(SourceEnv)
		key.Name, key.Ref = "environment", Ref("env."+kind.Variables[i])
		d.place(&Provider{Name: kind.Name, Kind: kind.Name, Source: SourceEnv, Keys: []*Key{key}})
		d.seen[mark] = "taken"
	}
}

// needsMore reports whether a value alone makes no key.
func (k KindInfo) needsMore() bool {
	return slices.ContainsFunc(k.KeyOptions, func(o KeyOption) bool { return o.Required })
}

// configured reports whether the user set a provider up.
func (d *Draft) configured(p *Provider) bool {
	kind, _ := d.kind(p.Kind)
	return p.Source != SourceEnv && !kind.FirstRun
}

// place adds a provider at its place in the order.
func (d *Draft) place(p *Provider) {
	d.Providers = append(d.Providers, p)
	slices.SortFunc(d.Providers, func(a, b *Provider) int { return strings.Compare(a.Name, b.Name) })
}
