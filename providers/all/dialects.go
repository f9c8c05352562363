package all

import (
	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/messages"
)

// Dialects makes every dialect, by name.
func Dialects() map[string]dialect.Dialect {
	out := map[string]dialect.Dialect{}
	for _, d := range []dialect.Dialect{chat.New(), messages.New()} {
		out[d.Name] = d
	}
	return out
}
