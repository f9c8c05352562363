package route

import (
	"bytes"

	"heimdall/gateway/exchange"
	"heimdall/providers"
	"heimdall/providers/catalog"
	"heimdall/providers/llm"
)

// free reports whether an operation uses nothing that is paid for: it counts tokens, or looks after a stored answer.
func free(op llm.Op) bool {
	switch op {
	case llm.OpCountTokens, llm.OpStoredGet, llm.OpStoredDelete, llm.OpStoredCancel, llm.OpStoredInput:
		return true
	default:
		return false
	}
}

// reserve holds what the next call may cost.
func (o *run) reserve() (err error) {
	x := o.x
	if x.Caller == nil || free(x.Row.Op) {
		return nil
	}
	if o.calls == 0 {
		o.need.Input, o.need.MaxOutput = input(x.Raw), x.Peek.MaxOutput
	}
	o.need.Provider, o.need.Model, o.need.Attempt = o.at.up.Name, o.at.model, o.calls
	o.calls++
	o.hold, err = x.Caller.Hold(o.need)
	return err
}

// end gives back what a call held, once.
func (o *run) end(s exchange.Spent) {
	for i, b := range o.probes {
		if b != nil {
			b.left()
			o.probes[i] = nil
		}
	}
	if h := o.hold; h != nil {
		o.hold = nil
		h.Settle(s)
	}
	if o.inside {
		o.inside = false
		o.at.up.Gate.Leave()
	}
}

// spent is what a call used, where that was told, and what it costs.
func spent(u llm.Usage, cost catalog.Cost) exchange.Spent {
	return exchange.Spent{Usage: u, Cost: cost.Total, Priced: cost.Known}
}

// failed is what a call used that failed.
func (o *run) failed() exchange.Spent {
	u, has := o.call.Spent()
	if !has || o.hold == nil {
		return exchange.Spent{}
	}
	return spent(u, o.price(u))
}

// price is what a usage costs: by the provider's name of the model, else by that which callers use.
func (o *run) price(u llm.Usage) (c catalog.Cost) {
	if o.r.Price == nil {
		return c
	}
	c = o.r.Price(o.at.up.Provider, o.call.Model, o.x, u)
	if !c.Known && o.call.Model != o.at.model {
		c = o.r.Price(o.at.up.Provider, o.at.model, o.x, u)
	}
	return c
}

// bytesPerOutput is about how many bytes of a stream carry one token: most events hold one or two.
const bytesPerOutput = 150

// likely is what a stream has used that was cut before it told.
func (o *run) likely(seen *providers.Seen) llm.Usage {
	return llm.Usage{Input: o.need.Input, Output: seen.Size / bytesPerOutput}
}

const (
	bytesPerToken = 4
	// A piece of media stands for so many tokens, however large it is.
	mediaTokens = 1600
	// What stands between quotes and is longer may be media.
	longData = 1 << 10
)

// input estimates how many tokens a body has, from its length without the media in it. A short body is not searched: as
// text it counts for no more than a piece of media would.
func input(raw []byte) int64 {
	size, media := len(raw), 0
	if size <= mediaTokens*bytesPerToken {
		return int64(size / bytesPerToken)
	}
	for _, before := range [...]string{`;base64,`, `data":"`, `data": "`} {
		for rest := raw; ; {
			i := bytes.Index(rest, []byte(before))
			if i < 0 {
				break
			}
			rest = rest[i+len(before):]
			end := bytes.IndexByte(rest, '"')
			if end < 0 {
				break
			}
			if end > longData && !bytes.HasPrefix(rest, []byte("data:")) {
				size -= end
				media++
			}
			rest = rest[end:]
		}
	}
	return int64(size/bytesPerToken + media*mediaTokens)
}
