//go:build tray

package tray

/*
#cgo linux pkg-config: gtk+-3.0
#include <stdlib.h>
#include <gtk/gtk.h>

static gboolean put_text(gpointer text) {
	GtkClipboard *clipboard = gtk_clipboard_get(GDK_SELECTION_CLIPBOARD);
	gtk_clipboard_set_text(clipboard, text, -1);
	gtk_clipboard_store(clipboard);
	g_free(text);
	return FALSE;
}

static void put_text_later(const char *text) { g_idle_add(put_text, g_strdup(text)); }
*/
import "C"

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"unsafe"
)

// Display reports whether there is a display to show anything on. It must be called on the main thread, and asks
// first because the tray library ends the process where there is none.
func Display() bool {
	// A menu draws nothing with OpenGL, whose software driver takes more memory than all the rest of us.
	os.Setenv("GDK_GL", "disable")
	return C.gtk_init_check(nil, nil) != 0
}

// copyText puts text into the clipboard. A Wayland compositor gives it only to the focused window, which a tray has
// not got; wl-copy knows a way.
func copyText(text string) error {
	if os.Getenv("WAYLAND_DISPLAY") != "" {
		if tool, err := exec.LookPath("wl-copy"); err == nil {
			cmd := exec.Command(tool)
			cmd.Stdin = strings.NewReader(text)
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("wl-copy: %w", err)
			}
			return nil
		}
	}
	c := C.CString(text)
	C.put_text_later(c)
	C.free(unsafe.Pointer(c))
	return nil
}
