package govern

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/url"
	"strings"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// Prefix is how the values of virtual keys begin. Those that do not are taken from the header field x-bf-vk only.
const Prefix = "sk-bf-"

// HashOf is what finds a virtual key by its value.
func HashOf(value string) Hash {
	var room [128]byte
	return sha256.Sum256(append(room[:0], value...))
}

// Wrap is the policy as middleware: it finds out who calls, and refuses those who may not. The administrator's own test
// calls are nobody's, and only a pause stops them. It comes after the record was opened.
func (p *Policy) Wrap(next exchange.Handler) exchange.Handler {
	return func(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
		if err := p.identify(x); err != nil {
			return nil, err
		}
		return next(ctx, x)
	}
}

func (p *Policy) identify(x *exchange.Exchange) error {
	if err := p.pause.refuse(); err != nil {
		return err
	}
	if x.Row.Guard == exchange.GuardManage {
		return nil
	}
	if err := p.missing(x.Header); err != nil {
		return err
	}
	k, err := p.find(x.Header, x.Query)
	if err != nil {
		return err
	}
	switch {
	case k != nil:
		x.Record.Identity = k.identity
		if k.NoBodies != nil {
			x.Record.NoBodies = *k.NoBodies
		}
		if x.Record.Routing == nil {
			x.Record.Routing = k.steps[:1:1]
		} else {
			x.Record.Routing = append(x.Record.Routing, k.steps[0])
		}
		if err := k.blocked(p); err != nil {
			return err
		}
	case p.mandatory:
		return required()
	case !p.everybody:
		return nil
	}
	x.Caller = &caller{policy: p, key: k}
	return nil
}

// missing refuses a request without all of the header fields that are required.
func (p *Policy) missing(h exchange.Header) error {
	var names []string
	for _, name := range p.required {
		if h.Get(name) == "" {
			names = append(names, name)
		}
	}
	if names == nil {
		return nil
	}
	return refuse(llm.KindInvalidRequest, "missing_required_headers", "missing required headers: %s", strings.Join(names, ", "))
}

// blocked refuses a key that is switched off or has expired.
func (k *key) blocked(p *Policy) error {
	switch {
	case !k.Active:
		return refuse(llm.KindAccessDenied, "access_blocked", "virtual key is inactive")
	case k.expired(p.now()):
		return refuse(llm.KindAccessDenied, "access_blocked", "virtual key has expired")
	}
	return nil
}

func required() error {
	return unauthorised("virtual_key_required", "virtual key is required. Provide a virtual key via the x-bf-vk header.")
}

func unauthorised(name, message string) error {
	e := refuse(llm.KindAccessDenied, name, "%s", message)
	e.Status = 401
	return e
}

// KeyID finds whose virtual key a request has: "" = it has none. The key may be inactive or expired. The error is an
// *llm.Error: there is no such key.
func (p *Policy) KeyID(h exchange.Header, query url.Values) (string, error) {
	k, err := p.find(h, query)
	return k.id(), err
}

// Caller is what the holder of a virtual key may reach and spend; nil where nothing is governed, or there is no such
// key. virtualKeyID "" = nobody.
func (p *Policy) Caller(virtualKeyID string) exchange.Caller {
	k := p.keys[virtualKeyID]
	if k == nil && (virtualKeyID != "" || !p.everybody) {
		return nil
	}
	return &caller{policy: p, key: k}
}

// Refusal is why no request with those header fields and that virtual key is let in, wherever it is to go; "" = without
// one.
func (p *Policy) Refusal(h exchange.Header, virtualKeyID string) error {
	if err := p.pause.refuse(); err != nil {
		return err
	}
	if err := p.missing(h); err != nil {
		return err
	}
	k := p.keys[virtualKeyID]
	switch {
	case k != nil:
		return k.blocked(p)
	case p.mandatory:
		return required()
	}
	return nil
}

func (p *Policy) find(h exchange.Header, query url.Values) (*key, error) {
	presented := Presented(h, query)
	if presented == "" {
		return nil, nil
	}
	hash := HashOf(presented)
	v := p.values[hash]
	if v.key == nil || subtle.ConstantTimeCompare(v.hash[:], hash[:]) != 1 {
		return nil, unauthorised("virtual_key_not_found", "virtual key not found")
	}
	if !v.until.IsZero() && !p.now().Before(v.until) {
		return nil, unauthorised("virtual_key_not_found", "virtual key not found: its value was replaced; use the new one")
	}
	return v.key, nil
}

// Presented is the virtual key's value that a request has; "" = it has none.
func Presented(h exchange.Header, query url.Values) string {
	for _, name := range [...]string{"X-Bf-Vk", "X-Bf-Virtual-Key"} {
		if v := h.Get(name); v != "" {
			return v
		}
	}
	if v := h.Get("Authorization"); len(v) > len(bearer) && strings.EqualFold(v[:len(bearer)], bearer) {
		if v = strings.TrimSpace(v[len(bearer):]); prefixed(v) {
			return v
		}
	}
	for _, name := range [...]string{"X-Api-Key", "X-Goog-Api-Key", "Api-Key"} {
		if v := h.Get(name); prefixed(v) {
			return v
		}
	}
	if query != nil {
		if v := query.Get("key"); prefixed(v) {
			return v
		}
	}
	return ""
}

const bearer = "Bearer "

func prefixed(v string) bool {
	return len(v) > len(Prefix) && strings.EqualFold(v[:len(Prefix)], Prefix)
}
