// Package gatewaytest makes a whole gateway over scripted upstreams, talks to it over real HTTP, and checks scenarios:
// what a request gives, and that nothing else happened.
//
// Only tests import it; it may import everything below app. Its one invariant: a scenario names every upstream call,
// every log row and every event, so that one too many fails it.
package gatewaytest
