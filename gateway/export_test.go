package gateway

import "heimdall/gateway/exchange"

// ListenerRows are the rows of the gateway's port and of the control listener.
func (g *Gateway) ListenerRows() (port, control []exchange.Row) {
	return g.gatewayRows(), g.controlRows()
}
