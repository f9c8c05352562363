package sqlstore

import (
	"bytes"
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
)

// storableConnector makes connections on which every text can be stored: PostgreSQL refuses those with a zero byte or that
// are no UTF-8, and can't read JSON in which an escape stands for no character. One such text would keep the log from
// being written, or searched, for good.
type storableConnector struct{ driver.Connector }

// Connect makes a connection.
func (c storableConnector) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, ok := made.(*stdlib.Conn)
	if !ok {
		return nil, fmt.Errorf("a connection of the type %T", made)
	}
	conn.Conn().TypeMap().RegisterType(&pgtype.Type{Name: "text", OID: pgtype.TextOID, Codec: storableText{}})
	return storableConn{conn}, nil
}

type storableConn struct{ *stdlib.Conn }

// CheckNamedValue sees every argument first. What is a text and has the type []byte is told by storableText.
func (c storableConn) CheckNamedValue(v *driver.NamedValue) error {
	if text, ok := v.Value.(string); ok && !plain(text) {
		v.Value = string(storable([]byte(text)))
	}
	return c.Conn.CheckNamedValue(v)
}

// storableText is how bytes are sent where a text is wanted.
type storableText struct{ pgtype.TextCodec }

// PlanEncode says how to send a value.
func (c storableText) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if _, ok := value.([]byte); ok {
		return storablePlan{}
	}
	return c.TextCodec.PlanEncode(m, oid, format, value)
}

type storablePlan struct{}

// Encode appends the text to buf.
func (storablePlan) Encode(value any, buf []byte) ([]byte, error) {
	text, _ := value.([]byte)
	return append(buf, storable(text)...), nil
}

// plain reports whether a text can be stored as it is, at a glance.
func plain(text string) bool {
	return strings.IndexByte(text, 0) < 0 && utf8.ValidString(text) && !strings.Contains(text, `\u`)
}

var replacement = []byte("\uFFFD")

// storable puts the replacement character in the place of what can't be stored.
func storable(b []byte) []byte {
	if bytes.IndexByte(b, 0) >= 0 {
		b = bytes.ReplaceAll(b, []byte{0}, replacement)
	}
	if !utf8.Valid(b) {
		b = bytes.ToValidUTF8(b, replacement)
	}
	if bytes.Contains(b, []byte(`\u`)) {
		b = soundEscapes(b)
	}
	return b
}

// soundEscapes replaces the escapes of JSON that stand for no character: of zero, and of half a pair.
func soundEscapes(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		code, ok := escape(b[i:])
		switch {
		case !ok && b[i] == '\\' && i+1 < len(b):
			out = append(out, b[i], b[i+1])
			i += 2
			continue
		case !ok:
			out = append(out, b[i])
			i++
			continue
		}
		size := 6
		if high(code) {
			if low, ok := escape(b[i+6:]); ok && low >= 0xDC00 && low < 0xE000 {
				size = 12
			} else {
				code = 0
			}
		}
		if code == 0 || code >= 0xDC00 && code < 0xE000 {
			out = append(out, `\ufffd`...)
		} else {
			out = append(out, b[i:i+size]...)
		}
		i += size
	}
	return out
}

func high(code uint64) bool { return code >= 0xD800 && code < 0xDC00 }

// escape reads the escape that b begins with.
func escape(b []byte) (code uint64, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	code, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return code, err == nil
}

// A text is put into the index of words piece by piece: positions in a vector end at 16383, those of one word at 256, and
// a vector at 1 MB. Phrases of up to pieceOverlap words are found wherever they are.
const (
	pieceWords   = 2000
	pieceBytes   = 256 << 10
	pieceOverlap = 50
	longestWord  = 2000 // bytes; PostgreSQL has 2046
)

// insertWordVectors adds what wordVectors made.
const insertWordVectors = `INSERT INTO words (seq, size, text)
	SELECT seq, pg_column_size(text), text FROM (
		SELECT CAST(? AS bigint) AS seq, CAST(piece AS tsvector) AS text FROM unnest(string_to_array(?, chr(10))) AS piece
	) AS pieces`

// wordVectors writes the words of a text and their places as PostgreSQL's vectors, one in a line. What a word is does not
// depend on the database's language.
func wordVectors(text string) string {
	words := indexWords(text)
	var b strings.Builder
	b.Grow(len(text) + 6*len(words))
	for first := true; len(words) > 0; first = false {
		if !first {
			b.WriteByte('\n')
		}
		n, size := 0, 0
		for n < len(words) && n < pieceWords && size < pieceBytes {
			word := words[n]
			size += len(word)
			n++
			b.WriteString(word + ":" + strconv.Itoa(n) + " ")
		}
		if n == len(words) {
			break
		}
		words = words[max(1, n-pieceOverlap):]
	}
	return b.String()
}

func indexWords(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	for i, word := range words {
		words[i] = indexWord(word)
	}
	return words
}

// indexWord is the form of a word in the index.
func indexWord(word string) string {
	word = strings.ToLower(word)
	if len(word) > longestWord {
		word = strings.ToValidUTF8(word[:longestWord], "")
	}
	return word
}

// queryWordVectors is a query for words one after another.
func queryWordVectors(words []string, begun bool) string {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = indexWord(word)
	}
	query := strings.Join(all, " <-> ")
	if begun {
		query += ":*"
	}
	return query
}
