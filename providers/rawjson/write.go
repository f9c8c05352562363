package rawjson

import (
	"bytes"
	"math"
	"strconv"
)

// Writer builds JSON in order, without reflection; it puts the commas. The zero value is ready.
type Writer struct{ B []byte }

// Open begins an object or an array as the next value; Close ends it.
func (w *Writer) Open(bracket byte)  { w.B = append(w.B, bracket) }
func (w *Writer) Close(bracket byte) { w.B = append(w.B, bracket) }

// Reopen takes the brace back that ends the object at the end of B, so that members can follow. It trusts that there is
// one.
func (w *Writer) Reopen() {
	w.B = bytes.TrimRight(w.B, " \t\r\n")
	w.B = bytes.TrimRight(w.B[:len(w.B)-1], " \t\r\n")
}

// Elem goes to the next element of an array.
func (w *Writer) Elem() {
	if n := len(w.B); n > 0 && w.B[n-1] != '[' && w.B[n-1] != '{' {
		w.B = append(w.B, ',')
	}
}

// Key goes to the next member of an object.
func (w *Writer) Key(key string) {
	w.Elem()
	w.B = append(AppendString(w.B, key), ':')
}

func (w *Writer) String(s string) { w.B = AppendString(w.B, s) }
func (w *Writer) Raw(v []byte)    { w.B = append(w.B, v...) }
func (w *Writer) Int(n int64)     { w.B = strconv.AppendInt(w.B, n, 10) }
func (w *Writer) Bool(b bool)     { w.B = strconv.AppendBool(w.B, b) }

// Float writes f as encoding/json does; what JSON has no number for becomes null.
func (w *Writer) Float(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		w.B = append(w.B, "null"...)
		return
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	w.B = strconv.AppendFloat(w.B, f, format, -1, 64)
}

func (w *Writer) StringField(key, s string)     { w.Key(key); w.String(s) }
func (w *Writer) RawField(key string, v []byte) { w.Key(key); w.Raw(v) }
func (w *Writer) IntField(key string, n int64)  { w.Key(key); w.Int(n) }
func (w *Writer) BoolField(key string, b bool)  { w.Key(key); w.Bool(b) }

// Members adds the members of the object obj, but not those named in except.
func (w *Writer) Members(obj []byte, except ...string) {
	it := Object(obj)
next:
	for it.Next() {
		for _, key := range except {
			if string(it.Key()) == key {
				continue next
			}
		}
		w.Elem()
		w.B = append(w.B, it.Member()...)
	}
}

// Gather collects members of objects, as they were written, into a new object.
type Gather struct{ b []byte }

// Add takes the member that it is at.
func (g *Gather) Add(it *Iter) { g.sep(); g.b = append(g.b, it.Member()...) }

// Put adds a member with a raw value.
func (g *Gather) Put(key string, value []byte) {
	g.sep()
	g.b = append(append(AppendString(g.b, key), ':'), value...)
}

func (g *Gather) sep() {
	if len(g.b) == 0 {
		g.b = append(g.b, '{')
		return
	}
	g.b = append(g.b, ',')
}

// Object is the collected object, nil when nothing was added. The Gather must not be used after it.
func (g *Gather) Object() []byte {
	if len(g.b) == 0 {
		return nil
	}
	return append(g.b, '}')
}
