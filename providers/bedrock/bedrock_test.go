package bedrock

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"heimdall/providers"
	"heimdall/providers/llm"
)

const (
	access = "AKIDEXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	url    = "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse"
)

func outbound() *providers.Outbound {
	out := &providers.Outbound{}
	out.Method, out.URL, out.Body = "POST", url, []byte(`{"messages":[]}`)
	out.Set("Accept-Encoding", "identity")
	out.Set("Content-Type", "application/json")
	return out
}

func field(out *providers.Outbound, name string) string {
	for _, f := range out.Header {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func clocked() *bedrock {
	b := New().(*bedrock)
	b.signer.now = func() time.Time { return time.Date(2026, 11, 22, 10, 11, 12, 0, time.UTC) }
	return b
}

// TestSignature compares with a signature that was worked out by hand from the published algorithm: the path is encoded
// twice, as every service but one wants it.
func TestSignature(t *testing.T) {
	out := outbound()
	err := clocked().Sign(t.Context(), out, providers.Credential{Options: map[string]string{"region": "us-east-1", "access_key": access, "secret_key": secret}})
	if err != nil {
		t.Fatal(err)
	}
	want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/bedrock/aws4_request, SignedHeaders=content-length;content-type;host;x-amz-date, " +
		"Signature=dc8bd27809045411552dba4106f0312afbb928327f38cf3b9875bf882ff00c0a"
	if got := field(out, "Authorization"); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got := field(out, "X-Amz-Date"); got != "20261122T101112Z" {
		t.Error(got)
	}
	for _, f := range out.Header {
		if strings.Contains(f.Value, secret) {
			t.Errorf("%s tells the secret key", f.Name)
		}
	}
}

func TestWaysToSign(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(profile, []byte("[work]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = x\naws_session_token = tok\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", profile)
	t.Setenv("AWS_CONFIG_FILE", profile)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "y")
	for _, c := range []struct {
		name    string
		value   string
		options map[string]string
		want    string
		err     string
	}{
		{"API key", "bedrock-api-key", map[string]string{"region": "us-east-1"}, "Bearer bedrock-api-key", ""},
		{"keys", "", map[string]string{"region": "us-east-1", "access_key": access, "secret_key": secret}, "Credential=AKIDEXAMPLE/", ""},
		{"profile", "", map[string]string{"region": "us-east-1", "profile": "work"}, "Credential=AKIDPROFILE/", ""},
		{"the machine's own", "", map[string]string{"region": "eu-west-1"}, "Credential=AKIDENV/20261122/eu-west-1/", ""},
		{"half a pair", "", map[string]string{"region": "us-east-1", "access_key": access}, "", "access_key and secret_key together"},
		{"no such profile", "", map[string]string{"region": "us-east-1", "profile": "nobody"}, "", "nobody"},
		{"no region", "", map[string]string{"access_key": access, "secret_key": secret}, "", "names no region"},
		{"a region that leads elsewhere", "", map[string]string{"region": "evil.example/", "access_key": access, "secret_key": secret}, "", "region"},
	} {
		out := outbound()
		err := clocked().Sign(t.Context(), out, providers.Credential{Value: c.value, Options: c.options})
		switch got := field(out, "Authorization"); {
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: %v", c.name, err)
		case c.err == "" && (err != nil || !strings.Contains(got, c.want)):
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
		if c.name == "profile" && field(out, "X-Amz-Security-Token") != "tok" {
			t.Error("the profile's session token was not sent")
		}
	}
}

// TestClaudeIsAskedInItsOwnWords: what Anthropic's API knows and converse does not must not be lost on the way.
func TestClaudeIsAskedInItsOwnWords(t *testing.T) {
	p := New()
	for model, want := range map[string]string{"us.anthropic.claude-haiku-4-5-20251001-v1:0": "invoke", "us.amazon.nova-micro-v1:0": "converse"} {
		if e := p.Endpoints(llm.OpChat, model); len(e) != 2 || e[0].Dialect != want {
			t.Errorf("%s: %+v", model, e)
		}
	}
}
