package rawjson

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Float reads a number.
func Float(v []byte) (f float64, ok bool) {
	if end, err := skipNumberAll(v); err != nil || end != len(v) {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(v), 64)
	return f, err == nil
}

func skipNumberAll(v []byte) (int, error) {
	if len(v) == 0 {
		return 0, bad(0, "a number")
	}
	return skipNumber(v, 0)
}

func wholeFloat(v []byte) (int64, bool) {
	f, ok := Float(v)
	if !ok || f != float64(int64(f)) || f >= 1<<63 || f < -1<<63 {
		return 0, false
	}
	return int64(f), true
}

// Bool reads true or false.
func Bool(v []byte) (b, ok bool) {
	return string(v) == "true", string(v) == "true" || string(v) == "false"
}

// Unquote reads a JSON string. Broken UTF-8 and lone surrogates become U+FFFD, as in encoding/json.
func Unquote(v []byte) (string, error) {
	if plain, ok := plainText(v); ok {
		return string(plain), nil
	}
	out, err := AppendUnquoted(make([]byte, 0, len(v)), v)
	return string(out), err
}

// plainText is the text of a string that has no escapes.
func plainText(v []byte) ([]byte, bool) {
	if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' {
		return nil, false
	}
	text := v[1 : len(v)-1]
	if bytes.IndexByte(text, '\\') >= 0 || bytes.IndexByte(text, '"') >= 0 || !utf8.Valid(text) {
		return nil, false
	}
	return text, true
}

// EqualString reports whether v is the JSON string of s.
func EqualString(v []byte, s string) bool {
	if plain, ok := plainText(v); ok {
		return string(plain) == s
	}
	out, err := AppendUnquoted(nil, v)
	return err == nil && string(out) == s
}

// AppendUnquoted appends the text of a JSON string to dst.
func AppendUnquoted(dst, v []byte) ([]byte, error) {
	if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' {
		return dst, bad(0, "a string")
	}
	last, clean := len(v)-1, utf8.Valid(v)
	for i := 1; i < last; {
		end := bytes.IndexByte(v[i:last], '\\')
		if end < 0 {
			end = last - i
		}
		run := v[i : i+end]
		if quote := bytes.IndexByte(run, '"'); quote >= 0 {
			return dst, bad(i+quote, "the end")
		}
		if clean {
			dst = append(dst, run...)
		} else {
			dst = appendBroken(dst, run)
		}
		if i += end; i == last {
			break
		}
		var err error
		if dst, i, err = appendEscape(dst, v, i); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// appendBroken appends a run without escapes, repairing its UTF-8.
func appendBroken(dst, run []byte) []byte {
	for len(run) > 0 {
		r, n := utf8.DecodeRune(run)
		dst = utf8.AppendRune(dst, r)
		run = run[n:]
	}
	return dst
}

func appendEscape(dst, v []byte, i int) ([]byte, int, error) {
	end, err := validEscape(v[:len(v)-1], i)
	if err != nil {
		return dst, i, err
	}
	switch c := v[i+1]; c {
	case 'b':
		return append(dst, '\b'), end + 1, nil
	case 'f':
		return append(dst, '\f'), end + 1, nil
	case 'n':
		return append(dst, '\n'), end + 1, nil
	case 'r':
		return append(dst, '\r'), end + 1, nil
	case 't':
		return append(dst, '\t'), end + 1, nil
	case 'u':
		r, _ := hex4(v, i+2)
		if utf16.IsSurrogate(r) {
			low, ok := lowSurrogate(v, end+1)
			if whole := utf16.DecodeRune(r, low); ok && whole != utf8.RuneError {
				return utf8.AppendRune(dst, whole), end + 7, nil
			}
			r = utf8.RuneError
		}
		return utf8.AppendRune(dst, r), end + 1, nil
	default:
		return append(dst, c), end + 1, nil
	}
}

func lowSurrogate(v []byte, i int) (rune, bool) {
	if i+6 > len(v) || v[i] != '\\' || v[i+1] != 'u' {
		return 0, false
	}
	return hex4(v, i+2)
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Broken UTF-8 becomes U+FFFD; nothing is escaped that need not be.
func AppendString(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	dst = append(dst, '"')
	for {
		n := plain(s)
		dst = append(dst, s[:n]...)
		if n == len(s) {
			return append(dst, '"')
		}
		dst = appendControl(dst, s[n])
		s = s[n+1:]
	}
}

func appendControl(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
