// Package rule decides by the user's routing rules where a request goes: expressions of the Common Expression Language
// over what is known of it, asked in order, the first match wins.
//
// It may import exchange and the floors below; never config or route. It does no I/O and holds no state between
// decisions. Its one invariant: a decision always ends, quickly, and a rule that is wrong never stops a request; it is
// passed over, and its error is kept.
package rule
