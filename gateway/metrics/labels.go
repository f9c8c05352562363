package metrics

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"heimdall/gateway/exchange"
)

// call is what tells the series of one metric of calls apart. Two calls with the same one are counted together.
type call struct {
	provider, model, alias, method string
	keyID, keyName                 string
	ruleID, ruleName, tier         string
	engines                        [maxEngines]string
	retries, fallback              int
	who                            exchange.Identity
	custom                         [MaxLabels]string
}

// maxEngines is how many engines may take part in deciding where a request goes; there are five.
const maxEngines = 5

// maxName bounds what a caller may write into a label, in bytes.
const maxName = 128

// other stands in a label for all the names that there are too many of.
const other = "other"

// describe fills in what all requests of an exchange to providers have in common.
func (f *families) describe(c *call, r *exchange.Record) {
	c.ruleID, c.ruleName, c.tier, c.who = r.RuleID, r.RuleName, r.Tier, r.Identity
	n := 0
steps:
	for i := range r.Routing {
		engine := r.Routing[i].Engine
		for _, known := range c.engines[:n] {
			if known == engine {
				continue steps
			}
		}
		if n < maxEngines {
			c.engines[n] = engine
			n++
		}
	}
	if len(r.Metadata) == 0 {
		return
	}
	for i, label := range f.config.Labels {
		for j := range r.Metadata {
			if field := &r.Metadata[j]; named(label, field.Name) {
				c.custom[i] = cut(field.Value)
				break
			}
		}
	}
}

// named reports whether a field of a header, without its prefix, fills in a label: '-' is '_', and case does not count.
func named(label, field string) bool {
	if len(label) != len(field) {
		return false
	}
	for i := range len(label) {
		a, b := lower(label[i]), lower(field[i])
		if a != b && !(a == '_' && b == '-') {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// asked is the model as the client wrote it, without the provider.
func asked(r *exchange.Record) string {
	if provider, model, ok := strings.Cut(r.RequestedModel, "/"); ok && (provider == r.Provider || provider == r.PrimaryProvider) {
		return cut(model)
	}
	return cut(r.RequestedModel)
}

// cut bounds a name.
func cut(s string) string {
	if len(s) <= maxName {
		return s
	}
	n := maxName
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// own is a text that no one else holds and that may stand in a label.
func own(s string) string { return strings.ToValidUTF8(strings.Clone(s), "\ufffd") }

// clean makes a call's names fit to be kept.
func (c *call) clean() {
	for _, s := range [...]*string{&c.provider, &c.model, &c.alias, &c.method, &c.keyID, &c.keyName, &c.ruleID, &c.ruleName, &c.tier,
		&c.who.VirtualKeyID, &c.who.VirtualKeyName, &c.who.TeamID, &c.who.TeamName, &c.who.CustomerID, &c.who.CustomerName} {
		*s = own(*s)
	}
	for i := range c.engines {
		c.engines[i] = own(c.engines[i])
	}
	for i := range c.custom {
		c.custom[i] = own(c.custom[i])
	}
}

// fold gives up what tells a call apart. The first time these are the names that callers choose, and the model where it
// may be one of them; the second time everything but the provider and the operation.
func (c *call) fold(time int, failed bool) {
	if time > 0 {
		*c = call{provider: c.provider, model: other, method: c.method}
		return
	}
	foldName(&c.alias)
	for i := range c.custom {
		foldName(&c.custom[i])
	}
	if failed {
		foldName(&c.model)
	}
}

func foldName(s *string) {
	if *s != "" {
		*s = other
	}
}

// values are those of callLabels, in their order.
func (c *call) values() []string {
	engines := c.engines[:]
	for len(engines) > 0 && engines[len(engines)-1] == "" {
		engines = engines[:len(engines)-1]
	}
	return []string{
		c.provider, c.model, c.alias, c.method, c.who.VirtualKeyID, c.who.VirtualKeyName,
		strings.Join(engines, ","), c.ruleID, c.ruleName, c.tier, "",
		c.keyID, c.keyName, strconv.Itoa(c.retries), strconv.Itoa(c.fallback),
		c.who.TeamID, c.who.TeamName, c.who.CustomerID, c.who.CustomerName,
		"", "", "", "",
	}
}
