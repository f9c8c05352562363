package bedrock

import (
	"maps"
	"strings"
	"testing"

	"heimdall/providers"
	"heimdall/providers/llm"
)

// TestBring: what a client's header fields make a key of. The machine's own credentials never serve it.
func TestBring(t *testing.T) {
	pair := map[string]string{"region": "eu-west-1", "access_key": access, "secret_key": secret, "session_token": "s"}
	for _, c := range []struct {
		name, value, header string // the header as name=value
		want                string
		options             map[string]string
		err                 string
	}{
		{"nothing", "k", "", "", nil, ""},
		{"an API key", "", "api-key=k", "k", map[string]string{"region": "us-east-1"}, ""},
		{"where", "", "api-key=k region=eu-west-1", "k", map[string]string{"region": "eu-west-1"}, ""},
		{"before a pair", "", "api-key=k access-key=a secret-key=b", "k", map[string]string{"region": "us-east-1"}, ""},
		{"in a usual field", "k", "region=eu-west-1", "k", map[string]string{"region": "eu-west-1"}, ""},
		{"a pair", "dummy", "access-key=" + access + " secret-key=" + secret + " session-token=s region=eu-west-1", "", pair, ""},
		{"a pair nowhere", "", "access-key=a secret-key=b", "", nil, "x-bf-bedrock-region is missing"},
		{"half a pair", "", "access-key=a region=eu-west-1", "", nil, "belong together"},
		{"the other half", "", "secret-key=a region=eu-west-1", "", nil, "belong together"},
		{"a session alone", "k", "session-token=a region=eu-west-1", "", nil, "belong together"},
		{"only where", "", "region=eu-west-1", "", nil, "needs a key"},
		{"elsewhere", "", "api-key=k region=evil.example/", "", nil, "x-bf-bedrock-region: must be a region"},
	} {
		fields := map[string]string{}
		for f := range strings.FieldsSeq(c.header) {
			name, value, _ := strings.Cut(f, "=")
			fields["x-bf-bedrock-"+name] = value
		}
		got, ok, err := New().(*bedrock).Bring(providers.Brought{Value: c.value, Header: func(name string) string { return fields[strings.ToLower(name)] }})
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) || llm.AsError(err).Status != 400 {
				t.Errorf("%s: %v", c.name, err)
			}
		case err != nil || ok != (c.options != nil) || got.Value != c.want || !maps.Equal(got.Options, c.options):
			t.Errorf("%s: %+v %v %v", c.name, got, ok, err)
		}
	}
}

// TestPairsAreNotKept: clients may bring as many as they like.
func TestPairsAreNotKept(t *testing.T) {
	b := clocked()
	out := outbound()
	if err := b.Sign(t.Context(), out, providers.Credential{Options: map[string]string{"region": "us-east-1", "access_key": access, "secret_key": secret, "session_token": "tok"}}); err != nil {
		t.Fatal(err)
	}
	if len(b.signer.sources) != 0 || field(out, "X-Amz-Security-Token") != "tok" {
		t.Errorf("%d kept; %v", len(b.signer.sources), out.Header)
	}
}
