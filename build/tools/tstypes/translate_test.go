package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTranslate(t *testing.T) {
	src := "package admin\n" +
		"// Base is the start.\ntype Base struct {\n\tID string `json:\"id\"`\n\tOwn Other `json:\"-\"`\n}\n" +
		"// More is\n// longer.\ntype More struct {\n\tBase\n" +
		"\tAt *time.Time `json:\"at,omitempty\"`\n\tLatency *float64 `json:\"latency\"`\n\tNames []string `json:\"names\"`\n" +
		"\tBy map[string]Base `json:\"by\"`\n\tRaw json.RawMessage `json:\"raw\" tstype:\"ChatMessage | null\"`\n}\n"
	got, err := translate([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	want := header + `
/** Base is the start. */
export interface Base {
  id: string;
}

/**
 * More is
 * longer.
 */
export interface More extends Base {
  at?: string;
  latency: number | null;
  names: string[];
  by: Record<string, Base>;
  raw: ChatMessage | null;
}
`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
}

func TestTranslateNamesTheField(t *testing.T) {
	for src, want := range map[string]string{
		"package admin\ntype A struct{ F json.RawMessage `json:\"f\"` }": "tstype tag",
		"package admin\ntype A struct{ F string }":                       "no json tag",
		"package admin\ntype A int":                                      "no struct",
	} {
		_, err := translate([]byte(src))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "A") {
			t.Errorf("%s: got %v, want an error about %s", src, err, want)
		}
	}
}
