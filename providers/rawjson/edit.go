package rawjson

// Member is a key and its raw value.
type Member struct {
	Key   string
	Value []byte
}

// Set appends to dst the object obj with key set to value: in place of every value that key has, else as a new last
// member. On an error dst comes back as it was.
func Set(dst, obj []byte, key string, value []byte) ([]byte, error) {
	start, from, found := len(dst), 0, false
	it := Object(obj)
	for it.Next() {
		if string(it.Key()) != key {
			continue
		}
		dst = append(append(dst, obj[from:it.start]...), value...)
		from, found = it.end, true
	}
	if it.Err() != nil {
		return dst[:start], it.Err()
	}
	if !found {
		return appendMember(dst, obj, it.at, it.begun, Member{key, value}), nil
	}
	return append(dst, obj[from:]...), nil
}

func appendMember(dst, obj []byte, end int, comma bool, m Member) []byte {
	dst = append(dst, obj[:end-1]...)
	if comma {
		dst = append(dst, ',')
	}
	dst = append(AppendString(dst, m.Key), ':')
	dst = append(dst, m.Value...)
	return append(dst, obj[end-1:]...)
}

// Rename appends to dst the object obj with the key from called to.
func Rename(dst, obj []byte, from, to string) ([]byte, error) {
	start, copied := len(dst), 0
	it := Object(obj)
	for it.Next() {
		if string(it.Key()) == from {
			dst = AppendString(append(dst, obj[copied:it.keyStart]...), to)
			copied = it.keyEnd
		}
	}
	if it.Err() != nil {
		return dst[:start], it.Err()
	}
	return append(dst, obj[copied:]...), nil
}

// Delete appends to dst the object obj without key.
func Delete(dst, obj []byte, key string) ([]byte, error) {
	start, copied, kept := len(dst), 0, 0
	before := -1 // end of the member before, or of the opening brace
	it := Object(obj)
	for before = it.at; it.Next(); before = it.end {
		if string(it.Key()) != key {
			if kept == 0 && copied > 0 {
				// The members before it are gone, and so must their comma be.
				dst, copied = append(dst, obj[copied:before]...), it.keyStart
			}
			kept++
			continue
		}
		dst, copied = append(dst, obj[copied:before]...), it.end
	}
	if it.Err() != nil {
		return dst[:start], it.Err()
	}
	return append(dst, obj[copied:]...), nil
}

// AppendMembers appends to dst the object obj with members added before its final brace. It trusts obj to be a whole
// object and does not look for the keys in it.
func AppendMembers(dst, obj []byte, members ...Member) []byte {
	end := len(obj)
	for end > 0 && obj[end-1] != '}' {
		end--
	}
	if end == 0 || len(members) == 0 {
		return append(dst, obj...)
	}
	last := end - 1
	for last > 0 && space(obj[last-1:last], 0) == 1 {
		last--
	}
	dst = append(dst, obj[:last]...)
	comma := last > 0 && obj[last-1] != '{'
	for _, m := range members {
		if comma {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, m.Key), ':')
		dst = append(dst, m.Value...)
		comma = true
	}
	return append(dst, obj[last:]...)
}
