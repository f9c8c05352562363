package unary_test

import (
	"encoding/json"
	"os"
	"testing"

	"heimdall/providers/dialect"
)

func seeds(f *testing.F, kind string) {
	f.Helper()
	for i, d := range all() {
		b, err := os.ReadFile("testdata/" + d.Name + "." + kind + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, byte(i))
	}
}

func FuzzDecodeRequest(f *testing.F) {
	seeds(f, "request")
	f.Fuzz(func(t *testing.T, in []byte, which byte) {
		d := all()[int(which)%len(all())]
		p, peekErr := d.Server.Peek(dialect.Path{}, in)
		r, err := d.Server.DecodeRequest(dialect.Path{}, in)
		if err != nil {
			return
		}
		if peekErr != nil || p.Model != r.Model {
			t.Fatalf("%s: peek %+v, %v; decoded %q", d.Name, p, peekErr, r.Model)
		}
		out, _, err := d.Client.EncodeRequest(r)
		if err != nil {
			return // token numbers, say
		}
		if !json.Valid(out) {
			t.Fatalf("%s: %q became %s", d.Name, in, out)
		}
		if _, err := d.Server.DecodeRequest(dialect.Path{}, out); err != nil {
			t.Fatalf("%s: %q became %s (%v)", d.Name, in, out, err)
		}
	})
}

func FuzzDecodeResponse(f *testing.F) {
	seeds(f, "response")
	f.Fuzz(func(t *testing.T, in []byte, which byte) {
		d := all()[int(which)%len(all())]
		d.Client.Scan(in)
		r, err := d.Client.DecodeResponse(in)
		if err != nil {
			return
		}
		for _, to := range all() {
			if out, _ := to.Server.(dialect.Answerer).EncodeAnswer(nil, r); !json.Valid(out) {
				t.Fatalf("%s to %s: %q became %s", d.Name, to.Name, in, out)
			}
		}
	})
}
