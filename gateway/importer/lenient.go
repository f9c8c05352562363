package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// lenient reads JSON that people write: with comments, trailing commas, and names without quotes.
func lenient(data []byte, into any) error {
	plain := withoutComments(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	err := json.Unmarshal(plain, into)
	var syntax *json.SyntaxError
	if err == nil || !errors.As(err, &syntax) {
		return place(plain, err)
	}
	// YAML's flow style is a superset of what remains. Its own errors would be about YAML, so JSON's is shown.
	var loose any
	if yaml.Unmarshal(plain, &loose) == nil {
		if text, err := json.Marshal(loose); err == nil && text[0] == '{' {
			return place(text, json.Unmarshal(text, into))
		}
	}
	return place(plain, err)
}

// place says where in a JSON text an error is, without what stands there.
func place(data []byte, err error) error {
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		before := data[:min(int(syntax.Offset), len(data))]
		line := 1 + bytes.Count(before, []byte("\n"))
		return fmt.Errorf("line %d, column %d: is no valid JSON: %s", line, len(before)-bytes.LastIndexByte(before, '\n')-1, syntax)
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Errorf("%s: must not be a %s", wrong.Field, wrong.Value)
	}
	return errNoObject
}

var errNoObject = errors.New("must be a JSON object")

// withoutComments blanks comments and the commas before a closing bracket, so that every place stays where it was. Tabs
// become spaces, which YAML wants.
func withoutComments(data []byte) []byte {
	out := bytes.Clone(data)
	comma := -1
	for i := 0; i < len(out); i++ {
		switch c := out[i]; {
		case c == '"' || c == '\'':
			i, comma = endOfText(out, i), -1
		case c == '/' && i+1 < len(out) && out[i+1] == '/':
			i = blank(out, i, bytes.IndexByte(out[i:], '\n'))
		case c == '/' && i+1 < len(out) && out[i+1] == '*':
			end := bytes.Index(out[i:], []byte("*/"))
			if end >= 0 {
				end += 2
			}
			i = blank(out, i, end)
		case c == ',':
			comma = i
		case (c == '}' || c == ']') && comma >= 0:
			out[comma], comma = ' ', -1
		case c == '\t':
			out[i] = ' '
		case c != ' ' && c != '\n' && c != '\r':
			comma = -1
		}
	}
	return out
}

func endOfText(data []byte, from int) int {
	for i := from + 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case data[from]:
			return i
		}
	}
	return len(data)
}

// blank overwrites n bytes but line ends (n < 0: all that follows) and returns where it stopped.
func blank(data []byte, from, n int) int {
	end := len(data)
	if n >= 0 {
		end = from + n
	}
	for i := from; i < end; i++ {
		if data[i] != '\n' {
			data[i] = ' '
		}
	}
	return end - 1
}
