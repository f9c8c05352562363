package generate_test

import (
	"testing"

	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/dialecttest"
	"heimdall/providers/dialect/generate"
	"heimdall/providers/dialect/messages"
)

func TestCorpus(t *testing.T) {
	for _, endpoint := range []string{"generateContent", "streamGenerateContent"} {
		t.Run(endpoint, func(t *testing.T) {
			t.Run("chat", func(t *testing.T) { dialecttest.Replay(t, endpoint, generate.New(), chat.New()) })
			t.Run("messages", func(t *testing.T) { dialecttest.Replay(t, endpoint, generate.New(), messages.New()) })
		})
	}
}

// TestFromOthers carries what other endpoints' providers and clients said to this dialect.
func TestFromOthers(t *testing.T) {
	t.Run("messages", func(t *testing.T) { dialecttest.Replay(t, "messages", messages.New(), generate.New()) })
}
