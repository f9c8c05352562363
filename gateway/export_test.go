package gateway

import (
	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/providers/all"
)

// ListenerRows are the rows of the gateway's port and of the control listener.
func (g *Gateway) ListenerRows() (port, control []exchange.Row) {
	return g.gatewayRows(), g.controlRows()
}

// KindInfos is what the configuration must know of all providers.
func KindInfos() []config.KindInfo { return kindInfos(all.List()) }
