// Package transport carries requests to upstreams: the Doer contract, its default over fasthttp, and one over net/http
// for upstreams that are to be called by HTTP/2. Both connect straight or through a proxy.
//
// Of ours it imports timing alone. Its one invariant: when the context of a call ends, the call's socket is closed
// (its stream, where calls share a connection), whether or not the upstream has said anything yet.
package transport
