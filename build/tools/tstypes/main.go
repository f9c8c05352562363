// Command tstypes writes frontend/src/lib/api/types.gen.ts from the shapes of gateway/admin/api*.go. Run it from
// the repository's root after a change there; its output is committed. With -check it writes nothing and fails when the file
// is stale.
//
// A field's TypeScript type follows from its Go type; the tag tstype:"…" overrides it.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

const (
	sources = "gateway/admin/api*.go"
	target  = "frontend/src/lib/api/types.gen.ts"
)

func main() {
	check := flag.Bool("check", false, "fail when the file is stale, write nothing")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "tstypes:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	src, err := readAll(sources)
	if err != nil {
		return fmt.Errorf("read the shapes: %w", err)
	}
	want, err := translate(src...)
	if err != nil {
		return fmt.Errorf("translate %s: %w", sources, err)
	}
	if !check {
		return os.WriteFile(target, want, 0o644)
	}
	have, err := os.ReadFile(target)
	if err != nil {
		return fmt.Errorf("read the types: %w", err)
	}
	if !bytes.Equal(have, want) {
		return fmt.Errorf("%s is stale: run go run ./build/tools/tstypes", target)
	}
	return nil
}

// readAll reads the files that match a pattern, in the order of their names.
func readAll(pattern string) (all [][]byte, err error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		all = append(all, src)
	}
	return all, nil
}
