package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "heimdall"

// floors say how high a package stands. A package imports only what stands lower; what stands on the same floor are
// siblings that do not know each other. A pattern ending in /* stands for each folder below; the first match counts.
var floors = []struct {
	pattern string
	floor   int
}{
	{"providers/llm", 0}, {"providers/rawjson", 0}, {"providers/sse", 0}, {"providers/eventstream", 0}, {"providers/timing", 0}, {"keychain", 0},
	{"providers/dialect", 10}, {"providers/dialect/*", 11},
	{"providers/auth", 20}, {"providers/transport", 20}, {"providers/catalog", 20},
	{"providers", 21}, {"providers/fake", 22},
	{"providers/all", 31}, {"providers/providertest", 32}, {"providers/*", 30},
	{"gateway/period", 40}, {"gateway/complexity", 40}, {"gateway/filter", 40}, {"gateway/delta", 40}, {"gateway/jsondiff", 40},
	{"gateway/exchange", 41}, {"gateway/rule", 45}, {"gateway/transcript", 45},
	{"gateway/config", 50}, {"gateway/govern", 50}, {"gateway/route", 50}, {"gateway/cache", 50},
	{"gateway/mcp", 50}, {"gateway/plugin", 50}, {"gateway/observe", 50}, {"gateway/metrics", 50}, {"gateway/otel", 50},
	{"gateway/cassette", 50}, {"gateway/peer", 50},
	{"gateway/sqlstore", 60}, {"gateway/edge", 60}, {"gateway/admin", 60}, {"gateway/compat", 60}, {"gateway/importer", 60},
	{"gateway", 70},
	{"app/control", 78}, {"app/*", 79}, {"app", 80},
	{"", 90},
}

// outside are rooms that no product code imports: tests, benches and tools. They may import anything.
var outside = []string{"gateway/archtest", "gateway/filter/filtertest", "gateway/storetest", "gateway/gatewaytest", "gateway/bench", "gateway/sdktest", "gateway/agenttest", "build/", "app/e2e"}

// rooms are libraries that only some packages may import, and why.
var rooms = []struct {
	library string
	allowed []string
	reason  string
}{
	{"github.com/wailsapp/wails", []string{"app/window"}, "the window is a program of its own; everything else must run without a web view"},
	{"github.com/getlantern/systray", []string{"app/tray"}, "the tray must not be linked into the window or the headless build"},
	{"github.com/valyala/fasthttp", []string{"gateway/edge", "providers/transport", "gateway/bench"}, "the HTTP library stays behind exchange and transport"},
	{"github.com/zalando/go-keyring", []string{"keychain"}, "keys are reached through keychain.Store only"},
	{"modernc.org/sqlite", []string{"gateway/sqlstore"}, "SQL stays behind the stores"},
	{"github.com/jackc/pgx", []string{"gateway/sqlstore"}, "SQL stays behind the stores"},
	{"github.com/prometheus", []string{"gateway/metrics"}, "what is counted stays behind exchange.Observer"},
	{"cel.dev/cel-go", []string{"gateway/rule"}, "the language of rules stays behind rule.Set"},
	{"go.opentelemetry.io", []string{"gateway/otel"}, "traces stay behind exchange.Observer"},
	{"google.golang.org/grpc", []string{"gateway/otel"}, "gRPC is spoken with collectors only"},
}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// builds are the programs by their tags.
var builds = map[string]string{
	"headless": "",
	"tray":     "tray",
	"window":   "window,desktop,production,webkit2_41",
}

func TestFloors(t *testing.T) {
	for name, tags := range builds {
		t.Run(name, func(t *testing.T) {
			for _, p := range list(t, tags, "./...") {
				from := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
				if isOutside(from) {
					continue
				}
				for _, imp := range p.Imports {
					to, ours := inModule(imp)
					if !ours {
						continue
					}
					checkFloor(t, from, to)
				}
			}
		})
	}
}

func checkFloor(t *testing.T, from, to string) {
	t.Helper()
	low, high := floorOf(t, to), floorOf(t, from)
	switch {
	case isOutside(to):
		t.Errorf("%s imports %s: that is a test or a tool, no part of the product", shown(from), to)
	case to == "keychain" && from != "" && from != "app":
		t.Errorf("%s imports keychain: only main and app may; the gateway sees the Secrets interface that it declares", from)
	case low == high:
		t.Errorf("%s imports its sibling %s: siblings do not know each other; declare the interface you need, or move what both need one floor down", shown(from), to)
	case low > high:
		t.Errorf("%s (floor %d) imports %s (floor %d): imports go down only", shown(from), high, to, low)
	}
}

func TestRooms(t *testing.T) {
	for name, tags := range builds {
		t.Run(name, func(t *testing.T) {
			for _, p := range list(t, tags, "./...") {
				from, _ := inModule(p.ImportPath)
				for _, imp := range p.Imports {
					for _, r := range rooms {
						if (imp == r.library || strings.HasPrefix(imp, r.library+"/")) && !slices.Contains(r.allowed, from) {
							t.Errorf("%s imports %s, which only %s may: %s", shown(from), imp, strings.Join(r.allowed, ", "), r.reason)
						}
					}
				}
			}
		})
	}
}

// The three programs stay apart: what one links the others must not.
func TestPrograms(t *testing.T) {
	forbidden := map[string][]string{
		"headless": {"github.com/wailsapp/wails", "github.com/getlantern/systray"},
		"tray":     {"github.com/wailsapp/wails"},
		"window":   {"github.com/getlantern/systray", "modernc.org/sqlite", "github.com/jackc/pgx", "github.com/valyala/fasthttp"},
	}
	for name, tags := range builds {
		for _, p := range list(t, tags, ".") {
			for _, dep := range p.Deps {
				for _, bad := range forbidden[name] {
					if dep == bad || strings.HasPrefix(dep, bad+"/") {
						t.Errorf("the %s program links %s", name, dep)
					}
				}
			}
		}
	}
}

func list(t *testing.T, tags, pattern string) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "-tags", tags, pattern)
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func inModule(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

func isOutside(p string) bool {
	return slices.ContainsFunc(outside, func(o string) bool {
		return p == o || strings.HasPrefix(p, strings.TrimSuffix(o, "/")+"/")
	})
}

func floorOf(t *testing.T, p string) int {
	t.Helper()
	for _, f := range floors {
		parent, each := strings.CutSuffix(f.pattern, "/*")
		if p == f.pattern || each && strings.HasPrefix(p, parent+"/") && !strings.Contains(p[len(parent)+1:], "/") {
			return f.floor
		}
	}
	if isOutside(p) {
		return 100
	}
	t.Errorf("package %s stands on no floor: give it one in archtest, after reading who may import whom", shown(p))
	return 100
}

func shown(p string) string {
	if p == "" {
		return "main"
	}
	return p
}
