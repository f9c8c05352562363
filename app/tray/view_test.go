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
		{admin.Gateway{State: "running", Address: address}, view{pictureRunning, "Running on 127.0.0.1:8080", "Stop gateway", actionStop, true, address}},
		{admin.Gateway{State: "stopped", Address: address}, view{pictureStopped, "Stopped", "Start gateway", actionStart, true, address}},
		{admin.Gateway{State: "starting", Address: address}, view{pictureStarting, "Starting…", "Start gateway", actionStart, false, address}},
		{admin.Gateway{State: "stopping", Address: address}, view{pictureStarting, "Stopping…", "Stop gateway", actionStop, false, address}},
		{admin.Gateway{State: "error", Address: address, Error: "Port 8080 is taken by nginx"}, view{pictureError, "Port 8080 is taken by nginx", "Start gateway", actionStart, true, address}},
		{admin.Gateway{State: "error"}, view{pictureError, "The gateway could not start", "Start gateway", actionStart, true, ""}},
	}
	for _, tt := range tests {
		if got := render(tt.gateway); got != tt.want {
			t.Errorf("render(%s) = %+v, want %+v", tt.gateway.State, got, tt.want)
		}
	}
	long := render(admin.Gateway{State: "error", Error: strings.Repeat("é", 200)})
	if n := len([]rune(long.state)); n != stateWidth {
		t.Errorf("a long error takes %d characters", n)
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
