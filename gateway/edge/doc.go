// Package edge is the HTTP server: listener, route rows, guards, and the writing of replies.
//
// A connection that speaks HTTP/2 from its first byte is read by net/http; its requests take the same way as all others.
//
// It is the only importer of the fasthttp server and may import exchange and what is below. Its one invariant: every
// request passes the guard that its row declares before anything else looks at it.
package edge
