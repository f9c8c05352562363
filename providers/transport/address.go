package transport

import (
	"net/netip"
	"net/url"
)

// BadURL says what is wrong with the address of an upstream that the user sets; "" = nothing.
func BadURL(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "must be an address such as https://api.example.com/v1"
	case u.User != nil:
		return "must hold no user name or password; put credentials in a key"
	case u.RawQuery != "" || u.Fragment != "":
		return "must have no ? or # part"
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && a.IsLinkLocalUnicast() {
		return "link-local addresses are never called"
	}
	return ""
}

// BadClientURL is BadURL for the address that a client brings with its key. Only loopback is called without TLS.
func BadClientURL(s string) string {
	if why := BadURL(s); why != "" {
		return why
	}
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" && !local(u.Hostname()) {
		return "must begin with https://"
	}
	return ""
}
