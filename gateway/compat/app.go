package compat

import "strings"

// App is the short name of the program with that User-Agent: its first product, in small letters and without its version.
func App(userAgent string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(userAgent), " ")
	name, _, _ := strings.Cut(first, "/")
	return strings.ToLower(name)
}
