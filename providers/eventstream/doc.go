// Package eventstream cuts, reads and writes the binary messages of application/vnd.amazon.eventstream.
//
// A message is a prelude (its length, the length of its headers, a checksum), headers, a payload and a checksum of all
// of it. The package imports only the standard library. Its one invariant: the frames that a Splitter yields, put
// together with what it still holds, are exactly the bytes that it was fed.
package eventstream
