// Package e2e drives the real built programs as a user does: the real window under Xvfb, the real tray over D-Bus, a
// real keyring. Its tests need the build tag e2e, the programs in build/bin, and the Debian packages that a failure
// names; they start everything else themselves, in folders that are thrown away.
//
// Its one invariant: a missing part is a failure, never a skip.
package e2e
