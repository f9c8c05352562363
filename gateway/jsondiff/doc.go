// Package jsondiff says in which places two JSON values differ: messages[3].content, generationConfig.temperature.
//
// It imports the standard library only. Its one invariant: equal values have no differences, whatever the order of their
// keys and however their numbers are written.
package jsondiff
