package all

import (
	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/coherechat"
	"heimdall/providers/dialect/completions"
	"heimdall/providers/dialect/converse"
	"heimdall/providers/dialect/generate"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/dialect/responses"
	"heimdall/providers/dialect/unary"
)

// Dialects makes every dialect, by name.
func Dialects() map[string]dialect.Dialect {
	own := messages.New()
	out := map[string]dialect.Dialect{}
	for _, d := range []dialect.Dialect{
		chat.New(), completions.New(),
		responses.New(), responses.NewCount(), responses.NewStored(),
		own, messages.NewCount(),
		generate.New(), generate.NewArray(), generate.NewCount(), generate.NewCountFlat(), generate.NewEmbed(), generate.NewEmbeds(), generate.NewPredict(),
		converse.New(), converse.NewCount(own), converse.NewInvoke(own),
		coherechat.New(),
		unary.NewEmbeddings(), unary.NewEmbed(), unary.NewRerank(), unary.NewCohereRerank(), unary.NewTokenize(),
	} {
		out[d.Name] = d
	}
	return out
}
