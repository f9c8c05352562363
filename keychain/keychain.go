package keychain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Store keeps secrets by name. All methods may be called at once from several goroutines; each answers within about
// two seconds, except that a passphrase takes its time on the first use of a file. Errors wrap one of the sentinels
// and say what the user can do.
type Store interface {
	Get(name string) (string, error) // ErrNotFound where there is none
	Set(name, value string) error    // ErrTooBig where the place has no room for such a value
	Delete(name string) error        // a missing item is no error
}

var (
	ErrNotFound    = errors.New("there is no such item")
	ErrLocked      = errors.New("it is locked")
	ErrTimeout     = errors.New("it did not answer in time")
	ErrUnavailable = errors.New("it cannot be reached")

	// ErrTooBig also has a method TooBig() bool, so that a package that may not import this one knows it.
	ErrTooBig error = tooBig{}
)

type tooBig struct{}

func (tooBig) Error() string { return "the value is too big for it" }
func (tooBig) TooBig() bool  { return true }

// Kinds of Choice.
const (
	KindOS   = "os"
	KindFile = "file"
)

// Choice says where the secrets are.
type Choice struct {
	Kind   string // KindOS or KindFile
	Detail string // a sentence for the user
}

// Options of Open.
type Options struct {
	Dir     string              // the app folder; made, private to the user, where it is missing
	Service string              // the name under which a keychain lists the items
	Env     func(string) string // os.Getenv; HEIMDALL_PASSPHRASE and HEIMDALL_PASSPHRASE_FILE are read from it
}

// Names of files in the app folder.
const (
	recordName   = "keychain.json"
	secretsName  = "secrets.age"
	identityName = "secrets.key"
)

// record is the content of keychain.json.
type record struct {
	Kind string `json:"kind"`
}

// Open finds the store that the record in the folder names. The first time it tries the keychain of the operating
// system with a throw-away item, and records what it chose. A keychain that is there but locked is chosen without
// being recorded, so that the next start tries it again; with a passphrase in the environment the file is chosen
// then, since a machine without a screen may have nobody to unlock anything.
func Open(o Options) (Store, Choice, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, Choice{}, fmt.Errorf("make the app folder: %w", err)
	}
	file := newFileStore(o.Dir, o.Env)
	kind, err := o.recorded()
	if err != nil {
		return nil, Choice{}, err
	}
	system := newOSStore(o.Service)
	keep := kind == ""
	if kind == "" {
		kind, keep = o.choose(system, file)
	}
	if keep {
		if err := o.write(kind); err != nil {
			return nil, Choice{}, err
		}
	}
	if kind == KindFile {
		return file, Choice{Kind: KindFile, Detail: file.detail()}, nil
	}
	return system, Choice{Kind: KindOS, Detail: "Keys are kept in " + osName + "."}, nil
}

// recorded is the kind that an earlier run chose; "" at the first.
func (o Options) recorded() (string, error) {
	path := filepath.Join(o.Dir, recordName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read where the keys are kept: %w", err)
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil || (r.Kind != KindOS && r.Kind != KindFile) {
		return "", fmt.Errorf(`%s is damaged; it must be {"kind":"os"} or {"kind":"file"}, as it was before`, path)
	}
	return r.Kind, nil
}

// choose picks a place at the first run. keep is whether it holds for later runs.
func (o Options) choose(system *osStore, file *fileStore) (kind string, keep bool) {
	if file.exists() {
		return KindFile, true // the record was lost, the keys were not
	}
	err := probe(system)
	switch {
	case err == nil:
		return KindOS, true
	case file.hasPassphrase(), !errors.Is(err, ErrLocked) && !errors.Is(err, ErrTimeout):
		return KindFile, true
	default:
		return KindOS, false
	}
}

func (o Options) write(kind string) error {
	data, err := json.Marshal(record{Kind: kind})
	if err != nil {
		return fmt.Errorf("record where the keys are kept: %w", err)
	}
	if err := writeFile(filepath.Join(o.Dir, recordName), append(data, '\n')); err != nil {
		return fmt.Errorf("record where the keys are kept: %w", err)
	}
	return nil
}

// probe stores, reads and deletes a throw-away item.
func probe(s Store) error {
	const name, value = "probe", "may be deleted"
	if err := s.Set(name, value); err != nil {
		return err
	}
	got, err := s.Get(name)
	if err != nil {
		return err
	}
	if got != value {
		return fmt.Errorf("%w: it gives back something else than was stored", ErrUnavailable)
	}
	return s.Delete(name)
}

var (
	_ Store = (*osStore)(nil)
	_ Store = (*fileStore)(nil)
	_ Store = (*Mem)(nil)
)
