// Package control is the desktop's client of the control listener: what the tray, a second launch and the window's
// supervisor ask the gateway over HTTP.
//
// It may import gateway/admin for the shapes. Its one invariant: the token travels in the Authorization header and
// nowhere else.
package control
