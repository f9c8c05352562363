package keychain

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
)

const (
	passphraseVar     = "HEIMDALL_PASSPHRASE"
	passphraseFileVar = "HEIMDALL_PASSPHRASE_FILE"
)

// fileStore is one age file that holds a JSON object of all items. A file stays sealed the way it was first sealed:
// with the passphrase, or with the identity file beside it. Nothing is read before it is asked for, since opening
// with a passphrase is slow on purpose.
type fileStore struct {
	path, identity string
	env            func(string) string
	work           int // log2 of scrypt's cost for new files; 0 = age's own

	mu    sync.Mutex
	items map[string]string // what the file held when it looked like seen
	seen  stamp
}

// stamp tells one state of the file from another.
type stamp struct {
	modified time.Time
	size     int64
}

func newFileStore(dir string, env func(string) string) *fileStore {
	return &fileStore{path: filepath.Join(dir, secretsName), identity: filepath.Join(dir, identityName), env: env}
}

func (f *fileStore) Get(name string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.load(); err != nil {
		return "", fmt.Errorf("read %s from the key file: %w", name, err)
	}
	value, ok := f.items[name]
	if !ok {
		return "", fmt.Errorf("read %s from the key file: %w; enter the key again", name, ErrNotFound)
	}
	return value, nil
}

func (f *fileStore) Set(name, value string) error {
	return f.change("store "+name+" in", func(items map[string]string) { items[name] = value })
}

func (f *fileStore) Delete(name string) error {
	return f.change("delete "+name+" from", func(items map[string]string) { delete(items, name) })
}

func (f *fileStore) change(doing string, edit func(map[string]string)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.load(); err != nil {
		return fmt.Errorf("%s the key file: %w", doing, err)
	}
	next := maps.Clone(f.items)
	edit(next)
	if maps.Equal(next, f.items) {
		return nil
	}
	if err := f.save(next); err != nil {
		return fmt.Errorf("%s the key file: %w", doing, err)
	}
	return nil
}

// load reads the file unless it is as it was at the last time.
func (f *fileStore) load() error {
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) && f.seen == (stamp{}) {
		f.items = map[string]string{}
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	now := stamp{info.ModTime(), info.Size()}
	if now == f.seen {
		return nil
	}
	items, err := f.read()
	if err != nil {
		return err
	}
	f.items, f.seen = items, now
	return nil
}

func (f *fileStore) read() (map[string]string, error) {
	sealed, err := os.ReadFile(f.path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	key, err := f.openingKey()
	if err != nil {
		return nil, err
	}
	defer f.forget()
	plain, err := age.Decrypt(bytes.NewReader(sealed), key)
	var other *age.NoIdentityMatchError
	if errors.As(err, &other) {
		return nil, f.wrongKey()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s is damaged; put a copy of it back: %w", ErrUnavailable, f.path, err)
	}
	var stored map[string][]byte // bytes, since JSON text would not keep every value as it is
	if err := json.NewDecoder(plain).Decode(&stored); err != nil {
		return nil, fmt.Errorf("%w: %s is damaged; put a copy of it back", ErrUnavailable, f.path)
	}
	items := map[string]string{}
	for name, value := range stored {
		items[name] = string(value)
	}
	return items, nil
}

func (f *fileStore) save(items map[string]string) error {
	to, err := f.sealingKey()
	if err != nil {
		return err
	}
	stored := map[string][]byte{}
	for name, value := range items {
		stored[name] = []byte(value)
	}
	defer f.forget()
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	if err := json.NewEncoder(w).Encode(stored); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	if err := writeFile(f.path, sealed.Bytes()); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	info, err := os.Stat(f.path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	f.items, f.seen = items, stamp{info.ModTime(), info.Size()}
	return nil
}

// forget gives back the memory that a passphrase's key was derived with: a quarter of a gigabyte, which the process would
// keep for minutes.
func (f *fileStore) forget() {
	if f.withPassphrase() {
		debug.FreeOSMemory()
	}
}

func (f *fileStore) openingKey() (age.Identity, error) {
	if f.withPassphrase() {
		phrase, err := f.passphrase()
		if err != nil {
			return nil, err
		}
		if phrase == "" {
			return nil, fmt.Errorf("%w: it needs its passphrase; set %s or %s and start again", ErrLocked, passphraseVar, passphraseFileVar)
		}
		return age.NewScryptIdentity(phrase)
	}
	return f.readIdentity()
}

func (f *fileStore) sealingKey() (age.Recipient, error) {
	if f.withPassphrase() {
		phrase, err := f.passphrase()
		if err != nil {
			return nil, err
		}
		to, err := age.NewScryptRecipient(phrase)
		if err == nil && f.work > 0 {
			to.SetWorkFactor(f.work)
		}
		return to, err
	}
	key, err := f.readIdentity()
	if errors.Is(err, fs.ErrNotExist) && !f.exists() {
		key, err = f.makeIdentity()
	}
	if err != nil {
		return nil, err
	}
	return key.Recipient(), nil
}

func (f *fileStore) readIdentity() (*age.X25519Identity, error) {
	text, err := os.ReadFile(f.identity)
	if err != nil {
		return nil, fmt.Errorf("%w: the file that opens it is missing, put %s back: %w", ErrLocked, f.identity, err)
	}
	key, err := age.ParseX25519Identity(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%w: %s is damaged; put a copy of it back", ErrLocked, f.identity)
	}
	return key, nil
}

func (f *fileStore) makeIdentity() (*age.X25519Identity, error) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("make an identity: %w", err)
	}
	if err := writeFile(f.identity, []byte(key.String()+"\n")); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return key, nil
}

func (f *fileStore) wrongKey() error {
	if f.withPassphrase() {
		return fmt.Errorf("%w: the passphrase is wrong; set %s or %s to the one that it was made with and start again",
			ErrLocked, passphraseVar, passphraseFileVar)
	}
	return fmt.Errorf("%w: %s belongs to another key file; put the right one back", ErrLocked, f.identity)
}

// withPassphrase is how the file is sealed, or, while there is none, how it will be.
func (f *fileStore) withPassphrase() bool {
	file, err := os.Open(f.path)
	if err != nil {
		return f.hasPassphrase()
	}
	defer file.Close()
	// The stanza of the key follows the line of the version: age-encryption.org/v1.
	head := bufio.NewReader(io.LimitReader(file, 256))
	head.ReadString('\n')
	stanza, _ := head.ReadString('\n')
	return strings.HasPrefix(stanza, "-> scrypt ")
}

func (f *fileStore) hasPassphrase() bool {
	return f.env(passphraseVar) != "" || f.env(passphraseFileVar) != ""
}

func (f *fileStore) passphrase() (string, error) {
	if phrase := f.env(passphraseVar); phrase != "" {
		return phrase, nil
	}
	path := f.env(passphraseFileVar)
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%w: read the file that %s names: %w", ErrLocked, passphraseFileVar, err)
	}
	phrase := strings.TrimRight(string(text), "\r\n")
	if phrase == "" {
		return "", fmt.Errorf("%w: the file that %s names is empty; write the passphrase into it", ErrLocked, passphraseFileVar)
	}
	return phrase, nil
}

func (f *fileStore) exists() bool {
	_, err := os.Stat(f.path)
	return err == nil
}

func (f *fileStore) detail() string {
	const place = "Keys are kept in an encrypted file in the app folder, as no system keychain answered when it was made. "
	switch {
	case f.withPassphrase():
		return place + "It opens with your passphrase (" + passphraseVar + " or " + passphraseFileVar + ")."
	case f.hasPassphrase():
		return place + "It was made without a passphrase and ignores the one that is set now: it protects copies of the database, not against your own user."
	default:
		return place + "What opens it lies beside it: it protects copies of the database, not against your own user."
	}
}
