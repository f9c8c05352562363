package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// VirtualKeyEdit is a wished change of a virtual key. What is nil stays.
type VirtualKeyEdit struct {
	ID          string // of a new one; "" = make one
	Name        *string
	Description *string
	Value       *Secret // the caller's own, or the shortened one that means "as it is"
	Active      *bool
	Expires     *time.Time // zero = never

	DeleteAfterExpire     **bool // to nil = as the client settings say
	DisableContentLogging **bool // to nil = as the client settings say

	TeamID     *string // or a name; "" = none
	CustomerID *string // or a name; "" = none
	Allowance  AllowanceEdit

	AllProviders *bool
	Grants       []GrantEdit // nil = stay; else these and no others
	Keys         *KeyList    // ids or names, for every grant; where there is none, for each provider of these keys
	Tools        []ToolGrant // nil = stay; else these and no others
	Metadata     map[string]string

	ResetUsage bool // what was spent of its budgets is forgotten; whoever counts does it

	// LooseEmpty says that AllProviders is true only because the caller wrote an empty list in the old way; a key that
	// may use no provider stays so. LooseModels and LooseKeys of GrantEdit are likewise.
	LooseEmpty bool
}

// GrantEdit is a wished grant. It changes the one of that ID or else of that provider, or makes one, that all models
// and keys are open to. What is nil stays.
type GrantEdit struct {
	ID        string
	Provider  string
	Weight    **float64 // to nil = only by name or by rule
	Models    *ModelList
	Denied    []string
	Keys      *KeyList // ids or names
	Allowance AllowanceEdit

	LooseModels, LooseKeys bool
}

// prefix is how the values of virtual keys begin.
const prefix = "sk-bf-"

// AddVirtualKey makes a virtual key. The value is nowhere else in the clear.
func (d *Draft) AddVirtualKey(source Source, now time.Time, e VirtualKeyEdit) (id string, value Secret, err error) {
	if e.ID != "" && d.virtualKey(e.ID) != nil {
		return "", Secret{}, conflict("id", "there is a virtual key with the id %q already", e.ID)
	}
	k, err := d.addVirtualKey(source, now, e)
	if err != nil {
		return "", Secret{}, err
	}
	return k.ID, k.fresh, Invalid(d.lostByKey(k))
}

func (d *Draft) addVirtualKey(source Source, now time.Time, e VirtualKeyEdit) (*VirtualKey, error) {
	k := &VirtualKey{ID: cmp.Or(e.ID, uuid.NewString()), Active: true, Source: source, Created: now.UTC()}
	d.VirtualKeys = append(d.VirtualKeys, k)
	if err := d.setVirtualKey(k, now, e); err != nil {
		return nil, err
	}
	if k.Hash == "" {
		k.setValue(newValue())
	}
	return k, nil
}

// EditVirtualKey changes the virtual key with that id.
func (d *Draft) EditVirtualKey(id string, now time.Time, e VirtualKeyEdit) error {
	k := d.virtualKey(id)
	if k == nil {
		return noVirtualKey(id)
	}
	if e.ID != "" && e.ID != id {
		return invalid(k.at("id"), "can't be changed")
	}
	if err := d.setVirtualKey(k, now, e); err != nil {
		return err
	}
	return Invalid(d.lostByKey(k))
}

// PutVirtualKey changes the virtual key of that id or else of that name, or makes it. What it names may be missing.
func (d *Draft) PutVirtualKey(source Source, now time.Time, e VirtualKeyEdit) error {
	k := d.virtualKey(e.ID)
	if k == nil && e.Name != nil {
		k = d.findVirtualKey(strings.TrimSpace(*e.Name))
	}
	if k == nil {
		_, err := d.addVirtualKey(source, now, e)
		return err
	}
	return d.setVirtualKey(k, now, e)
}

// DeleteVirtualKey removes the virtual key with that id.
func (d *Draft) DeleteVirtualKey(id string) error {
	k := d.virtualKey(id)
	if k == nil {
		return noVirtualKey(id)
	}
	d.VirtualKeys = slices.DeleteFunc(d.VirtualKeys, func(o *VirtualKey) bool { return o == k })
	d.dropLimitsOf(k.ID)
	return nil
}

// RotateVirtualKey gives a virtual key a new value. The old one works until the grace period is over.
func (d *Draft) RotateVirtualKey(id string, grace time.Duration, now time.Time) (value Secret, err error) {
	k := d.virtualKey(id)
	if k == nil {
		return Secret{}, noVirtualKey(id)
	}
	old := k.Hash
	k.setValue(newValue())
	if grace > 0 {
		k.Previous = &Retired{Hash: old, Until: now.UTC().Add(grace)}
	}
	k.Updated = now.UTC()
	return k.fresh, nil
}

// SweepExpired removes the virtual keys that are over and are to go then, and forgets the replaced values that are
// over. It returns the names of the keys that went.
func (d *Draft) SweepExpired(now time.Time) (gone []string) {
	d.VirtualKeys = slices.DeleteFunc(d.VirtualKeys, func(k *VirtualKey) bool {
		remove := d.Client.DeleteExpiredKeys
		if k.DeleteAfterExpire != nil {
			remove = *k.DeleteAfterExpire
		}
		if remove && k.Expired(now) {
			gone = append(gone, k.Name)
			d.dropLimitsOf(k.ID)
			return true
		}
		if k.Previous != nil && !now.Before(k.Previous.Until) {
			k.Previous = nil
		}
		return false
	})
	return gone
}

// Expired reports whether the key is over.
func (k *VirtualKey) Expired(now time.Time) bool {
	return !k.Expires.IsZero() && !now.Before(k.Expires)
}

func noVirtualKey(id string) error { return notFound("there is no virtual key with the id %q", id) }

func (d *Draft) virtualKey(id string) *VirtualKey {
	for _, k := range d.VirtualKeys {
		if k.ID == id {
			return k
		}
	}
	return nil
}

func (d *Draft) setVirtualKey(k *VirtualKey, now time.Time, e VirtualKeyEdit) error {
	old := *k
	setText(&k.Name, e.Name)
	setText(&k.Description, e.Description)
	if e.Active != nil {
		k.Active = *e.Active
	}
	if e.Expires != nil {
		k.Expires = e.Expires.UTC()
	}
	if e.DeleteAfterExpire != nil {
		k.DeleteAfterExpire = *e.DeleteAfterExpire
	}
	if e.DisableContentLogging != nil {
		k.DisableContentLogging = *e.DisableContentLogging
	}
	if e.Metadata != nil {
		k.Metadata = maps.Clone(e.Metadata)
	}
	if len(k.Metadata) == 0 {
		k.Metadata = nil
	}
	d.setOwner(k, e)
	if err := d.nameVirtualKey(k); err != nil {
		return err
	}
	if e.Value != nil {
		if err := d.takeValue(k, e.Value.Reveal()); err != nil {
			return err
		}
	}
	if err := d.setAccess(k, now, e); err != nil {
		return err
	}
	if !reflect.DeepEqual(old, *k) {
		k.Updated = now.UTC()
	}
	d.Governance.sort()
	return nil
}

func setText(place *string, text *string) {
	if text != nil {
		*place = strings.TrimSpace(*text)
	}
}

func (d *Draft) nameVirtualKey(k *VirtualKey) error {
	if k.Name == "" {
		return invalid(k.at("name"), "is missing; give the key a name")
	}
	if slices.ContainsFunc(d.VirtualKeys, func(o *VirtualKey) bool { return o != k && o.Name == k.Name }) {
		return conflict("name", "there is a virtual key of the name %q already; choose a different one", k.Name)
	}
	return nil
}

// setOwner says to whom the key belongs. Who is given alone takes the place of the other.
func (d *Draft) setOwner(k *VirtualKey, e VirtualKeyEdit) {
	if e.TeamID != nil {
		k.TeamID = ownerID(d.Teams, strings.TrimSpace(*e.TeamID))
		if k.TeamID != "" && e.CustomerID == nil {
			k.CustomerID = ""
		}
	}
	if e.CustomerID != nil {
		k.CustomerID = ownerID(d.Customers, strings.TrimSpace(*e.CustomerID))
		if k.CustomerID != "" && e.TeamID == nil {
			k.TeamID = ""
		}
	}
}

// takeValue takes a value that the caller gives.
func (d *Draft) takeValue(k *VirtualKey, value string) error {
	value = strings.TrimSpace(value)
	switch {
	case value == "" || value == k.Hint:
		return nil
	case redacted(value) || strings.Contains(value, "…"):
		return invalid(k.at("value"), "this is a shortened value; write the whole one, or leave the field out to keep what is there")
	case strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }):
		return invalid(k.at("value"), "must have no spaces, and plain letters, digits and signs only")
	case len(value) < 8 || len(value) > 256:
		return invalid(k.at("value"), "must be 8 to 256 characters long")
	}
	hash := hashOf(value)
	for _, o := range d.VirtualKeys {
		if o != k && (o.Hash == hash || (o.Previous != nil && o.Previous.Hash == hash)) {
			return conflict("value", "another virtual key has that value; choose a different one")
		}
	}
	k.setValue(value)
	if k.Source == SourceFile { // which has it; no keychain has to be open for a server that starts with such a file
		k.fresh = Secret{}
	}
	return nil
}

// setValue puts a value in its place. The manager seals it.
func (k *VirtualKey) setValue(value string) {
	hash := hashOf(value)
	if hash == k.Hash {
		return
	}
	k.Hash, k.Hint, k.Loose = hash, hint(value), !prefixed(value)
	k.Sealed, k.Previous, k.fresh = "", nil, NewSecret(value)
}

// newValue makes a value from the system's random source.
func newValue() string { return prefix + uuid.NewString() }

func hashOf(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

func prefixed(value string) bool {
	return len(value) > len(prefix) && strings.EqualFold(value[:len(prefix)], prefix)
}

// hint shows the last letters of a value, where they leave enough that nobody sees.
func hint(value string) string {
	begin, rest := "", value
	if prefixed(value) {
		begin, rest = prefix, value[len(prefix):]
	}
	if len(rest) < 12 {
		return begin + "…"
	}
	return begin + "…" + rest[len(rest)-4:]
}

func (k *VirtualKey) at(field string) string {
	return "governance.virtual_keys[" + strconv.Quote(k.Name) + "]." + field
}
