package rawjson

import "bytes"

// Iter walks the members of an object or the elements of an array.
//
//	it := rawjson.Object(b)
//	for it.Next() { use(it.Key(), it.Value()) }
//	err := it.Err()
type Iter struct {
	b          []byte
	at         int // where the next member is looked for
	keyStart   int
	keyEnd     int
	start, end int
	closer     byte
	begun      bool
	done       bool
	err        error
}

// Object walks the members of the object that b is.
func Object(b []byte) Iter { return begin(b, '{', '}', "an object") }

// Array walks the elements of the array that b is.
func Array(b []byte) Iter { return begin(b, '[', ']', "an array") }

func begin(b []byte, opener, closer byte, want string) Iter {
	i := space(b, 0)
	if i >= len(b) || b[i] != opener {
		return Iter{err: bad(i, want), done: true}
	}
	return Iter{b: b, at: i + 1, closer: closer}
}

// Next goes to the next member; false at the end and on an error.
func (it *Iter) Next() bool {
	if it.done {
		return false
	}
	i := space(it.b, it.at)
	if i < len(it.b) && it.b[i] == it.closer {
		it.at = i + 1
		return it.finish()
	}
	if it.begun {
		if i >= len(it.b) || it.b[i] != ',' {
			return it.fail(bad(i, "a comma or a closing bracket"))
		}
		i = space(it.b, i+1)
	}
	it.begun = true
	if it.closer == '}' {
		if i = it.key(i); i < 0 {
			return false
		}
	}
	end, err := skip(it.b, i)
	if err != nil {
		return it.fail(err)
	}
	it.start, it.end, it.at = i, end, end
	return true
}

// key reads the key at i and returns the offset of its value, negative on an error.
func (it *Iter) key(i int) int {
	if i >= len(it.b) || it.b[i] != '"' {
		it.fail(bad(i, "a key"))
		return -1
	}
	end, err := skipString(it.b, i)
	if err != nil {
		it.fail(err)
		return -1
	}
	it.keyStart, it.keyEnd = i, end
	if i = space(it.b, end); i >= len(it.b) || it.b[i] != ':' {
		it.fail(bad(i, "a colon"))
		return -1
	}
	return space(it.b, i+1)
}

func (it *Iter) fail(err error) bool {
	it.err, it.done = err, true
	return false
}

func (it *Iter) finish() bool {
	it.done = true
	if i := space(it.b, it.at); i < len(it.b) {
		it.err = bad(i, "the end")
	}
	return false
}

// Key is the key of the current member. It allocates only for a key with escapes.
func (it *Iter) Key() []byte {
	raw := it.b[it.keyStart+1 : it.keyEnd-1]
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	key, err := AppendUnquoted(nil, it.b[it.keyStart:it.keyEnd])
	if err != nil {
		return raw
	}
	return key
}

// Value is the raw value of the current member or element.
func (it *Iter) Value() []byte { return it.b[it.start:it.end:it.end] }

// Place is where the current value begins.
func (it *Iter) Place() int { return it.start }

// Member is the current member as it is written: key, colon and value.
func (it *Iter) Member() []byte { return it.b[it.keyStart:it.end:it.end] }

// Err is what ended the walk early.
func (it *Iter) Err() error { return it.err }
