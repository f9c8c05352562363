// Package storetest is the suite that every store must pass, whatever database it is in. A store's own test calls
// Config, Logs or Usage with a function that opens it.
//
// It may import what declares the stores' contracts, and only tests import it. Its one invariant: it knows of a store
// nothing but the contract.
package storetest
