package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"heimdall/app/control"
	"heimdall/gateway/exchange"
	"heimdall/providers/llm"
)

// redirectLife is how long a page that leads a browser to the control listener lies in the app folder.
const redirectLife = time.Minute

// OpenRequest is POST /api/shell/open. What is app_dir (the folder in the file manager), browser (this page in the
// default browser) or url (URL, a web page, in the default browser).
type OpenRequest struct {
	What string `json:"what"`
	URL  string `json:"url,omitempty"`
}

// shell is what only the desktop can do.
type shell struct {
	dir    string
	gw     func() Gateway
	quit   func()
	launch func(what string, environment []string) error

	mu          sync.Mutex
	show        func() // nil where there is no display
	environment []string
}

func newShell(a *App) *shell {
	return &shell{dir: a.dir, gw: func() Gateway { return a.gw }, quit: a.quit, launch: launch}
}

// use tells the shell how to show the window, once there is a way.
func (s *shell) use(show func(), environment []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.show, s.environment = show, environment
}

func (s *shell) rows() []exchange.Row {
	row := func(path string, h exchange.Handler) exchange.Row {
		return exchange.Row{Method: http.MethodPost, Path: path, Guard: exchange.GuardControl, Handler: h}
	}
	return []exchange.Row{
		row("/api/shell/show", s.handleShow),
		row("/api/shell/open", s.handleOpen),
		row("/api/shell/quit", s.handleQuit),
	}
}

func (s *shell) handleShow(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	if err := decode(x.Raw, &struct{}{}); err != nil {
		return nil, err
	}
	s.mu.Lock()
	show := s.show
	s.mu.Unlock()
	if show == nil {
		return nil, &llm.Error{Kind: llm.KindInvalidRequest, Status: http.StatusConflict,
			Message: "there is no window to show: Heimdall runs without a display, or is just starting"}
	}
	show()
	return done("the window is shown"), nil
}

func (s *shell) handleQuit(_ context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	if err := decode(x.Raw, &struct{}{}); err != nil {
		return nil, err
	}
	s.quit()
	return done("Heimdall quits"), nil
}

func (s *shell) handleOpen(ctx context.Context, x *exchange.Exchange) (*exchange.Reply, error) {
	var in OpenRequest
	if err := decode(x.Raw, &in); err != nil {
		return nil, err
	}
	var err error
	switch in.What {
	case "app_dir":
		err = s.start(s.dir)
	case "browser":
		err = s.browse(ctx)
	case "url":
		u, bad := url.Parse(in.URL)
		if bad != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return nil, llm.Errorf(llm.KindInvalidRequest, "url must be a full web address, such as https://example.com/")
		}
		err = s.start(u.String())
	default:
		return nil, llm.Errorf(llm.KindInvalidRequest, "what must be app_dir, browser or url, not %q", in.What)
	}
	if err != nil {
		return nil, &llm.Error{Kind: llm.KindInternal, Status: http.StatusInternalServerError, Message: err.Error(), Cause: err}
	}
	return done("opened"), nil
}

// browse shows the page in the default browser: from the gateway where it runs, else from the control listener, whose
// one-time code must not appear in a list of processes and so travels in a file that only the user can read.
func (s *shell) browse(ctx context.Context) error {
	gw := s.gw()
	addr, token := gw.Control()
	if state, err := control.New(addr, token).Gateway(ctx); err == nil && state.State == "running" {
		return s.start(gw.Address())
	}
	file, err := s.redirect("http://" + addr + "/#c=" + gw.NewCode())
	if err != nil {
		return err
	}
	time.AfterFunc(redirectLife, func() { os.Remove(file) })
	return s.start(file)
}

var redirectPage = template.Must(template.New("redirect").Parse(
	`<!doctype html><meta charset="utf-8"><title>Heimdall</title><script>location.replace({{.}})</script>`))

func (s *shell) redirect(to string) (string, error) {
	f, err := os.CreateTemp(s.dir, "open-*.html") // 0600
	if err != nil {
		return "", fmt.Errorf("write the page for the browser: %w", err)
	}
	defer f.Close()
	if err := redirectPage.Execute(f, to); err != nil {
		return "", fmt.Errorf("write the page for the browser: %w", err)
	}
	return f.Name(), nil
}

// sweep removes the pages that led a browser here.
func (s *shell) sweep() {
	left, _ := filepath.Glob(filepath.Join(s.dir, "open-*.html"))
	for _, f := range left {
		os.Remove(f)
	}
}

func (s *shell) start(what string) error {
	s.mu.Lock()
	environment := s.environment
	s.mu.Unlock()
	if err := s.launch(what, environment); err != nil {
		return fmt.Errorf("open %s: %w", filepath.Base(what), err)
	}
	return nil
}

// launch starts the system's program for a folder or an address.
func launch(what string, environment []string) error {
	cmd := launcher(what)
	cmd.Env = environment
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return fmt.Errorf("%s is not installed", cmd.Args[0])
		}
		return err
	}
	go cmd.Wait()
	return nil
}

// decode reads a body, which may be empty, and refuses fields that nobody knows.
func decode(raw []byte, into any) error {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return llm.Errorf(llm.KindInvalidRequest, "the body is not what this address takes: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return llm.Errorf(llm.KindInvalidRequest, "the body must be one JSON object")
	}
	return nil
}

func done(message string) *exchange.Reply {
	body, _ := json.Marshal(map[string]string{"message": message}) // a string always encodes
	return &exchange.Reply{Status: http.StatusOK, ContentType: "application/json", Body: body}
}
