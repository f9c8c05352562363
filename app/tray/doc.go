// Package tray is the icon in the system's panel: it shows the gateway's state and offers to flip it.
//
// It is a client of the control listener and owns nothing. It may import app/control, and is the only package that
// imports the tray library (build tag tray). Its one invariant: Run is called on the main thread.
package tray
