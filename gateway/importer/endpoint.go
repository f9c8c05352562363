package importer

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// endpoint is an API somewhere, as a foreign configuration names it. Base is whose API it speaks.
type endpoint struct {
	Name string
	URL  string
	Base string
}

const (
	baseOpenAI    = "openai"
	baseAnthropic = "anthropic"
	baseGemini    = "gemini"
)

// calls are the ends of an address that name what is called there, by base.
var calls = map[string][]string{
	baseOpenAI:    {"/chat/completions", "/responses", "/completions"},
	baseAnthropic: {"/v1/messages", "/messages"},
	baseGemini:    {"/models"},
}

var (
	versioned = regexp.MustCompile(`/v[0-9]+[a-z0-9]*$`)
	unnamed   = regexp.MustCompile(`[^a-z0-9._-]+`)
)

// provider finds or makes the provider of an endpoint: a built-in one where the address is that one's, else one of the
// user's own.
func (d *draft) provider(e endpoint) (name string, err error) {
	u, err := url.Parse(strings.TrimSpace(e.URL))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", fmt.Errorf("its address is no URL that begins with http:// or https://")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("its address has a user name, a ? or a # part, which a provider's address can't have")
	}
	for _, b := range d.builtins {
		if own, err := url.Parse(b.BaseURL); err == nil && b.BaseURL != "" && host(own) == host(u) {
			return d.builtin(b.Name), nil
		}
	}
	made := custom(u, e.Base)
	name = d.free(slug(e.Name, host(u)), made.Network["base_url"].(string), e.Base)
	if d.providers[name] == nil {
		d.providers[name] = made
	}
	return name, nil
}

func (d *draft) builtin(name string) string {
	if d.providers[name] == nil {
		d.providers[name] = &provider{}
	}
	return name
}

func (d *draft) isBuiltin(name string) bool {
	for _, b := range d.builtins {
		if b.Name == name {
			return true
		}
	}
	return false
}

// free gives the first name that no other endpoint has.
func (d *draft) free(name, address, base string) string {
	if d.isBuiltin(name) {
		name += "-custom"
	}
	for i, candidate := 2, name; ; i++ {
		p := d.providers[candidate]
		if p == nil || p.Network["base_url"] == address && p.Custom["base_provider_type"] == base {
			return candidate
		}
		candidate = fmt.Sprintf("%s-%d", name, i)
	}
}

// custom describes a provider of the user's own. An address without a version gets whole addresses for its calls, since
// a version would be put into it otherwise.
func custom(u *url.URL, base string) *provider {
	address := strings.TrimRight(u.Scheme+"://"+u.Host+u.Path, "/")
	for _, end := range calls[base] {
		if cut, ok := strings.CutSuffix(address, end); ok {
			address = cut
			break
		}
	}
	p := &provider{Network: fields{"base_url": address}, Custom: fields{"base_provider_type": base}}
	if base == baseOpenAI && !versioned.MatchString(address) {
		p.Custom["request_path_overrides"] = fields{
			"chat_completion": address + "/chat/completions", "responses": address + "/responses",
			"embedding": address + "/embeddings", "list_models": address + "/models",
		}
	}
	return p
}

// host is the machine and port of an address; this machine has one name.
func host(u *url.URL) string {
	name, port := strings.ToLower(u.Hostname()), u.Port()
	if name == "127.0.0.1" || name == "::1" {
		name = "localhost"
	}
	if port == "" {
		return name
	}
	return net.JoinHostPort(name, port)
}

// slug makes a provider's name of any text; otherwise is taken where nothing of it is left.
func slug(text, otherwise string) string {
	for _, s := range []string{text, otherwise, "imported"} {
		s = strings.Trim(unnamed.ReplaceAllString(strings.ToLower(strings.TrimSpace(s)), "-"), "-._")
		if s != "" {
			return s[:min(len(s), 48)]
		}
	}
	return ""
}
