// Command bench measures what the gateway costs, side by side with a raw fasthttp reverse proxy that parses nothing
// (the floor), and prints one line for each goal of the project. Mock upstream, floor, load generator and gateways
// are processes of their own on loopback; the first three are this program again.
//
// It imports the standard library and fasthttp, never the gateway: it sees of it what a client sees, and /proc. Its
// one invariant: an answer that is not complete and right is an error, and an error fails the run.
package main
