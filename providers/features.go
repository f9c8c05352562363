package providers

import "heimdall/providers/llm"

// Features are what a provider can do beyond the contract. They are filled once, by Probe; nil or empty = cannot.
type Features struct {
	Forward []string                                                // the client's header fields that it wants passed on
	Headers map[string]string                                       // header fields that every request carries unless the client sent its own
	Own     []string                                                // header fields in which a client may bring its own credential
	Bring   func(b Brought) (c Credential, ok bool, err error)      // a client's credential that is more than one field, checked; ok is false where it brought no such
	Base    func(configured string, c Credential) (string, error)   // where it is; configured is what the user set, or ""
	Usage   func(header func(name string) string) (llm.Usage, bool) // what its header says of tokens, where the body does not; nil = nothing
	Limits  Limits                                                  // what it refuses of requests that were made for others
	List    ModelList                                               // how to read its list of models
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
	if x, ok := p.(interface{ OwnCredentials() []string }); ok {
		f.Own = x.OwnCredentials()
	}
	if x, ok := p.(interface {
		Bring(b Brought) (c Credential, ok bool, err error)
	}); ok {
		f.Bring = x.Bring
	}
	if x, ok := p.(interface {
		Base(configured string, c Credential) (string, error)
	}); ok {
		f.Base = x.Base
	}
	if x, ok := p.(interface {
		HeaderUsage(header func(name string) string) (llm.Usage, bool)
	}); ok {
		f.Usage = x.HeaderUsage
	}
	if x, ok := p.(interface{ Refuses() Limits }); ok {
		f.Limits = x.Refuses()
	}
	if x, ok := p.(interface{ Listing() ModelList }); ok {
		f.List = x.Listing()
	}
	return f
}
