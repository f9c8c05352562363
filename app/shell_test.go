package app

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// fakeGateway is a gateway that only knows where it is.
type fakeGateway struct {
	control string
	failed  chan error
	started bool
	closed  bool
}

func (g *fakeGateway) Start(context.Context) error { g.started = true; return nil }
func (g *fakeGateway) Address() string             { return "http://127.0.0.1:8080" }
func (g *fakeGateway) Failed() <-chan error        { return g.failed }
func (g *fakeGateway) Close(context.Context) error { g.closed = true; return nil }
func (g *fakeGateway) Control() (addr, tok string) { return g.control, "secret" }
func (g *fakeGateway) NewCode() string             { return "one-time" }
func (g *fakeGateway) WindowStreams() int          { return 0 }
func (g *fakeGateway) WindowIdle() time.Duration   { return time.Minute }

type shellWorld struct {
	*shell
	state  string // of the gateway
	opened []string
	shown  int
	quits  int
}

func newShellWorld(t *testing.T) *shellWorld {
	w := &shellWorld{}
	control := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Write([]byte(`{"state":"` + w.state + `"}`))
	}))
	t.Cleanup(control.Close)
	gw := &fakeGateway{control: strings.TrimPrefix(control.URL, "http://")}
	w.shell = &shell{dir: t.TempDir(), gw: func() Gateway { return gw }, quit: func() { w.quits++ }}
	w.launch = func(what string, _ []string) error { w.opened = append(w.opened, what); return nil }
	return w
}

// post answers a request as the control listener would.
func (w *shellWorld) post(t *testing.T, path, body string) error {
	t.Helper()
	for _, row := range w.rows() {
		if row.Path == path && row.Method == http.MethodPost && row.Guard == exchange.GuardControl {
			_, err := row.Handler(t.Context(), &exchange.Exchange{Raw: []byte(body)})
			return err
		}
	}
	t.Fatalf("no guarded row for %s", path)
	return nil
}

func TestShellRefuses(t *testing.T) {
	w := newShellWorld(t)
	w.use(func() { w.shown++ }, nil)
	tests := []struct{ path, body, words string }{
		{"/api/shell/show", `{"loud":true}`, "loud"},
		{"/api/shell/quit", `{"now":true}`, "now"},
		{"/api/shell/quit", `{} {}`, "one JSON object"},
		{"/api/shell/open", `{"what":"app_dir","where":1}`, "where"},
		{"/api/shell/open", `{"what":"shell"}`, `app_dir, browser or url, not "shell"`},
		{"/api/shell/open", `{"what":"url","url":"file:///etc/passwd"}`, "full web address"},
		{"/api/shell/open", `{"what":"url","url":"--help"}`, "full web address"},
		{"/api/shell/open", `nonsense`, "body"},
	}
	for _, tt := range tests {
		err := w.post(t, tt.path, tt.body)
		var e *llm.Error
		if !errors.As(err, &e) || e.Status != http.StatusBadRequest || !strings.Contains(e.Message, tt.words) {
			t.Errorf("%s %s: %v, want a 400 about %s", tt.path, tt.body, err, tt.words)
		}
	}
	if w.shown+w.quits+len(w.opened) != 0 {
		t.Error("something was done all the same")
	}
}

func TestShellShowsAndQuits(t *testing.T) {
	w := newShellWorld(t)
	var e *llm.Error
	if err := w.post(t, "/api/shell/show", ""); !errors.As(err, &e) || e.Status != http.StatusConflict {
		t.Errorf("without a display: %v", err)
	}
	w.use(func() { w.shown++ }, nil)
	if err := w.post(t, "/api/shell/show", "{}"); err != nil || w.shown != 1 {
		t.Errorf("shown %d times, %v", w.shown, err)
	}
	if err := w.post(t, "/api/shell/quit", ""); err != nil || w.quits != 1 {
		t.Errorf("quit %d times, %v", w.quits, err)
	}
}

func TestShellOpens(t *testing.T) {
	w := newShellWorld(t)
	w.state = "running"
	for body, want := range map[string]string{
		`{"what":"app_dir"}`: w.dir,
		`{"what":"browser"}`: "http://127.0.0.1:8080",
		`{"what":"url","url":"https://example.com/a?b=c"}`: "https://example.com/a?b=c",
	} {
		w.opened = nil
		if err := w.post(t, "/api/shell/open", body); err != nil || len(w.opened) != 1 || w.opened[0] != want {
			t.Errorf("%s opened %v, %v; want %s", body, w.opened, err, want)
		}
	}
}

// TestBrowserWhileStopped leads the browser to the control listener; the code must not be in an argument list.
func TestBrowserWhileStopped(t *testing.T) {
	w := newShellWorld(t)
	w.state = "stopped"
	if err := w.post(t, "/api/shell/open", `{"what":"browser"}`); err != nil || len(w.opened) != 1 {
		t.Fatalf("opened %v, %v", w.opened, err)
	}
	file := w.opened[0]
	if strings.Contains(file, "one-time") || filepath.Dir(file) != w.dir {
		t.Errorf("opened %s", file)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	page, err := os.ReadFile(file)
	if err != nil || !strings.Contains(strings.ReplaceAll(string(page), `\/`, "/"), "#c=one-time") {
		t.Errorf("the page is %s, %v", page, err)
	}
	w.sweep()
	if _, err := os.Stat(file); err == nil {
		t.Error("the page is not swept")
	}
}
