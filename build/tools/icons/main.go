// Command icons draws every icon of Heimdall: the app's and the tray's. Run it from the repository's root after a change
// here; its outputs are committed.
//
// The tray's four differ in shape as well as in colour, and their colours keep a contrast of 3:1 to light and to dark
// panels.
package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"log"
	"os"
	"path/filepath"
)

func main() {
	if err := write(); err != nil {
		log.Fatal(err)
	}
}

func write() error {
	for name, draw := range tray {
		base := filepath.Join("app", "tray", "icons", name)
		if err := save(base+".png", pngOf(draw, 64)); err != nil {
			return err
		}
		if err := save(base+".ico", icoOf(draw, 16, 20, 24, 32, 48)); err != nil {
			return err
		}
	}
	for _, size := range []int{16, 24, 32, 48, 64, 128, 256, 512} {
		name := filepath.Join("build", "icons", fmt.Sprintf("heimdall-%d.png", size))
		if err := save(name, pngOf(app, size)); err != nil {
			return err
		}
	}
	if err := save(filepath.Join("app", "window", "icon.png"), pngOf(app, 128)); err != nil {
		return err
	}
	return save(filepath.Join("build", "windows", "icon.ico"), icoOf(app, 16, 24, 32, 48, 64))
}

func save(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}

func pngOf(draw picture, size int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, render(draw, size)); err != nil {
		log.Fatal(err) // an image in memory always encodes
	}
	return b.Bytes()
}

// samples is how many points along each side of a pixel are looked at.
const samples = 8

// render looks at the picture through a grid of points and averages them.
func render(draw picture, size int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	step := 1 / float64(size*samples)
	for py := range size {
		for px := range size {
			var r, g, b, a float64
			for sy := range samples {
				for sx := range samples {
					c := draw(float64(px*samples+sx)*step+step/2, float64(py*samples+sy)*step+step/2)
					r, g, b, a = r+c.r*c.a, g+c.g*c.a, b+c.b*c.a, a+c.a
				}
			}
			if a == 0 {
				continue
			}
			at := img.PixOffset(px, py)
			img.Pix[at], img.Pix[at+1], img.Pix[at+2] = level(r/a), level(g/a), level(b/a)
			img.Pix[at+3] = level(a / (samples * samples))
		}
	}
	return img
}

func level(v float64) uint8 { return uint8(v*255 + 0.5) }
