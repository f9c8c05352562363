package config

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// TooBig is what the error of Secrets.Set says, by that method, of a value that the keychain has no room for. Such a
// value is sealed and stored in its entity.
type TooBig interface {
	error
	TooBig() bool
}

// vault puts secret values away and finds them again.
type vault struct {
	secrets Secrets
	env     func(string) string

	mu     sync.Mutex
	master []byte // of this installation; nil until it is needed
}

// put stores a value and returns its reference. item is the keychain item that was made, "" where the value was
// sealed. newMaster allows making the master key: nothing sealed exists yet.
func (v *vault) put(value, owner, install string, newMaster bool) (ref Ref, item string, err error) {
	item = "key-" + uuid.NewString()
	err = v.secrets.Set(item, value)
	if err == nil {
		return Ref("keychain:" + item), item, nil
	}
	var big TooBig
	if !errors.As(err, &big) || !big.TooBig() {
		return "", "", fmt.Errorf("store it in the keychain: %w", err)
	}
	ref, err = v.seal(value, owner, install, newMaster)
	return ref, "", err
}

// seal encrypts a value with the master key, bound to its owner.
func (v *vault) seal(value, owner, install string, newMaster bool) (Ref, error) {
	aead, err := v.aead(install, newMaster)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	sealed := aead.Seal(nonce, nonce, []byte(value), []byte(owner))
	return Ref("sealed:" + base64.StdEncoding.EncodeToString(sealed)), nil
}

// get finds the value of a reference.
func (v *vault) get(ref Ref, owner, install string) (Secret, error) {
	kind, rest, _ := strings.Cut(string(ref), ":")
	switch {
	case strings.HasPrefix(string(ref), "env."):
		name := strings.TrimPrefix(string(ref), "env.")
		if value := strings.TrimSpace(v.env(name)); value != "" {
			return NewSecret(value), nil
		}
		return Secret{}, fmt.Errorf("the environment variable %s is not set; set it and start again, or enter the key itself", name)
	case kind == "keychain":
		value, err := v.secrets.Get(rest)
		return NewSecret(value), err
	case kind == "sealed":
		return v.open(rest, owner, install)
	}
	return Secret{}, fmt.Errorf("is stored in a way that this version does not know; enter it again")
}

func (v *vault) open(text, owner, install string) (Secret, error) {
	aead, err := v.aead(install, false)
	if err != nil {
		return Secret{}, err
	}
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sealed) < aead.NonceSize() {
		return Secret{}, errors.New("the stored value is damaged; enter it again")
	}
	n := aead.NonceSize()
	plain, err := aead.Open(nil, sealed[:n], sealed[n:], []byte(owner))
	if err != nil {
		return Secret{}, errors.New("the stored value does not open with this keychain's master key; enter it again")
	}
	return NewSecret(string(plain)), nil
}

func (v *vault) aead(install string, create bool) (cipher.AEAD, error) {
	key, err := v.masterKey(install, create)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("use the master key: %w", err)
	}
	return cipher.NewGCM(block)
}

// masterKey reads the master key. It makes one only where allowed, since a new one can't open what an old one sealed.
func (v *vault) masterKey(install string, create bool) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.master != nil {
		return v.master, nil
	}
	item := "master-" + install
	text, err := v.secrets.Get(item)
	if err == nil {
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(key) != 32 {
			return nil, fmt.Errorf("the keychain's item %s is no master key", item)
		}
		v.master = key
		return key, nil
	}
	if !create {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	key := make([]byte, 32)
	rand.Read(key)
	if err := v.secrets.Set(item, base64.StdEncoding.EncodeToString(key)); err != nil {
		return nil, fmt.Errorf("store the master key: %w", err)
	}
	v.master = key
	return key, nil
}

// item is the keychain item that a reference names; "" where it names none.
func (r Ref) item() string {
	item, _ := strings.CutPrefix(string(r), "keychain:")
	if item == string(r) {
		return ""
	}
	return item
}

// kept reports whether reading the reference asks the keychain.
func (r Ref) kept() bool {
	return strings.HasPrefix(string(r), "keychain:") || strings.HasPrefix(string(r), "sealed:")
}

// Variable is the environment variable that a reference names, "" where it names none.
func (r Ref) Variable() string {
	name, ok := strings.CutPrefix(string(r), "env.")
	if !ok {
		return ""
	}
	return name
}
