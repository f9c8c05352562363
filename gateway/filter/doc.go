// Package filter is the language in which people and programs say which logged requests they mean:
//
//	model:gpt* status>=400 cost>0.05 tool:Edit session:abc text:"out of memory" (app:codex OR app:claude) NOT stream:true
//
// It parses, prints, explains and completes expressions, and judges by them what is known of one request. The store
// makes SQL of them; the page asks this package through the API, so there is one parser.
//
// It imports the standard library only. Its one invariant: what it prints it parses to the same expression.
package filter
