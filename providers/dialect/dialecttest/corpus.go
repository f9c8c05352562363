package dialecttest

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"heimdall/providers/dialect"
)

// Case is one recorded HTTP exchange.
type Case struct {
	ID       string
	Endpoint string
	Framing  string // none, or that of a stream
	Status   int
	Tags     []string
	URL      string       // without its host
	Path     dialect.Path // what it says of the model
	Request  []byte       // nil where it was not recorded or is no JSON
	Response []byte
	Header   map[string]string
}

// Has reports whether the case has a tag.
func (c Case) Has(tag string) bool { return slices.Contains(c.Tags, tag) }

// Corpus loads the recorded exchanges of an endpoint. They live beside the checkout; where they do not, the test is
// skipped.
func Corpus(t *testing.T, endpoint string) []Case {
	t.Helper()
	dir := filepath.Join(moduleRoot(t), "..", "shared", "corpus", "open")
	metas, err := filepath.Glob(filepath.Join(dir, "*", "meta.json"))
	if err != nil || len(metas) == 0 {
		t.Skip("no recorded exchanges beside the checkout")
	}
	var cases []Case
	for _, path := range metas {
		if c := load(t, filepath.Dir(path)); c.Endpoint == endpoint {
			cases = append(cases, c)
		}
	}
	return cases
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("the test does not run inside the module")
		}
		dir = filepath.Dir(dir)
	}
}

func load(t *testing.T, dir string) Case {
	t.Helper()
	var meta struct {
		ID              string
		Endpoint        string
		Framing         string
		Status          int
		Tags            []string
		RequestRecorded *bool `json:"request_recorded"`
	}
	var request struct {
		Path string
		Body json.RawMessage
	}
	var response struct{ Headers map[string]string }
	readJSON(t, filepath.Join(dir, "meta.json"), &meta)
	readJSON(t, filepath.Join(dir, "request.json"), &request)
	readJSON(t, filepath.Join(dir, "response.json"), &response)
	body, err := os.ReadFile(filepath.Join(dir, "response.body"))
	if err != nil {
		t.Fatal(err)
	}
	c := Case{ID: meta.ID, Endpoint: meta.Endpoint, Framing: meta.Framing, Status: meta.Status, Tags: meta.Tags,
		URL: request.Path, Path: PathOf(request.Path), Response: body, Header: response.Headers}
	if meta.RequestRecorded == nil || *meta.RequestRecorded {
		c.Request = request.Body
	}
	return c
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

var named = regexp.MustCompile(`/models?/([^/?]+?)(?:[:/]([A-Za-z-]+))?(?:\?.*)?$`)

// PathOf reads the model and the verb of a path like /models/NAME:streamVerb or /model/NAME/verb-stream.
func PathOf(path string) (p dialect.Path) {
	m := named.FindStringSubmatch(path)
	if m == nil {
		return p
	}
	p.Model, _ = url.PathUnescape(m[1])
	p.Stream = strings.Contains(strings.ToLower(m[2]), "stream")
	return p
}
