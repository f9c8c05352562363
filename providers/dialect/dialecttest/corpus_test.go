package dialecttest_test

import (
	"slices"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/coherechat"
	"heimdall/providers/dialect/converse"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/generate"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/dialect/responses"
)

// hubs are the dialects that everything is carried over to, and back from.
var hubs = []dialect.Dialect{chat.New(), responses.New()}

// speakers are all dialects of chat.
var speakers = []dialect.Dialect{hubs[0], hubs[1], messages.New(), generate.New(), converse.New(), coherechat.New()}

// across gives the hubs that a dialect is carried over to. The hubs themselves go to the third dialect, too.
func across(d dialect.Dialect) (others []dialect.Dialect) {
	for _, hub := range hubs {
		if hub.Name != d.Name {
			others = append(others, hub)
		}
	}
	if len(others) < len(hubs) {
		others = append(others, speakers[len(hubs)])
	}
	return others
}

// recorded maps each recorded endpoint to its dialect.
var recorded = []struct {
	endpoint string
	dialect.Dialect
}{
	{"chat.completions", chat.New()},
	{"responses", responses.New()},
	{"messages", messages.New()},
	{"generateContent", generate.New()},
	{"streamGenerateContent", generate.New()},
	{"converse", converse.New()},
	{"converse-stream", converse.New()},
	{"cohere.chat", coherechat.New()},
}

// older leaves out an earlier version of an endpoint, which is another format.
func older(c dialecttest.Case) bool { return c.Endpoint == "cohere.chat" && c.URL == "/v1/chat" }

func TestCorpus(t *testing.T) {
	for _, r := range recorded {
		t.Run(r.endpoint, func(t *testing.T) {
			cases := slices.DeleteFunc(dialecttest.Corpus(t, r.endpoint), older)
			dialecttest.ReplayCases(t, cases, r.Dialect, across(r.Dialect)...)
		})
	}
}
