package providers_test

import (
	"testing"

	"heimdall/providers"
)

// bringer is a provider to which clients may bring a key of several fields.
type bringer struct{ providers.Provider }

func (bringer) Bring(b providers.Brought) (c providers.Credential, ok bool, err error) {
	return providers.Credential{Value: b.Header("X-Acme-Key")}, true, nil
}

// TestCustomBring: a user's own provider takes what its base takes, and nothing where that takes nothing.
func TestCustomBring(t *testing.T) {
	brought := providers.Brought{Header: func(string) string { return "k" }}
	own := providers.Probe(providers.NewCustom("mine", bringer{table("chat")}, false))
	if c, ok, err := own.Bring(brought); !ok || err != nil || c.Value != "k" {
		t.Errorf("%+v %v %v", c, ok, err)
	}
	if _, ok, err := providers.Probe(providers.NewCustom("mine", table("chat"), false)).Bring(brought); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
}
