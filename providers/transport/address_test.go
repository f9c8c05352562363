package transport_test

import (
	"strings"
	"testing"

	"heimdall/providers/transport"
)

// TestAddresses: what the user may set as an address, and what a client may bring.
func TestAddresses(t *testing.T) {
	for _, c := range []struct{ address, user, client string }{
		{"https://a.example.com", "", ""},
		{"https://a.example.com/v1", "", ""},
		{"http://127.0.0.1:8000", "", ""},
		{"http://[::1]:8000", "", ""},
		{"http://localhost:8000", "", ""},
		{"http://a.example.com", "", "https://"},
		{"http://192.168.1.4", "", "https://"},
		{"http://127.0.0.1.example.com", "", "https://"},
		{"ftp://a.example.com", "an address such as", "an address such as"},
		{"a.example.com", "an address such as", "an address such as"},
		{"https://", "an address such as", "an address such as"},
		{"https://me:secret@a.example.com", "user name", "user name"},
		{"https://a.example.com?x=1", "no ?", "no ?"},
		{"https://a.example.com#x", "no ?", "no ?"},
		{"https://169.254.169.254", "link-local", "link-local"},
		{"https://[fe80::1]", "link-local", "link-local"},
		{"https://[::ffff:169.254.169.254]", "link-local", "link-local"},
	} {
		for who, check := range map[string]struct{ got, want string }{
			"user":   {transport.BadURL(c.address), c.user},
			"client": {transport.BadClientURL(c.address), c.client},
		} {
			if (check.got == "") != (check.want == "") || !strings.Contains(check.got, check.want) {
				t.Errorf("%s, %s: %q", c.address, who, check.got)
			}
		}
	}
}
