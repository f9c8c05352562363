package delta

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"sync"
)

// A delta is a list of pieces. Each begins with a uvarint: twice the piece's length, and 1 more where the bytes
// themselves follow. Where they do not, they stand in the base, and a varint follows that says where: counted from the
// end of what was taken of the base before.

const (
	minMatch    = 16      // a piece of the base that is worth to be taken
	step        = 16      // every so many bytes the base is looked up by
	maxInserted = 512     // what may be inserted before the base goes on, to be seen at once
	tableMax    = 1 << 16 // entries of a table; of a longer base fewer places are looked up
)

// Append appends to dst what makes target of base.
func Append(dst, base, target []byte) []byte {
	if len(target) == 0 {
		return dst
	}
	w := writer{out: dst, base: base}
	head := common(base, target)
	w.take(0, head)
	target = target[head:]
	tail := commonTail(base, target)
	w.middle(target[:len(target)-tail])
	w.take(len(base)-tail, tail)
	return w.out
}

// Apply is the body that Append was told to make of base.
func Apply(base, delta []byte) ([]byte, error) {
	var out []byte
	at := int64(0)
	for len(delta) > 0 {
		head, n := binary.Uvarint(delta)
		if n <= 0 {
			return nil, errBroken
		}
		delta = delta[n:]
		size := head >> 1
		if head&1 == 1 {
			if size > uint64(len(delta)) {
				return nil, errBroken
			}
			out = append(out, delta[:size]...)
			delta = delta[size:]
			continue
		}
		skip, n := binary.Varint(delta)
		if n <= 0 {
			return nil, errBroken
		}
		delta = delta[n:]
		at += skip
		if at < 0 || at > int64(len(base)) || size > uint64(int64(len(base))-at) {
			return nil, errBroken
		}
		out = append(out, base[at:at+int64(size)]...)
		at += int64(size)
	}
	return out, nil
}

var errBroken = errors.New("a stored body does not fit the one that it was made from")

// writer writes a delta.
type writer struct {
	out  []byte
	base []byte
	at   int // in the base: behind what was taken last
}

// take writes that n bytes of the base stand here.
func (w *writer) take(from, n int) {
	if n == 0 {
		return
	}
	w.out = binary.AppendUvarint(w.out, uint64(n)<<1)
	w.out = binary.AppendVarint(w.out, int64(from-w.at))
	w.at = from + n
}

func (w *writer) literal(b []byte) {
	if len(b) > 0 {
		w.out = binary.AppendUvarint(w.out, uint64(len(b))<<1|1)
		w.out = append(w.out, b...)
	}
}

// middle writes what is between the beginning and the end that both have.
func (w *writer) middle(target []byte) {
	base := w.base
	if len(base) < minMatch || len(target) < minMatch {
		w.literal(target)
		return
	}
	t := tables.Get().(*table)
	defer tables.Put(t)
	t.fill(base)
	done, next := 0, w.at // what of target is written, and where the base goes on
	for i := resume(base[next:], target); i+minMatch <= len(target); {
		at, ok := next, next+minMatch <= len(base) && same(base[next:], target[i:])
		if !ok {
			at, ok = t.find(base, target[i:])
		}
		if !ok {
			i += 1 + (i-done)>>7 // the longer nothing fits, the less is looked for
			continue
		}
		for i > done && at > 0 && target[i-1] == base[at-1] {
			i, at = i-1, at-1
		}
		n := common(base[at:], target[i:])
		w.literal(target[done:i])
		w.take(at, n)
		done, next = i+n, at+n
		i = done + resume(base[next:], target[done:])
	}
	w.literal(target[done:])
}

// resume is where the target goes on like the base after something was inserted, 0 where that is not to be seen soon.
func resume(base, target []byte) int {
	if len(base) < minMatch {
		return 0
	}
	return max(0, bytes.Index(target[:min(len(target), maxInserted)], base[:minMatch]))
}

// same reports whether both begin with the same minMatch bytes.
func same(a, b []byte) bool {
	return word(a) == word(b) && word(a[8:]) == word(b[8:])
}

func word(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// table finds places of a base by the eight bytes that stand there.
type table struct {
	places []uint32 // one more than the place; 0 = none
	shift  int
}

var tables = sync.Pool{New: func() any { return &table{} }}

func (t *table) fill(base []byte) {
	size := 1 << bits.Len(uint(min(2*len(base)/step, tableMax-1)))
	if cap(t.places) < size {
		t.places = make([]uint32, size)
	}
	t.places = t.places[:size]
	clear(t.places)
	t.shift = 64 - bits.Len(uint(size-1))
	every := max(step, len(base)/(tableMax/2))
	for at := len(base) - minMatch; at >= 0; at -= every { // of equal places the first one stays
		t.places[t.slot(base[at:])] = uint32(at) + 1
	}
}

func (t *table) slot(b []byte) uint64 { return word(b) * 0x9e3779b97f4a7c15 >> t.shift }

// find looks for a place of the base where what b begins with stands.
func (t *table) find(base, b []byte) (at int, ok bool) {
	place := t.places[t.slot(b)]
	if place == 0 {
		return 0, false
	}
	at = int(place) - 1
	return at, same(base[at:], b)
}

// common is how many bytes a and b begin with alike.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	const stride = 1 << 10
	i := 0
	for i+stride <= n && bytes.Equal(a[i:i+stride], b[i:i+stride]) {
		i += stride
	}
	for i+8 <= n {
		if x := word(a[i:]) ^ word(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)>>3
		}
		i += 8
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// commonTail is how many bytes a and b end with alike.
func commonTail(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for i+8 <= n {
		if x := word(a[len(a)-i-8:]) ^ word(b[len(b)-i-8:]); x != 0 {
			return i + bits.LeadingZeros64(x)>>3
		}
		i += 8
	}
	for i < n && a[len(a)-i-1] == b[len(b)-i-1] {
		i++
	}
	return i
}
