package compat

import (
	"slices"
	"strings"

	"heimdall/gateway/exchange"
)

// The prefixes of header fields that say something of a request for the log and the metrics. Of the same name the first
// counts: dim is for both, prom its older form, lh is for the log.
var metadataPrefixes = [...]string{HeaderPrefix + "Dim-", HeaderPrefix + "Prom-", HeaderPrefix + "Lh-"}

// maxMetadata bounds what one request says of itself: fields, and bytes of a value.
const maxMetadata, maxMetadataValue = 32, 256

// Metadata is what a caller says of its request for the log: x-bf-dim-NAME, x-bf-prom-NAME and x-bf-lh-NAME as NAME, and
// the named fields under their own names. Names are lower case and sorted. fields are lower case.
func Metadata(h exchange.Header, fields []string) []exchange.Field {
	own := h.HasPrefix(HeaderPrefix)
	if !own && len(fields) == 0 {
		return nil
	}
	var out []exchange.Field
	add := func(name, value string) {
		name = strings.ToLower(name)
		known := slices.ContainsFunc(out, func(f exchange.Field) bool { return f.Name == name })
		if name != "" && value != "" && !known && len(out) < maxMetadata {
			out = append(out, exchange.Field{Name: name, Value: strings.ToValidUTF8(value[:min(len(value), maxMetadataValue)], "")})
		}
	}
	if own {
		for _, prefix := range metadataPrefixes {
			h.Each(prefix, func(name, value string) { add(name[len(prefix):], value) })
		}
	}
	for _, name := range fields {
		add(name, h.Get(name))
	}
	slices.SortFunc(out, func(a, b exchange.Field) int { return strings.Compare(a.Name, b.Name) })
	return out
}
