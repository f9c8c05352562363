package keychain

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/godbus/dbus/v5"
)

const (
	osName   = "the system keyring"
	osRepair = "start a Secret Service (such as GNOME Keyring or KWallet) in this session"

	// The service takes more, but gets slow.
	osLimit = 64 << 10
)

const (
	secretService = "org.freedesktop.secrets"
	loginPath     = dbus.ObjectPath("/org/freedesktop/secrets/collection/login")
	defaultPath   = dbus.ObjectPath("/org/freedesktop/secrets/aliases/default")
)

// lockState remembers whether the user was asked to unlock the collection: once each time that it is locked.
type lockState struct{ asked atomic.Bool }

// check is called before each use of the binding, which would start a session bus of its own where there is none, and
// ask again and again for a collection that the user does not want to unlock.
func (l *lockState) check() error {
	if !busReachable() {
		return fmt.Errorf("%w: there is no session bus", ErrUnavailable)
	}
	locked, err := collectionLocked()
	if err != nil {
		return err
	}
	if !locked {
		l.asked.Store(false)
		return nil
	}
	if l.asked.Swap(true) {
		return ErrLocked
	}
	return nil
}

func (l *lockState) asking() bool { return l.asked.Load() }

// collectionLocked looks at the collection that the binding uses: login, else the default one.
func collectionLocked() (bool, error) {
	conn, err := dbus.SessionBus()
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	var locked bool
	for _, path := range []dbus.ObjectPath{loginPath, defaultPath} {
		err = conn.Object(secretService, path).StoreProperty("org.freedesktop.Secret.Collection.Locked", &locked)
		if err == nil {
			return locked, nil
		}
	}
	return false, fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// busReachable reads the process's own environment, as the binding does.
func busReachable() bool {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && address != "autolaunch:" {
		return true
	}
	me, err := user.Current()
	if err != nil {
		return false
	}
	for _, name := range []string{"bus", "dbus-session"} {
		if _, err := os.Stat(filepath.Join("/run/user", me.Uid, name)); err == nil {
			return true
		}
	}
	return false
}

// isLocked knows the binding's error for a collection that stayed locked, which has no sentinel.
func isLocked(err error) bool {
	var e dbus.Error
	if errors.As(err, &e) && e.Name == "org.freedesktop.Secret.Error.IsLocked" {
		return true
	}
	return strings.HasPrefix(err.Error(), "failed to unlock correct collection")
}
