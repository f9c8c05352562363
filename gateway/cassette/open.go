package cassette

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Player answers from a cassette.
type Player struct {
	name  string
	root  *os.Root
	speed float64

	recordings []recording
	takes      map[key][]int // indexes of the recordings of the same request, in their order

	mu     sync.Mutex
	played map[key]int // how often each was asked for
}

// recording is an entry that is ready to be found. Its bodies stay on the disk.
type recording struct {
	entry
	folder string
	at     []time.Duration
	traits map[uint64]int // of the request
}

// Open reads the cassette in dir. Speed is how fast it plays: 1 = as recorded, 2 = twice as fast, 0 = at once.
func Open(dir string, speed float64) (_ *Player, err error) {
	if speed < 0 {
		return nil, fmt.Errorf("the speed of a cassette must not be negative: 1 = as recorded, 2 = twice as fast, 0 = at once, not %v", speed)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the cassette %s: %w", dir, err)
	}
	p := &Player{root: root, speed: speed, takes: map[key][]int{}, played: map[key]int{}}
	defer func() {
		if err != nil {
			_ = root.Close()
		}
	}()
	var m manifest
	if err := p.decode(manifestFile, &m); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no cassette: it has no %s; name a folder that POST /api/logs/cassettes has written", dir, manifestFile)
	} else if err != nil {
		return nil, fmt.Errorf("open the cassette %s: %w", dir, err)
	}
	if m.Format != Format {
		return nil, fmt.Errorf("the cassette %s is of format %d, but this program plays format %d: save it anew", dir, m.Format, Format)
	}
	p.name = m.Name
	for _, folder := range m.Entries {
		if err := p.add(folder); err != nil {
			return nil, fmt.Errorf("open the cassette %s: entry %q: %w", dir, folder, err)
		}
	}
	return p, nil
}

// Close gives the folder back. What plays then fails.
func (p *Player) Close() error { return p.root.Close() }

// Name is the cassette's own.
func (p *Player) Name() string { return p.name }

func (p *Player) add(folder string) error {
	if folder == "" || !filepath.IsLocal(folder) {
		return errors.New("an entry is the name of a folder in the cassette")
	}
	r := recording{folder: folder}
	if err := p.decode(path(folder, entryFile), &r.entry); err != nil {
		return err
	}
	if r.Response.Status < 100 || r.Response.Status > 599 {
		return fmt.Errorf("%s: response.status must be an HTTP status, not %d", entryFile, r.Response.Status)
	}
	var t timing
	if err := p.decode(path(folder, timingFile), &t); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, ms := range t.AtMS {
		r.at = append(r.at, time.Duration(ms*float64(time.Millisecond)))
	}
	body, err := p.body(folder, r.Request.Body)
	if err != nil {
		return err
	}
	if r.Response.Body != "" {
		if _, err := p.root.Stat(path(folder, r.Response.Body)); err != nil {
			return err
		}
	}
	q := question{method: r.Request.Method, path: r.Request.Path, dialect: r.Request.Dialect, body: normal(body)}
	r.traits = traits(q.body)
	k := q.key()
	p.takes[k] = append(p.takes[k], len(p.recordings))
	p.recordings = append(p.recordings, r)
	return nil
}

// body reads a body of an entry; name "" = it has none.
func (p *Player) body(folder, name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	return p.root.ReadFile(path(folder, name))
}

func path(folder, file string) string { return folder + "/" + file }

// decode reads a JSON file strictly: a name that somebody mistyped is an error.
func (p *Player) decode(name string, to any) error {
	data, err := p.root.ReadFile(name)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}
