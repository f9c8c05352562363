//go:build tray

package tray

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Display reports whether there is a display to show anything on.
func Display() bool { return true }

const (
	cfUnicodeText = 13
	gmemMoveable  = 2
)

var (
	user32           = windows.NewLazySystemDLL("user32.dll")
	openClipboard    = user32.NewProc("OpenClipboard")
	closeClipboard   = user32.NewProc("CloseClipboard")
	emptyClipboard   = user32.NewProc("EmptyClipboard")
	setClipboardData = user32.NewProc("SetClipboardData")

	kernel32     = windows.NewLazySystemDLL("kernel32.dll")
	globalAlloc  = kernel32.NewProc("GlobalAlloc")
	globalFree   = kernel32.NewProc("GlobalFree")
	globalLock   = kernel32.NewProc("GlobalLock")
	globalUnlock = kernel32.NewProc("GlobalUnlock")
	moveMemory   = kernel32.NewProc("RtlMoveMemory")
)

// copyText puts text into the clipboard.
func copyText(text string) error {
	chars, err := windows.UTF16FromString(text)
	if err != nil {
		return fmt.Errorf("encode the text: %w", err)
	}
	runtime.LockOSThread() // an open clipboard belongs to a thread
	defer runtime.UnlockOSThread()
	if ok, _, err := openClipboard.Call(0); ok == 0 {
		return fmt.Errorf("open the clipboard: %w", err)
	}
	defer closeClipboard.Call()
	emptyClipboard.Call()
	memory, _, err := globalAlloc.Call(gmemMoveable, uintptr(len(chars)*2))
	if memory == 0 {
		return fmt.Errorf("get memory for the clipboard: %w", err)
	}
	at, _, err := globalLock.Call(memory)
	if at == 0 {
		globalFree.Call(memory)
		return fmt.Errorf("lock the clipboard's memory: %w", err)
	}
	moveMemory.Call(at, uintptr(unsafe.Pointer(&chars[0])), uintptr(len(chars)*2))
	globalUnlock.Call(memory)
	if ok, _, err := setClipboardData.Call(cfUnicodeText, memory); ok == 0 {
		globalFree.Call(memory) // on success the system owns it
		return fmt.Errorf("fill the clipboard: %w", err)
	}
	return nil
}
