package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// ProviderEdit is a wished change of a provider. What is nil stays; what is given replaces its block as a whole.
type ProviderEdit struct {
	Custom  *Custom
	Network *NetworkEdit
	Proxy   *ProxyEdit
	Limits  *Limits
	Keys    []KeyEdit // nil = stay; else these and no others

	SendBackRawRequest  *bool
	SendBackRawResponse *bool
}

// Limits are a provider's calls in flight and waiting.
type Limits struct{ Concurrency, Queue int }

// NetworkEdit is a network block as somebody wrote it: header values are still what they wrote.
type NetworkEdit struct {
	Network
	Headers map[string]Input
}

// ProxyEdit is a proxy block as somebody wrote it; Type "" takes the proxy away.
type ProxyEdit struct {
	Type, URL, Username, CA string
	Password                *Input
}

// KeyEdit is a wished change of a key. What is nil stays.
type KeyEdit struct {
	ID      string // "" = find it by its name, or make one
	Name    *string
	Value   *Input
	Models  *ModelList
	Denied  []string
	Weight  *float64
	Enabled *bool
	Aliases map[string]Alias
	// Options replace those that there are, but secrets, which stay unless they are named; an empty one goes.
	Options map[string]Input

	// LooseEmpty says that Models is all only because the caller wrote an empty list in the old way; a key that may
	// be used for no model stays so.
	LooseEmpty bool
}

// Input is a secret as somebody wrote it: a reference, the text itself, or a redacted text that means "as it is".
type Input struct {
	Ref  Ref
	Text Secret
}

// ParseInput reads a written secret: env.NAME is a reference, all else is the secret itself.
func ParseInput(s string) (Input, error) {
	s = strings.TrimSpace(s)
	name, ok := strings.CutPrefix(s, "env.")
	if !ok {
		return Input{Text: NewSecret(s)}, nil
	}
	if !validVariable(name) {
		return Input{}, fmt.Errorf("env. must be followed by the name of an environment variable: letters, digits and _")
	}
	return Input{Ref: Ref("env." + name)}, nil
}

// Redact shows enough of a secret to tell it from another.
func Redact(s Secret) string {
	v := s.Reveal()
	if len(v) < 20 {
		return stars
	}
	return v[:4] + stars + v[len(v)-4:]
}

const stars = "********"

// redacted reports whether a written secret is one that Redact, or Bifrost, made.
func redacted(v string) bool {
	return strings.Contains(v, stars) || strings.EqualFold(v, "<redacted>")
}

// held is a secret in its place in a draft.
type held struct {
	owner   string // what a sealed value is bound to
	path    string
	ref     *Ref
	value   *Secret
	problem *string
}

// set puts a written secret in its place. A text is marked by an empty reference, until the manager has stored it.
func (h held) set(in Input) error {
	if in.Ref != "" {
		if *h.ref != in.Ref {
			*h.ref, *h.value, *h.problem = in.Ref, Secret{}, ""
		}
		return nil
	}
	text := in.Text.Reveal()
	switch {
	case redacted(text):
		if *h.ref == "" || (h.value.Reveal() != "" && strings.Contains(text, stars) && text != Redact(*h.value) && text != stars) {
			return invalid(h.path, "this is a redacted value; write the secret itself, or leave the field out to keep what is stored")
		}
		return nil
	case text == "" && *h.ref == "":
		return nil
	case text != "" && text == h.value.Reveal() && strings.HasPrefix(string(*h.ref), "keychain:"):
		return nil
	}
	*h.ref, *h.value, *h.problem = "", in.Text, ""
	return nil
}

// AddProvider makes a provider of a name that is free.
func (d *Draft) AddProvider(name string, source Source, e ProviderEdit) error {
	if d.Provider(name) != nil {
		return conflict("provider", "the provider %q exists already; change it with PUT /api/providers/%s", name, name)
	}
	p := &Provider{Name: name, Kind: name, Source: source}
	d.place(p)
	return d.edit(p, source, e)
}

// EditProvider changes a provider.
func (d *Draft) EditProvider(name string, source Source, e ProviderEdit) error {
	p := d.Provider(name)
	if p == nil {
		return notFound("there is no provider %q", name)
	}
	return d.edit(p, source, e)
}

// DeleteProvider removes a provider, its keys and its limits.
func (d *Draft) DeleteProvider(name string) error {
	i := slices.IndexFunc(d.Providers, func(p *Provider) bool { return p.Name == name })
	if i < 0 {
		return notFound("there is no provider %q", name)
	}
	d.Providers = slices.Delete(d.Providers, i, i+1)
	d.DeleteProviderLimit(name)
	return nil
}

func (d *Draft) edit(p *Provider, source Source, e ProviderEdit) error {
	if e.Custom != nil {
		p.Custom = nil
		if !e.Custom.None() {
			c := *e.Custom
			p.Custom = &c
		}
	}
	p.Kind = d.kindOf(p)
	if e.SendBackRawRequest != nil {
		p.SendBackRawRequest = *e.SendBackRawRequest
	}
	if e.SendBackRawResponse != nil {
		p.SendBackRawResponse = *e.SendBackRawResponse
	}
	if e.Limits != nil {
		p.Concurrency, p.Queue = e.Limits.Concurrency, e.Limits.Queue
	}
	if e.Network != nil {
		if err := setNetwork(p, e.Network); err != nil {
			return err
		}
	}
	if e.Proxy != nil {
		if err := setProxy(p, e.Proxy); err != nil {
			return err
		}
	}
	if e.Keys == nil {
		return nil
	}
	return d.replaceKeys(p, source, e.Keys)
}

func setNetwork(p *Provider, e *NetworkEdit) error {
	old := p.Network
	n := e.Network
	n.dropDefaults()
	n.ExtraHeaders, n.SecretHeaders = nil, nil
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		in := e.Headers[name]
		if in.Ref == "" && !Sensitive(name) {
			if n.ExtraHeaders == nil {
				n.ExtraHeaders = map[string]string{}
			}
			n.ExtraHeaders[name] = in.Text.Reveal()
			continue
		}
		h := SecretField{Name: name}
		if i := slices.IndexFunc(old.SecretHeaders, func(o SecretField) bool { return strings.EqualFold(o.Name, name) }); i >= 0 {
			h = old.SecretHeaders[i]
			h.Name = name
		}
		if err := headerSlot(p, &h).set(in); err != nil {
			return err
		}
		n.SecretHeaders = append(n.SecretHeaders, h)
	}
	p.Network = n
	return nil
}

func setProxy(p *Provider, e *ProxyEdit) error {
	old := p.Proxy.Password
	p.Proxy = Proxy{Type: e.Type, URL: e.URL, Username: e.Username, CA: e.CA}
	if e.Type == "" || e.Password == nil {
		p.Proxy.Password = SecretField{}
		return nil
	}
	p.Proxy.Password = old
	return proxySlot(p, &p.Proxy.Password).set(*e.Password)
}

// Sensitive reports whether a header of that name usually carries a credential.
func Sensitive(header string) bool {
	h := strings.ToLower(header)
	for _, word := range []string{"auth", "key", "token", "secret", "password", "cookie", "credential"} {
		if strings.Contains(h, word) {
			return true
		}
	}
	return false
}

func (d *Draft) replaceKeys(p *Provider, source Source, edits []KeyEdit) error {
	old := p.Keys
	p.Keys = nil
	for _, e := range edits {
		key := match(old, e)
		if key == nil {
			key = newKey(source)
		}
		p.Keys = append(p.Keys, key)
		if err := d.setKey(p, key, e); err != nil {
			return err
		}
	}
	return nil
}

// match finds the key that an edit means: by id, else by name.
func match(keys []*Key, e KeyEdit) *Key {
	for _, k := range keys {
		if e.ID != "" && k.ID == e.ID {
			return k
		}
	}
	for _, k := range keys {
		if e.Name != nil && k.Name == *e.Name {
			return k
		}
	}
	return nil
}

func newKey(source Source) *Key {
	return &Key{ID: uuid.NewString(), Models: ModelList{All: true}, Weight: 1, Enabled: true, Source: source}
}

// AddKey makes a key and returns its id.
func (d *Draft) AddKey(provider string, source Source, e KeyEdit) (string, error) {
	p := d.Provider(provider)
	if p == nil {
		return "", notFound("there is no provider %q", provider)
	}
	key := newKey(source)
	p.Keys = append(p.Keys, key)
	return key.ID, d.setKey(p, key, e)
}

// PutKey changes the key of that name, or makes it.
func (d *Draft) PutKey(provider string, source Source, e KeyEdit) error {
	p := d.Provider(provider)
	if p == nil {
		return notFound("there is no provider %q", provider)
	}
	if key := match(p.Keys, e); key != nil {
		return d.setKey(p, key, e)
	}
	_, err := d.AddKey(provider, source, e)
	return err
}

// EditKey changes the key with that id.
func (d *Draft) EditKey(provider, id string, e KeyEdit) error {
	p, key, err := d.key(provider, id)
	if err != nil {
		return err
	}
	return d.setKey(p, key, e)
}

// DeleteKey removes the key with that id.
func (d *Draft) DeleteKey(provider, id string) error {
	p, key, err := d.key(provider, id)
	if err != nil {
		return err
	}
	p.Keys = slices.DeleteFunc(p.Keys, func(k *Key) bool { return k == key })
	return nil
}

func (d *Draft) key(provider, id string) (*Provider, *Key, error) {
	p := d.Provider(provider)
	if p == nil {
		return nil, nil, notFound("there is no provider %q", provider)
	}
	for _, k := range p.Keys {
		if k.ID == id {
			return p, k, nil
		}
	}
	return nil, nil, notFound("the provider %q has no key with the id %q", provider, id)
}

func (d *Draft) setKey(p *Provider, k *Key, e KeyEdit) error {
	if e.Name != nil {
		k.Name = strings.TrimSpace(*e.Name)
	}
	if k.Name == "" {
		k.Name = freeKeyName(p)
	}
	if e.Value != nil {
		if err := keySlot(p, k).set(*e.Value); err != nil {
			return err
		}
	}
	none := !k.Models.All && len(k.Models.List) == 0
	if e.Models != nil && !(e.LooseEmpty && none) {
		k.Models = ModelList{All: e.Models.All, List: slices.Clone(e.Models.List)}
	}
	if e.Denied != nil {
		k.Denied = slices.Clone(e.Denied)
	}
	if e.Weight != nil {
		k.Weight = *e.Weight
	}
	if e.Enabled != nil {
		k.Enabled = *e.Enabled
	}
	if e.Aliases != nil {
		k.setAliases(e.Aliases)
	}
	if e.Options != nil {
		return d.setOptions(p, k, e.Options)
	}
	return nil
}

func (d *Draft) setOptions(p *Provider, k *Key, given map[string]Input) error {
	kind := d.keyKind(p)
	secret := func(name string) bool {
		o, _ := kind.Option(name)
		return o.Type == "secret"
	}
	old := k.Secrets
	k.Options, k.Secrets = nil, slices.DeleteFunc(slices.Clone(old), func(f SecretField) bool {
		_, named := given[f.Name]
		return named || !secret(f.Name)
	})
	for _, name := range slices.Sorted(maps.Keys(given)) {
		in := given[name]
		switch {
		case in.Ref == "" && in.Text.Reveal() == "":
		case in.Ref == "" && !secret(name):
			if k.Options == nil {
				k.Options = map[string]string{}
			}
			k.Options[name] = in.Text.Reveal()
		default:
			f := SecretField{Name: name}
			if i := slices.IndexFunc(old, func(o SecretField) bool { return o.Name == name }); i >= 0 {
				f = old[i]
			}
			if err := optionSlot(p, k, &f).set(in); err != nil {
				return err
			}
			k.Secrets = append(k.Secrets, f)
		}
	}
	slices.SortFunc(k.Secrets, func(a, b SecretField) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

func freeKeyName(p *Provider) string {
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s-%d", p.Name, n)
		if !slices.ContainsFunc(p.Keys, func(k *Key) bool { return k.Name == name }) {
			return name
		}
	}
}
