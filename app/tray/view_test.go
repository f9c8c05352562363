package tray

import (
	"bytes"
	"image/png"
	"os"
	"strings"
	"testing"

	"heimdall/gateway/admin"
)

func TestRender(t *testing.T) {
	const address = "http://127.0.0.1:8080"
	tests := []struct {
		gateway admin.Gateway
		want    view
	}{
		{admin.Gateway{State: "running", Address: address}, view{picture: pictureRunning, state: "Running on 127.0.0.1:8080", toggle: "Stop gateway", toggles: actionStop, canFlip: true, endpoint: address}},
		{admin.Gateway{State: "stopped", Address: address}, view{picture: pictureStopped, state: "Stopped", toggle: "Start gateway", toggles: actionStart, canFlip: true, endpoint: address}},
		{admin.Gateway{State: "starting", Address: address}, view{picture: pictureStarting, state: "Starting…", toggle: "Start gateway", toggles: actionStart, canFlip: false, endpoint: address}},
		{admin.Gateway{State: "stopping", Address: address}, view{picture: pictureStarting, state: "Stopping…", toggle: "Stop gateway", toggles: actionStop, canFlip: false, endpoint: address}},
		{admin.Gateway{State: "error", Address: address, Error: "Port 8080 is taken by nginx"}, view{picture: pictureError, state: "Port 8080 is taken by nginx", toggle: "Start gateway", toggles: actionStart, canFlip: true, endpoint: address}},
		{admin.Gateway{State: "error"}, view{picture: pictureError, state: "The gateway could not start", toggle: "Start gateway", toggles: actionStart, canFlip: true, endpoint: ""}},
	}
	for _, tt := range tests {
		if got := render(tt.gateway, nil); got != tt.want {
			t.Errorf("render(%s) = %+v, want %+v", tt.gateway.State, got, tt.want)
		}
	}
	long := render(admin.Gateway{State: "error", Error: strings.Repeat("é", 200)}, nil)
	if n := len([]rune(long.state)); n != stateWidth {
		t.Errorf("a long error takes %d characters", n)
	}
}

func TestRenderSpending(t *testing.T) {
	running := admin.Gateway{State: "running", Address: "http://127.0.0.1:8080"}
	for _, tt := range []struct {
		spending            admin.KillSwitch
		state, pause, shown string
	}{
		{admin.KillSwitch{}, "Running on 127.0.0.1:8080", "Pause all calls", ""},
		{admin.KillSwitch{BurnRate: 0.123, SpentToday: 3.456}, "Running on 127.0.0.1:8080", "Pause all calls", "$0.12 a minute · $3.46 today"},
		{admin.KillSwitch{SpentToday: 0.000456}, "Running on 127.0.0.1:8080", "Pause all calls", "$0.00 a minute · $0.00046 today"},
		{admin.KillSwitch{Paused: true, SpentToday: 2}, "Paused: every call is refused", "Resume calls", "$0.00 a minute · $2.00 today"},
	} {
		v := render(running, &tt.spending)
		if v.state != tt.state || v.pause != tt.pause || v.spending != tt.shown || v.paused != tt.spending.Paused {
			t.Errorf("%+v: %+v", tt.spending, v)
		}
	}
	if v := render(admin.Gateway{State: "stopped"}, &admin.KillSwitch{Paused: true}); v.state != "Stopped" || v.pause != "Resume calls" {
		t.Errorf("a stopped gateway that is paused too: %+v", v)
	}
}

// TestIconsDifferInShape compares the icons without their colours: what is seen of them, and how light it is.
func TestIconsDifferInShape(t *testing.T) {
	shapes := map[picture][]bool{}
	for _, p := range []picture{pictureRunning, pictureStopped, pictureStarting, pictureError} {
		b, err := os.ReadFile("icons/" + string(p) + ".png")
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				r, g, b, a := img.At(x, y).RGBA()
				seen := a > 0x8000
				white := seen && r > 0xe000 && g > 0xe000 && b > 0xe000
				shapes[p] = append(shapes[p], seen, white)
			}
		}
	}
	for a, first := range shapes {
		for b, second := range shapes {
			if a < b && distance(first, second) < 0.05 {
				t.Errorf("%s and %s look the same without colours", a, b)
			}
		}
	}
}

func distance(a, b []bool) float64 {
	n := 0
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return float64(n) / float64(len(a))
}
