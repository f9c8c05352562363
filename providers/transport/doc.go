// Package transport carries requests to upstreams: the Doer contract and its default over fasthttp.
//
// It imports no other package of ours. Its one invariant: when the context of a call ends, the call's socket is closed,
// whether or not the upstream has said anything yet.
package transport
