package rawjson

import (
	"bytes"
	"fmt"
)

// MaxDepth is how deep values may nest.
const MaxDepth = 512

// SyntaxError says where a text stops being JSON.
type SyntaxError struct {
	Offset int
	Want   string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at offset %d: want %s", e.Offset, e.Want)
}

func bad(offset int, want string) error { return &SyntaxError{Offset: offset, Want: want} }

func space(b []byte, i int) int {
	for i < len(b) {
		switch b[i] {
		case ' ', '\t', '\n', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

// skipString returns the offset behind the string whose opening quote is b[i].
func skipString(b []byte, i int) (int, error) {
	for j := i + 1; ; {
		n := bytes.IndexByte(b[j:], '"')
		if n < 0 {
			return len(b), bad(len(b), "the end of a string")
		}
		j += n
		if !escaped(b, i, j) {
			return j + 1, nil
		}
		j++
	}
}

// escaped reports whether b[at] follows an odd number of backslashes, looking back no further than start.
func escaped(b []byte, start, at int) bool {
	n := 0
	for k := at - 1; k > start && b[k] == '\\'; k-- {
		n++
	}
	return n%2 == 1
}

// skip returns the offset behind the value that starts at b[i].
func skip(b []byte, i int) (int, error) {
	if i >= len(b) {
		return i, bad(i, "a value")
	}
	switch c := b[i]; {
	case c == '"':
		return skipString(b, i)
	case c == '{' || c == '[':
		return skipNested(b, i)
	case c == 't':
		return skipWord(b, i, "true")
	case c == 'f':
		return skipWord(b, i, "false")
	case c == 'n':
		return skipWord(b, i, "null")
	case c == '-' || (c >= '0' && c <= '9'):
		return skipNumber(b, i)
	}
	return i, bad(i, "a value")
}

func skipNested(b []byte, i int) (int, error) {
	for depth := 0; i < len(b); {
		switch b[i] {
		case '"':
			end, err := skipString(b, i)
			if err != nil {
				return end, err
			}
			i = end
			continue
		case '{', '[':
			if depth++; depth > MaxDepth {
				return i, bad(i, "less nesting")
			}
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, nil
			}
		}
		i++
	}
	return i, bad(i, "a closing bracket")
}

func skipWord(b []byte, i int, word string) (int, error) {
	if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
		return i + len(word), nil
	}
	return i, bad(i, word)
}

func skipNumber(b []byte, i int) (int, error) {
	if b[i] == '-' {
		i++
	}
	start := i
	if i = digits(b, i); i == start {
		return i, bad(i, "a digit")
	}
	if b[start] == '0' && i > start+1 {
		return start, bad(start, "a number without leading zeros")
	}
	if i < len(b) && b[i] == '.' {
		start = i + 1
		if i = digits(b, start); i == start {
			return i, bad(i, "a digit")
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start = i
		if i = digits(b, start); i == start {
			return i, bad(i, "a digit")
		}
	}
	return i, nil
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

// Valid reports whether b is one whole JSON value, and where it is not.
func Valid(b []byte) error {
	i, err := validValue(b, space(b, 0), 0)
	if err != nil {
		return err
	}
	if i = space(b, i); i < len(b) {
		return bad(i, "the end")
	}
	return nil
}

func validValue(b []byte, i, depth int) (int, error) {
	if i >= len(b) {
		return i, bad(i, "a value")
	}
	switch b[i] {
	case '"':
		return validString(b, i)
	case '{':
		return validContainer(b, i, depth, '}')
	case '[':
		return validContainer(b, i, depth, ']')
	}
	return skip(b, i)
}

func validContainer(b []byte, i, depth int, closer byte) (int, error) {
	if depth >= MaxDepth {
		return i, bad(i, "less nesting")
	}
	i = space(b, i+1)
	if i < len(b) && b[i] == closer {
		return i + 1, nil
	}
	for {
		var err error
		if closer == '}' {
			if i, err = validKey(b, i); err != nil {
				return i, err
			}
		}
		if i, err = validValue(b, i, depth+1); err != nil {
			return i, err
		}
		i = space(b, i)
		switch {
		case i < len(b) && b[i] == closer:
			return i + 1, nil
		case i < len(b) && b[i] == ',':
			i = space(b, i+1)
		default:
			return i, bad(i, "a comma or a closing bracket")
		}
	}
}

// validKey returns the offset of the value that belongs to the key at b[i].
func validKey(b []byte, i int) (int, error) {
	if i >= len(b) || b[i] != '"' {
		return i, bad(i, "a key")
	}
	i, err := validString(b, i)
	if err != nil {
		return i, err
	}
	if i = space(b, i); i >= len(b) || b[i] != ':' {
		return i, bad(i, "a colon")
	}
	return space(b, i+1), nil
}

func validString(b []byte, i int) (int, error) {
	for i++; i < len(b); i++ {
		if i += plain(b[i:]); i == len(b) {
			break
		}
		switch b[i] {
		case '"':
			return i + 1, nil
		case '\\':
			n, err := validEscape(b, i)
			if err != nil {
				return i, err
			}
			i = n
		default:
			return i, bad(i, "no control character in a string")
		}
	}
	return i, bad(i, "the end of a string")
}

// validEscape returns the offset of the last byte of the escape that starts at b[i].
func validEscape(b []byte, i int) (int, error) {
	if i+1 >= len(b) {
		return i, bad(i+1, "an escape")
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1, nil
	case 'u':
		if _, ok := hex4(b, i+2); ok {
			return i + 5, nil
		}
	}
	return i, bad(i+1, "an escape")
}

func hex4(b []byte, i int) (rune, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
