// Package app is the desktop around the gateway: the command line, one process for each app folder, the life cycle,
// and what only the operating system can do (/api/shell/*). app/tray and app/window are the icon and the window.
//
// It may import gateway and everything below, and keychain. Its one invariant: the gateway serves before anything is
// drawn, and whatever happens to tray or window, it goes on serving.
package app
