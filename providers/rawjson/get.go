package rawjson

import "bytes"

// Get looks a value up by its keys, from the outermost object in. Of duplicated keys the last one wins. A path that
// leads through something that is no object finds nothing; only b itself must be one.
func Get(b []byte, path ...string) (value []byte, found bool, err error) {
	for n, key := range path {
		if n > 0 && !IsObject(b) {
			return nil, false, nil
		}
		if b, found, err = member(b, key); err != nil || !found {
			return nil, false, err
		}
	}
	return b, found, nil
}

// Head is the value that b begins with, whatever is behind it.
func Head(b []byte) ([]byte, error) {
	i := space(b, 0)
	end, err := skip(b, i)
	if err != nil {
		return nil, err
	}
	return b[i:end:end], nil
}

func member(obj []byte, key string) (value []byte, found bool, err error) {
	it := Object(obj)
	for it.Next() {
		if string(it.Key()) == key {
			value, found = it.Value(), true
		}
	}
	return value, found, it.Err()
}

// tails are how much of the end GetLast searches before it reads everything: what it looks for is mostly in the first.
var tails = [...]int{256, 2048}

// GetLast is Get for one top-level key that is expected near the end: it searches the tail first and reads the whole
// object only on a miss. It expects a valid object.
func GetLast(obj []byte, key string) (value []byte, found bool, err error) {
	var buf [64]byte
	quoted := append(append(append(buf[:0], '"'), key...), '"')
	for _, tail := range tails {
		for at := max(0, len(obj)-tail); ; {
			i := bytes.Index(obj[at:], quoted)
			if i < 0 {
				break
			}
			at += i + 1
			if v, ok := lastMember(obj, at, len(key)); ok {
				value, found = v, true
			}
		}
		if found {
			return value, true, nil
		}
	}
	return Get(obj, key)
}

// lastMember reports whether obj[i:i+n] is a key of the outermost object, and its value. It walks from there to the
// end: only a top-level member is followed by nothing but members and the one closing brace.
func lastMember(obj []byte, i, n int) (value []byte, ok bool) {
	if i == 0 || obj[i-1] != '"' || escaped(obj, -1, i-1) || i+n >= len(obj) || obj[i+n] != '"' {
		return nil, false
	}
	at := space(obj, i+n+1)
	if at >= len(obj) || obj[at] != ':' {
		return nil, false
	}
	at = space(obj, at+1)
	end, err := skip(obj, at)
	if err != nil {
		return nil, false
	}
	rest := Iter{b: obj, at: end, closer: '}', begun: true}
	for rest.Next() {
	}
	return obj[at:end:end], rest.err == nil
}

// IsObject, IsArray, IsString and IsNull tell the type of a raw value by its first byte.
func IsObject(v []byte) bool { return starts(v, '{') }
func IsArray(v []byte) bool  { return starts(v, '[') }
func IsString(v []byte) bool { return starts(v, '"') }
func IsNull(v []byte) bool   { return starts(v, 'n') }

func starts(v []byte, c byte) bool {
	i := space(v, 0)
	return i < len(v) && v[i] == c
}

// Int reads a whole number. "3.0" and "1e3" are whole numbers too.
func Int(v []byte) (n int64, ok bool) {
	if len(v) == 0 || len(v) > 19 {
		return wholeFloat(v)
	}
	i, sign := 0, int64(1)
	if v[0] == '-' {
		i, sign = 1, -1
	}
	if i == len(v) {
		return 0, false
	}
	for ; i < len(v); i++ {
		if v[i] < '0' || v[i] > '9' {
			return wholeFloat(v)
		}
		n = n*10 + int64(v[i]-'0')
	}
	if n < 0 {
		return 0, false
	}
	return sign * n, true
}
