package providertest

import (
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"heimdall/providers"
	"heimdall/providers/llm"
)

var name = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

func (s *suite) info(t *testing.T) {
	i := s.Info()
	if !name.MatchString(i.Name) && !i.Custom {
		t.Errorf("name %q: want lower case letters, digits and dashes", i.Name)
	}
	if i.Title == "" {
		t.Error("there is no title")
	}
	if about := i.About; about == "" || !strings.HasSuffix(about, ".") {
		t.Errorf("about %q: want one sentence with its full stop", about)
	}
	if base, err := s.place(); !i.Custom && (err != nil || base == "") {
		t.Errorf("nobody knows where it is: %q, %v", base, err)
	} else if !i.Custom {
		s.address(t, base)
	}
	if i.DocsURL != "" {
		s.address(t, i.DocsURL)
	}
	if i.Keyless && (i.EnvKey != "" || i.DocsURL != "") && !i.Custom {
		t.Error("a provider without a key names a place where one is kept or made")
	}
	if i.EnvKey != "" && i.EnvKey != strings.ToUpper(i.EnvKey) {
		t.Errorf("environment variable %q is not in capitals", i.EnvKey)
	}
	if len(i.Models) == 0 && len(s.Endpoints(llm.OpModels, "")) == 0 && !i.Custom {
		t.Error("there is neither a model to try nor an endpoint that lists them")
	}
	for n, m := range i.Models {
		if m == "" || slices.Contains(i.Models[:n], m) {
			t.Errorf("models: %q is empty or there twice", m)
		}
	}
	if s.Info().Name != i.Name {
		t.Error("it has another name when it is asked again")
	}
}

// place is where the provider is for a key with everything that it asks for.
func (s *suite) place() (string, error) {
	if s.features.Base == nil {
		return s.Info().BaseURL, nil
	}
	return s.features.Base("", s.credential())
}

func (s *suite) address(t *testing.T, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		t.Errorf("address %q: want http or https, a host and no credentials", address)
	}
}

const iconLimit = 16 << 10

// icon checks that the picture can be put into a page as it is.
func (s *suite) icon(t *testing.T) {
	icon := s.Info().Icon
	if len(icon) == 0 || len(icon) > iconLimit {
		t.Errorf("the icon has %d bytes, want 1 to %d", len(icon), iconLimit)
	}
	if err := checkIcon(icon); err != nil {
		t.Error(err)
	}
}

var (
	forbiddenElements = []string{"script", "foreignObject", "style", "image", "iframe", "a", "animate", "set"}
	outward           = regexp.MustCompile(`(?i)url\(\s*['"]?[^#'"\s]|javascript:|@import`)
)

func checkIcon(svg string) error {
	d := xml.NewDecoder(strings.NewReader(svg))
	root := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch x := token.(type) {
		case xml.Directive:
			return errors.New("the icon has a document type, which can name outside files")
		case xml.StartElement:
			if root == "" {
				root = x.Name.Local
			}
			if err := checkElement(x); err != nil {
				return err
			}
		}
	}
	if root != "svg" {
		return errors.New("the icon is no SVG document")
	}
	return nil
}

func checkElement(x xml.StartElement) error {
	if slices.Contains(forbiddenElements, x.Name.Local) {
		return errors.New("the icon has a <" + x.Name.Local + ">")
	}
	for _, a := range x.Attr {
		key := strings.ToLower(a.Name.Local)
		switch {
		case strings.HasPrefix(key, "on"):
			return errors.New("the icon has a handler " + a.Name.Local)
		case key == "href" && !strings.HasPrefix(a.Value, "#"), key == "src", outward.MatchString(a.Value):
			return errors.New("the icon refers to something outside: " + a.Value)
		}
	}
	return nil
}

var (
	types  = []string{"text", "textarea", "secret", "url", "select", "bool"}
	scopes = []string{"key", "network", "custom"}
)

func (s *suite) options(t *testing.T) {
	i := s.Info()
	seen := map[string]bool{}
	keys := 0
	for _, o := range i.Options {
		if id := o.Scope + "." + o.Name; seen[id] {
			t.Errorf("option %s is there twice", id)
		} else {
			seen[id] = true
		}
		checkOption(t, o)
		if o.Scope == "key" && o.Required {
			keys++
		}
	}
	switch {
	case i.Custom:
	case i.Keyless && keys > 0:
		t.Error("a provider without a key asks for one")
	case !i.Keyless && keys == 0:
		t.Error("a provider with a key has no required option of scope key")
	}
}

func checkOption(t *testing.T, o providers.Option) {
	t.Helper()
	if o.Name == "" || o.Label == "" {
		t.Errorf("option %+v has no name or no label", o)
	}
	if !slices.Contains(types, o.Type) || !slices.Contains(scopes, o.Scope) {
		t.Errorf("option %s: type %q and scope %q, want one of %v and one of %v", o.Name, o.Type, o.Scope, types, scopes)
	}
	if (o.Type == "select") != (len(o.Choices) > 0) {
		t.Errorf("option %s: choices and type select go together", o.Name)
	}
	for _, c := range o.Choices {
		if c.Value == "" || c.Label == "" {
			t.Errorf("option %s has the empty choice %+v", o.Name, c)
		}
	}
}
