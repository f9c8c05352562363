// Package traywatch is a panel for tests: a real StatusNotifierWatcher and host on a session bus that reads the menus
// of tray icons and clicks their items, as a user would.
//
// Formats: https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/ and com.canonical.dbusmenu.
package traywatch

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
)

const (
	name     = "org.kde.StatusNotifierWatcher"
	path     = "/StatusNotifierWatcher"
	itemName = "org.kde.StatusNotifierItem"
	menuName = "com.canonical.dbusmenu"
)

// ErrNoItem says that no tray icon is there (any more).
var ErrNoItem = errors.New("there is no tray icon")

// Watcher shows tray icons for as long as it is open.
type Watcher struct {
	bus *dbus.Conn

	mu    sync.Mutex
	items []item
}

type item struct {
	owner string
	path  dbus.ObjectPath
}

// Entry is one line of a tray icon's menu.
type Entry struct {
	Label   string
	Enabled bool
	id      int32
}

// Open takes the watcher's place on the bus at address.
func Open(address string) (*Watcher, error) {
	bus, err := dbus.Connect(address)
	if err != nil {
		return nil, fmt.Errorf("reach the session bus: %w", err)
	}
	w := &Watcher{bus: bus}
	if err := w.claim(); err != nil {
		bus.Close()
		return nil, err
	}
	return w, nil
}

func (w *Watcher) claim() error {
	if err := w.bus.Export(service{w}, path, name); err != nil {
		return fmt.Errorf("offer the tray: %w", err)
	}
	_, err := prop.Export(w.bus, path, prop.Map{name: {
		"RegisteredStatusNotifierItems":  {Value: []string{}},
		"IsStatusNotifierHostRegistered": {Value: true, Emit: prop.EmitTrue},
		"ProtocolVersion":                {Value: int32(0)},
	}})
	if err != nil {
		return fmt.Errorf("offer the tray: %w", err)
	}
	reply, err := w.bus.RequestName(name, dbus.NameFlagDoNotQueue)
	if err != nil {
		return fmt.Errorf("take the tray's name: %w", err)
	}
	if reply != dbus.RequestNameReplyPrimaryOwner {
		return errors.New("take the tray's name: another tray is there")
	}
	return w.bus.Emit(path, name+".StatusNotifierHostRegistered")
}

// Close leaves the bus: from then on there is no tray.
func (w *Watcher) Close() error { return w.bus.Close() }

// service is what icons call.
type service struct{ w *Watcher }

// RegisterStatusNotifierItem takes a bus name or, as Ayatana does it, an object path of the sender.
func (s service) RegisterStatusNotifierItem(what string, sender dbus.Sender) *dbus.Error {
	it := item{owner: what, path: "/StatusNotifierItem"}
	if strings.HasPrefix(what, "/") {
		it = item{owner: string(sender), path: dbus.ObjectPath(what)}
	}
	s.w.mu.Lock()
	s.w.items = append(s.w.items, it)
	s.w.mu.Unlock()
	s.w.bus.Emit(path, name+".StatusNotifierItemRegistered", it.owner+string(it.path))
	return nil
}

// RegisterStatusNotifierHost is part of the interface; the watcher is the only host.
func (s service) RegisterStatusNotifierHost(string) *dbus.Error { return nil }

func (w *Watcher) last() (item, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.items) == 0 {
		return item{}, ErrNoItem
	}
	return w.items[len(w.items)-1], nil
}

// Icon is the file of the icon that came last.
func (w *Watcher) Icon() (string, error) {
	it, err := w.last()
	if err != nil {
		return "", err
	}
	v, err := w.bus.Object(it.owner, it.path).GetProperty(itemName + ".IconName")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoItem, err)
	}
	file, _ := v.Value().(string)
	return file, nil
}

// Menu reads the menu of the icon that came last.
func (w *Watcher) Menu() ([]Entry, error) {
	_, _, entries, err := w.read()
	return entries, err
}

// Click clicks the item with the label.
func (w *Watcher) Click(label string) error {
	owner, menu, entries, err := w.read()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Label != label {
			continue
		}
		if !e.Enabled {
			return fmt.Errorf("the menu's item %q is disabled", label)
		}
		return w.bus.Object(owner, menu).Call(menuName+".Event", 0, e.id, "clicked", dbus.MakeVariant(int32(0)), uint32(time.Now().Unix())).Err
	}
	return fmt.Errorf("the menu has no item %q, only %v", label, entries)
}

func (w *Watcher) read() (owner string, menu dbus.ObjectPath, entries []Entry, err error) {
	it, err := w.last()
	if err != nil {
		return "", "", nil, err
	}
	v, err := w.bus.Object(it.owner, it.path).GetProperty(itemName + ".Menu")
	if err != nil {
		return "", "", nil, fmt.Errorf("%w: %w", ErrNoItem, err)
	}
	menu, _ = v.Value().(dbus.ObjectPath)
	var revision uint32
	var root []any
	err = w.bus.Object(it.owner, menu).Call(menuName+".GetLayout", 0, int32(0), int32(-1), []string{}).Store(&revision, &root)
	if err != nil {
		return "", "", nil, fmt.Errorf("read the tray's menu: %w", err)
	}
	return it.owner, menu, flatten(root, nil), nil
}

// flatten lists the items of a layout (id, properties, children) that have a label.
func flatten(node []any, entries []Entry) []Entry {
	id, _ := node[0].(int32)
	properties, _ := node[1].(map[string]dbus.Variant)
	if label, ok := properties["label"].Value().(string); ok {
		e := Entry{Label: strings.ReplaceAll(label, "__", "_"), Enabled: true, id: id}
		if on, ok := properties["enabled"].Value().(bool); ok {
			e.Enabled = on
		}
		entries = append(entries, e)
	}
	children, _ := node[2].([]dbus.Variant)
	for _, c := range children {
		if child, ok := c.Value().([]any); ok {
			entries = flatten(child, entries)
		}
	}
	return entries
}
