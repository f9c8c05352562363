// Package timing holds what is measured of a call on its way: when which bytes of a stream passed, and what an attempt
// spent its time on. It imports nothing but the standard library, so that every floor can fill it in.
package timing

import (
	"encoding/binary"
	"iter"
	"time"
)

// Attempt is what one call of an upstream spent its time on, in the order of time. Zero = it did not happen, or is not
// known: a connection from the pool has no DNS, Connect and TLS. Begun is when the call began; First is the time from
// Begun to the first byte of the answer.
type Attempt struct {
	Begun   time.Time
	Reused  bool // the connection came from the pool
	DNS     time.Duration
	Connect time.Duration
	TLS     time.Duration
	First   time.Duration
}

// Mark says that at a time, counted from the beginning of the exchange, all bytes of a stream before End had passed.
type Mark struct {
	End int64
	At  time.Duration
}

// Marks are the marks of one stream, in five bytes or so each. The zero value has none.
type Marks struct {
	data []byte
	end  int64
	at   time.Duration
}

// maxMarks bounds the memory of one stream's marks; what passes later has none.
const maxMarks = 256 << 10

// Add notes that n more bytes have passed. Times never go back; they are kept in microseconds.
func (m *Marks) Add(n int, at time.Duration) {
	at = max(at, m.at).Truncate(time.Microsecond)
	if n <= 0 || len(m.data) >= maxMarks {
		return
	}
	m.data = binary.AppendUvarint(m.data, uint64(n))
	m.data = binary.AppendUvarint(m.data, uint64((at-m.at)/time.Microsecond))
	m.end, m.at = m.end+int64(n), at
}

// Bytes is the stored form: pairs of numbers (bytes, microseconds since the mark before), each as a uvarint. It is valid
// until the next Add.
func (m *Marks) Bytes() []byte { return m.data }

// All reads the stored form of marks; it ends where the form breaks.
func All(data []byte) iter.Seq[Mark] {
	return func(yield func(Mark) bool) {
		var mark Mark
		for len(data) > 0 {
			n, a := binary.Uvarint(data)
			if a <= 0 {
				return
			}
			us, b := binary.Uvarint(data[a:])
			if b <= 0 {
				return
			}
			data = data[a+b:]
			mark.End += int64(n)
			mark.At += time.Duration(us) * time.Microsecond
			if !yield(mark) {
				return
			}
		}
	}
}
