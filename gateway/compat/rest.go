package compat

import (
	"heimdall/gateway/config"
)

// Decoder reads Bifrost's bodies and file. Kinds are the providers that this program has; env looks up a variable.
type Decoder struct {
	kinds []config.KindInfo
	env   func(string) string
}

// NewDecoder makes a decoder.
func NewDecoder(kinds []config.KindInfo, env func(string) string) *Decoder {
	return &Decoder{kinds, env}
}

// CreateProvider reads the body of POST /api/providers: the old shape with keys inside, where an empty list of models
// means all, and the newer one without.
func (d *Decoder) CreateProvider(body []byte) (name string, e config.ProviderEdit, warnings []string, err error) {
	r := &report{strict: true}
	o, err := r.parse(body)
	if err != nil {
		return "", e, nil, err
	}
	if !o.text("provider", &name) && !o.text("name", &name) && len(r.errors) == 0 {
		r.fail("provider", "is missing; give the provider's name")
	}
	e = d.whole(o, name)
	return name, e, r.texts(), config.Invalid(r.errors)
}

// EditProvider reads the body of PUT /api/providers/{provider}. kind is the built-in provider that serves it: itself, or
// its base.
func (d *Decoder) EditProvider(kind string, body []byte) (e config.ProviderEdit, warnings []string, err error) {
	r := &report{strict: true}
	o, err := r.parse(body)
	if err != nil {
		return e, nil, err
	}
	e = d.whole(o, kind)
	return e, r.texts(), config.Invalid(r.errors)
}

func (d *Decoder) whole(o *object, kind string) config.ProviderEdit {
	e := provider(o)
	if e.Custom != nil && e.Custom.Base != "" {
		kind = e.Custom.Base
	}
	if keys, given := o.elements("keys"); given {
		e.Keys = []config.KeyEdit{}
		for _, k := range keys {
			e.Keys = append(e.Keys, d.key(k, kind, emptyIsAll))
		}
	}
	o.done()
	return e
}

// Key reads the body of POST and PUT below /api/providers/{provider}/keys: an empty list of models means none. kind is
// that of EditProvider.
func (d *Decoder) Key(kind string, body []byte) (e config.KeyEdit, warnings []string, err error) {
	r := &report{strict: true}
	o, err := r.parse(body)
	if err != nil {
		return e, nil, err
	}
	e = d.key(o, kind, emptyIsNone)
	return e, r.texts(), config.Invalid(r.errors)
}

// Config reads the body of PUT /api/config.
func (d *Decoder) Config(body []byte) (edit func(*config.Draft) error, warnings []string, err error) {
	r := &report{strict: true}
	o, err := r.parse(body)
	if err != nil {
		return nil, nil, err
	}
	var edits edits
	if c, _ := o.child("client_config"); c != nil {
		edits.add(client(c))
	}
	if a, _ := o.child("auth_config"); a != nil {
		edits.add(auth(a, d.env))
	}
	if s, _ := o.child("settings"); s != nil {
		edits.add(settings(s))
	}
	o.skip("is_db_connected", "is_cache_connected", "is_logs_connected", "restart_required", "problems", "auth_token")
	o.idle(builtInPrices, "framework_config")
	edits.add(headerFilter(o))
	o.neutral("one proxy for all is not served by this version; set proxy_config of each provider", "proxy_config")
	o.done()
	return edits.apply, r.texts(), config.Invalid(r.errors)
}

// edits are changes in their order.
type edits []func(*config.Draft) error

func (e *edits) add(f func(*config.Draft) error) { *e = append(*e, f) }

func (e edits) apply(d *config.Draft) error {
	for _, f := range e {
		if err := f(d); err != nil {
			return err
		}
	}
	return nil
}
