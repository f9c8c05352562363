package messages

import (
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/rawjson"
)

// TestCount: what is counted is what would be sent, without what only the answer depends on.
func TestCount(t *testing.T) {
	d := NewCount()
	body := []byte(`{"model":"m","max_tokens":9,"stream":true,"temperature":1,"system":"be kind","messages":[{"role":"user","content":"hi"}],"tools":[{"name":"f","input_schema":{"type":"object"}}]}`)
	if p, err := d.Server.Peek(dialect.Path{}, body); err != nil || p.Model != "m" || p.Stream {
		t.Errorf("%+v %v", p, err)
	}
	r, err := d.Server.DecodeRequest(dialect.Path{}, body)
	if err != nil {
		t.Fatal(err)
	}
	out, warnings, err := d.Client.EncodeRequest(r)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	for _, key := range uncounted {
		if _, there, _ := rawjson.Get(out, key); there {
			t.Errorf("%s is sent, which the endpoint refuses: %s", key, out)
		}
	}
	for _, key := range []string{"model", "system", "messages", "tools"} {
		if _, there, _ := rawjson.Get(out, key); !there {
			t.Errorf("%s is missing in %s", key, out)
		}
	}
	answer, err := d.Client.DecodeResponse([]byte(`{"input_tokens":41}`))
	if err != nil {
		t.Fatal(err)
	}
	if back, _ := d.Server.EncodeResponse(answer); string(back) != `{"input_tokens":41}` {
		t.Errorf("%s", back)
	}
	if s := d.Client.Scan([]byte(`{"input_tokens":41}`)); !s.Done || !s.HasUsage || s.Usage.Input != 41 {
		t.Errorf("%+v", s)
	}
	if _, err := d.Client.DecodeResponse([]byte(`{"n":1}`)); err == nil {
		t.Error("an answer without a count was read")
	}
}
