package gateway

import (
	"context"

	"heimdall/gateway/cassette"
	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// openCassette opens the recordings that are to answer, if there are any.
func (g *Gateway) openCassette() (err error) {
	if g.opts.Cassette.Dir == "" {
		return nil
	}
	if g.player, err = cassette.Open(g.opts.Cassette.Dir, g.opts.Cassette.Speed); err != nil {
		return err
	}
	g.closers = append(g.closers, func(context.Context) error { return g.player.Close() })
	g.opts.Log.Info("a cassette answers; no provider is called", "cassette", g.player.Name())
	return nil
}

// end is the end of the chain.
func (g *Gateway) end() exchange.Handler {
	if g.player != nil {
		return g.player.Handler()
	}
	return g.router.Load().Handle
}

// unreachable stands in for all providers while a cassette plays.
type unreachable struct{}

func (unreachable) Do(context.Context, *transport.Request) (*transport.Response, error) {
	return nil, llm.Errorf(llm.KindConnection, "a cassette plays; no provider is called")
}
