package chat

import (
	"bytes"
	"strings"
	"testing"

	"heimdall/providers/dialect"
	"heimdall/providers/dialect/dialecttest"
)

// TestDetailSignatures: a signature leaves with its detail in front of it, once, however many pieces it came in; clients
// of this dialect see it bare, with the index that it came with.
func TestDetailSignatures(t *testing.T) {
	in := []byte(chunk(`{"delta":{"reasoning_details":[{"type":"reasoning.text","text":"I look.","index":3}]}}`) +
		chunk(`{"delta":{"reasoning_details":[{"type":"reasoning.text","signature":"","index":3}]}}`) +
		chunk(`{"delta":{"reasoning_details":[{"type":"reasoning.text","signature":"si","format":"f","index":3}]}}`) +
		chunk(`{"delta":{"reasoning_details":[{"type":"reasoning.text","signature":"g","format":"f","index":3}]}}`) +
		chunk(`{"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"d","id":"a","index":3},{"type":"reasoning.summary","summary":"So."}]}}`) +
		chunk(`{"delta":{},"finish_reason":"stop"}`) + "data: [DONE]\n\n")
	r, e := fold(t, string(in))
	if e != nil {
		t.Fatal(e)
	}
	parts := r.Choices[0].Parts
	if n := strings.Count(parts[0].Signature, dialect.SignedChat); n != 1 {
		t.Errorf("%d marks in %s", n, parts[0].Signature)
	}
	for i, want := range []string{`{"type":"reasoning.text","index":3,"format":"f"} sig`, `{"type":"reasoning.encrypted","index":3,"id":"a"} d`, `{"type":"reasoning.summary","index":2} `} {
		if head, signature, ok := unmarked(parts[i].Signature); !ok || string(head)+" "+signature != want {
			t.Errorf("%s %s, want %s", head, signature, want)
		}
	}
	if err := dialecttest.StreamIdentity(New(), in); err != nil {
		t.Error(err)
	}
	whole, _ := encodeResponse(r)
	if err := dialecttest.ResponseIdentity(New(), whole); err != nil {
		t.Error(err)
	}
	streamed, _ := dialecttest.Encode(New(), nil, dialecttest.Decode(New(), in))
	for _, out := range [][]byte{whole, streamed} {
		if bytes.Contains(out, []byte(dialect.SignedChat)) || bytes.Contains(out, []byte(`"summary":""`)) || bytes.Count(out, []byte(`"index":3`)) < 2 {
			t.Errorf("a client sees %s", out)
		}
	}
	const details = `"reasoning_details":[{"type":"reasoning.text","index":3,"text":"I look.","signature":"sig","format":"f"},` +
		`{"type":"reasoning.encrypted","index":3,"data":"d","id":"a"},{"type":"reasoning.summary","index":2,"summary":"So."}]`
	if !bytes.Contains(whole, []byte(details)) {
		t.Errorf("%s is not in %s", details, whole)
	}
	request := []byte(`{"model":"m","messages":[{"role":"assistant","content":"a",` + details + `}]}`)
	req, err := decodeRequest(request)
	if err != nil {
		t.Fatal(err)
	}
	if out, warnings, _ := encodeRequest(req); !bytes.Contains(out, []byte(details)) || len(warnings) > 0 {
		t.Errorf("sent back as %s, %v", out, warnings)
	}
	for _, broken := range []string{"reasoning_detail:", "reasoning_detail:%:s", "reasoning_detail:e30", "reasoning_detail:MQ:s", "e30:s"} {
		if _, _, ok := unmarked(broken); ok {
			t.Errorf("%s is a mark", broken)
		}
	}
}
