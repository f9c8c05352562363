package main

import "math"

// colour is not premultiplied; all parts are in 0…1.
type colour struct{ r, g, b, a float64 }

func rgb(hex uint32) colour {
	return colour{float64(hex>>16&255) / 255, float64(hex>>8&255) / 255, float64(hex&255) / 255, 1}
}

// picture gives the colour at a point of the unit square; y grows downwards.
type picture func(x, y float64) colour

var (
	none  = colour{}
	white = rgb(0xffffff)

	green = rgb(0x1f9d55)
	grey  = rgb(0x7b8494)
	amber = rgb(0xc27c0e)
	red   = rgb(0xdc4646)
)

// tray holds the tray's icons by state: a full disc with the bridge, a ring around a square, a ring around three
// dots, a triangle with an exclamation mark.
var tray = map[string]picture{
	"running": func(x, y float64) colour {
		switch {
		case bridge(x, y, 0.66, 0.30, 0.085) || bridge(x, y, 0.66, 0.135, 0.085):
			return white
		case disc(x, y, 0.5, 0.5, 0.48):
			return green
		}
		return none
	},
	"stopped": func(x, y float64) colour {
		if ring(x, y, 0.48, 0.10) || box(x, y, 0.5, 0.5, 0.16) {
			return grey
		}
		return none
	},
	"starting": func(x, y float64) colour {
		if ring(x, y, 0.48, 0.10) || disc(x, y, 0.28, 0.5, 0.075) || disc(x, y, 0.5, 0.5, 0.075) || disc(x, y, 0.72, 0.5, 0.075) {
			return amber
		}
		return none
	},
	"error": func(x, y float64) colour {
		switch {
		case math.Abs(x-0.5) < 0.055 && y > 0.36 && y < 0.68, disc(x, y, 0.5, 0.79, 0.065):
			return white
		case triangle(x, y):
			return red
		}
		return none
	},
}

// app is the app's icon: the bridge in three colours at night.
func app(x, y float64) colour {
	if !rounded(x, y, 0.225) {
		return none
	}
	for _, arc := range []struct {
		radius float64
		colour colour
	}{{0.34, rgb(0x8b7bff)}, {0.235, rgb(0x35c9b9)}, {0.13, rgb(0xffb84d)}} {
		if bridge(x, y, 0.70, arc.radius, 0.07) {
			return arc.colour
		}
	}
	return mix(rgb(0x232a48), rgb(0x0e1222), y)
}

func mix(from, to colour, t float64) colour {
	return colour{from.r + (to.r-from.r)*t, from.g + (to.g-from.g)*t, from.b + (to.b-from.b)*t, 1}
}

func disc(x, y, cx, cy, r float64) bool { return math.Hypot(x-cx, y-cy) <= r }

func ring(x, y, r, width float64) bool {
	d := math.Hypot(x-0.5, y-0.5)
	return d <= r && d >= r-width
}

func box(x, y, cx, cy, half float64) bool {
	return math.Abs(x-cx) <= half && math.Abs(y-cy) <= half
}

// bridge is a half ring that stands on the line y = ground.
func bridge(x, y, ground, radius, width float64) bool {
	d := math.Hypot(x-0.5, y-ground)
	return y <= ground && d <= radius+width/2 && d >= radius-width/2
}

// triangle points up and has round corners.
func triangle(x, y float64) bool {
	const corner = 0.06
	ax, ay, bx, by, cx, cy := 0.5, 0.10, 0.93, 0.87, 0.07, 0.87
	inside := side(x, y, ax, ay, bx, by) >= 0 && side(x, y, bx, by, cx, cy) >= 0 && side(x, y, cx, cy, ax, ay) >= 0
	return inside || near(x, y, ax, ay, bx, by) <= corner || near(x, y, bx, by, cx, cy) <= corner || near(x, y, cx, cy, ax, ay) <= corner
}

// side is positive where the point is to the right of the line from a to b.
func side(x, y, ax, ay, bx, by float64) float64 { return (bx-ax)*(y-ay) - (by-ay)*(x-ax) }

// near is the distance of a point from the segment a–b.
func near(x, y, ax, ay, bx, by float64) float64 {
	t := ((x-ax)*(bx-ax) + (y-ay)*(by-ay)) / ((bx-ax)*(bx-ax) + (by-ay)*(by-ay))
	t = min(max(t, 0), 1)
	return math.Hypot(x-ax-t*(bx-ax), y-ay-t*(by-ay))
}

// rounded is the whole square with round corners.
func rounded(x, y, radius float64) bool {
	dx, dy := max(math.Abs(x-0.5)-(0.5-radius), 0), max(math.Abs(y-0.5)-(0.5-radius), 0)
	return math.Hypot(dx, dy) <= radius
}
