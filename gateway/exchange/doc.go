// Package exchange holds what one request is on its way through the gateway: the Exchange, its Reply and its Record,
// and the shapes of what it passes: Handler, Middleware, Observer, Row.
//
// It may import providers and what is below. Its one invariant: Raw, the body as the client sent it, never changes.
package exchange
