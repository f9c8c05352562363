// Package compat reads Bifrost's shapes, of all its generations, into ours: the configuration file, and the bodies of
// the management API that describe providers, keys and settings.
//
// It may import the floors below; never admin, edge or sqlstore. It is pure: bytes in, edits out. Its one invariant:
// no field is passed over in silence. What has no effect here is a warning or an error that names its path.
package compat
