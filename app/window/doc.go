// Package window is the window and its supervision. The window is a process of its own (heimdall-window, build tag
// window, the only importer of Wails): a crash of the web view touches no request, and a closed window costs nothing.
// The main program starts it, shows it, and hands over the address and a one-time code by pipe.
//
// It imports nothing of ours, and never app/tray. Its one invariant: neither the code nor a token is ever in an argument
// list, an environment or a log.
package window
