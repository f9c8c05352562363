//go:build window

package window

import (
	"context"
	"os"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	portalLimit = 300 * time.Millisecond
	preferDark  = 1 // https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Settings.html
)

func systemIsDark() bool {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), portalLimit)
	defer cancel()
	bus, err := dbus.ConnectSessionBus(dbus.WithContext(ctx))
	if err != nil {
		return false
	}
	defer bus.Close()
	var v dbus.Variant
	err = bus.Object("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop").CallWithContext(ctx,
		"org.freedesktop.portal.Settings.Read", 0, "org.freedesktop.appearance", "color-scheme").Store(&v)
	if err != nil {
		return false
	}
	if inner, ok := v.Value().(dbus.Variant); ok {
		v = inner
	}
	scheme, _ := v.Value().(uint32)
	return scheme == preferDark
}
