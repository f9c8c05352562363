package tray

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	watcherName = "org.kde.StatusNotifierWatcher"
	watcherPath = "/StatusNotifierWatcher"
	hostLimit   = 2 * time.Second
)

// HostPresent reports whether a panel shows tray icons now.
func HostPresent() bool {
	if !busReachable() {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), hostLimit)
	defer cancel()
	bus, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return false
	}
	defer bus.Close()
	var v dbus.Variant
	err = bus.Object(watcherName, watcherPath).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get",
		dbus.FlagNoAutoStart, watcherName, "IsStatusNotifierHostRegistered").Store(&v)
	if err != nil {
		return false
	}
	on, _ := v.Value().(bool)
	return on
}

// busReachable asks first because the D-Bus library would otherwise start a stray bus of its own.
func busReachable() bool {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	_, err := os.Stat(filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "bus"))
	return err == nil
}
