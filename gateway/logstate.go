package gateway

import (
	"heimdall/gateway/admin"
)

// logState is how the request log is now.
func (g *Gateway) logState() admin.LogState {
	s := admin.LogState{Type: "sqlite", Path: g.logPath(), Problem: g.logs.Problem()}
	if g.logDatabase != nil {
		s.Type = "postgres"
	}
	if err := g.logging(); err != nil && s.Problem == "" {
		s.Problem = err.Error()
	}
	s.DroppedRows, s.DroppedBodies = g.writer.Dropped()
	return s
}
