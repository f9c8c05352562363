// Package gateway assembles the gateway: New takes the few things it cannot know by itself, builds stores, chain and
// listeners, and returns an object with Start and Close.
//
// It may import everything below it; nothing but app and main imports it. Its one invariant: on a bad configuration
// the old chain keeps serving.
package gateway
