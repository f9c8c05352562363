package gateway

import (
	"context"
	"strings"

	"heimdall/gateway/compat"
	"heimdall/gateway/exchange"
	"heimdall/providers/dialect"
	"heimdall/providers/llm"
)

// inferenceRows are the routes that clients call. The paths, and the provider that each means, are Bifrost's.
func inferenceRows(models exchange.Handler) []exchange.Row {
	chat := func(path, d, provider string, decorate exchange.Decoration) exchange.Row {
		return exchange.Row{Method: "POST", Path: path, Guard: exchange.GuardInference, Op: llm.OpChat, Dialect: d, Provider: provider, Decorate: decorate}
	}
	return []exchange.Row{
		chat("/v1/chat/completions", "chat", "", exchange.DecorateAlways),
		chat("/openai/chat/completions", "chat", "openai", exchange.DecorateOnDemand),
		chat("/openai/v1/chat/completions", "chat", "openai", exchange.DecorateOnDemand),
		chat("/anthropic/v1/messages", "messages", "anthropic", exchange.DecorateNever),
		{Method: "GET", Path: "/v1/models", Guard: exchange.GuardInference, Dialect: "chat", Decorate: exchange.DecorateAlways, Handler: models},
	}
}

// dialectOf guesses from a path which dialect its client speaks; "" for the management API.
func dialectOf(path string) string {
	switch {
	case strings.HasPrefix(path, "/anthropic/"):
		return "messages"
	case strings.HasPrefix(path, "/v1/"), strings.HasPrefix(path, "/openai/"):
		return "chat"
	default:
		return ""
	}
}

// errorReply renders an error in its row's dialect, or where that has none in the one that the path suggests.
func errorReply(find func(string) (dialect.Dialect, bool), row *exchange.Row, path string, x *exchange.Exchange, err error) *exchange.Reply {
	name := dialectOf(path)
	if row != nil && row.Dialect != "" {
		name = row.Dialect
	}
	if d, ok := find(name); ok {
		return compat.ErrorReply(row, d, x, err)
	}
	return compat.ManagementError(err)
}

// health answers that the gateway serves, and whether it can write its log.
func health(logging func() error) exchange.Row {
	return exchange.Row{Method: "GET", Path: "/health", Guard: exchange.GuardPublic,
		Handler: func(context.Context, *exchange.Exchange) (*exchange.Reply, error) {
			body := `{"status":"ok","components":{"log":"ok"}}`
			if logging() != nil {
				body = `{"status":"ok","components":{"log":"failing"}}`
			}
			return &exchange.Reply{Status: 200, ContentType: "application/json", Body: []byte(body)}, nil
		}}
}
