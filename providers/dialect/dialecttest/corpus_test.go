package dialecttest_test

import (
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/messages"
)

// endpoints maps each recorded endpoint to its dialect and to the one that it is carried over to.
var endpoints = []struct {
	name       string
	own, other dialect.Dialect
}{
	{"chat.completions", chat.New(), messages.New()},
	{"messages", messages.New(), chat.New()},
}

func TestCorpus(t *testing.T) {
	for _, e := range endpoints {
		t.Run(e.name, func(t *testing.T) { dialecttest.Replay(t, e.name, e.own, e.other) })
	}
}
