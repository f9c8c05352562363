package providertest

import "testing"

func TestCheckIcon(t *testing.T) {
	const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">`
	for svg, fine := range map[string]bool{
		head + `<path d="M0 0"/></svg>`:                                        true,
		head + `<defs><g id="a"/></defs><use href="#a" fill="url(#b)"/></svg>`: true,
		head + `<script>alert(1)</script></svg>`:                               false,
		head + `<path onclick="x()"/></svg>`:                                   false,
		head + `<use href="https://example.com/a.svg#a"/></svg>`:               false,
		head + `<path fill="url(https://example.com/a)"/></svg>`:               false,
		head + `<image href="a.png"/></svg>`:                                   false,
		head + `<style>@import "a.css"</style></svg>`:                          false,
		`<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///a">]>` + head + `</svg>`:    false,
		`<html></html>`: false,
		head + `<path>`: false,
		``:              false,
	} {
		if err := checkIcon(svg); (err == nil) != fine {
			t.Errorf("%s: %v", svg, err)
		}
	}
}
