package providers

// Features are what a provider can do beyond the contract. They are filled once, by Probe; nil or empty = cannot.
type Features struct {
	Forward []string          // the client's header fields that it wants passed on
	Headers map[string]string // header fields that every request carries unless the client sent its own
}

// Probe looks once for the optional interfaces that p implements.
func Probe(p Provider) Features {
	var f Features
	if x, ok := p.(interface{ Forwarded() []string }); ok {
		f.Forward = x.Forwarded()
	}
	if x, ok := p.(interface{ Defaults() map[string]string }); ok {
		f.Headers = x.Defaults()
	}
	return f
}
