package app

import (
	"embed"
	"io/fs"
)

//go:embed unbuilt
var unbuilt embed.FS

// Page gives the built page in dist, or one that says how to build it. built says which.
func Page(dist fs.FS) (page fs.FS, built bool) {
	if _, err := fs.Stat(dist, "index.html"); err == nil {
		return dist, true
	}
	return must(fs.Sub(unbuilt, "unbuilt")), false
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // an embedded folder is always there
	}
	return v
}
