// Package importer turns the configurations of other gateways and switchers into Heimdall's own: the shape of its
// config.json, version 2. The words in it that name providers are those of the formats that it reads.
//
// It imports nothing of this module. It is pure: bytes or tables in, a Result out; who calls it reads files and stores
// what comes out. Its one invariant: nothing is passed over in silence. What is not in the Result's Config is in its
// Left, with the reason, and no reason holds a secret.
package importer
