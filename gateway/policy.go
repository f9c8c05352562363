package gateway

import (
	"heimdall/gateway/admin"
	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
)

// policy tells the edge who may do what, by the configuration as it is now. The control listener always wants the
// administrator.
type policy struct {
	snapshot func() *config.Snapshot
	admin    *admin.Admin
	control  bool
}

func (p *policy) AllowedHosts() []string { return p.snapshot().Client.AllowedHosts }

func (p *policy) AllowedOrigins() []string { return p.snapshot().Client.AllowedOrigins }

func (p *policy) Admin(h exchange.Header) bool { return p.admin.Check(h) }

func (p *policy) Ticket(ticket string) bool { return p.admin.Ticket(ticket) }

func (p *policy) Refused(origin, path string) { p.admin.Refused(origin, path) }

func (p *policy) NeedsAdmin(g exchange.Guard) bool {
	s := p.snapshot()
	remote := !p.control && !loopback(s.Settings.Host)
	switch g {
	case exchange.GuardControl:
		return true
	case exchange.GuardManage, exchange.GuardSocket:
		return p.control || s.Auth.Enabled || remote
	case exchange.GuardInference:
		return remote || s.Auth.Enabled && !s.Auth.DisableOnInference
	case exchange.GuardUI:
		return remote
	case exchange.GuardPublic, exchange.GuardHolder:
	}
	return false
}
