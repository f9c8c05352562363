// Package peer finds the program at the other end of a TCP connection that does not leave this machine, and the one that
// holds a port.
//
// It may import exchange and what is below. Its one invariant: who asks never waits, and however many ask, finding takes
// at most a twentieth of one core; a program is told only for a socket that it has been seen to hold.
package peer
