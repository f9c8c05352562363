//go:build window

package window

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/logger"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
	"github.com/wailsapp/wails/v2/pkg/options/mac"
	"github.com/wailsapp/wails/v2/pkg/options/windows"
	"github.com/wailsapp/wails/v2/pkg/runtime"
)

// quitLimit is how long the toolkit may take to end.
const quitLimit = 2 * time.Second

var (
	//go:embed icon.png
	icon []byte
	//go:embed boot.html
	bootSource string
	bootPage   = template.Must(template.New("boot").Parse(bootSource))
)

// Main is the window's program. It must be called on the main thread; it returns the exit status.
func Main(args []string) int {
	if len(args) == 0 || args[0] != Flag {
		return complain(startMain(args))
	}
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return complain(fmt.Errorf("read the main program's hello: %w", err))
	}
	var hello Hello
	if err := json.Unmarshal(line, &hello); err != nil {
		return complain(fmt.Errorf("read the main program's hello: %w", err))
	}
	return complain(show(hello, in, os.Stdout))
}

func complain(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, windowName+":", err)
	return 1
}

// startMain is what happens when somebody starts the window's program by hand.
func startMain(args []string) error {
	path, err := findMain()
	if err != nil {
		return err
	}
	return exec.Command(path, args...).Start()
}

// findMain looks for the main program from where the window's program is.
func findMain() (string, error) {
	here, err := folder()
	if err != nil {
		return "", err
	}
	path, err := first(mainName, here, filepath.Join(here, "..", "..", "bin"))
	if err == nil {
		return path, nil
	}
	if path, lookErr := exec.LookPath(mainName); lookErr == nil {
		return path, nil
	}
	return "", err
}

// show runs the window to its end.
func show(hello Hello, in io.Reader, out io.Writer) error {
	dark := isDark(hello.Theme)
	boot, err := bootHTML(hello, dark)
	if err != nil {
		return err
	}
	s := &session{idle: hello.Idle, tell: func(cue string) { fmt.Fprintln(out, cue) }}
	go func() {
		s.follow(in)
		if !s.ended() {
			os.Exit(0)
		}
		time.AfterFunc(quitLimit, func() { os.Exit(0) })
	}()
	return wails.Run(&options.App{
		Title: "Heimdall",
		Width: 1180, Height: 760, MinWidth: 900, MinHeight: 600,
		BackgroundColour:         background(dark),
		EnableDefaultContextMenu: true,
		AssetServer: &assetserver.Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Write(boot)
		})},
		LogLevelProduction: logger.ERROR,
		OnDomReady:         func(ctx context.Context) { s.ready(wailsFrame{ctx}) },
		OnBeforeClose:      func(context.Context) (prevent bool) { return s.closed() },
		Linux:              &linux.Options{Icon: icon, ProgramName: mainName, WebviewGpuPolicy: linux.WebviewGpuPolicyNever},
		Mac:                &mac.Options{},
		Windows:            &windows.Options{Theme: windows.SystemDefault},
	})
}

func bootHTML(hello Hello, dark bool) ([]byte, error) {
	var b bytes.Buffer
	bg := background(dark)
	err := bootPage.Execute(&b, map[string]string{
		"URL":        hello.URL(),
		"Background": fmt.Sprintf("#%02x%02x%02x", bg.R, bg.G, bg.B),
	})
	if err != nil {
		return nil, fmt.Errorf("write the first page: %w", err)
	}
	return b.Bytes(), nil
}

// background is the page's own.
func background(dark bool) *options.RGBA {
	if dark {
		return options.NewRGB(0x13, 0x14, 0x18)
	}
	return options.NewRGB(0xff, 0xff, 0xff)
}

// wailsFrame is the window by the means of Wails.
type wailsFrame struct{ ctx context.Context }

func (w wailsFrame) Raise() {
	runtime.WindowUnminimise(w.ctx)
	runtime.WindowShow(w.ctx)
}

func (w wailsFrame) Hide() { runtime.WindowHide(w.ctx) }

// Quit is asked for from within a session's method, and Wails asks the session back whether it may: not in line.
func (w wailsFrame) Quit() { go runtime.Quit(w.ctx) }

var _ frame = wailsFrame{}
