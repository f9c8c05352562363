// Package admin is the management API: /api/*, the live view behind /api/events, and the sessions of the administrator.
//
// It may import providers, exchange and the packages beside it on the floor below; never edge, compat or sqlstore. Its
// shapes in api.go are the source of the page's generated types. Its one invariant: no answer holds a secret.
package admin
