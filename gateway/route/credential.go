package route

import (
	"bytes"
	"strings"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers"
	"heimdall/providers/llm"
	"heimdall/providers/transport"
)

// patience is how long a stream may take to begin before the client hears that there is one.
const patience = time.Second

// provided is what a credential is called that the client asks to be used.
const provided = "header-provided"

// prepare fills in what all calls of a candidate have in common.
func (o *run) prepare() {
	x, up := o.x, o.at.up
	if o.call.Target != nil { // the client's part stands already
		o.call.Target = &up.Target
		return
	}
	o.call = providers.Call{
		Target: &up.Target, Op: x.Row.Op,
		Client: x.Dialect(), Dialect: o.r.Dialect, Raw: x.Raw, Peek: x.Peek, Params: x.Params, Query: x.Query, Edited: x.Edited(),
		Request: x.Request, Header: x.Header.Get, Each: x.Header.Each, Keep: o.r.Keep, Patience: patience,
		Start: x.Start, Timing: &o.timing,
	}
	if o.r.Extra != nil {
		o.call.Add = o.r.Extra(x.Header)
	}
	if t := &x.Record.Trace; t.ID != ([16]byte{}) {
		o.call.Add = append(o.call.Add, transport.Field{Name: "Traceparent", Value: t.String()})
		if state := x.Header.Get("Tracestate"); state != "" {
			o.call.Add = append(o.call.Add, transport.Field{Name: "Tracestate", Value: state})
		}
	}
}

// begin chooses the candidate's first key: the client's own where it asks for that, the one of its session, or one by
// weight; where the provider has none, the client's own if that is allowed.
func (o *run) begin() error {
	o.session = session{}
	if c, ok, err := o.direct(); ok || err != nil {
		if err == nil {
			o.sign(c, o.at.model)
		}
		return err
	}
	if i := o.bound(); i >= 0 {
		o.use(i)
		return nil
	}
	i, well, err := o.pool.choose(o.r.Draw)
	if err != nil {
		c, ok := o.passedOn(err)
		if !ok {
			return err
		}
		o.sign(c, o.at.model)
		return nil
	}
	if i >= 0 && !well {
		o.retries.once = true
	}
	o.use(i)
	return nil
}

// use takes the key at a place of the pool; -1 = none is needed.
func (o *run) use(i int) {
	o.retries.key = i
	if i < 0 {
		o.sign(providers.Credential{}, o.at.model)
		return
	}
	o.sign(o.at.up.Keys[i].call(o.at.model))
}

func (o *run) sign(c providers.Credential, model string) {
	o.call.Credential, o.call.Model = c, model
	rec := o.x.Record
	rec.Model, rec.Aliased, rec.KeyID, rec.KeyName = model, model != o.at.model, c.KeyID, c.KeyName
}

// bound is the place of the key that serves the session of the exchange; -1 = there is none. Only first candidates with
// several keys have a session.
func (o *run) bound() int {
	c := &o.at
	if c.index > 0 || len(c.up.Keys) < 2 || !c.pin.none() {
		return -1
	}
	id := sessionOf(o.x.Header)
	if id == "" {
		return -1
	}
	o.session, o.age = session{c.up.Name, c.model, id}, ageOf(o.x.Header)
	if key := o.r.Sessions.key(o.session); key != "" {
		return o.pool.find(key)
	}
	return -1
}

// bind keeps the session with the key that served it.
func (o *run) bind() {
	if o.session.id != "" && o.retries.key >= 0 {
		o.r.Sessions.bind(o.session, o.x.Record.KeyID, o.age)
	}
}

// direct is the client's own credential, where the client wants it to be used, or that is the rule. It never goes to
// another provider than the client's words say.
func (o *run) direct() (c providers.Credential, ok bool, err error) {
	x, up := o.x, o.at.up
	if !o.r.Own || o.at.index > 0 || o.plan.moved || !o.r.OwnUnasked && x.Header.Get("X-Bf-Direct-Key") != "true" {
		return c, false, nil
	}
	value := o.usual()
	if up.Features.Bring != nil {
		c, ok, err = up.Features.Bring(providers.Brought{Value: value, Header: o.brought, Query: x.Query.Get})
		c.Away = up.BaseURL == ""
	}
	if !ok && err == nil {
		c = providers.Credential{Own: o.own()}
		if len(c.Own) == 0 {
			c.Value = value
		}
		ok = len(c.Own) > 0 || value != ""
	}
	c.KeyID, c.KeyName = provided, provided
	return c, ok, err
}

// usual is the key that the client brings in one of the usual header fields; "" = none.
func (o *run) usual() string {
	for _, name := range [...]string{"Authorization", "X-Api-Key", "X-Goog-Api-Key"} {
		v := o.brought(name)
		if name == "Authorization" {
			if scheme, rest, two := strings.Cut(v, " "); two && strings.EqualFold(scheme, "Bearer") {
				v = strings.TrimSpace(rest)
			} else if two {
				continue // it is no key
			}
		}
		if v != "" {
			return v
		}
	}
	return ""
}

// brought is a field of the client's header; "" where its value is the gateway's own.
func (o *run) brought(name string) string {
	v := o.x.Header.Get(name)
	if managed(v) || strings.EqualFold(name, "Authorization") && !o.r.Authorization {
		return ""
	}
	return v
}

// passedOn is the client's own credential for a provider that has no key.
func (o *run) passedOn(err error) (c providers.Credential, ok bool) {
	if !o.r.Own || llm.AsError(err).Kind != llm.KindNoCredentials {
		return c, false
	}
	c.Own = o.own()
	c.KeyName = "the client's own"
	return c, len(c.Own) > 0
}

// own are the header fields with the client's credential for the provider that its route means.
func (o *run) own() (fields []transport.Field) {
	up := o.at.up
	if up.Name != o.x.Row.Provider {
		return nil
	}
	for _, name := range up.Features.Own {
		if v := o.brought(name); v != "" {
			fields = append(fields, transport.Field{Name: name, Value: v})
		}
	}
	return fields
}

// managed reports whether a credential is one of the gateway's own, which no provider may see.
func managed(value string) bool {
	const bearer, ours = "Bearer ", "sk-bf-"
	if len(value) > len(bearer) && strings.EqualFold(value[:len(bearer)], bearer) {
		value = strings.TrimSpace(value[len(bearer):])
	}
	return len(value) >= len(ours) && strings.EqualFold(value[:len(ours)], ours)
}

// show keeps the bodies of the call for the client, where the provider's settings or the request say so.
func (o *run) show(a *providers.Answer) {
	x, want := o.x, o.at.up.Raw
	if o.r.AskRaw {
		want.Request = asked(x.Header, "X-Bf-Send-Back-Raw-Request", want.Request)
		want.Response = asked(x.Header, "X-Bf-Send-Back-Raw-Response", want.Response)
	}
	if want.Request {
		x.Shown.Request = a.Seen.Sent
	}
	if want.Response && a.Stream == nil {
		x.Shown.Response = bytes.Clone(a.Seen.Kept)
	}
}

func asked(h exchange.Header, name string, otherwise bool) bool {
	switch h.Get(name) {
	case "true":
		return true
	case "false":
		return false
	}
	return otherwise
}
